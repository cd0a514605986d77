//! Amounts: exact inside, plain JSON numbers outside, numbers or text on the way in.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub Decimal);

impl Amount {
    /// So many times this amount.
    pub fn times(self, quantity: u32) -> Self {
        Self(self.0 * Decimal::from(quantity))
    }

    /// So many percent of this amount, rounded half away from zero to two decimals.
    pub fn percent(self, percent: u32) -> Self {
        let exact = self.0 * Decimal::from(percent) / Decimal::ONE_HUNDRED;
        Self(exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    }
}

impl Amount {
    /// The share of this amount that `part` is of `whole`, rounded half away from zero to two
    /// decimals; nothing when there is no whole.
    pub fn share(self, part: Self, whole: Self) -> Self {
        if whole.0.is_zero() {
            return Self::default();
        }
        let exact = self.0 * part.0 / whole.0;
        Self(exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    }

    /// There is none.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl Serialize for Amount {
    /// Writes `165` or `21.3`. The nearest float is only how the digits reach the JSON writer, whose
    /// shortest form gives back the same digits for up to 15 of them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let normal = self.0.normalize();
        match i64::try_from(normal) {
            Ok(whole) if normal.is_integer() => serializer.serialize_i64(whole),
            _ => {
                let nearest = normal
                    .to_string()
                    .parse()
                    .map_err(serde::ser::Error::custom)?;
                serializer.serialize_f64(nearest)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Amount;

            fn expecting(&self, words: &mut fmt::Formatter<'_>) -> fmt::Result {
                words.write_str("an amount as a number or text")
            }

            fn visit_i64<E: serde::de::Error>(self, whole: i64) -> Result<Amount, E> {
                Ok(Amount(whole.into()))
            }

            fn visit_u64<E: serde::de::Error>(self, whole: u64) -> Result<Amount, E> {
                Ok(Amount(whole.into()))
            }

            fn visit_f64<E: serde::de::Error>(self, nearest: f64) -> Result<Amount, E> {
                self.visit_str(&nearest.to_string())
            }

            fn visit_str<E: serde::de::Error>(self, digits: &str) -> Result<Amount, E> {
                digits.parse().map(Amount).map_err(E::custom)
            }
        }

        deserializer
            .deserialize_any(Digits)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_with_the_digits_it_has() {
        for (read, written) in [
            ("165", "165"),
            ("165.00", "165"),
            ("21.30", "21.3"),
            ("\"0.1\"", "0.1"),
            ("1234567890.12", "1234567890.12"),
            ("-3.005", "-3.005"),
        ] {
            let amount: Amount = serde_json::from_str(read).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), written);
        }
    }

    #[test]
    fn sums_and_commissions_are_exact() {
        let parts: Vec<Amount> = serde_json::from_str("[0.1, 0.2]").unwrap();
        let sum: Amount = parts.into_iter().sum();
        assert_eq!(sum, Amount("0.3".parse().unwrap()));
        assert_eq!(
            Amount("110.00".parse().unwrap()).percent(12),
            Amount("13.20".parse().unwrap())
        );
        assert_eq!(
            Amount("0.125".parse().unwrap()).percent(100),
            Amount("0.13".parse().unwrap())
        );
    }
}
