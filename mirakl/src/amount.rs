//! Exact amounts.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// How the error for a scalar that is no amount begins.
pub(crate) const NOT_AN_AMOUNT: &str = "not an exact amount";
/// How the error for a list or an object in the place of an amount begins.
pub(crate) const NESTED_AMOUNT: &str = "a structure instead of an amount";

/// An amount, exactly as Mirakl wrote it.
///
/// Read from a JSON number or a string without passing through a float; what 28 digits cannot hold
/// exactly is unreadable, never rounded. Written as a string, which reads back the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub Decimal);

impl From<Amount> for Decimal {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl From<Decimal> for Amount {
    fn from(decimal: Decimal) -> Self {
        Self(decimal)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with(['{', '[']) {
            return Err(D::Error::custom(NESTED_AMOUNT));
        }
        // An amount has no escapes, so a string's text is what stands between its quotes.
        let text = text
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(text);
        exact(text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(NOT_AN_AMOUNT))
    }
}

/// Reads the JSON number grammar: sign, digits, fraction, exponent.
fn exact(text: &str) -> Option<Decimal> {
    if text.len() > 128 {
        return None;
    }
    let (negative, rest) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (number, exponent) = match rest.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i16>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    if whole.is_empty() {
        return None;
    }

    let mut mantissa: i128 = 0;
    let mut scale = -i32::from(exponent);
    let mut pending_zeros: u32 = 0;
    let places = whole
        .bytes()
        .map(|b| (b, 0))
        .chain(fraction.bytes().map(|b| (b, 1)));
    for (byte, behind_point) in places {
        let digit = char::from(byte).to_digit(10)?;
        scale += behind_point;
        // Zeros count only once a digit follows them, so that any number of them may trail.
        if digit == 0 {
            pending_zeros += 1;
            continue;
        }
        mantissa = shift(mantissa, pending_zeros + 1)?.checked_add(i128::from(digit))?;
        pending_zeros = 0;
    }
    if mantissa == 0 {
        return Some(Decimal::ZERO);
    }
    scale -= i32::try_from(pending_zeros).ok()?;
    if scale < 0 {
        mantissa = shift(mantissa, scale.unsigned_abs())?;
        scale = 0;
    }
    let signed = if negative { -mantissa } else { mantissa };
    Decimal::try_from_i128_with_scale(signed, u32::try_from(scale).ok()?).ok()
}

fn shift(mantissa: i128, places: u32) -> Option<i128> {
    if mantissa == 0 {
        Some(0)
    } else {
        mantissa.checked_mul(10_i128.checked_pow(places)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_from_numbers_and_strings() {
        for (json, expected) in [
            ("21.3", "21.3"),
            ("165", "165"),
            ("1e2", "100"),
            ("1E+2", "100"),
            ("125e-2", "1.25"),
            ("100.00", "100"),
            ("0", "0"),
            ("-0.0", "0"),
            ("0e999", "0"),
            ("-4.00", "-4"),
            (r#""1""#, "1"),
            (r#""-13.20""#, "-13.2"),
            (
                "0.1000000000000000055511151231",
                "0.1000000000000000055511151231",
            ),
            ("0.10000000000000000000000000000000000000000000", "0.1"),
            (
                "79228162514264337593543950335",
                "79228162514264337593543950335",
            ),
            ("12345678901234567.89", "12345678901234567.89"),
            ("10000000000000000000000000000e-28", "1"),
        ] {
            let amount: Amount = serde_json::from_str(json).expect(json);
            assert_eq!(amount.0.to_string(), expected, "{json}");
            let again: Amount =
                serde_json::from_str(&serde_json::to_string(&amount).unwrap()).unwrap();
            assert_eq!(again, amount, "{json}");
        }
    }

    #[test]
    fn what_is_no_exact_amount_is_an_error() {
        for json in [
            "1e400",
            "1e-400",
            "1e99999999999",
            "79228162514264337593543950336",
            "0.10000000000000000555111512312578270211815834045",
            r#""NaN""#,
            r#""Infinity""#,
            r#""""#,
            r#"" 1""#,
            r#""+1""#,
            r#""1,50""#,
            r#""1.""#,
            r#"".5""#,
            r#""1e""#,
            r#""--1""#,
            r#""\u0031""#,
            "true",
            "null",
            "[]",
            "{}",
        ] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
        let long = format!("0.{}", "0".repeat(4000));
        assert!(serde_json::from_str::<Amount>(&long).is_err());
    }

    #[test]
    fn a_null_amount_is_unknown() {
        assert_eq!(
            serde_json::from_str::<Option<Amount>>("null").unwrap(),
            None
        );
    }
}
