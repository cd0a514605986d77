//! Exact amounts.

use rust_decimal::Decimal;

/// How many digits a currency's minor unit has (ISO 4217); 2 for those not listed.
pub fn minor_digits(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX"
        | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// Is this amount a whole number of minor units? What is not cannot be booked as it came.
pub fn is_bookable(amount: Decimal, currency: &str) -> bool {
    amount.normalize().scale() <= minor_digits(currency)
}

/// Sum without silent overflow: `None` when the amounts do not fit a decimal any more.
pub fn sum(amounts: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    amounts
        .into_iter()
        .try_fold(Decimal::ZERO, Decimal::checked_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_bookable_to_the_minor_unit_of_their_currency() {
        let table = [
            ("10.50", "USD", true),
            ("10.505", "USD", false),
            ("10.505", "KWD", true),
            ("10", "JPY", true),
            ("10.5", "JPY", false),
            ("10.5000", "EUR", true),
        ];
        for (amount, currency, fits) in table {
            assert_eq!(
                is_bookable(amount.parse().unwrap(), currency),
                fits,
                "{amount} {currency}"
            );
        }
    }

    #[test]
    fn a_sum_that_does_not_fit_is_told() {
        assert_eq!(sum([Decimal::MAX, Decimal::ONE]), None);
        assert_eq!(sum([]), Some(Decimal::ZERO));
    }
}
