//! What an instruction asks of the runtime that it always refuses: seeds of no address, accounts that are too large to be made,
//! more returned bytes than there is room for, accounts that nobody can pay for.
//!
//! Only a program without errors is looked at, after all types are known. Start with [`refusals`].

use crate::code::body_types;
use crate::db::SourceFile;
use crate::declared::without_documentation;
use crate::forms::Form;
use crate::known::{Typed, Values};
use crate::modules::program_forms;
use crate::names::expand;
use crate::stated::{at, entry, option, root};
use ovsm_base::{Code, Diagnostic};
use ovsm_cst::Node;
use ovsm_expand::Declaration;
use ovsm_expand::core::{Chain, Expr, ExprId};
use ovsm_infer::Type;
use ovsm_interface::model::{Instruction, InstructionAccount};

/// A seed has at most so many bytes.
const MAX_SEED: usize = 32;
/// An address has at most so many seeds, its bump included.
const MAX_SEEDS: usize = 16;
/// An instruction makes no account with more data.
const MAX_MADE: u32 = 10_240;
/// An instruction returns at most so many bytes.
const MAX_RETURNED: u32 = 1_024;
/// The address of the system program.
const SYSTEM_PROGRAM: &str = "11111111111111111111111111111111";

/// The owner of the programs that the runtime has by itself.
const NATIVE_LOADER: &str = "NativeLoader1111111111111111111111111111111";

/// What the instructions of a program can not be granted.
#[salsa::tracked]
pub fn refusals(db: &dyn salsa::Database, file: SourceFile) -> Vec<Diagnostic> {
    let mut search = Search { db, values: Values::new(db, file), found: Vec::new() };
    let interface = without_documentation(db, file);
    let mut declared = interface.instructions.iter();
    for form in program_forms(db, file) {
        for (def, body) in expand(db, *form).bodies() {
            if let Some(types) = body_types(db, file, *form, def) {
                search.code(*form, Typed { body, types });
            }
        }
        let declarations = expand(db, *form).declarations.iter();
        for _ in declarations.filter(|it| matches!(it, Declaration::Instruction { .. })) {
            if let Some(instruction) = declared.next() {
                search.instruction(*form, instruction);
            }
        }
    }
    // Where accounts may repeat, the code is there twice.
    let mut found: Vec<Diagnostic> = Vec::new();
    for diagnostic in search.found {
        if !found.contains(&diagnostic) {
            found.push(diagnostic);
        }
    }
    found
}

struct Search<'a> {
    db: &'a dyn salsa::Database,
    values: Values<'a>,
    found: Vec<Diagnostic>,
}

impl<'a> Search<'a> {
    fn code(&mut self, form: Form<'a>, code: Typed<'a>) {
        for (expr, node) in code.body.exprs.iter_enumerated() {
            let Expr::Chain(chain) = node else { continue };
            match &**chain {
                Chain::FindAddress(seeds, _) => {
                    // The bump that is searched for is one of them.
                    if seeds.len() >= MAX_SEEDS {
                        let message = format!(
                            "these are {} seeds, and with the bump an address has at most {MAX_SEEDS}",
                            seeds.len()
                        );
                        let help =
                            "put some of them together: `[\"a\" \"b\"]` gives the address of `[\"ab\"]`";
                        // The search itself stands in the expansion.
                        self.report(code, seeds.first().copied().unwrap_or(expr), message, help);
                    }
                    self.seeds(code, seeds, None);
                }
                Chain::Address(seeds, _) => self.seeds(code, seeds, None),
                Chain::IsAddress { key, seeds, .. } => {
                    // With the bump, they are another array than the one that is written.
                    let written = match code.body.exprs.get(*key) {
                        Some(Expr::Local(local)) => code
                            .body
                            .locals
                            .get(*local)
                            .and_then(|local| option(entry(root(self.db, form)?, &local.name)?, "seeds")),
                        _ => None,
                    };
                    self.seeds(code, seeds, written);
                }
                Chain::Invoke { signers, .. } => {
                    signers.iter().for_each(|seeds| self.seeds(code, seeds, None));
                }
                Chain::SetReturnData(value) => {
                    let size = code.types.type_of(*value).size();
                    if let Some(size) =
                        size.filter(|size| *size > MAX_RETURNED && is_of_one_size(code, *value))
                    {
                        let message = format!(
                            "this returns {size} bytes, and an instruction returns at most {MAX_RETURNED}"
                        );
                        let help = "return less, or write it to an account";
                        self.report(code, *value, message, help);
                    }
                }
                Chain::Initialize(account, opening) => {
                    let Type::Account(of) = &opening.ty else { continue };
                    let Some(record) = &of.record else { continue };
                    let tag = if of.is_tagged { 8 } else { 0 };
                    let size = record.size().unwrap_or(0).saturating_add(tag);
                    if size > MAX_MADE {
                        self.too_large(form, code, *account, size);
                    }
                }
                _ => {}
            }
        }
    }

