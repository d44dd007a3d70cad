//! From the bytes of a file to source text.

use ovsm_base::{Code, Diagnostic};

/// The largest source text. Offsets and token numbers are 32 bits wide, and memory use is a multiple of the size.
pub const MAX_SOURCE_BYTES: usize = 16 << 20;

/// The most top-level forms of a source text. Every form is remembered by itself, which takes a few kilobytes.
pub const MAX_FORMS: usize = 100_000;

/// The text that the bytes of a file stand for.
///
/// The diagnostics (E0013, E0014) have no place: there is no text that they could point into.
pub fn decode(bytes: &[u8]) -> Result<&str, Box<Diagnostic>> {
    if let Some(too_large) = size_fault(bytes.len()) {
        return Err(Box::new(too_large));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let line = 1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
        let message = format!("byte {at}, on line {line}, does not begin a UTF-8 character");
        Box::new(Diagnostic::new(Code::NotUtf8, message).help("save the file with the encoding UTF-8"))
    })
}

/// The diagnostic for a text of `len` bytes that is too large.
pub(crate) fn size_fault(len: usize) -> Option<Diagnostic> {
    (len > MAX_SOURCE_BYTES).then(|| {
        Diagnostic::new(
            Code::SourceTooLarge,
            format!("the source has {len} bytes, but at most {MAX_SOURCE_BYTES} can be read"),
        )
        .help("split the module into several")
    })
}

/// The diagnostic for a text of `count` top-level forms that are too many.
pub(crate) fn forms_fault(count: usize) -> Option<Diagnostic> {
    (count > MAX_FORMS).then(|| {
        let message = format!("the source has {count} top-level forms, but at most {MAX_FORMS} can be read");
        Diagnostic::new(Code::SourceTooLarge, message)
            .help("put the forms into functions, or split the module")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(decode("(λ)".as_bytes()), Ok("(λ)"));
        let fault = decode(b"(a\n\xff)").expect_err("not UTF-8");
        assert_eq!(fault.code, Code::NotUtf8);
        assert!(fault.message.contains("byte 3, on line 2"), "{}", fault.message);
    }

    #[test]
    fn a_text_of_too_many_forms_is_refused() {
        let most = "1 ".repeat(MAX_FORMS);
        assert_eq!(crate::split(&most).forms.len(), MAX_FORMS);
        for more in [format!("{most} 1"), format!("{most} (")] {
            let split = crate::split(&more);
            assert_eq!(
                split.errors.iter().map(|error| error.code).collect::<Vec<_>>(),
                [Code::SourceTooLarge]
            );
            assert!(split.forms.is_empty());
        }
    }

    #[test]
    fn a_text_that_is_too_large_is_refused() {
        let bytes = vec![b' '; MAX_SOURCE_BYTES + 1];
        assert_eq!(decode(&bytes).expect_err("too large").code, Code::SourceTooLarge);
        let text = std::str::from_utf8(&bytes).expect("blanks");
        assert_eq!(crate::split(text).errors.len(), 1);
        let tree = crate::parse(ovsm_base::FormId(0), text);
        assert_eq!(tree.errors().iter().map(|error| error.code).collect::<Vec<_>>(), [Code::SourceTooLarge]);
        assert!(tree.nodes().is_empty());
    }
}
