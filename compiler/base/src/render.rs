//! Shows diagnostics.

use crate::ids::FileId;
use crate::text::{Span, TextRange};

/// Where a [`Span`] is in the files of this invocation: the only place with absolute offsets.
pub trait SourceMap {
    /// The file and the absolute range of a span; `None` if the form no longer exists.
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)>;
    /// The path to show for a file.
    fn path(&self, file: FileId) -> &str;
    /// The text of a file.
    fn text(&self, file: FileId) -> &str;
}
