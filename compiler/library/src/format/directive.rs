//! Carrying directives out.

use super::parse::{Directive, Item, Parameter};
use super::radix;
use crate::context::Context;
use ovsm_value::error::{raise, type_error};
use ovsm_value::large::digits_in_radix;
use ovsm_value::write::{display, write};
use ovsm_value::{ErrorKind, Raised, Value, number};

/// Puts the text together.
pub(super) struct Formatter<'a> {
    context: &'a mut dyn Context,
    arguments: &'a [Value],
    next: usize,
    text: String,
    depth: u32,
    /// Set by `~^`: the rest of the enclosing part is left out.
    stopped: bool,
    /// In `~:{`, set by `~:^`.
    stopped_all: bool,
    /// How many sets of arguments are left, in `~:{`.
    sets_left: usize,
}

/// Rounds of one `~{` at most, for controls that take no arguments.
const MAX_ROUNDS: usize = 1_000_000;

/// Columns, counts and other parameters are no larger.
const MAX_WIDTH: usize = 1_000_000;

/// A number has at most so many digits after its point, or zeros before it.
const MAX_DIGITS: usize = 1_000;

impl<'a> Formatter<'a> {
    pub(super) fn new(context: &'a mut dyn Context, arguments: &'a [Value], depth: u32) -> Formatter<'a> {
        Formatter {
            context,
            arguments,
            next: 0,
            text: String::new(),
            depth,
            stopped: false,
            stopped_all: false,
            sets_left: 0,
        }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    pub(super) fn run(&mut self, items: &[Item]) -> Result<(), Raised> {
        for item in items {
            match item {
                Item::Text(text) => self.text.push_str(text),
                Item::Directive(directive) => self.directive(directive)?,
            }
            if self.stopped {
                break;
            }
        }
        Ok(())
    }

