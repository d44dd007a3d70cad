//! The edge: where forms are in their files.

use crate::db::SourceFile;
use crate::forms::{identities, split};
use crate::modules::program;
use ovsm_base::render::SourceMap;
use ovsm_base::{FileId, FormId, Span, TextRange};
use rustc_hash::FxHashMap;

/// The positions of the files of a program at one moment; the first file is its root.
pub struct FilePositions {
    /// Paths and texts.
    files: Vec<(String, String)>,
    starts: FxHashMap<FormId, (FileId, u32)>,
}

/// The positions of a program. Reads [`split`]: for the edge only.
pub fn source_map(db: &dyn salsa::Database, root: SourceFile) -> FilePositions {
    let mut positions = FilePositions { files: Vec::new(), starts: FxHashMap::default() };
    // The root is the last of its program.
    for file in program(db, root).iter().rev() {
        let (text, split) = (file.text(db), split(db, *file));
        let id = FileId(positions.files.len() as u32);
        let forms = identities(file.module(db), text, split).into_iter().zip(&split.forms);
        positions.starts.extend(forms.map(|(form, found)| (form, (id, found.range.start))));
        positions.files.push((file.path(db).clone(), text.clone()));
    }
    positions
}

impl FilePositions {
    /// The paths and texts of the files; that of the root first.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }
}

impl SourceMap for FilePositions {
    fn resolve(&self, span: Span) -> Option<(FileId, TextRange)> {
        let (file, start) = *self.starts.get(&span.form)?;
        Some((file, span.range.shifted(start)))
    }

    fn path(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |(path, _)| path)
    }

    fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |(_, text)| text)
    }
}