    fn report(&mut self, code: Typed<'a>, expr: ExprId, message: String, help: &str) {
        let mut diagnostic = Diagnostic::new(Code::CertainRefusal, message).help(help);
        if let Some(span) = code.body.spans.get(expr).copied().flatten() {
            diagnostic = diagnostic.label(span, "");
        }
        self.found.push(diagnostic);
    }

    /// Seeds, and the array in which they are written if it is another one.
    fn seeds(&mut self, code: Typed<'a>, seeds: &[ExprId], written: Option<Node<'a>>) {
        for (place, seed) in seeds.iter().enumerate() {
            let Some(known) = self.values.value(code, *seed) else { continue };
            let length = known.bytes().len();
            if length <= MAX_SEED {
                continue;
            }
            let message = format!("this seed has {length} bytes, and a seed has at most {MAX_SEED}");
            let help = "shorten it, or split it into two seeds";
            match written.and_then(|array| array.child(place)) {
                Some(node) => {
                    let diagnostic = Diagnostic::new(Code::CertainRefusal, message).help(help);
                    self.found.push(diagnostic.label(node.span(), ""));
                }
                None => self.report(code, *seed, message, help),
            }
        }
    }

    fn too_large(&mut self, form: Form<'a>, code: Typed<'a>, account: ExprId, size: u32) {
        let name = match code.body.exprs.get(account) {
            Some(Expr::Local(local)) => code.body.locals.get(*local).map(|local| local.name.as_str()),
            _ => None,
        };
        let what = name.map_or_else(|| "this account".to_string(), |name| format!("`{name}`"));
        let message =
            format!("{what} needs {size} bytes, and an instruction makes accounts of at most {MAX_MADE}");
        let help = "make it smaller; or let an instruction of the system program make it before, and take it as `(mut account)` here";
        let tree = root(self.db, form);
        match tree.zip(name).and_then(|(tree, name)| entry(tree, name)) {
            Some(node) => {
                let diagnostic = Diagnostic::new(Code::CertainRefusal, message).help(help);
                self.found.push(diagnostic.label(node.span(), ""));
            }
            None => self.report(code, account, message, help),
        }
    }

    /// What accounts say of one another.
    fn instruction(&mut self, form: Form<'a>, instruction: &Instruction) {
        let tree = root(self.db, form);
        let says = |account: &InstructionAccount, wanted: &str| {
            account.options.iter().find(|(option, _)| option == wanted).map(|(_, value)| value.clone())
        };
        for account in &instruction.accounts {
            let name = &account.name;
            let node = tree.and_then(|tree| entry(tree, name));
            let part = |wanted: &str| node.and_then(|node| option(node, wanted));
            if let Some(payer) = says(account, "payer")
                && let Some(payer) = instruction.accounts.iter().find(|other| other.name == payer)
                && !payer.signer
            {
                let payer = &payer.name;
                let message = format!("`{payer}` pays for `{name}`, but it does not have to sign");
                let diagnostic = Diagnostic::new(Code::CertainRefusal, message)
                    .help(format!("write `({payer} : (mut signer))`"));
                self.found.push(at(diagnostic, [part("payer"), tree]));
            }
            if says(account, "close").is_some_and(|destination| destination == *name) {
                let message = format!("`{name}` can not get its own lamports when it is closed");
                let diagnostic = Diagnostic::new(Code::CertainRefusal, message)
                    .help("name another account that gets them: `:close authority`");
                self.found.push(at(diagnostic, [part("close"), tree]));
            }
        }
        let made = instruction.accounts.iter().find(|account| says(account, "init").is_some());
        if let Some(made) = made
            && !instruction.accounts.iter().any(may_be_system_program)
        {
            let message =
                format!("`{}` is made by the system program, which is none of the accounts", made.name);
            let diagnostic = Diagnostic::new(Code::CertainRefusal, message)
                .help("add it to the accounts: `(system : (program (system-program-id)))`");
            self.found.push(at(diagnostic, [tree.and_then(|tree| entry(tree, &made.name)), tree]));
        }
    }
}

/// True for the system program, and for what nothing is known of.
fn may_be_system_program(account: &InstructionAccount) -> bool {
    match &account.address {
        Some(address) => address == SYSTEM_PROGRAM,
        None => {
            account.account.is_none()
                && account.seeds.is_none()
                && account.owner.as_ref().is_none_or(|owner| owner == NATIVE_LOADER)
                && !account.signer
                && !account.writable
                && !account.options.iter().any(|(option, _)| option == "raw")
        }
    }
}

/// True if all bytes of a value are returned: of a text or another view, those that it shows are.
fn is_of_one_size(code: Typed<'_>, value: ExprId) -> bool {
    code.types.type_of(value).is_plain()
}
