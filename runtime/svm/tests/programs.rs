//! `ovsm test` with `ovsm-svm`, as people run them: projects on disk, and what is printed.
//!
//! Needs the `ovsm` of this repository: the variable `OVSM` says where it is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

struct Project {
    folder: PathBuf,
}

/// How a run ended.
struct Ran {
    code: Option<i32>,
    text: String,
}

impl Project {
    /// A new project with a program and a file of tests.
    fn new(name: &str, program: &str, tests: &str) -> Project {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::create_dir_all(folder.join("tests")).unwrap();
        std::fs::write(folder.join("spirit.toml"), "name = \"p\"\nversion = \"0.1.0\"\nkind = \"program\"\n")
            .unwrap();
        let project = Project { folder };
        project.write("src/main.ovsm", program);
        project.write("tests/t.ovsm", tests);
        project
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::write(self.folder.join(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.join(path)).unwrap()
    }

    fn test(&self, arguments: &[&str]) -> Ran {
        let ovsm = std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is");
        let output = Command::new(ovsm)
            .args(["test", "--svm", env!("CARGO_BIN_EXE_ovsm-svm")])
            .args(arguments)
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ran { code: output.status.code(), text }
    }
}

impl Ran {
    #[track_caller]
    fn passes(&self) -> &Ran {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self
    }

    #[track_caller]
    fn fails(&self) -> &Ran {
        assert_eq!(self.code, Some(1), "{}", self.text);
        self
    }