    fn argument(&mut self, directive: char) -> Result<&'a Value, Raised> {
        let value = self.arguments.get(self.next).ok_or_else(|| {
            raise(ErrorKind::Value, format!("`format`: there is no argument for `~{directive}`"))
        })?;
        self.next += 1;
        Ok(value)
    }

    /// The values of the parameters; null where one is left out.
    fn parameters(&mut self, directive: &Directive) -> Result<Vec<Value>, Raised> {
        let mut values = Vec::new();
        for parameter in &directive.parameters {
            values.push(match parameter {
                Parameter::Absent => Value::Null,
                Parameter::Number(number) => Value::Int(*number),
                Parameter::Char(c) => Value::Char(*c),
                Parameter::Argument => self.argument('v')?.clone(),
                Parameter::Left => Value::from_usize(self.arguments.len().saturating_sub(self.next)),
            });
        }
        for (n, value) in values.iter().enumerate() {
            let most = match (directive.letter, n) {
                ('f' | 'e' | 'g', 1) | ('$', 0 | 1) => MAX_DIGITS,
                _ => MAX_WIDTH,
            };
            if number::to_bigint(value).is_some_and(|number| number > most.into()) {
                let message = format!(
                    "`format`: the parameter {} of `~{}` is more than {most}",
                    ovsm_value::write::brief(value),
                    directive.letter
                );
                return Err(raise(ErrorKind::Limit, message));
            }
        }
        Ok(values)
    }

    fn directive(&mut self, directive: &Directive) -> Result<(), Raised> {
        let parameters = self.parameters(directive)?;
        let number = |n: usize, default: i64| parameters.get(n).and_then(number::to_i64).unwrap_or(default);
        let count = |n: usize, default: usize| usize::try_from(number(n, default as i64)).unwrap_or(0);
        let is_given = |n: usize| !matches!(parameters.get(n), None | Some(Value::Null));
        let character = |n: usize, default: char| match parameters.get(n) {
            Some(Value::Char(c)) => *c,
            Some(Value::String(text)) => text.char_at(0).unwrap_or(default),
            _ => default,
        };
        match directive.letter {
            'a' | 's' => {
                let value = self.argument(directive.letter)?;
                let text = match (directive.letter, value) {
                    (_, Value::Null) if directive.colon => "()".to_string(),
                    ('a', value) => display(value),
                    (_, value) => write(value),
                };
                let (width, step, least) = (count(0, 0), count(1, 1).max(1), count(2, 0));
                let filler = character(3, ' ');
                let length = text.chars().count();
                let mut pad = least;
                pad += width.saturating_sub(length + pad).div_ceil(step) * step;
                self.reserve(pad)?;
                let filling: String = std::iter::repeat_n(filler, pad).collect();
                if directive.at {
                    self.text.push_str(&filling);
                    self.text.push_str(&text);
                } else {
                    self.text.push_str(&text);
                    self.text.push_str(&filling);
                }
            }
            'w' => {
                let value = self.argument('w')?;
                self.text.push_str(&write(value));
            }
            'd' | 'b' | 'o' | 'x' => {
                let base = match directive.letter {
                    'd' => 10,
                    'b' => 2,
                    'o' => 8,
                    _ => 16,
                };
                let value = self.argument(directive.letter)?;
                self.integer(value, base, &parameters, directive)?;
            }
            'r' => {
                let value = self.argument('r')?;
                if is_given(0) {
                    let base = u32::try_from(number(0, 10)).ok().filter(|base| (2..=36).contains(base));
                    let base = base.ok_or_else(|| {
                        raise(ErrorKind::Value, "`format`: the radix of `~r` must be from 2 to 36")
                    })?;
                    self.integer(value, base, parameters.get(1..).unwrap_or(&[]), directive)?;
                } else {
                    let whole = number::to_bigint(value)
                        .ok_or_else(|| type_error("format ~r", "an integer", value))?;
                    let small = i128::try_from(&whole).ok();
                    let text = small.and_then(|small| match (directive.at, directive.colon) {
                        (true, old) => radix::roman(small, old),
                        (false, true) => radix::ordinal(small),
                        (false, false) => radix::cardinal(small),
                    });
                    self.text.push_str(&text.unwrap_or_else(|| digits_in_radix(&whole, 10)));
                }
            }
            'f' => {
                let value = self.argument('f')?;
                let float = self.float(value, "~f")?;
                let mut text = match is_given(1) {
                    true => fixed(value, float, count(1, 0)),
                    false => display(&Value::Float(float)),
                };
                if directive.at && !float.is_sign_negative() {
                    text.insert(0, '+');
                }
                self.pad_left(&text, count(0, 0), character(4, ' '))?;
            }
            'e' | 'g' => {
                let value = self.argument('e')?;
                let float = self.float(value, "~e")?;
                let text = match is_given(1) {
                    true => format!("{float:.*e}", count(1, 0)),
                    false => format!("{float:e}"),
                };
                let text = match text.split_once('e') {
                    Some((mantissa, exponent)) if !exponent.starts_with('-') => {
                        format!("{mantissa}e+{exponent}")
                    }
                    _ => text,
                };
                self.pad_left(&text, count(0, 0), ' ')?;
            }
            '$' => {
                let value = self.argument('$')?;
                let float = self.float(value, "~$")?;
                let mut text = whole_digits(fixed(value, float, count(0, 2)), count(1, 1));
                if directive.at && !float.is_sign_negative() {
                    text.insert(0, '+');
                }
                self.pad_left(&text, count(2, 0), character(3, ' '))?;
            }
            'c' => match self.argument('c')? {
                Value::Char(c) if directive.at => self.text.push_str(&write(&Value::Char(*c))),
                Value::Char(c) => self.text.push(*c),
                Value::String(text) if text.char_count() == 1 => self.text.push_str(text.as_str()),
                other => return Err(type_error("format ~c", "a character", other)),
            },
            'p' => {
                if directive.colon {
                    self.next = self.next.saturating_sub(1);
                }
                let value = self.argument('p')?;
                let is_one = ovsm_value::compare::equal(value, &Value::Int(1));
                self.text.push_str(match (directive.at, is_one) {
                    (false, true) => "",
                    (false, false) => "s",
                    (true, true) => "y",
                    (true, false) => "ies",
                });
            }
            '%' => {
                self.reserve(count(0, 1))?;
                self.text.extend(std::iter::repeat_n('\n', count(0, 1)));
            }
            '&' => {
                let wanted = count(0, 1);
                if wanted > 0 {
                    let fresh = self.text.is_empty() || self.text.ends_with('\n');
                    self.text.extend(std::iter::repeat_n('\n', wanted - usize::from(fresh)));
                }
            }
            '|' => self.text.push('\u{c}'),
            '~' => self.text.extend(std::iter::repeat_n('~', count(0, 1))),
            't' => {
                let column = self.text.rsplit('\n').next().unwrap_or("").chars().count();
                let (wanted, step) = (count(0, 1), count(1, 1));
                let blanks = if directive.at {
                    let mut to = column + wanted;
                    if step > 0 {
                        to = to.div_ceil(step) * step;
                    }
                    to - column
                } else if column < wanted {
                    wanted - column
                } else if step > 0 {
                    step - (column - wanted) % step
                } else {
                    0
                };
                self.reserve(blanks)?;
                self.text.extend(std::iter::repeat_n(' ', blanks));
            }
            '*' => {
                self.next = match (directive.at, directive.colon) {
                    (true, _) => count(0, 0),
                    (false, true) => self.next.saturating_sub(count(0, 1)),
                    (false, false) => self.next.saturating_add(count(0, 1)),
                };
                if self.next > self.arguments.len() {
                    return Err(raise(ErrorKind::Value, "`format`: `~*` goes past the last argument"));
                }
            }
            '?' => self.recursive(directive)?,
            '^' => {
                let left = self.arguments.len().saturating_sub(self.next);
                let stop = match parameters.as_slice() {
                    [] if directive.colon => self.sets_left == 0,
                    [] => left == 0,
                    [a] => number::is_zero(a),
                    [a, b] => ovsm_value::compare::equal(a, b),
                    [..] => number(0, 0) <= number(1, 0) && number(1, 0) <= number(2, 0),
                };
                if stop {
                    self.stopped = true;
                    self.stopped_all = directive.colon;
                }
            }
            '(' => self.case(directive)?,
            '[' => self.choice(directive, &parameters)?,
            '{' => self.repeat(directive, &parameters)?,
            '<' => {
                self.justify(directive, count(0, 0), count(1, 1).max(1), count(2, 0), character(3, ' '))?
            }
            _ => {}
        }
        self.reserve(0)
    }

    fn reserve(&mut self, more: usize) -> Result<(), Raised> {
        // A text that grows is copied to a place of twice its size.
        self.context.reserve(more.saturating_add(self.text.len()))?;
        self.context.charge(1)
    }

    fn float(&self, value: &Value, directive: &str) -> Result<f64, Raised> {
        number::to_float(value).ok_or_else(|| type_error(&format!("format {directive}"), "a number", value))
    }

    fn pad_left(&mut self, text: &str, width: usize, filler: char) -> Result<(), Raised> {
        let missing = width.saturating_sub(text.chars().count());
        self.reserve(missing)?;
        self.text.extend(std::iter::repeat_n(filler, missing));
        self.text.push_str(text);
        Ok(())
    }

    /// An integer in a radix: width, filler, separator and size of groups are the parameters.
    fn integer(
        &mut self,
        value: &Value,
        base: u32,
        parameters: &[Value],
        directive: &Directive,
    ) -> Result<(), Raised> {
        let width =
            parameters.first().and_then(number::to_i64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let character = |n: usize, default: char| match parameters.get(n) {
            Some(Value::Char(c)) => *c,
            _ => default,
        };
        let Some(whole) = number::to_bigint(value) else {
            // What is no integer is shown as by `~a`.
            return self.pad_left(&display(value), width, character(1, ' '));
        };
        let mut text = digits_in_radix(&whole, base).to_uppercase();
        if directive.colon {
            let size =
                parameters.get(3).and_then(number::to_i64).and_then(|n| usize::try_from(n).ok()).unwrap_or(3);
            text = radix::grouped(&text, character(2, ','), size);
        }
        if directive.at && !text.starts_with('-') {
            text.insert(0, '+');
        }
        self.pad_left(&text, width, character(1, ' '))
    }

    fn recursive(&mut self, directive: &Directive) -> Result<(), Raised> {
        if self.depth >= super::MAX_DEPTH {
            return Err(raise(
                ErrorKind::Limit,
                "`format`: control strings are inside each other too deeply",
            ));
        }
        let body = self.control('?')?;
        if directive.at {
            self.depth += 1;
            let result = self.run(&body);
            self.depth -= 1;
            self.stopped = false;
            return result;
        }
        let items = crate::arguments::items("format ~?", self.argument('?')?)?;
        let text = std::mem::take(&mut self.text);
        let mut formatter = Formatter::new(&mut *self.context, &items, self.depth + 1);
        formatter.text = text;
        formatter.run(&body)?;
        self.text = formatter.finish();
        Ok(())
    }

    fn part(directive: &Directive, n: usize) -> &[Item] {
        directive.parts.get(n).map_or(&[], Vec::as_slice)
    }

    fn case(&mut self, directive: &Directive) -> Result<(), Raised> {
        let start = self.text.len();
        self.run(Formatter::part(directive, 0))?;
        let inner = self.text.split_off(start);
        let changed = match (directive.colon, directive.at) {
            (true, true) => inner.to_uppercase(),
            (true, false) => words(&inner, true),
            (false, true) => words(&inner, false),
            (false, false) => inner.to_lowercase(),
        };
        self.text.push_str(&changed);
        Ok(())
    }

    fn choice(&mut self, directive: &Directive, parameters: &[Value]) -> Result<(), Raised> {
        if directive.at && !directive.colon {
            let value = self.argument('[')?;
            if value.is_true() {
                self.next -= 1;
                return self.run(Formatter::part(directive, 0));
            }
            return Ok(());
        }
        if directive.colon {
            let value = self.argument('[')?;
            return self.run(Formatter::part(directive, usize::from(value.is_true())));
        }
        let index = match parameters.first() {
            Some(value) => number::to_i64(value),
            None => {
                let value = self.argument('[')?;
                Some(number::to_i64(value).ok_or_else(|| type_error("format ~[", "an integer", value))?)
            }
        };
        let last = directive.parts.len().saturating_sub(1);
        let index = index.and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
        let limit = if directive.has_default { last } else { directive.parts.len() };
        if index < limit {
            self.run(Formatter::part(directive, index))
        } else if directive.has_default {
            self.run(Formatter::part(directive, last))
        } else {
            Ok(())
        }
    }

    fn repeat(&mut self, directive: &Directive, parameters: &[Value]) -> Result<(), Raised> {
        let most = parameters.first().and_then(number::to_i64).map(|n| usize::try_from(n).unwrap_or(0));
        let most = most.unwrap_or(MAX_ROUNDS).min(MAX_ROUNDS);
        let given;
        let body = if directive.has_empty_body() {
            if self.depth >= super::MAX_DEPTH {
                return Err(raise(
                    ErrorKind::Limit,
                    "`format`: control strings are inside each other too deeply",
                ));
            }
            given = self.control('{')?;
            given.as_slice()
        } else {
            Formatter::part(directive, 0)
        };
        let owned: Vec<Value>;
        let items: &[Value] = if directive.at {
            self.arguments.get(self.next..).unwrap_or(&[])
        } else {
            let list = self.argument('{')?;
            owned = crate::arguments::items("format ~{", list)?;
            &owned
        };
        // The rounds continue the text, so that `~&` and `~t` see the line that they stand on.
        let mut text = std::mem::take(&mut self.text);
        let depth = self.depth + 1;
        let mut taken = 0;
        if directive.colon {
            for (n, set) in items.iter().enumerate().take(most) {
                let inner = crate::arguments::items("format ~:{", set)?;
                let mut formatter = Formatter::new(&mut *self.context, &inner, depth);
                formatter.sets_left = items.len() - n - 1;
                formatter.text = text;
                formatter.run(body)?;
                let stop = formatter.stopped_all;
                text = formatter.finish();
                taken = n + 1;
                if stop {
                    break;
                }
            }
        } else {
            let mut formatter = Formatter::new(&mut *self.context, items, depth);
            formatter.text = text;
            let mut rounds = 0;
            while rounds < most
                && (formatter.next < items.len() || rounds == 0 && directive.closed_with_colon)
            {
                let before = formatter.next;
                formatter.run(body)?;
                rounds += 1;
                if formatter.stopped {
                    break;
                }
                // A body that takes nothing would go on for ever.
                if formatter.next == before && rounds >= items.len().max(1) {
                    break;
                }
            }
            taken = formatter.next;
            text = formatter.finish();
        }
        self.text = text;
        if directive.at {
            self.next += taken;
        }
        Ok(())
    }

    /// The items of a control string that is an argument.
    fn control(&mut self, directive: char) -> Result<Vec<Item>, Raised> {
        match self.argument(directive)? {
            Value::String(control) => super::parse::parse(control.as_str())
                .map_err(|error| raise(ErrorKind::Parse, format!("`format`: {error}"))),
            other => Err(type_error(&format!("format ~{directive}"), "a control string", other)),
        }
    }

    fn justify(
        &mut self,
        directive: &Directive,
        width: usize,
        step: usize,
        least: usize,
        filler: char,
    ) -> Result<(), Raised> {
        let mut parts = Vec::new();
        for part in &directive.parts {
            let start = self.text.len();
            self.run(part)?;
            parts.push(self.text.split_off(start));
            if self.stopped {
                self.stopped = false;
                parts.pop();
                break;
            }
        }
        let before = directive.colon || parts.len() <= 1 && !directive.at;
        let after = directive.at;
        let gaps = (parts.len().saturating_sub(1) + usize::from(before) + usize::from(after)).max(1);
        let length: usize = parts.iter().map(|part| part.chars().count()).sum();
        let mut total = length + least * gaps;
        let mut wanted = width;
        wanted += total.saturating_sub(wanted).div_ceil(step) * step;
        total = wanted - length;
        self.reserve(total)?;
        let mut gap_number = 0;
        let mut gap = |text: &mut String| {
            // What can not be shared evenly goes to the last gaps.
            let size = total * (gap_number + 1) / gaps - total * gap_number / gaps;
            gap_number += 1;
            text.extend(std::iter::repeat_n(filler, size));
        };
        if before {
            gap(&mut self.text);
        }
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                gap(&mut self.text);
            }
            self.text.push_str(part);
        }
        if after {
            gap(&mut self.text);
        }
        Ok(())
    }
}

