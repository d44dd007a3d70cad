//! A made-up program of any length, for measuring the tools: one handler per instruction, as Solana programs have,
//! over a few shared helpers.

use std::fmt::Write;

/// Lines of a handler.
const HANDLER: usize = 17;

fn handlers(lines: usize) -> usize {
    (lines.saturating_sub(15) / (HANDLER + 1)).max(1)
}

/// A program of about `lines` lines. The same number gives the same text.
pub fn ovsm(lines: usize) -> String {
    let mut text = String::from(
        "(const ok 0)\n\
         (defn load-word ((p : u64) (i : u64)) -> u64 (mem-load p (* i 8)))\n\
         (defn store-word ((p : u64) (i : u64) (v : u64)) (mem-store p (* i 8) v))\n\
         (defn fee ((amount : u64) (rate : u64)) -> u64 (/ (* amount rate) 10000))\n",
    );
    for n in 0..handlers(lines) {
        let (from, to) = (n % 8, (n + 3) % 8);
        let _ = write!(
            text,
            "\n;;; Handler {n}: moves an amount between two slots and keeps a fee.\n\
             (defn handler{n} ((p : u64) (amount : u64)) -> u64\n  \
               (define from (load-word p {from}))\n  \
               (define to (load-word p {to}))\n  \
               (define cost (fee amount {}))\n  \
               (cond\n    \
                 ((< from (+ amount cost)) {})\n    \
                 ((and (= to 0) (> amount {})) {})\n    \
                 (else\n      \
                   (store-word p {from} (- from amount cost))\n      \
                   (store-word p {to} (+ to amount))\n      \
                   (define i 0u64)\n      \
                   (while (< i {})\n        \
                     (store-word p (+ i 8) (+ (load-word p (+ i 8)) cost))\n        \
                     (set! i (+ i 1)))\n      \
                   ok)))\n",
            n * 3 % 100 + 1,
            n + 100,
            n * 10 + 1,
            n + 300,
            n % 5 + 2,
        );
    }
    text.push_str(
        "\n(define p (account-data-ptr 0))\n(define tag (mem-load4 (instruction-data-ptr) 0))\n\
         (define amount (mem-load (instruction-data-ptr) 4))\n(cond\n",
    );
    for n in 0..handlers(lines) {
        let _ = writeln!(text, "  ((= tag {n}) (handler{n} p amount))");
    }
    text.push_str("  (else 1))\n");
    text
}

/// A C program of the same size and shape, for the baseline.
pub fn c(lines: usize) -> String {
    let mut text = String::from(
        "typedef unsigned long long u64;\n\
         static u64 load_word(u64 *p, u64 i) { return p[i]; }\n\
         static void store_word(u64 *p, u64 i, u64 v) { p[i] = v; }\n\
         static u64 fee(u64 amount, u64 rate) { return amount * rate / 10000; }\n",
    );
    for n in 0..handlers(lines) {
        let (from, to) = (n % 8, (n + 3) % 8);
        let _ = write!(
            text,
            "\n/* Handler {n}: moves an amount between two slots and keeps a fee. */\n\
             static u64 handler{n}(u64 *p, u64 amount) {{\n  \
               u64 from = load_word(p, {from});\n  \
               u64 to = load_word(p, {to});\n  \
               u64 cost = fee(amount, {});\n  \
               if (from < amount + cost) return {};\n  \
               if (to == 0 && amount > {}) return {};\n  \
               store_word(p, {from}, from - amount - cost);\n  \
               store_word(p, {to}, to + amount);\n  \
               u64 i = 0;\n  \
               while (i < {}) {{\n    \
                 store_word(p, i + 8, load_word(p, i + 8) + cost);\n    \
                 i = i + 1;\n  }}\n  \
               return 0;\n}}\n",
            n * 3 % 100 + 1,
            n + 100,
            n * 10 + 1,
            n + 300,
            n % 5 + 2,
        );
    }
    text.push_str("\nu64 entrypoint(u64 *p, unsigned tag, u64 amount) {\n");
    for n in 0..handlers(lines) {
        let _ = writeln!(text, "  if (tag == {n}) return handler{n}(p, amount);");
    }
    text.push_str("  return 1;\n}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_has_its_length_and_no_errors() {
        let text = ovsm(1000);
        assert!((950..=1050).contains(&text.lines().count()), "{}", text.lines().count());
        let mut db = ovsm_query::Database::default();
        let file = db.add_file("program.ovsm", text);
        assert!(ovsm_query::diagnostics(&db, file).is_empty());
    }
}