    #[track_caller]
    fn says(&self, part: &str) -> &Ran {
        assert!(self.text.contains(part), "`{part}` is not in:\n{}", self.text);
        self
    }
}

/// Everything that declarations can say about accounts and data.
const STORE: &str = r#";;; A store.
(program store)

(defrecord Point (x : i32) (y : i32))
(defenum Shape Dot (Circle (radius : u16)))

(account Shelf
  (owner : pubkey)
  (point : Point)
  (shape : Shape)
  (limit : (option u64))
  (items : (array u16 3))
  (tag : (array u8 4)))

(account Other (owner : pubkey))

(deferror StoreError
  (Full "the shelf is full"))

(event Stored (item : u16))

(instruction open-shelf ((number : u8) (point : Point))
  :accounts ((shelf : (init (account Shelf)) :seeds ["shelf" payer number] :payer payer)
             (payer : (mut signer))
             (system : (program (pubkey "11111111111111111111111111111111"))))
  (set! (. shelf owner) (key payer))
  (set! (. shelf point) point))

(instruction store ((item : u16))
  :accounts ((shelf : (mut (account Shelf)))
             (owner : signer))
  :constraints ((= (. shelf owner) (key owner)) Full)
  (if (< item 500)
    (set! (get (. shelf items) 0) item)
    (fail-with Full))
  (emit (Stored item)))
"#;

const HEAD: &str = "(import solana/test)\n(define chain (test-chain))\n(define store (load-program chain))\n\
                    (define alice (wallet chain :alice 10_000_000_000))\n";

#[test]
fn values_go_in_and_come_out_by_their_declared_types() {
    let tests = format!(
        "{HEAD}{}",
        r#"
(deftest "all types"
  (let* ((given {:owner alice :point {:x -3 :y 2147483647} :shape [:Circle {:radius 65535}]
                 :limit 18446744073709551615 :items [1 2 65535] :tag b"abcd"})
         (shelf (create-account chain store :Shelf (new-key :shelf) given)))
    (assert= given (account chain store :Shelf shelf))
    (assert= (rent chain (length (:data (raw-account chain shelf)))) (balance chain shelf))
    (assert-null (account chain store :Shelf (new-key :nothing)))))
(deftest "what is not given is zero"
  (let ((shelf (create-account chain store :Shelf (new-key :shelf))))
    (assert= [null :Dot [0 0 0]] (map (fn (part) (get (account chain store :Shelf shelf) part)) [:limit :shape :items]))))
(deftest-each "what does not fit is refused" [fields]
  ([{:point {:x 2147483648}}] [{:limit -1}] [{:items [1 2]}] [{:tag b"abc"}] [{:shape :Square}] [{:nothing 1}] [{:owner 5}])
  (assert-error :value (create-account chain store :Shelf (new-key :shelf) fields)))
(deftest "an account of another type is none"
  (let ((other (create-account chain store :Other (new-key :other))))
    (assert-error :value (account chain store :Shelf other))
    (assert-error :value (account chain store :Shelf alice))))
(defproperty "generated arguments fit" ((given (gen-arguments store :open-shelf)))
  (call store :open-shelf given {:payer alice}))
"#
    );
    Project::new("types", STORE, &tests).test(&[]).passes().says("11 passed, 0 failed");
}

#[test]
fn accounts_follow_from_the_declarations() {
    let tests = format!(
        "{HEAD}{}",
        r#"
(deftest "seeds, fixed addresses and signers"
  (let* ((shelf (account-address store :shelf {:payer alice :number 7}))
         (opening (call store :open-shelf {:number 7 :point {:x 1 :y 2}} {:payer alice})))
    (assert= shelf (pda store ["shelf" alice (u8 7)]))
    (send chain opening)
    (assert= {:x 1 :y 2} (:point (account chain store :Shelf shelf)))
    (assert-fails chain :already-initialized opening)
    (assert= [[:Stored {:item 499}]]
             (:events (send chain (call store :store {:item 499} {:shelf shelf :owner alice}))))))
(deftest "errors by every name"
  (let* ((shelf (create-account chain store :Shelf (new-key :shelf) {:owner alice}))
         (bad (call store :store {:item 500} {:shelf shelf :owner alice})))
    (assert-fails chain :Full bad)
    (assert-fails chain 6000 bad)
    (assert= {:name :Full :code 6000 :runtime "Custom(6000)" :message "the shelf is full" :instruction 0 :program "store"}
             (error-of chain bad))
    (assert-fails chain :not-signer (put bad :accounts (map (fn (meta) (put meta :signer false)) (:accounts bad))))
    (assert-fails chain :MissingRequiredSignature (put bad :accounts (map (fn (meta) (put meta :signer false)) (:accounts bad))))))
(deftest "a payer of one's own"
  (let ((shelf (create-account chain store :Shelf (new-key :shelf) {:owner alice})) (before (balance chain alice)))
    (assert= 5000 (:fee (send-from chain alice (call store :store {:item 1} {:shelf shelf :owner alice}))))
    (assert= (- before 5000) (balance chain alice))))
"#
    );
    Project::new("accounts", STORE, &tests).test(&[]).passes().says("3 passed, 0 failed");
}

#[test]
fn what_is_wrong_with_a_test_is_said() {
    for (test, says) in [
        ("(call store :stor)", "the program `store` has no instruction `stor`: it has `open-shelf`, `store`"),
        ("(call store :store {:item 1} {:shelf alice})", "`store` needs the account `owner`"),
        (
            "(call store :store {:item 1} {:shel alice})",
            "`store` has no account `shel`: it has `shelf`, `owner`",
        ),
        ("(call store :store {:item 65536})", "`item` of `store` is u16, which 65536 does not fit"),
        ("(call store :store {})", "`store` needs `item`, which is u16"),
        (
            "(send chain (call store :store {:item 1} {:shelf alice :owner (new-key :x)}))",
            "nobody here has its secret",
        ),
        ("(send chain)", "a transaction needs a call at least"),
        ("(send 5 (call store :store {:item 1} {:shelf alice :owner alice}))", "there is no chain 5"),
        ("(send store)", "a transaction needs a call at least"),
        ("(load-program chain \"../outside.ovsm\")", "can not be read"),
        ("(load-program chain \"src/bad.ovsm\")", "`src/bad.ovsm` can not be compiled"),
        ("(account-address store :owner)", "no instruction of `store` has an account `owner` with `:seeds`"),
        ("(account-address store :shelf {:payer alice})", "need an argument of `open-shelf`"),
        (
            "(assert-fails chain :nonsense (call store :store {:item 1} {:shelf alice :owner alice}))",
            "no program here has an error `nonsense`",
        ),
        ("(assert-cu {:units 5} 4)", "the transaction takes 5 compute units, and 4 are allowed"),
        ("(warp chain {:slot 0})", "slots do not go back"),
    ] {
        let tests = format!("{HEAD}(deftest \"t\"\n  {test})\n");
        let project = Project::new("wrong", STORE, &tests);
        project.write("src/bad.ovsm", "(program bad)\n(instruction a () :accounts () (nothing))\n");
        let ran = project.test(&[]);
        ran.fails().says(says);
        // It is wrong where it was written, not in the library.
        ran.says("tests/t.ovsm:5");
    }
}

#[test]
fn chains_of_tests_are_apart_and_time_passes_when_it_is_told() {
    let tests = format!(
        "{HEAD}{}",
        r#"
(define made null)
(deftest "first"
  (set! made (test-chain))
  (let ((copy (fork chain)))
    (airdrop copy alice 5)
    (assert= (+ 5 (balance chain alice)) (balance copy alice)))
  (let ((before (clock chain)))
    (advance chain :slots 10 :seconds 60)
    (assert= [10 60] [(- (:slot (clock chain)) (:slot before)) (- (:time (clock chain)) (:time before))])
    (assert= (// (:slot before) 432000) (:epoch before))
    (advance chain :slots 432000)
    (assert= (+ 1 (:epoch before)) (:epoch (clock chain)))
    (warp chain {:epoch 3})
    (assert= 3 (:epoch (clock chain)))))
(deftest "the chain of another test has ended"
  (assert-error :value (balance made alice)))
(deftest "the chain of the file has not"
  (assert= 3 (:epoch (clock chain))))
"#
    );
    Project::new("apart", STORE, &tests).test(&[]).passes().says("3 passed, 0 failed");
}

#[test]
fn attacks_find_what_a_program_does_not_check() {
    // What is declared for callers, and what is checked, are two things here: nothing is checked but the instruction.
    let program = r#"(program careless)
(account Box (owner : pubkey))
(defrecord no-arguments)
(defn take () -> u64 0u64)
(declare-instruction take 1u64 no-arguments '((box : (mut (account Box))) (owner : signer)))
"#;
    let tests = r#"(import solana/test)
(deftest "attacks"
  (let* ((chain (test-chain)) (program (load-program chain)) (alice (wallet chain :alice))
         (box (create-account chain program :Box (new-key :box) {:owner alice})))
    (assert-attacks-fail chain (call program :take {} {:box box :owner alice}))))
"#;
    let ran = Project::new("careless", program, tests).test(&[]);
    ran.fails().says("attacks on `:take` succeed").says("`owner` does not sign").says("`box` is read-only");
    ran.says("`box` belongs to another program")
        .says("`box` is a byte longer")
        .says("only the first 0 of 2 accounts");
    ran.says("`owner` is the account `box` once more").says("`box` is of an unknown type");

    let some = tests.replace(
        "{:box box :owner alice}))))",
        "{:box box :owner alice}) :except [\"`box`\" \"data\" \"only\"])))",
    );
    Project::new("careless", program, &some).test(&[]).fails().says("1 of 1 attacks on `:take` succeed");

    let tests = format!(
        "{HEAD}{}",
        r#"
(deftest "every declaration is attacked"
  (let* ((made (call store :open-shelf {:number 1 :point {:x 0 :y 0}} {:payer alice}))
         (texts (map (fn (attack) (:attack attack)) (attacks chain made))))
    (assert-attacks-fail chain made)
    (for (wanted ["`shelf` is there already" "`shelf` is not at the address that its seeds make" "`payer` does not sign"
                  "`system` is at another address than the declared one" "the data are a byte longer"])
      (assert (contains? texts wanted) wanted))))
(deftest "a call that fails is not attacked"
  (attacks chain (call store :store {:item 1} {:shelf alice :owner alice})))
"#
    );
    let ran = Project::new("attacked", STORE, &tests).test(&[]);
    ran.fails().says("1 passed, 1 failed").says("the call itself has to succeed before it is attacked");
}

#[test]
fn sequences_shrink() {
    let program = r#"(program counter)
(account Counter (count : u64))
(instruction add ((by : u64))
  :accounts ((counter : (mut (account Counter))))
  (set! (. counter count) (+ (. counter count) (if (= (. counter count) 3) 2u64 by))))
"#;
    let tests = r#"(import solana/test)
(define chain (test-chain))
(define program (load-program chain))
(defproperty "adds" ((steps (gen-array (gen-int 0 5) 8)))
  (let* ((chain (fork chain)) (counter (create-account chain program :Counter (new-key :counter))))
    (for (by steps)
      (send chain (call program :add {:by by} {:counter counter})))
    (assert= (sum steps) (:count (account chain program :Counter counter)))))
"#;
    let ran = Project::new("shrink", program, tests).test(&[]);
    ran.fails().says("steps = [3 0]");
}

#[test]
fn hostile_calls_find_unsound_programs() {
    let program = r#"(program reader)
(account Counter (count : u64))
(instruction look ((at : u64))
  :accounts ((counter : (mut (account Counter))))
  (set! (. counter count) (mem-load (instruction-data-ptr) at)))
"#;
    let tests = r#"(import solana/test)
(define chain (test-chain))
(define program (load-program chain))
(define counter (create-account chain program :Counter (new-key :counter)))
(deftest "it looks well"
  (send chain (call program :look {:at 0} {:counter counter}))
  (assert-attacks-fail chain (call program :look {:at 0} {:counter counter})))
(defproperty "but is not"
  ((hostile (gen-hostile (call program :look {:at 0} {:counter counter}))))
  (assert-sound (try-send chain hostile)))
"#;
    let ran = Project::new("unsound", program, tests).test(&[]);
    ran.fails().says("1 passed, 1 failed").says("hostile = {").says("ProgramFailedToComplete");
}

#[test]
fn a_program_of_a_file_is_loaded_and_called() {
    let ovsm = PathBuf::from(std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is"));
    let tests = r#"(import solana/test)
(deftest "foreign"
  (let* ((chain (test-chain))
         (key (load-elf chain "store.so" (new-key :foreign)))
         (done (try-send chain (raw-call key [] (bytes [1 2 3 4 5 6 7 8])))))
    (assert= "InvalidInstructionData" (:runtime (:error done)))
    (assert-error :value (load-elf chain "spirit.toml" (new-key :foreign)))
    (assert-error :value (load-elf chain "/etc/hostname" (new-key :foreign)))))
"#;
    let project = Project::new("foreign", STORE, tests);
    let built = Command::new(ovsm.with_file_name("ovsmc"))
        .args(["build", "src/main.ovsm", "-o", "store.so"])
        .current_dir(&project.folder)
        .status();
    assert!(built.expect("`ovsmc` is beside `ovsm`").success());
    project.test(&[]).passes().says("1 passed, 0 failed");
}

#[test]
fn compute_units_are_kept_and_may_not_grow() {
    let test = format!(
        "{HEAD}{}",
        r#"(deftest "store"
  (let ((shelf (create-account chain store :Shelf (new-key :shelf) {:owner alice})))
    (snapshot-cu "one" (send chain (call store :store {:item 1} {:shelf shelf :owner alice})))))
"#
    );
    let project = Project::new("units", STORE, &test);
    project.test(&[]).fails().says("one:").says("--update-snapshots");
    project.test(&["--bless"]).passes();
    let stored = project.read("tests/t.ovsm.snap");
    project.test(&[]).passes();
    let units: u64 = stored.lines().nth(1).unwrap().parse().unwrap();
    // Fewer than what is stored is well; more is not.
    project.write("tests/t.ovsm.snap", &stored.replace(&units.to_string(), &(units + 10).to_string()));
    project.test(&[]).passes();
    project.write("tests/t.ovsm.snap", &stored.replace(&units.to_string(), &(units - 1).to_string()));
    project.test(&[]).fails().says(&format!("it takes {units} compute units, and {} are stored", units - 1));
    assert!(!project.test(&[]).text.contains("no test asks for"));
}

#[test]
fn tests_may_stand_in_the_program_and_lines_are_covered() {
    let program = format!(
        "{STORE}\n{}",
        r#"(import solana/test)
(deftest "inline"
  (let* ((chain (test-chain)) (store (load-program chain)) (alice (wallet chain :alice))
         (shelf (create-account chain store :Shelf (new-key :shelf) {:owner alice})))
    (send chain (call store :store {:item 1} {:shelf shelf :owner alice}))))
"#
    );
    let project = Project::new("inline", &program, "");
    project.test(&["--coverage", "lcov"]).passes().says("1 passed, 0 failed");
    let lcov = project.read("coverage.lcov");
    let line = |text: &str| program.lines().position(|line| line.contains(text)).unwrap() + 1;
    let count = |text: &str| {
        let start = format!("DA:{},", line(text));
        let counts = lcov.lines().filter_map(|line| line.strip_prefix(&start));
        counts.map(|count| count.parse::<u64>().unwrap()).max()
    };
    // What a macro makes counts where it was called; what was not reached is zero.
    assert!(count("(emit (Stored item))").is_some_and(|count| count > 0), "{lcov}");
    assert!(count("(instruction store").is_some_and(|count| count > 0), "{lcov}");
    assert_eq!(count("(set! (. shelf point) point)"), Some(0), "{lcov}");
    assert!(project.test(&["--list"]).passes().text.contains(&format!("src/main.ovsm:{}", line("(deftest"))));
}

#[test]
fn tokens_are_those_of_the_token_program() {
    let tests = r#"(import solana/test)
(deftest "a transfer and a mint"
  (let* ((chain (test-chain)) (alice (wallet chain :alice)) (bob (wallet chain :bob))
         (mint (create-mint chain (new-key :mint) :authority alice :decimals 6 :supply 1000))
         (from (create-token-account chain (associated-token-address alice mint) mint alice 1000))
         (to (create-token-account chain (associated-token-address bob mint) mint bob)))
    (defn token-call (tag amount accounts)
      (raw-call token-program accounts (bytes-concat (bytes [tag]) (u64->bytes-le amount))))
    (defn transfer (amount who)
      (token-call 3 amount [{:key from :writable true} {:key to :writable true} {:key who :signer true}]))
    (send chain (transfer 300 alice))
    (assert= [700 300] [(token-balance chain from) (token-balance chain to)])
    (assert-fails chain 1 (transfer 701 alice))
    (assert-fails chain 4 (transfer 1 bob))
    (send chain (token-call 7 5 [{:key mint :writable true} {:key to :writable true} {:key alice :signer true}]))
    (assert= 305 (token-balance chain to))
    (assert= 0 (token-balance chain alice))))
"#;
    Project::new("tokens", STORE, tests).test(&[]).passes().says("1 passed, 0 failed");
}

#[test]
fn accounts_of_token_2022_are_read_with_their_extensions() {
    let tests = r#"(import solana/test)
(deftest "both token programs"
  (let* ((chain (test-chain)) (alice (wallet chain :alice))
         (mint (create-mint chain (new-key :mint) :decimals 0 :supply 5 :program token-2022-program))
         (own (associated-token-address alice mint token-2022-program)))
    (create-token-account chain own mint alice 5 token-2022-program)
    (assert= 5 (token-balance chain own))
    (assert= token-2022-program (:owner (raw-account chain own)))
    (let ((plain (:data (raw-account chain own))) (longer (new-key :longer)))
      (defn put-data (data) (set-account chain longer {:owner token-2022-program :data data}))
      (put-data (bytes-concat plain (bytes [2 7 0 0 0])))
      (assert= 5 (token-balance chain longer))
      (assert= (token-account chain own) (token-account chain longer))
      (put-data (bytes-concat plain (bytes [1 7 0 0 0])))
      (assert-error :parse (token-balance chain longer)))
    (assert= 0 (token-balance chain alice))))
"#;
    Project::new("tokens-2022", STORE, tests).test(&[]).passes().says("1 passed, 0 failed");
}

#[test]
fn errors_of_the_runtime_have_names_without_details() {
    let tests = r#"(import solana/test)
(deftest "rent"
  (let* ((chain (test-chain)) (alice (wallet chain :alice 5_000_000))
         (transfer (raw-call (pubkey "11111111111111111111111111111111")
                     [{:key alice :signer true :writable true} {:key (new-key :new) :writable true}]
                     (bytes-concat (bytes [2 0 0 0]) (u64->bytes-le 1)))))
    (assert-fails chain :InsufficientFundsForRent transfer)
    (assert= "InsufficientFundsForRent { account_index: 2 }" (:runtime (error-of chain transfer)))))
"#;
    Project::new("rent", STORE, tests).test(&[]).passes().says("1 passed, 0 failed");
}

#[test]
fn why_a_program_can_not_be_loaded_is_in_the_first_line() {
    let project = Project::new(
        "broken",
        "(program p)\n(instruction a () (foo 1))",
        "(import solana/test)\n(deftest \"a\" (load-program (test-chain)))\n",
    );
    project
        .test(&["--error-format", "short"])
        .fails()
        .says("src/main.ovsm:2:20: error[E0101]: `foo` is not defined");
}

#[test]
fn two_runs_are_the_same() {
    let tests = format!(
        "{HEAD}{}",
        r#"
(deftest "keys, time and addresses"
  (let ((shelf (create-account chain store :Shelf (new-key :shelf) {:owner alice})))
    (assert= null (str (clock chain) alice (:key store) (pda store ["a"])
                       (send chain (call store :store {:item 3} {:shelf shelf :owner alice}))))))
"#
    );
    let project = Project::new("same", STORE, &tests);
    let told = |ran: Ran| {
        let lines: Vec<String> =
            ran.text.lines().filter(|line| !line.contains(" ms")).map(str::to_string).collect();
        lines.join("\n")
    };
    let (first, second) = (told(project.test(&[])), told(project.test(&[])));
    assert!(first.contains("found:"), "{first}");
    assert_eq!(first, second);
}

#[test]
fn data_that_a_program_has_no_answer_for_are_found() {
    let program = r#"(program careless)
(instruction peek ((at : u64))
  :accounts ((reader : signer))
  (sol_log_64_ (mem-load at 0)))
(instruction count-to ((n : u32))
  :accounts ((reader : signer))
  (let ((left n)) (while (> left 0) (decf left))))
(instruction add ((n : u64))
  :accounts ((reader : signer))
  (sol_log_64_ (+% n 1)))
"#;
    let tests = r#"(import solana/test)
(define chain (test-chain))
(define program (load-program chain))
(define (answers instruction arguments)
  (assert-answers chain program (call program instruction arguments {:reader (wallet chain :reader)})))
(defproperty "addresses" ((n (gen-bool))) (answers :peek {:at 0}))
(defproperty "rounds" ((n (gen-bool))) (answers :count-to {:n 0}))
(defproperty "sums" ((n (gen-bool)))
  (assert (some (fn (done) (:ok done)) (answers :add {:n 0}))))
"#;
    let ran = Project::new("answers", program, tests).test(&[]);
    ran.fails()
        .says("`:peek` gives no answer for the data")
        .says("`:count-to` gives no answer")
        .says("1 passed");
}

#[test]
fn signatures_are_taken_away_and_tokens_are_made() {
    let tests = format!(
        "{HEAD}{}",
        r#"
(deftest "without a signature"
  (let* ((shelf (create-account chain store :Shelf (new-key :shelf) {:owner alice}))
         (stored (call store :store {:item 1} {:shelf shelf :owner alice})))
    (assert-fails chain :MissingRequiredSignature (unsigned stored :owner))
    (send chain stored)))
(deftest "tokens"
  (let* ((mint (create-mint chain (new-key :mint) :authority alice :supply 9 :decimals 2))
         (from (create-token-account chain (new-key :from) mint alice 9))
         (to (create-token-account chain (associated-token-address alice mint) mint alice))
         (program (:owner (raw-account chain mint)))
         (accounts [{:key from :writable true} {:key to :writable true} {:key alice :signer true}]))
    (assert= [9 0 0] [(token-balance chain from) (token-balance chain to) (token-balance chain alice)])
    (assert= null (token-account chain mint-that-is-none))
    ;; The token program itself takes them for what they are.
    (send chain (raw-call program accounts b"\x03\x04\0\0\0\0\0\0\0"))
    (assert= [5 4] [(token-balance chain from) (token-balance chain to)])
    (assert= [mint alice] [(:mint (token-account chain to)) (:owner (token-account chain to))])
    (send chain
      (raw-call program [{:key mint :writable true} {:key to :writable true} {:key alice :signer true}] b"\x07\x01\0\0\0\0\0\0\0"))
    (assert= 5 (token-balance chain to))))
(define mint-that-is-none (new-key :nothing))
"#
    );
    Project::new("tokens", STORE, &tests).test(&[]).passes().says("2 passed");
}

/// A description of the callee becomes macros, and a program that uses them calls the callee.
#[test]
fn a_program_calls_another_by_its_description() {
    let callee = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spirits/programs/counter");
    let ovsm = PathBuf::from(std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is"));
    let ovsmc = ovsm.with_file_name("ovsmc");
    let key = "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS";
    let run = |arguments: &[&str]| -> Vec<u8> {
        let output = Command::new(&ovsmc).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let counter = std::fs::read_to_string(callee.join("src/main.ovsm")).unwrap();
    for format in ["anchor", "codama", "ovsm"] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bind-{format}"));
        std::fs::create_dir_all(&folder).unwrap();
        let idl = folder.join("counter.json");
        let idl = idl.to_str().unwrap();
        run(&["idl", callee.to_str().unwrap(), "--format", format, "--address", key, "-o", idl]);
        let module = String::from_utf8(run(&["bind", idl])).unwrap();
        let caller = format!(
            "(program caller)\n{module}\n{}",
            r#"(instruction twice ((by : u64))
  :accounts ((counter : (mut account)) (authority : signer) (program : account))
  (counter-increment :counter counter :authority authority :by by)
  (counter-increment :counter counter :authority authority :by (+ by 1)))
"#
        );
        let tests = format!(
            "(import solana/test)\n(define chain (test-chain))\n(define caller (load-program chain))\n(define counter \
             (load-program chain \"src/counter.ovsm\" (pubkey \"{key}\")))\n{}",
            r#"(define alice (wallet chain :alice 10_000_000_000))
(define bob (wallet chain :bob 10_000_000_000))
(define (made) (create-account chain counter :Counter (new-key :counter) {:authority alice :count 100}))
(define (twice place who by)
  (call caller :twice {:by by} {:counter place :authority who :program (:key counter)}))
(deftest "the counter counts"
  (let ((place (made)))
    (send chain (twice place alice 5))
    (assert= 111 (:count (account chain counter :Counter place)))))
(deftest "what the counter refuses fails the whole call"
  (let ((place (made)))
    (assert-fails chain 6000 (twice place bob 5))
    (assert= 100 (:count (account chain counter :Counter place)))))
"#
        );
        let project = Project::new(&format!("bind-{format}"), &caller, &tests);
        project.write("src/counter.ovsm", &counter);
        project.test(&[]).passes().says("2 passed, 0 failed");
    }
}

/// Types of all kinds, of Anchor and Codama: what arrives is what other encoders write.
#[test]
fn data_of_all_types_arrive_as_borsh_writes_them() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bind");
    let read = |name: &str| std::fs::read_to_string(files.join(name)).unwrap();
    let ovsm = PathBuf::from(std::env::var_os("OVSM").expect("the variable OVSM says where `ovsm` is"));
    let ovsmc = ovsm.with_file_name("ovsmc");
    let module = |name: &str| {
        let output = Command::new(&ovsmc).arg("bind").arg(files.join(name)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let caller = format!(
        "(program caller)\n{}\n{}\n{}",
        module("shop.json"),
        module("post.json"),
        read("caller.ovsm")
    );
    let project = Project::new("bind-types", &caller, &read("tests.ovsm"));
    project.write("src/echo.ovsm", &read("echo.ovsm"));
    project.test(&[]).passes().says("5 passed, 0 failed");
}

/// Calls of the token program by the forms of the library. `program` is one that tells what it was given, or the token program.
const TOKENS: &str = r#"(program tokens)
(instruction forms ((new : pubkey))
  :accounts ((program : program) (a : (mut account)) (b : (mut account)) (c : account) (who : signer))
  (token-set-authority program a :mint-tokens new who)
  (token-set-authority program a :close-account null who)
  (token-approve-checked program a c b who 258 6)
  (token-mint-to-checked program a b who 258 6)
  (token-burn-checked program a b who 258 6)
  (token-initialize-mint program a 6 new)
  (token-initialize-mint program a 6 new (key who)))

(instruction use ((new : pubkey))
  :accounts ((program : program) (mint : (mut account)) (account : (mut account)) (delegate : account) (who : signer))
  (token-initialize-mint program mint 6 (key who) (key who))
  (token-initialize-account program account mint (key who))
  (token-mint-to-checked program mint account who 1000 6)
  (token-burn-checked program account mint who 100 6)
  (token-approve-checked program account mint delegate who 5 6)
  (token-set-authority program mint :freeze-account new who)
  (token-set-authority program mint :mint-tokens null who)
  (token-set-authority program account :close-account new who))

(instruction held ()
  :accounts ((mint : (raw TokenMint) :owner any :longer true) (account : (raw TokenAccount) :owner any :longer true))
  :constraints ((= (. account state) 1) 7 (is-token-account account) 8 (is-token-mint mint) 9)
  (log
    (. account amount)
    (. account delegate tag)
    (. account delegate key)
    (. account delegated-amount)
    (. account close-authority key)
    (. mint supply)
    (. mint decimals)
    (. mint authority tag)
    (. mint freeze-authority key)))

(instruction exact () :accounts ((account : (raw TokenAccount) :owner any)) (log (. account amount)))
"#;

/// Logs its data, and for each account whether it signs and is writable.
const TELLER: &str = r#"
(define text (string-builder))
(dotimes (i (instruction-data-len)) (append! text (mem-load1 (instruction-data-ptr) i) " "))
(dotimes (i (num-accounts)) (append! text "/" (account-is-signer i) (account-is-writable i)))
(log text)
0
"#;

#[test]
fn the_forms_of_tokens_write_what_the_token_program_reads() {
    let tests = r#"(import solana/test)
(define chain (test-chain))
(define program (load-program chain))
(define teller (load-program chain "src/teller.ovsm"))
(define alice (wallet chain :alice 10_000_000_000))
(define new (new-key :new))
(define bob (new-key :bob))
(defn numbers (key)
  (let ((all (borsh-encode {:key key} {:key :pubkey})))
    (apply str (map (fn (i) (str (get all i) " ")) (range 32)))))
(deftest "bytes"
  (let* ((result (send chain (call program :forms {:new new}
                               {:program (:key teller) :a (new-key :a) :b (new-key :b) :c (new-key :c) :who alice})))
         (own (numbers new))
         (her (numbers alice)))
    (assert=
      [(str "6 0 1 " own "/01/10")
       "6 3 0 /01/10"
       "13 2 1 0 0 0 0 0 0 6 /01/00/00/10"
       "14 2 1 0 0 0 0 0 0 6 /01/01/10"
       "15 2 1 0 0 0 0 0 0 6 /01/01/10"
       (str "20 6 " own "0 /01")
       (str "20 6 " own "1 " her "/01")]
      (:messages result))))
(deftest "both token programs"
  (for (token [token-program token-2022-program])
    (let* ((chain (fork chain)) (mint (new-key :mint)) (account (new-key :account)))
      (set-account chain mint {:owner token :data (bytes (map (fn (_) 0) (range 82)))})
      (set-account chain account {:owner token :data (bytes (map (fn (_) 0) (range 165)))})
      (send chain (call program :use {:new new} {:program token :mint mint :account account :delegate bob :who alice}))
      (let ((found (token-account chain account)))
        (assert= [900 5 1 new] [(:amount found) (:delegated-amount found) (:close-tag found) (:close-authority found)]))
      (defn held () (:messages (send chain (call program :held {} {:mint mint :account account}))))
      (assert= [(str "900 1 " bob " 5 " new " 900 6 0 " new)] (held))
      ;; Extensions follow.
      (assert= ["900"] (:messages (send chain (call program :exact {} {:account account}))))
      (set-account chain account (merge (raw-account chain account) {:data (bytes-concat (:data (raw-account chain account)) (bytes [2 7 0]))}))
      (assert= [(str "900 1 " bob " 5 " new " 900 6 0 " new)] (held))
      (assert-fails chain :account-data (call program :exact {} {:account account}))
      (set-account chain account (merge (raw-account chain account) {:data (bytes-concat (bytes-slice (:data (raw-account chain account)) 0 165) (bytes [1 7 0]))}))
      (assert-fails chain 8 (call program :held {} {:mint mint :account account}))
      (let ((longer-mint (new-key :longer)) (data (:data (raw-account chain mint))))
        (defn with-mint (data)
          (set-account chain longer-mint {:owner token :data data})
          (call program :held {} {:mint longer-mint :account (create-token-account chain (new-key :plain) mint alice 1)}))
        (let ((padded (bytes-concat data (bytes (map (fn (_) 0) (range 83))))))
          (send chain (with-mint (bytes-concat padded (bytes [1 0 0]))))
          (assert-fails chain 9 (with-mint (bytes-concat padded (bytes [2 0 0]))))
          (assert-fails chain 9 (with-mint padded))))
      (set-account chain account (merge (raw-account chain account) {:data (bytes (map (fn (_) 1) (range 164)))}))
      (assert-fails chain :account-data (call program :held {} {:mint mint :account account})))))
"#;
    let project = Project::new("token-forms", TOKENS, tests);
    project.write("src/teller.ovsm", TELLER);
    project.test(&[]).passes().says("2 passed, 0 failed");
}
