//! Where the compute units of the tests went: programs, functions and source lines, from what the runtime has traced.

use super::Chain;
use super::program::Compiled;
use ovsm_base::line_index::line_column;
use ovsm_base::render::SourceMap;
use ovsm_base::{Span, TextRange};
use ovsm_value::encoding::base58;
use serde_json::{Value as Json, json};
use std::rc::Rc;

/// So much of a source line is shown.
const SHOWN_CHARACTERS: usize = 60;

/// A part of a way to where units went.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Frame {
    /// The line, if this is one; so lines stand in their order.
    pub line: Option<u32>,
    /// What it is called.
    pub name: String,
}

impl Frame {
    fn named(name: impl Into<String>) -> Frame {
        Frame { line: None, name: name.into() }
    }
}

impl Chain {
    /// Where units went: frames from the outermost to the innermost, and the units. Together they are all units of all
    /// transactions that were sent.
    ///
    /// # Errors
    /// The `ovsm-svm` that runs is too old, or has ended.
    pub fn profile(&mut self) -> Result<Vec<(Vec<Frame>, u64)>, String> {
        if self.connection.is_none() {
            return Ok(Vec::new());
        }
        let profile = self.ask(&json!({ "op": "profile" })).map_err(|error| {
            format!("`ovsm-svm` does not tell where units went: {error}; install it from the same sources as `ovsm`")
        })?;
        let mut found = Vec::new();
        for row in profile.get("rows").and_then(Json::as_array).into_iter().flatten() {
            let units = row.get("units").and_then(Json::as_u64).unwrap_or(0);
            let path = row.get("path").and_then(Json::as_array).map(Vec::as_slice).unwrap_or(&[]);
            found.push((self.frames(path), units));
        }
        match profile.get("elsewhere").and_then(Json::as_u64) {
            None | Some(0) => {}
            Some(units) => found.push((vec![Frame::named("programs of the runtime")], units)),
        }
        Ok(found)
    }

    fn frames(&self, path: &[Json]) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut before: Option<&str> = None;
        for step in path {
            let key = step.get(0).and_then(Json::as_str).unwrap_or_default();
            let slot = step.get(1).and_then(Json::as_u64).unwrap_or(0) as usize;
            let compiled = self.only_program_at(key);
            if before != Some(key) {
                let name = compiled.map_or(key, |compiled| compiled.interface.name.as_str());
                frames.push(Frame::named(name));
            }
            before = Some(key);
            if let Some(compiled) = compiled {
                compiled.frames_of(slot, &mut frames);
            }
        }
        frames
    }

    /// The program at a key, unless tests have loaded different ones there: nobody knows which of them ran.
    fn only_program_at(&self, key: &str) -> Option<&Compiled> {
        let mut found: Option<&Rc<Compiled>> = None;
        for program in self.programs.iter().filter(|program| base58(&program.key) == key) {
            match found {
                Some(known) if !Rc::ptr_eq(known, &program.compiled) => return None,
                _ => found = Some(&program.compiled),
            }
        }
        found.map(Rc::as_ref)
    }
}

impl Compiled {
    /// The function of the machine that a slot belongs to, the definition that its code was written in if that is another
    /// one, since functions are put in place of their calls, and the line.
    fn frames_of(&self, slot: usize, frames: &mut Vec<Frame>) {
        let function = self.functions.iter().find(|it| (it.first_pc..it.first_pc + it.slots).contains(&slot));
        let function = function.map_or("?", |function| function.name.as_str());
        frames.push(Frame::named(function));
        let span = self.spans.get(slot).copied().flatten();
        let Some((file, range)) = span.and_then(|span| self.positions.resolve(span)) else {
            frames.push(Frame::named("added by the compiler"));
            return;
        };
        let text = self.positions.text(file);
        if let Some(definition) = span.and_then(|span| self.definition(span))
            && definition.rsplit(' ').next() != Some(function)
        {
            frames.push(Frame::named(definition));
        }
        let line = line_column(text, range.start).line;
        let words = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or("").trim();
        let mut shown: String = words.chars().take(SHOWN_CHARACTERS).collect();
        if words.chars().nth(SHOWN_CHARACTERS).is_some() {
            shown.push('…');
        }
        frames
            .push(Frame { line: Some(line), name: format!("{}:{line} {shown}", self.positions.path(file)) });
    }

    /// The head and the name of the form that a place is in: `instruction collect`.
    fn definition(&self, span: Span) -> Option<String> {
        let start = Span::new(span.form, TextRange::new(0, 0));
        let (file, range) = self.positions.resolve(start)?;
        let form = self.positions.text(file).get(range.start as usize..)?.strip_prefix('(')?;
        let is_end = |character: char| character.is_whitespace() || "()[]{}\"';".contains(character);
        let mut words = form.split(is_end).filter(|word| !word.is_empty());
        match (words.next()?, words.next()?) {
            ("pub", head) => Some(format!("{head} {}", words.next()?)),
            (head, name) => Some(format!("{head} {name}")),
        }
    }
}
