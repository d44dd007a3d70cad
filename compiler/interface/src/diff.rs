//! What changed from one interface to another, and what that means for those who call the program.
//!
//! The measure is a caller that was built for the old interface, and data that the old program wrote. A change is major if
//! one of them fails or is misread, minor if the caller has something new, can leave something out, or has to write a
//! name in another way, and a patch if nobody notices. Start with [`compare`].

use crate::cost::cost_change;
use crate::model::{
    DataType, Field, Instruction, InstructionAccount, Interface, Layout, NamedType, Seed, Shape, Variant,
};
use serde::Serialize;

/// How much a change means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nobody who calls the program notices.
    Patch,
    /// What worked works, and there is something new.
    Minor,
    /// What worked may fail or be misread.
    Major,
}

impl Level {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Patch => "patch",
            Level::Minor => "minor",
            Level::Major => "major",
        }
    }
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// How much it means.
    pub level: Level,
    /// Of what: "instruction `increment`".
    pub part: String,
    /// What changed.
    pub what: String,
    /// Why it has this level.
    pub why: String,
}

/// The changes from one interface to another, in the order of the interface; none if they say the same.
pub fn compare(old: &Interface, new: &Interface) -> Vec<Change> {
    let mut comparison = Comparison { old, new, changes: Vec::new() };
    comparison.program();
    comparison.instructions();
    comparison.layouts("account", &old.accounts, &new.accounts);
    comparison.layouts("event", &old.events, &new.events);
    comparison.errors();
    comparison.types();
    comparison.changes
}

/// What has to own an account: the key of another program, or this one.
fn owner(account: &InstructionAccount) -> Option<String> {
    let says = |wanted: &str| account.options.iter().any(|(option, _)| option == wanted);
    let is_own = (account.account.is_some() || says("raw")) && !says("owner") && !says("init");
    account.owner.clone().or_else(|| is_own.then(|| "this program".to_string()))
}

/// What the address of an account is derived from. What only the program can compute is told by its fingerprint, if there is one.
fn derivation(account: &InstructionAccount) -> Option<String> {
    let seeds = account.seeds.as_ref()?.iter().map(|seed| match seed {
        Seed::Expression(_) if account.computed.is_some() => "computed".to_string(),
        seed => format!("{seed:?}"),
    });
    Some(seeds.collect::<Vec<_>>().join(" "))
}

/// The level of all changes together; `None` without any.
pub fn level(changes: &[Change]) -> Option<Level> {
    changes.iter().map(|change| change.level).max()
}

