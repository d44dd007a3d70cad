//! Programs that reach deep code: the bytes choose among the special forms as the reference writes them, the built-in
//! functions with their arity and their examples, and literals at the edges. Any bytes are a program; fewer bytes are a
//! smaller one, so that a failure shrinks. Start with [`program`].

use ovsm_library::Native;

/// A program, and the choices that are left.
struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
    forms: &'a [String],
    out: String,
}

/// Literals that make operations fail, and some that do not.
const LITERALS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "7",
    "255u8",
    "0u8",
    "-128i8",
    "18446744073709551615u64",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "340282366920938463463374607431768211455u128",
    "100000000000000000000000000000000000000000",
    "1.5",
    "-0.0",
    "1e308",
    "+inf",
    "-inf",
    "+nan",
    "null",
    "true",
    "false",
    "\"\"",
    "\"abc\"",
    "\"λ\\u{1F600}\\0\"",
    "\"12\"",
    "b\"\"",
    "b\"\\xff\\x00a\"",
    "#\\a",
    "#\\u{3bb}",
    ":key",
    ":a",
    "'sym",
    "'()",
    "'(1 2 3)",
    "'(a (b) . c)",
    "[]",
    "[1 2 3]",
    "[[1 2] [3 4]]",
    "[\"b\" \"a\" \"c\"]",
    "{}",
    "{:a 1 :b [2]}",
    "#{}",
    "#{1 :b}",
    "(range 0 5)",
    "(range 9 0 -3)",
    "(decimal \"1.25\")",
    "(cell 1)",
    "(hash-table :a 1)",
    "(list)",
    "(pubkey \"11111111111111111111111111111111\")",
    "x",
    "y",
    "f",
    "(fn (a) a)",
    "(fn (&rest r) r)",
    "(fn (a b) (< a b))",
    "+",
    "str",
    "`(a ,x ,@[1 2])",
    "(error \"e\")",
    "(throw :a 1)",
];

/// The shapes of the special forms, as the reference has them.
pub fn shapes() -> Vec<String> {
    let mut session = super::session();
    let names = session.names();
    let natives: std::collections::BTreeSet<&str> = ovsm_library::table()
        .iter()
        .flat_map(|native| std::iter::once(&native.name).chain(native.aliases).copied())
        .collect();
    let forms = names.iter().filter(|name| !natives.contains(name.as_str()));
    let shapes = forms.filter_map(|name| session.documentation(name));
    shapes.filter(|shape| shape.starts_with(['(', '`', '#', ',', '\'']) && !shape.contains('\n')).collect()
}

/// The program that some bytes choose. `forms` are the shapes of the special forms: `(if condition then else)`.
pub fn program(choices: &[u8], forms: &[String]) -> String {
    let out = String::from(
        "(define x 5) (define y [1 2 3]) (define z {:a 1}) (defn f (a &optional (b 2)) [a b]) (defenum E (G a) H)\n",
    );
    let mut writer = Writer { choices: choices.iter(), forms, out };
    writer.out.push('[');
    for _ in 0..3 {
        // Jumps have something to leave, and an error does not end the program.
        writer.out.push_str("(try (block x (for (q [1 2]) ");
        writer.expression(0);
        writer.out.push_str("))\n  (catch e [(error-kind e) (error-message e)]))\n");
    }
    writer.out.push(']');
    writer.out
}

impl<'a> Writer<'a> {
    /// The next choice; 0 when they have run out.
    fn byte(&mut self) -> usize {
        self.choices.next().copied().map_or(0, usize::from)
    }

