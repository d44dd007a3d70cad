//! The edge: where forms are in their file.

use crate::db::SourceFile;
use crate::forms::{identities, split};
use ovsm_base::render::SourceMap;
use ovsm_base::{FileId, FormId, Span, TextRange};
use rustc_hash::FxHashMap;

/// The positions of one file at one moment.
pub struct FilePositions {
    path: String,
    text: String,
    starts: FxHashMap<FormId, u32>,
}

/// The positions of a file. Reads [`split`]: for the edge only.
pub fn source_map(db: &dyn salsa::Database, file: SourceFile) -> FilePositions {
    let text = file.text(db);
    let split = split(db, file);
    let starts = identities(file.module(db), text, split)
        .into_iter()
        .zip(&split.forms)
        .map(|(id, form)| (id, form.range.start))
        .collect();
    FilePositions { path: file.path(db).clone(), text: text.clone(), starts }
}

impl SourceMap for FilePositions {
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)> {
        let start = *self.starts.get(&span.form)?;
        Some((FileId(0), span.range.shifted(start)))
    }

    fn path(&self, _file: FileId) -> &str {
        &self.path
    }

    fn text(&self, _file: FileId) -> &str {
        &self.text
    }
}
