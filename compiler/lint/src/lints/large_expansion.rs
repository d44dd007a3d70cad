//! `large-expansion`: a macro call that becomes very much code. Only what the call itself becomes counts, not what the macros
//! in it become.

use crate::context::Context;
use crate::lint::{Category, Check, Level, Lint};

/// The lint.
pub(crate) const LINT: Lint = Lint {
    id: "large-expansion",
    category: Category::Macro,
    level: Level::Warn,
    summary: "a macro call that becomes more than a thousand parts of code",
    check: Check::File(check),
};

/// So many parts are no surprise.
const MAX_PARTS: usize = 1_000;

fn check(context: &mut Context<'_>) {
    let file = context.file;
    for (range, name, parts) in &file.expansions {
        // What a macro made of its template stands elsewhere, and the call that led to it is reported.
        if *parts > MAX_PARTS && range.slice(file.text).trim_start_matches('(').starts_with(name.as_str()) {
            context
                .report_at(*range, format!("this call of `{name}` becomes {parts} parts of code"))
                .help("let the macro make a loop, or a call of a function, instead of so much code");
        }
    }
}
