//! Documentation: from the text of modules to static HTML pages.
//!
//! [`read()`] finds what a module defines and what its author says about it; [`standard()`] gives the same for the
//! library; [`render()`] makes the pages. Nothing here runs code or touches files, and nothing that a source
//! says reaches a page unescaped: sources are hostile. The same modules give the same bytes. Start with [`Module`].

mod anchor;
mod examples;
mod html;
mod links;
mod markdown;
mod model;
mod read;
mod search;
mod site;
mod standard;

pub use examples::lift as lift_examples;
pub use html::GENERATOR;
pub use model::{Definition, Example, Kind, Module};
pub use read::read;
pub use site::{Page, Site, is_page_name, render};
pub use standard::standard;
