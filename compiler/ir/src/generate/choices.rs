//! A stream of choices.

/// Choices, from bytes. After the end, each choice is the first one.
#[derive(Clone, Debug)]
pub(super) struct Choices<'c> {
    bytes: &'c [u8],
}

/// Words at which something changes.
const WORDS: [u64; 24] = [
    0,
    1,
    2,
    3,
    5,
    7,
    8,
    10,
    31,
    32,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_ffff,
];

impl<'c> Choices<'c> {
    pub(super) fn new(bytes: &'c [u8]) -> Choices<'c> {
        Choices { bytes }
    }

    /// True if no choice is left.
    pub(super) fn are_over(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A number below `n`, which is between 1 and 256 (a larger one gives numbers below 256).
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n <= 1 { 0 } else { usize::from(self.byte()) % n }
    }

    /// True once in `n` times.
    pub(super) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) + 1 == n
    }

    /// One of the items, of which there is at least one.
    #[allow(clippy::indexing_slicing, reason = "the number is below N, which is not 0")]
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0) };
        let number = self.below(N);
        items[number]
    }

    /// Any word, often a special one.
    pub(super) fn word(&mut self) -> u64 {
        match self.below(8) {
            0..4 => self.pick(&WORDS),
            4 => self.pick(&WORDS).wrapping_add(1),
            5 => self.pick(&WORDS).wrapping_neg(),
            6 => 1 << self.below(64),
            _ => (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte())),
        }
    }

    fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }
}
