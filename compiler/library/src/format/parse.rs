//! Control strings, taken apart.

/// A part of a control string.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Text as it is.
    Text(String),
    /// A directive.
    Directive(Directive),
}

/// A directive.
#[derive(Clone, Debug)]
pub(super) struct Directive {
    /// The letter, in lower case; the opening bracket of one that has parts.
    pub letter: char,
    /// What stands between the tilde and the letter.
    pub parameters: Vec<Parameter>,
    /// True with `:`.
    pub colon: bool,
    /// True with `@`.
    pub at: bool,
    /// The parts between `~;`, for those that have an end.
    pub parts: Vec<Vec<Item>>,
    /// True if the last part follows `~:;`: it is the default.
    pub has_default: bool,
    /// True if the closing directive has a `:`.
    pub closed_with_colon: bool,
}

impl Directive {
    /// True for `~{~}`, which takes its control string from the arguments.
    pub fn has_empty_body(&self) -> bool {
        self.letter == '{' && self.parts.iter().all(Vec::is_empty)
    }
}

/// A parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parameter {
    /// Left out.
    Absent,
    /// A number.
    Number(i64),
    /// `'c`.
    Char(char),
    /// `v`: the next argument.
    Argument,
    /// `#`: how many arguments are left.
    Left,
}

/// What is wrong with a control string, and at which character.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlError {
    /// The position of the directive, in characters.
    pub position: usize,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ControlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at character {} of the control string)", self.message, self.position)
    }
}

/// The letters of all directives.
const LETTERS: &str = "asdboxferc$p%&~t*?^({[<|wg";

/// Parses a control string.
pub(super) fn parse(control: &str) -> Result<Vec<Item>, ControlError> {
    let chars: Vec<char> = control.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, depth: 0 };
    let (items, end) = reader.items()?;
    match end {
        None => Ok(items),
        Some((closer, position, _)) => {
            Err(ControlError { position, message: format!("`~{closer}` closes nothing") })
        }
    }
}

/// How many arguments a control string takes: at least, and at most if that is known.
///
/// # Errors
/// If it is not well formed.
pub fn arguments_needed(control: &str) -> Result<(usize, Option<usize>), ControlError> {
    let items = parse(control)?;
    let mut count = Count { least: 0, exact: true, may_stop: false };
    count.items(&items);
    Ok((count.least, count.exact.then_some(count.least)))
}

struct Count {
    least: usize,
    exact: bool,
    may_stop: bool,
}

impl Count {
    fn items(&mut self, items: &[Item]) {
        for item in items {
            let Item::Directive(directive) = item else { continue };
            for parameter in &directive.parameters {
                match parameter {
                    Parameter::Argument => self.take(),
                    Parameter::Left => self.exact = false,
                    _ => {}
                }
            }
            match directive.letter {
                'a' | 's' | 'd' | 'b' | 'o' | 'x' | 'f' | 'e' | 'r' | 'c' | '$' | 'w' | 'g' => self.take(),
                'p' if !directive.colon => self.take(),
                '?' => {
                    self.take();
                    if directive.at { self.exact = false } else { self.take() }
                }
                '*' => {
                    self.exact = false;
                    self.may_stop = true;
                }
                '^' => self.may_stop = true,
                '{' => {
                    // Without a body the control string is an argument.
                    if directive.has_empty_body() {
                        self.take();
                    }
                    if directive.at { self.exact = false } else { self.take() }
                }
                '[' => {
                    // A parameter chooses the part in place of an argument.
                    let chosen =
                        directive.parameters.first().is_some_and(|first| *first != Parameter::Absent);
                    if directive.colon || !directive.at && !chosen {
                        self.take();
                    }
                    // The parts differ in what they take.
                    self.exact = false;
                }
                '(' | '<' => directive.parts.iter().for_each(|part| self.items(part)),
                _ => {}
            }
        }
    }

    fn take(&mut self) {
        if self.may_stop {
            self.exact = false;
        } else {
            self.least += 1;
        }
    }
}

struct Reader<'c> {
    chars: &'c [char],
    at: usize,
    depth: u32,
}

