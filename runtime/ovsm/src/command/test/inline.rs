//! Tests that stand in the source of a Solana program: they are scripts, and the rest of the file is none.

/// The text of a program with nothing left of it but its tests and what they import; every byte that is left stands where
/// it stood. `None` for what is no program with instructions.
pub fn tests_of_program(text: &str) -> Option<String> {
    let split = ovsm_cst::split(text);
    if !split.forms.iter().any(|form| matches!(form.head_text(text), "program" | "instruction")) {
        return None;
    }
    let mut kept = String::with_capacity(text.len());
    let blank = |kept: &mut String, part: &str| {
        // A blank for each byte, so that positions stay what they are.
        kept.extend(part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
    };
    let mut at = 0;
    for form in &split.forms {
        if !is_for_tests(form.head_text(text), form.name_text(text)) {
            continue;
        }
        let (start, end) = (form.range.start as usize, form.range.end as usize);
        blank(&mut kept, text.get(at..start)?);
        kept.push_str(text.get(start..end)?);
        at = end;
    }
    blank(&mut kept, text.get(at..)?);
    Some(kept)
}

fn is_for_tests(head: &str, name: &str) -> bool {
    ovsm_cst::is_test_form(head) || head == "import" && name == "solana/test"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_stands_where_it_stood() {
        let text =
            "(program λ)\n(import solana/test)\n(instruction a ()\n  b)\n;; x\n(deftest \"c\" d) ; e\n";
        let kept = tests_of_program(text).unwrap_or_default();
        assert_eq!(kept.len(), text.len());
        assert_eq!(kept.find("(deftest"), text.find("(deftest"));
        assert_eq!(
            kept.split_whitespace().collect::<Vec<_>>(),
            ["(import", "solana/test)", "(deftest", "\"c\"", "d)"]
        );
        assert_eq!(tests_of_program("(deftest a b)"), None);
    }
}
