//! Numbers that follow from a seed, the same on every machine and with every library.

/// A sequence of numbers from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The sequence of a seed; `about` tells sequences of one seed apart.
    pub(crate) fn new(seed: u64, about: &str) -> Self {
        let mixed = about.bytes().fold(seed ^ 0x51_7C_C1_B7, |sum, byte| {
            sum.wrapping_mul(0x0100_0000_01B3).wrapping_add(byte.into())
        });
        Self(mixed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `from` on and below `to`; `from` itself when there is none between.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % to.saturating_sub(from).max(1)
    }

    /// True in so many of a hundred.
    pub(crate) fn percent(&mut self, of_a_hundred: u64) -> bool {
        self.between(0, 100) < of_a_hundred
    }

    /// One of several; `None` of none.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(from.len()).unwrap_or(u64::MAX);
        let at = usize::try_from(self.between(0, last)).unwrap_or_default();
        from.get(at)
    }

    /// Takes one of several out.
    pub(crate) fn take<T>(&mut self, from: &mut Vec<T>) -> Option<T> {
        let last = u64::try_from(from.len()).unwrap_or(u64::MAX);
        let at = usize::try_from(self.between(0, last)).unwrap_or_default();
        (at < from.len()).then(|| from.swap_remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_its_numbers_and_another_one_has_others() {
        let numbers = |seed, about| {
            let mut chance = Chance::new(seed, about);
            (0..20)
                .map(|_| chance.between(0, 1_000))
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(7, "faults"), numbers(7, "faults"));
        assert_ne!(numbers(7, "faults"), numbers(8, "faults"));
        assert_ne!(numbers(7, "faults"), numbers(7, "people"));
        assert!(numbers(7, "x").iter().all(|n| *n < 1_000));
    }

    #[test]
    fn nothing_comes_of_nothing_and_what_is_taken_is_gone() {
        let mut chance = Chance::new(1, "");
        assert_eq!(chance.pick::<u8>(&[]), None);
        assert_eq!(chance.take::<u8>(&mut vec![]), None);
        let mut left = vec![1, 2, 3];
        let taken = chance.take(&mut left).unwrap();
        assert!(!left.contains(&taken) && left.len() == 2);
        assert_eq!(chance.between(5, 5), 5);
    }
}
