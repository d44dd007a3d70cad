//! The effects that functions of scripts may have, and sets of them. Nothing here looks at code; start with
//! [`HostEffect`].

/// Something that a function may do outside of the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HostEffect {
    /// Prints, reads the input, the arguments or the environment.
    Io,
    /// Asks a cluster.
    Rpc,
    /// Sends transactions.
    Send,
    /// Signs.
    Sign,
    /// Looks at the clock, or waits.
    Time,
    /// Takes random numbers.
    Random,
    /// Touches files.
    Storage,
    /// Uses the network.
    Net,
    /// Makes tasks.
    Spawn,
    /// Calls something that is not known: it may do anything.
    Any,
}

impl HostEffect {
    /// Every effect with its name.
    pub const ALL: [(HostEffect, &str); HostEffect::COUNT] = [
        (HostEffect::Io, "io"),
        (HostEffect::Rpc, "rpc"),
        (HostEffect::Send, "send"),
        (HostEffect::Sign, "sign"),
        (HostEffect::Time, "time"),
        (HostEffect::Random, "random"),
        (HostEffect::Storage, "storage"),
        (HostEffect::Net, "net"),
        (HostEffect::Spawn, "spawn"),
        (HostEffect::Any, "any"),
    ];

    /// How many there are.
    pub const COUNT: usize = 10;

    /// Its name, as programs write it.
    pub fn name(self) -> &'static str {
        HostEffect::ALL.iter().find(|(effect, _)| *effect == self).map_or("any", |(_, name)| name)
    }

    /// The effect of a name.
    pub fn named(name: &str) -> Option<HostEffect> {
        HostEffect::ALL.iter().find(|(_, known)| *known == name).map(|(effect, _)| *effect)
    }

    /// Its place among all.
    pub fn position(self) -> usize {
        self as usize
    }
}

/// A set of effects.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct EffectSet(u16);

impl EffectSet {
    /// True if the effect is in it.
    pub fn has(self, effect: HostEffect) -> bool {
        self.0 & 1 << effect.position() != 0
    }

    /// With one more.
    #[must_use]
    pub fn with(self, effect: HostEffect) -> EffectSet {
        EffectSet(self.0 | 1 << effect.position())
    }

    /// Both together.
    #[must_use]
    pub fn or(self, other: EffectSet) -> EffectSet {
        EffectSet(self.0 | other.0)
    }

    /// True without effects.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The effects, in the order of [`HostEffect::ALL`].
    pub fn iter(self) -> impl Iterator<Item = HostEffect> {
        HostEffect::ALL.into_iter().map(|(effect, _)| effect).filter(move |effect| self.has(*effect))
    }
}

impl From<HostEffect> for EffectSet {
    fn from(effect: HostEffect) -> EffectSet {
        EffectSet::default().with(effect)
    }
}

impl FromIterator<HostEffect> for EffectSet {
    fn from_iter<T: IntoIterator<Item = HostEffect>>(effects: T) -> EffectSet {
        effects.into_iter().fold(EffectSet::default(), EffectSet::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_agree() {
        for (n, (effect, name)) in HostEffect::ALL.into_iter().enumerate() {
            assert_eq!((effect.position(), HostEffect::named(name), effect.name()), (n, Some(effect), name));
        }
        let set: EffectSet = [HostEffect::Any, HostEffect::Io].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [HostEffect::Io, HostEffect::Any]);
    }
}
