//! Examples in documentation: lines such as `(double 2) ; => 4`. Nothing here runs them. Start with [`lift`].

use crate::model::{Definition, Example};

/// Takes the lines that are examples out of the text of a definition.
pub fn lift(definition: &mut Definition) {
    let mut text = Vec::new();
    for line in definition.doc.lines() {
        match example(line) {
            Some(example) => definition.examples.push(example),
            None => text.push(line),
        }
    }
    definition.doc = text.join("\n").trim().to_string();
}

fn example(line: &str) -> Option<Example> {
    let (call, result) = line.trim().split_once("; =>")?;
    let (call, result) = (call.trim(), result.trim());
    (call.starts_with('(') && !result.is_empty())
        .then(|| Example { call: call.to_string(), result: result.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_result_are_examples() {
        let text = ";;; Twice.\n;;; (double 2) ; => 4\n;;; (not an example)\n(define (double x) (* x 2))";
        let mut module = crate::read("m", text);
        let double = module.definitions.first_mut().unwrap();
        lift(double);
        assert_eq!(double.doc, "Twice.\n(not an example)");
        assert_eq!(double.examples, [Example { call: "(double 2)".into(), result: "4".into() }]);
    }
}
