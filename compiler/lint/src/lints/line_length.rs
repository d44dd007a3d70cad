//! `line-length`: a line of more than 100 characters.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};
use ovsm_base::TextRange;

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "line-length",
    category: Category::Style,
    level: Level::Allow,
    summary: "a line of more than 100 characters",
    check: Check::File(check),
};

fn check(context: &mut Context<'_>) {
    let mut offset = 0u32;
    for line in context.file.text.split_inclusive('\n') {
        let visible = line.trim_end();
        let length = visible.chars().count();
        if length > 100 {
            let range = TextRange::new(offset, offset + visible.len() as u32);
            context
                .report_at(range, format!("this line has {length} characters"))
                .help("break it: `ovsm fmt` helps");
        }
        offset += line.len() as u32;
    }
}