/// A number with so many digits after the point, rounded half away from zero as people expect.
fn fixed(value: &Value, float: f64, digits: usize) -> String {
    if let Value::Decimal(decimal) = value {
        return decimal.round(digits as u32).to_string();
    }
    if let Some(whole) = number::to_bigint(value) {
        let whole = digits_in_radix(&whole, 10);
        return if digits == 0 { whole } else { format!("{whole}.{}", "0".repeat(digits)) };
    }
    format!("{float:.digits$}")
}

/// A number with at least so many digits before the point.
fn whole_digits(text: String, least: usize) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let whole = digits.split('.').next().unwrap_or("");
    if !whole.chars().all(|c| c.is_ascii_digit()) {
        return text;
    }
    let zeros = "0".repeat(least.saturating_sub(whole.len()));
    format!("{sign}{zeros}{digits}")
}

/// The words of a text with their first letters in upper case, or only the first word's.
fn words(text: &str, all: bool) -> String {
    let mut result = String::with_capacity(text.len());
    let mut in_word = false;
    let mut is_done = false;
    for c in text.chars() {
        if c.is_alphanumeric() && !in_word && (all || !is_done) {
            result.extend(c.to_uppercase());
            is_done = true;
        } else {
            result.extend(c.to_lowercase());
        }
        in_word = c.is_alphanumeric();
    }
    result
}