/// A closing directive or separator: its letter, position, and whether it has a colon.
type End = Option<(char, usize, bool)>;

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn items(&mut self) -> Result<(Vec<Item>, End), ControlError> {
        let mut items = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if c != '~' {
                text.push(c);
                self.at += 1;
                continue;
            }
            let position = self.at;
            self.at += 1;
            let directive = self.directive(position)?;
            match directive.letter {
                '\n' => {
                    // A tilde at the end of a line joins it with the next, without its indentation.
                    if directive.at {
                        text.push('\n');
                    }
                    while !directive.colon && self.peek().is_some_and(|c| c != '\n' && c.is_whitespace()) {
                        self.at += 1;
                    }
                    continue;
                }
                ')' | '}' | ']' | '>' | ';' => {
                    if !text.is_empty() {
                        items.push(Item::Text(text));
                    }
                    return Ok((items, Some((directive.letter, position, directive.colon))));
                }
                _ => {}
            }
            if !text.is_empty() {
                items.push(Item::Text(std::mem::take(&mut text)));
            }
            items.push(Item::Directive(directive));
        }
        if !text.is_empty() {
            items.push(Item::Text(text));
        }
        Ok((items, None))
    }

    fn directive(&mut self, position: usize) -> Result<Directive, ControlError> {
        let error = |message: String| ControlError { position, message };
        let mut parameters = Vec::new();
        loop {
            let parameter = match self.peek() {
                Some('\'') => {
                    let c = self.chars.get(self.at + 1).copied();
                    self.at += 2;
                    Parameter::Char(c.ok_or_else(|| error("a directive is not finished".to_string()))?)
                }
                Some('v' | 'V') => {
                    self.at += 1;
                    Parameter::Argument
                }
                Some('#') => {
                    self.at += 1;
                    Parameter::Left
                }
                Some(c) if c.is_ascii_digit() || matches!(c, '+' | '-') => {
                    let start = self.at;
                    self.at += 1;
                    while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                        self.at += 1;
                    }
                    let digits: String = self.chars.get(start..self.at).unwrap_or(&[]).iter().collect();
                    Parameter::Number(
                        digits.parse().map_err(|_| error(format!("`{digits}` is no parameter")))?,
                    )
                }
                _ => Parameter::Absent,
            };
            let comma = self.peek() == Some(',');
            if comma || parameter != Parameter::Absent {
                parameters.push(parameter);
            }
            if !comma {
                break;
            }
            self.at += 1;
        }
        let (mut colon, mut at) = (false, false);
        while let Some(c @ (':' | '@')) = self.peek() {
            if c == ':' {
                colon = true
            } else {
                at = true
            }
            self.at += 1;
        }
        let Some(c) = self.peek() else { return Err(error("a directive is not finished".to_string())) };
        self.at += 1;
        let letter = c.to_ascii_lowercase();
        let mut directive = Directive {
            letter,
            parameters,
            colon,
            at,
            parts: Vec::new(),
            has_default: false,
            closed_with_colon: false,
        };
        let closer = match letter {
            '(' => ')',
            '{' => '}',
            '[' => ']',
            '<' => '>',
            ')' | '}' | ']' | '>' | ';' | '\n' => return Ok(directive),
            letter if LETTERS.contains(letter) => return Ok(directive),
            _ => return Err(error(format!("`~{c}` is no directive"))),
        };
        self.depth += 1;
        if self.depth > 50 {
            return Err(error("directives are inside each other too deeply".to_string()));
        }
        loop {
            let (items, end) = self.items()?;
            directive.parts.push(items);
            match end {
                Some((';', _, colon)) => directive.has_default |= colon,
                Some((found, _, colon)) if found == closer => {
                    directive.closed_with_colon = colon;
                    self.depth -= 1;
                    return Ok(directive);
                }
                Some((found, at, _)) => {
                    return Err(ControlError {
                        position: at,
                        message: format!("`~{found}` stands where `~{closer}` is needed"),
                    });
                }
                None => return Err(error(format!("`~{letter}` is never closed by `~{closer}`"))),
            }
        }
    }
}