    fn pick<T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let number = self.byte() * 256 + self.byte();
        from.get(number % from.len().max(1))
    }

    fn literal(&mut self) {
        let literal = LITERALS.get(self.byte() % LITERALS.len()).copied().unwrap_or("0");
        self.out.push_str(literal);
    }

    fn expression(&mut self, depth: usize) {
        let choice = self.byte() % 16;
        match choice {
            _ if depth > 5 || self.out.len() > 2000 => self.literal(),
            0..=3 => self.literal(),
            4..=8 => self.native(depth),
            9..=10 => self.example(),
            _ => self.form(depth),
        }
    }

    /// A call with a number of arguments that fits, or nearly.
    fn native(&mut self, depth: usize) {
        let Some(native) = self.pick::<&'static Native>(ovsm_library::table()) else { return };
        if native.name.starts_with('#') {
            return self.literal();
        }
        let (min, wrong) = (usize::from(native.min), self.byte());
        let max = native.max.map_or(min + 3, usize::from);
        let count = match wrong {
            0..=5 => max + 1,
            6..=10 => min.saturating_sub(1),
            n => min + n % (max - min + 1),
        };
        self.out.push('(');
        self.out.push_str(native.name);
        for _ in 0..count {
            self.out.push(' ');
            self.expression(depth + 1);
        }
        self.out.push(')');
    }

    /// A documented call, perhaps with another literal at one place.
    fn example(&mut self) {
        let Some(native) = self.pick::<&'static Native>(ovsm_library::table()) else { return };
        let number = self.byte();
        let Some((call, _)) = native.examples.get(number % native.examples.len().max(1)) else {
            return self.literal();
        };
        let words: Vec<&str> = call.split(' ').collect();
        let at = self.byte();
        self.out.push_str("(do ");
        for (n, word) in words.iter().enumerate() {
            let bare = word.trim_end_matches([')', ']', '}']);
            let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
            if is_number && at % 4 == n % 4 {
                self.literal();
                self.out.push_str(word.get(bare.len()..).unwrap_or(""));
            } else {
                self.out.push_str(word);
            }
            self.out.push(' ');
        }
        self.out.push(')');
    }

    /// A special form as its shape says, with expressions for its words.
    fn form(&mut self, depth: usize) {
        let Some(shape) = self.pick::<String>(self.forms) else { return self.literal() };
        // Most definitions stand at the top level only.
        let is_definition =
            ["(def", "(import", "(export", "(pub", "(const", "(decla"].iter().any(|it| shape.starts_with(it));
        if is_definition && self.byte() % 16 != 1 {
            return self.expression(depth + 1);
        }
        let mut characters = shape.chars().peekable();
        let parts = parts(&mut characters);
        self.parts(&parts, depth, true);
    }

    fn parts(&mut self, parts: &[Part], depth: usize, is_form: bool) {
        for (n, part) in parts.iter().enumerate() {
            match part {
                Part::Space => self.out.push(' '),
                Part::Word(word) if word == "…" => {
                    let previous = parts.iter().take(n).rev().find(|part| !matches!(part, Part::Space));
                    for _ in 0..self.byte() % 3 {
                        if let Some(previous) = previous {
                            self.parts(std::slice::from_ref(previous), depth, false);
                            self.out.push(' ');
                        }
                    }
                }
                Part::Word(word) => self.word(word, is_form && n == 0, depth),
                Part::Group(open, inner, close) => {
                    self.out.push(*open);
                    self.parts(inner, depth, n == 0 && is_form);
                    self.out.push(*close);
                }
            }
        }
    }

    fn word(&mut self, word: &str, is_head: bool, depth: usize) {
        let is_fixed =
            ["catch", "finally", "else", ":", "->", "null", "defn"].contains(&word) || word.starts_with('&');
        let is_quote = word.starts_with(['\'', '`', ',', '#']);
        let list: &[&str] = match word {
            _ if is_head || is_quote || (is_fixed && self.byte() % 32 != 1) => {
                return self.out.push_str(word);
            }
            "name" | "Name" | "tag" | "parameter" | "field" | "variant" => &["x", "y", "z", "f", "G"],
            "pattern" => &["x", "_", "[a b]", "[a & r]", "{:a x}", "(or 1 2)", "(G x)", "5", "z"],
            "place" => &["x", "y", "(nth y 0)", "(get x :a)", "(first y)", "z"],
            "type" | "Type" => &["int", "u8", "any", "string", "(array int)", "(or int null)", "fn", "x"],
            "clause" => &[
                "for a in y",
                "repeat 3",
                "collect x",
                "sum 1",
                "while false",
                "do x",
                "with q = 1",
                "return 2",
            ],
            "module" => &["std/list", "a/b"],
            _ => return self.expression(depth + 1),
        };
        let choice = self.byte();
        if choice % 32 == 1 {
            return self.expression(depth + 1);
        }
        self.out.push_str(list.get(choice % list.len()).copied().unwrap_or("x"));
    }
}

/// A part of the shape of a form.
enum Part {
    Space,
    Word(String),
    Group(char, Vec<Part>, char),
}

/// The parts of a shape up to the end of its group.
fn parts(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Vec<Part> {
    let mut found = Vec::new();
    while let Some(c) = characters.next_if(|c| !")]".contains(*c)) {
        match c {
            ' ' => found.push(Part::Space),
            '(' | '[' => {
                let inner = parts(characters);
                characters.next();
                found.push(Part::Group(c, inner, if c == '(' { ')' } else { ']' }));
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = characters.next_if(|c| !" ()[]".contains(*c)) {
                    word.push(c);
                }
                found.push(Part::Word(word));
            }
        }
    }
    found
}
