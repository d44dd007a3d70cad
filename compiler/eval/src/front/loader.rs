//! Where the texts of modules come from. The front knows no files: whoever makes a session gives it a loader. Start with
//! [`Loader`].

/// Finds the text of modules.
pub trait Loader {
    /// The path (for people) and the text of a module, or why there is none.
    fn load(&mut self, name: &str) -> Result<Option<(String, String)>, String>;

    /// The names of the modules that there are, for suggestions.
    fn names(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// A loader that finds nothing.
pub struct NoModules;

impl Loader for NoModules {
    fn load(&mut self, _: &str) -> Result<Option<(String, String)>, String> {
        Ok(None)
    }
}