struct Comparison<'a> {
    old: &'a Interface,
    new: &'a Interface,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn add(&mut self, level: Level, part: &str, what: impl Into<String>, why: &str) {
        self.changes.push(Change { level, part: part.to_string(), what: what.into(), why: why.to_string() });
    }

    fn docs(&mut self, part: &str, old: &[String], new: &[String]) {
        if old != new {
            self.add(Level::Patch, part, "its documentation changed", "no call depends on it");
        }
    }

    fn program(&mut self) {
        let (old, new) = (self.old, self.new);
        if old.name != new.name {
            let what = format!("it is called `{}`, and was called `{}`", new.name, old.name);
            self.add(Level::Minor, "program", what, "generated clients have another name");
        }
        match (&old.address, &new.address) {
            (Some(before), Some(now)) if before != now => {
                let what = format!("its address is {now}, and was {before}");
                let why = "callers and the accounts that they derive stay with the old one";
                self.add(Level::Major, "program", what, why);
            }
            (Some(_), None) => {
                let why = "generated clients need it from their callers";
                self.add(Level::Minor, "program", "it does not state its address any more", why);
            }
            (None, Some(now)) => {
                let why = "callers that know the address work as they did";
                self.add(Level::Minor, "program", format!("it states its address: {now}"), why);
            }
            _ => {}
        }
        self.docs("program", &old.docs, &new.docs);
    }

    fn instructions(&mut self) {
        let (old, new) = (self.old, self.new);
        for before in &old.instructions {
            let part = format!("instruction `{}`", before.name);
            match new.instructions.iter().find(|now| now.name == before.name) {
                Some(now) => self.instruction(&part, before, now),
                None => match new.instructions.iter().find(|now| {
                    now.discriminator == before.discriminator
                        && !old.instructions.iter().any(|other| other.name == now.name)
                }) {
                    Some(now) => {
                        let what = format!("it is called `{}` now", now.name);
                        let why = "its data begin with the same bytes; callers write another name";
                        self.add(Level::Minor, &part, what, why);
                        self.instruction(&part, before, now);
                    }
                    None => self.add(Level::Major, &part, "it is gone", "those who call it fail"),
                },
            }
        }
        for now in &new.instructions {
            let is_known = old
                .instructions
                .iter()
                .any(|before| before.name == now.name || before.discriminator == now.discriminator);
            if !is_known {
                let part = format!("instruction `{}`", now.name);
                self.add(Level::Minor, &part, "it is new", "nobody calls it yet");
            }
        }
    }

    fn instruction(&mut self, part: &str, old: &Instruction, new: &Instruction) {
        if old.discriminator != new.discriminator {
            let why = "those who call it are refused: the program does not know the old bytes";
            self.add(Level::Major, part, "its data begin with other bytes", why);
        }
        self.docs(part, &old.docs, &new.docs);
        self.arguments(part, &old.arguments, &new.arguments);
        self.instruction_accounts(part, &old.accounts, &new.accounts);
        if let (Some(before), Some(now)) = (&old.cost, &new.cost)
            && let Some(change) = cost_change(&new.name, before, now)
        {
            self.changes.push(change);
        }
    }

    fn arguments(&mut self, part: &str, old: &[Field], new: &[Field]) {
        const WHY: &str = "the data that callers send have another length or meaning";
        if old.len() != new.len() {
            let what = format!("it takes {} arguments, and took {}", new.len(), old.len());
            self.add(Level::Major, part, what, WHY);
        }
        for (before, now) in old.iter().zip(new) {
            if !self.is_same_type(&before.ty, &now.ty) {
                let what = format!("the argument `{}` is {}, and was {}", now.name, now.ty, before.ty);
                self.add(Level::Major, part, what, WHY);
            } else if before.name != now.name {
                self.renamed(part, "argument", before, now, old, new);
            }
        }
    }

    /// A field has another name at the same place. If the old name is at another place now, two fields of one type changed
    /// places.
    fn renamed(&mut self, part: &str, what: &str, old: &Field, new: &Field, olds: &[Field], news: &[Field]) {
        let moved = news.iter().any(|field| field.name == old.name)
            || olds.iter().any(|field| field.name == new.name);
        match moved {
            true => {
                let text = format!("the {what} `{}` stands where `{}` stood", new.name, old.name);
                self.add(Level::Major, part, text, "the same bytes mean something else");
            }
            false => {
                let text = format!("the {what} `{}` is called `{}` now", old.name, new.name);
                self.add(Level::Minor, part, text, "the bytes are the same; callers write another name");
            }
        }
    }

    fn instruction_accounts(&mut self, part: &str, old: &[InstructionAccount], new: &[InstructionAccount]) {
        let names = |accounts: &[InstructionAccount]| -> Vec<String> {
            accounts.iter().map(|account| account.name.clone()).collect()
        };
        let (before, now) = (names(old), names(new));
        let is_permuted = before.len() == now.len() && before != now && {
            let (mut a, mut b) = (before.clone(), now.clone());
            a.sort();
            b.sort();
            a == b
        };
        if is_permuted {
            let what = "its accounts come in another order";
            self.add(Level::Major, part, what, "callers give them in the old one");
            return;
        }
        if new.len() > old.len() {
            let what = format!("it needs {} accounts, and needed {}", new.len(), old.len());
            self.add(Level::Major, part, what, "callers give too few");
        } else if new.len() < old.len() && before.starts_with(&now) {
            let what = format!("it needs {} accounts, and needed {}", new.len(), old.len());
            self.add(Level::Minor, part, what, "accounts after the declared ones are not looked at");
        } else if new.len() < old.len() {
            let what = format!("it needs {} accounts, and needed {}", new.len(), old.len());
            self.add(Level::Major, part, what, "callers give other accounts at these places");
        }
        for (before, now) in old.iter().zip(new) {
            if before.name != now.name {
                if old.len() == new.len() {
                    let what = format!("the account `{}` is called `{}` now", before.name, now.name);
                    let why = "the place is the same; callers write another name";
                    self.add(Level::Minor, part, what, why);
                } else if new.len() > old.len() || !names(old).starts_with(&names(new)) {
                    // Something was put in or taken out before this place: said above.
                    break;
                }
            }
            self.instruction_account(part, before, now);
        }
    }

    fn instruction_account(&mut self, part: &str, old: &InstructionAccount, new: &InstructionAccount) {
        let name = &new.name;
        let flags = [
            ("has to sign", "does not have to sign", old.signer, new.signer, true),
            ("has to be writable", "does not have to be writable", old.writable, new.writable, true),
            ("may be left out", "may not be left out", old.optional, new.optional, false),
        ];
        for (yes, no, before, now, is_stricter) in flags {
            if before == now {
                continue;
            }
            let what = format!("the account `{name}` {} now", if now { yes } else { no });
            match now == is_stricter {
                true => self.add(Level::Major, part, what, "what callers send is refused"),
                false => self.add(Level::Minor, part, what, "what callers send is still accepted"),
            }
        }
        let demands = [
            ("type", old.account.clone(), new.account.clone()),
            ("address", old.address.clone(), new.address.clone()),
            ("owner", owner(old), owner(new)),
            ("derivation", derivation(old), derivation(new)),
            // What nothing but the program can compute.
            ("demand that the program computes", old.computed.clone(), new.computed.clone()),
        ];
        for (what, before, now) in demands {
            match (before, now) {
                (before, now) if before == now => {}
                (Some(_), None) => {
                    let text = format!("the account `{name}` has no fixed {what} any more");
                    self.add(Level::Minor, part, text, "what callers send is still accepted");
                }
                (None, Some(_)) => {
                    let text = format!("the account `{name}` has a fixed {what} now");
                    self.add(Level::Major, part, text, "what callers send may be refused");
                }
                _ => {
                    let text = format!("the account `{name}` has another {what}");
                    self.add(Level::Major, part, text, "what callers send is refused");
                }
            }
        }
        if old.options != new.options {
            let text = format!("the account `{name}` has other options");
            self.add(Level::Minor, part, text, "only the program can tell what they mean");
        }
    }

    fn layouts(&mut self, kind: &str, old: &[Layout], new: &[Layout]) {
        let is_account = kind == "account";
        for before in old {
            let part = format!("{kind} `{}`", before.name);
            match new.iter().find(|now| now.name == before.name) {
                Some(now) => self.layout(&part, is_account, before, now),
                None => match new.iter().find(|now| {
                    now.discriminator == before.discriminator
                        && !old.iter().any(|other| other.name == now.name)
                }) {
                    Some(now) => {
                        let what = format!("it is called `{}` now", now.name);
                        let why = "the data begin with the same bytes; callers write another name";
                        self.add(Level::Minor, &part, what, why);
                        self.layout(&part, is_account, before, now);
                    }
                    None if is_account => {
                        let why = "the program does not know the ones that exist";
                        self.add(Level::Major, &part, "it is gone", why);
                    }
                    None => self.add(Level::Major, &part, "it is gone", "those who wait for it wait forever"),
                },
            }
        }
        for now in new {
            let is_known =
                old.iter().any(|before| before.name == now.name || before.discriminator == now.discriminator);
            if !is_known {
                self.add(Level::Minor, &format!("{kind} `{}`", now.name), "it is new", "nobody has one yet");
            }
        }
    }

    fn layout(&mut self, part: &str, is_account: bool, old: &Layout, new: &Layout) {
        let why = match is_account {
            true => "accounts that exist have the old layout",
            false => "those who watch read the old layout",
        };
        if old.discriminator != new.discriminator {
            self.add(Level::Major, part, "it begins with other bytes", why);
        }
        self.docs(part, &old.docs, &new.docs);
        self.fields(part, &old.fields, &new.fields, why);
        if old.size != new.size {
            let what = format!("it has {} bytes, and had {}", new.size, old.size);
            self.add(Level::Major, part, what, why);
        }
        self.alignment(part, old.aligned, new.aligned);
    }

    /// What has moved by it is told field by field.
    fn alignment(&mut self, part: &str, old: bool, new: bool) {
        let what = match (old, new) {
            (false, true) => "its fields are aligned now",
            (true, false) => "its fields are not aligned any more",
            _ => return,
        };
        self.add(Level::Patch, part, what, "where each field lies is told apart");
    }

    fn fields(&mut self, part: &str, old: &[Field], new: &[Field], why: &str) {
        for (before, now) in old.iter().zip(new) {
            if before.name == now.name || before.offset == now.offset {
                if !self.is_same_type(&before.ty, &now.ty) {
                    let what = format!("the field `{}` is {}, and was {}", now.name, now.ty, before.ty);
                    self.add(Level::Major, part, what, why);
                } else if before.offset != now.offset {
                    let what = format!(
                        "the field `{}` lies at {}, and lay at {}",
                        now.name, now.offset, before.offset
                    );
                    self.add(Level::Major, part, what, why);
                } else if before.name != now.name {
                    self.renamed(part, "field", before, now, old, new);
                }
            } else {
                let what = format!("the field `{}` stands where `{}` stood", now.name, before.name);
                self.add(Level::Major, part, what, why);
            }
        }
        for field in new.iter().skip(old.len()) {
            self.add(Level::Major, part, format!("the field `{}` is new", field.name), why);
        }
        for field in old.iter().skip(new.len()) {
            self.add(Level::Major, part, format!("the field `{}` is gone", field.name), why);
        }
    }

    fn errors(&mut self) {
        let (old, new) = (self.old, self.new);
        for before in &old.errors {
            let part = format!("error `{}`", before.name);
            match new.errors.iter().find(|now| now.name == before.name) {
                Some(now) => {
                    if before.code != now.code {
                        let what = format!("its code is {}, and was {}", now.code, before.code);
                        let why = "callers take it for another error";
                        self.add(Level::Major, &part, what, why);
                    }
                    if before.message != now.message {
                        self.add(Level::Patch, &part, "its message changed", "callers go by the code");
                    }
                }
                None => match new.errors.iter().find(|now| now.code == before.code) {
                    Some(now) if old.errors.iter().any(|other| other.name == now.name) => {
                        let what = format!("it is gone, and `{}` has its code", now.name);
                        self.add(Level::Major, &part, what, "callers take the one for the other");
                    }
                    Some(now) => {
                        let what = format!("its code {} is that of `{}` now", before.code, now.name);
                        let why = "it may mean something else; if it is only a new name, callers write that";
                        self.add(Level::Minor, &part, what, why);
                    }
                    None => self.add(Level::Minor, &part, "it is gone", "nobody meets it any more"),
                },
            }
        }
        for now in &new.errors {
            let is_known = old.errors.iter().any(|before| before.name == now.name || before.code == now.code);
            if !is_known {
                let part = format!("error `{}`", now.name);
                self.add(Level::Minor, &part, "it is new", "callers show its code only");
            }
        }
    }

    /// What uses a type tells by itself when its size changes; here is what lies inside of it.
    fn types(&mut self) {
        let (old, new) = (self.old, self.new);
        for before in &old.types {
            let Some(now) = new.named(&before.name) else { continue };
            let part = format!("type `{}`", before.name);
            self.docs(&part, &before.docs, &now.docs);
            self.shape(&part, before, now);
        }
    }

    fn shape(&mut self, part: &str, old: &NamedType, new: &NamedType) {
        const WHY: &str = "values that exist, and those that callers send, have the old layout";
        match (&old.shape, &new.shape) {
            (Shape::Record(before), Shape::Record(now)) => {
                let told = self.changes.len();
                self.fields(part, before, now, WHY);
                // What follows the last field.
                if old.size != new.size && self.changes.len() == told {
                    let what = format!("it has {} bytes, and had {}", new.size, old.size);
                    self.add(Level::Major, part, what, WHY);
                }
                self.alignment(part, old.aligned, new.aligned);
            }
            (Shape::Enum(before), Shape::Enum(now)) => {
                for (place, (before, now)) in before.iter().zip(now).enumerate() {
                    self.variant(part, place, before, now, WHY);
                }
                for variant in now.iter().skip(before.len()) {
                    let what = format!("the variant `{}` is new", variant.name);
                    match old.size == new.size {
                        true => {
                            let why =
                                "the others are as they were; callers that read one do not know the new one";
                            self.add(Level::Minor, part, what, why);
                        }
                        false => self.add(Level::Major, part, what, WHY),
                    }
                }
                for variant in before.iter().skip(now.len()) {
                    self.add(Level::Major, part, format!("the variant `{}` is gone", variant.name), WHY);
                }
                if old.size != new.size {
                    let what = format!("it has {} bytes, and had {}", new.size, old.size);
                    self.add(Level::Major, part, what, WHY);
                }
            }
            _ => self.add(Level::Major, part, "a record became an enum, or an enum a record", WHY),
        }
    }

    fn variant(&mut self, part: &str, tag: usize, old: &Variant, new: &Variant, why: &str) {
        if old.name != new.name {
            let what = format!("the variant {tag} is called `{}`, and was called `{}`", new.name, old.name);
            let same = old.fields.len() == new.fields.len()
                && old.fields.iter().zip(&new.fields).all(|(a, b)| self.is_same_type(&a.ty, &b.ty));
            let moved = match self.old.types.iter().find(|it| part == format!("type `{}`", it.name)) {
                Some(NamedType { shape: Shape::Enum(variants), .. }) => {
                    variants.iter().any(|variant| variant.name == new.name)
                }
                _ => false,
            };
            match same && !moved {
                true => {
                    let why = "the bytes are the same; callers write another name";
                    self.add(Level::Minor, part, what, why);
                }
                false => self.add(Level::Major, part, what, why),
            }
        }
        self.fields(part, &old.fields, &new.fields, why);
    }

    /// True if values of both types lie in memory in the same way. Types of one name are compared by themselves.
    fn is_same_type(&self, old: &DataType, new: &DataType) -> bool {
        match (old, new) {
            (DataType::Option(a), DataType::Option(b)) => self.is_same_type(a, b),
            (DataType::Array(a, m), DataType::Array(b, n)) => m == n && self.is_same_type(a, b),
            (DataType::Named(a), DataType::Named(b)) if a != b => {
                match (self.old.named(a), self.new.named(b)) {
                    (Some(a), Some(b)) => a.size == b.size && self.is_same_shape(&a.shape, &b.shape),
                    _ => false,
                }
            }
            (old, new) => old == new,
        }
    }

    fn is_same_shape(&self, old: &Shape, new: &Shape) -> bool {
        let same_fields = |a: &[Field], b: &[Field]| {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name == b.name && a.offset == b.offset && self.is_same_type(&a.ty, &b.ty))
        };
        match (old, new) {
            (Shape::Record(a), Shape::Record(b)) => same_fields(a, b),
            (Shape::Enum(a), Shape::Enum(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| a.name == b.name && same_fields(&a.fields, &b.fields))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ErrorCode, Seed};

    fn account(name: &str) -> InstructionAccount {
        InstructionAccount { name: name.to_string(), ..InstructionAccount::default() }
    }

    fn sample() -> Interface {
        let mut interface = Interface::new("p");
        interface.instructions.push(Instruction {
            name: "go".to_string(),
            docs: Vec::new(),
            discriminator: vec![1; 8],
            arguments: vec![
                Field { name: "from".to_string(), ty: DataType::Pubkey, offset: 8, size: 32 },
                Field { name: "to".to_string(), ty: DataType::Pubkey, offset: 40, size: 32 },
            ],
            accounts: vec![account("a"), account("b"), account("c")],
            cost: None,
        });
        let error = |name: &str, code: u32| ErrorCode { name: name.to_string(), code, message: None };
        interface.errors = vec![error("One", 6000), error("Two", 6001)];
        interface
    }

    /// The level of a change and what is said first.
    fn level_of(change: impl Fn(&mut Interface)) -> (Option<Level>, String) {
        let mut new = sample();
        change(&mut new);
        assert_eq!(compare(&new, &new), Vec::new());
        let changes = compare(&sample(), &new);
        (level(&changes), changes.first().map(|change| change.what.clone()).unwrap_or_default())
    }

    #[test]
    fn nothing_is_no_change() {
        assert_eq!(level_of(|_| {}), (None, String::new()));
    }

    #[test]
    fn accounts_are_places() {
        let accounts = |names: &'static [&'static str]| {
            level_of(|it| it.instructions[0].accounts = names.iter().map(|name| account(name)).collect())
        };
        assert_eq!(
            accounts(&["b", "a", "c"]),
            (Some(Level::Major), "its accounts come in another order".into())
        );
        assert_eq!(accounts(&["a", "b"]).0, Some(Level::Minor));
        assert_eq!(accounts(&["b", "c"]).0, Some(Level::Major));
        assert_eq!(accounts(&["a", "b", "c", "d"]).0, Some(Level::Major));
        assert_eq!(accounts(&["x", "a", "b", "c"]).0, Some(Level::Major));
        assert_eq!(
            accounts(&["a", "x", "c"]),
            (Some(Level::Minor), "the account `b` is called `x` now".into())
        );
    }

    #[test]
    fn demands_get_stricter_or_weaker() {
        let first = |change: fn(&mut InstructionAccount)| {
            level_of(|it| change(&mut it.instructions[0].accounts[0])).0
        };
        assert_eq!(first(|it| it.signer = true), Some(Level::Major));
        assert_eq!(first(|it| it.optional = true), Some(Level::Minor));
        assert_eq!(first(|it| it.seeds = Some(vec![Seed::Bytes(vec![1])])), Some(Level::Major));
        assert_eq!(first(|it| it.account = Some("A".into())), Some(Level::Major));
        assert_eq!(first(|it| it.options.push(("x".into(), "y".into()))), Some(Level::Minor));
    }

    #[test]
    fn names_are_not_bytes() {
        let renamed = level_of(|it| it.instructions[0].name = "went".to_string());
        assert_eq!(renamed, (Some(Level::Minor), "it is called `went` now".into()));
        let other_bytes = level_of(|it| it.instructions[0].discriminator = vec![2; 8]);
        assert_eq!(other_bytes.0, Some(Level::Major));
        let argument = level_of(|it| it.instructions[0].arguments[0].name = "source".to_string());
        assert_eq!(argument.0, Some(Level::Minor));
        // Two arguments of one type changed places: the bytes look the same and mean something else.
        let swapped = level_of(|it| {
            it.instructions[0].arguments[0].name = "to".to_string();
            it.instructions[0].arguments[1].name = "from".to_string();
        });
        assert_eq!(swapped.0, Some(Level::Major));
    }

    #[test]
    fn what_an_aligned_record_moves_is_major() {
        let field = |name: &str, bits: u32, offset: u32| Field {
            name: name.to_string(),
            ty: DataType::Integer(false, bits),
            offset,
            size: bits / 8,
        };
        let with = |fields: Vec<Field>, size: u32, aligned: bool| {
            let shape = Shape::Record(fields);
            let named = NamedType { name: "R".to_string(), docs: Vec::new(), size, aligned, shape };
            Interface { types: vec![named], ..sample() }
        };
        let changes = |a: &Interface, b: &Interface| {
            let changes = compare(a, b);
            let first = changes.first().map(|change| change.what.clone());
            (level(&changes), first.unwrap_or_default())
        };
        let packed = with(vec![field("a", 8, 0), field("b", 64, 1)], 9, false);
        let aligned = with(vec![field("a", 8, 0), field("b", 64, 8)], 16, true);
        let moved = (Some(Level::Major), "the field `b` lies at 8, and lay at 1".to_string());
        assert_eq!(changes(&packed, &aligned), moved);
        // Nothing moves but the end.
        let short = with(vec![field("a", 8, 0)], 1, false);
        let long = with(vec![field("a", 8, 0)], 8, true);
        let longer = (Some(Level::Major), "it has 8 bytes, and had 1".to_string());
        assert_eq!(changes(&short, &long), longer);
        // Nothing moves at all.
        let even = with(vec![field("a", 64, 0)], 8, false);
        let same = with(vec![field("a", 64, 0)], 8, true);
        assert_eq!(changes(&even, &same), (Some(Level::Patch), "its fields are aligned now".to_string()));
    }

    #[test]
    fn errors_are_their_codes() {
        assert_eq!(level_of(|it| it.errors[1].name = "Three".to_string()).0, Some(Level::Minor));
        assert_eq!(level_of(|it| drop(it.errors.pop())).0, Some(Level::Minor));
        assert_eq!(level_of(|it| it.errors[1].code = 7000).0, Some(Level::Major));
        let moved = level_of(|it| {
            it.errors.remove(0);
            it.errors[0].code = 6000;
        });
        assert_eq!(moved.0, Some(Level::Major));
    }

    #[test]
    fn an_address_is_where_the_accounts_are() {
        let with = |address: &str| Interface { address: Some(address.to_string()), ..sample() };
        let level_between = |a: &Interface, b: &Interface| level(&compare(a, b));
        assert_eq!(level_between(&sample(), &with("1")), Some(Level::Minor));
        assert_eq!(level_between(&with("1"), &with("2")), Some(Level::Major));
        assert_eq!(level_between(&with("1"), &sample()), Some(Level::Minor));
    }
}
