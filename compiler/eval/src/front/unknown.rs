//! Names that nothing defines, and those that may have been meant. These are looked for when it is certain that nothing
//! defines the name: comparing it with all others takes long. Start with [`Front::with_suggestion`].

use super::Front;
use crate::core::GlobalId;
use crate::expand::special_names;
use crate::module::ModuleId;
use ovsm_base::{Diagnostic, Span};
use std::rc::Rc;

/// A name that nothing defined when it was used.
pub struct Pending {
    pub(crate) id: GlobalId,
    pub(crate) module: ModuleId,
    /// The name, if an import could bring it.
    pub(crate) name: Option<Rc<str>>,
    pub(crate) diagnostic: Diagnostic,
    /// What else is known if it may be misspelt.
    pub(crate) misspelt: Option<Misspelt>,
}

/// What it takes to suggest a name in place of one that nothing defines.
pub(crate) struct Misspelt {
    /// Where it stands.
    pub(crate) near: Option<Span>,
    /// The local names that can be seen there.
    pub(crate) locals: Vec<Rc<str>>,
}

impl Front {
    /// The report of an unknown name, with the name that may have been meant.
    pub(super) fn with_suggestion(&mut self, mut pending: Pending) -> Pending {
        let (Some(misspelt), Some(name)) = (pending.misspelt.take(), &pending.name) else { return pending };
        let suggestion = self.suggestion(name, &misspelt, pending.module);
        let diagnostic = pending.diagnostic;
        pending.diagnostic = match (suggestion, misspelt.near) {
            (Some(name), Some(near)) => {
                diagnostic.help(format!("did you mean `{name}`?")).fix(format!("write `{name}`"), near, name)
            }
            (Some(name), None) => diagnostic.help(format!("did you mean `{name}`?")),
            (None, _) => diagnostic.help("define it, import it, or check the spelling"),
        };
        pending
    }

    fn suggestion(&mut self, name: &str, misspelt: &Misspelt, module: ModuleId) -> Option<String> {
        // A hostile file can have very many unknown names.
        self.suggestions = self.suggestions.checked_sub(1)?;
        let module = self.modules.get(module.0 as usize)?;
        let mut names: Vec<&str> = Vec::new();
        names.extend(misspelt.locals.iter().map(|name| &**name));
        names.extend(module.names.keys().map(|name| &**name));
        names.extend(self.other_names.iter().map(String::as_str));
        for name in special_names() {
            names.push(name);
        }
        for native in ovsm_library::table().iter().filter(|native| !native.name.starts_with('#')) {
            names.push(native.name);
        }
        ovsm_base::suggest::nearest(name, names.into_iter()).map(str::to_string)
    }
}
