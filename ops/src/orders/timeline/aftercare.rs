//! What happened after the sale: units, refunds, returns and incidents.

use ledger::Event;
use rust_decimal::Decimal;

use crate::render::{amount, count};
use crate::words;

/// An event of aftercare as a sentence; `None` for an event of another sort.
pub(super) fn says(event: &Event, currency: &str) -> Option<String> {
    let told = Told { event, currency };
    let says = match event.what.as_str() {
        "units_read" => told.units_read(),
        "units_canceled" => match told.number("not_canceled") {
            0 => "Units that Mirakl canceled are canceled in BlueCherry too.".to_owned(),
            late => format!(
                "Units that Mirakl canceled are canceled in BlueCherry, but for some of {}: they were picked already.",
                count(late, "line", "lines")
            ),
        },
        "units_canceled_on_mirakl" => format!(
            "Mirakl has {}{} as canceled from us, worth {}.",
            count(told.number("units"), "unit", "units"),
            told.of_line(),
            told.money()
        ),
        "refunded" => format!(
            "Repaid {} for {}: refund{}{}.",
            told.money(),
            told.cause(),
            told.spaced("refund"),
            told.of_line()
        ),
        "refund_found" => format!(
            "Refund{} of {} stands on Mirakl already; it counts for {}.",
            told.spaced("refund"),
            told.money(),
            told.cause()
        ),
        "return_authorized" => match told.text("number") {
            Some("queued") | None => format!(
                "Return{} is announced to BlueCherry; its number comes once it shows there.",
                told.spaced("return")
            ),
            Some(number) => format!(
                "Return{} is authorized in BlueCherry as {number}.",
                told.spaced("return")
            ),
        },
        "return_told" => told.return_told(),
        "return_created" => format!(
            "Return{} made on Mirakl for authorization{} of BlueCherry.",
            told.spaced("return"),
            told.spaced("number")
        ),
        "incident_resolved" => format!(
            "Mirakl was told that the incident on{} is settled, reason{}.",
            told.spaced("line"),
            told.spaced("reason")
        ),
        _ => return None,
    };
    Some(says)
}

struct Told<'a> {
    event: &'a Event,
    currency: &'a str,
}

impl Told<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        let mut detail = self.event.detail.iter();
        let found = detail.find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    }

    fn spaced(&self, name: &str) -> String {
        self.text(name).map(|v| format!(" {v}")).unwrap_or_default()
    }

    fn number(&self, name: &str) -> u64 {
        let text = self.text(name).unwrap_or_default();
        text.parse().unwrap_or(0)
    }

    fn of_line(&self) -> String {
        let line = self.text("line");
        line.map(|line| format!(" of {line}")).unwrap_or_default()
    }

    /// Price and shipping, with the currency.
    fn money(&self) -> String {
        let currency = self.currency;
        let of = |name: &str| self.text(name).and_then(|v| v.parse::<Decimal>().ok());
        let price = of("amount").unwrap_or_default();
        match of("shipping").filter(|shipping| !shipping.is_zero()) {
            None => format!("{} {currency}", amount(price, currency)),
            Some(shipping) => format!(
                "{} + {} {currency} (price and shipping)",
                amount(price, currency),
                amount(shipping, currency)
            ),
        }
    }

    /// The credit or the units.
    fn cause(&self) -> String {
        let cause = self.text("cause").unwrap_or("an unknown cause");
        words::subject(cause).unwrap_or_else(|| cause.to_owned())
    }

    fn units_read(&self) -> String {
        let canceled = count(self.number("canceled"), "unit", "units");
        match self.number("not_canceled") {
            0 => format!("BlueCherry shows {canceled} canceled."),
            late => format!(
                "BlueCherry shows {canceled} canceled; {late} more could not be, being picked already."
            ),
        }
    }

    fn return_told(&self) -> String {
        let name = self.text("return").unwrap_or("unknown");
        match self.text("step") {
            Some("accept") => format!("Return {name} accepted on Mirakl."),
            Some("receive") => format!("Mirakl was told that the goods of return {name} came."),
            Some("comply") => format!("Mirakl has the verdict on the goods of return {name}."),
            Some("close") => format!("Return {name} closed on Mirakl."),
            step => format!("Return {name}: Mirakl took {}.", step.unwrap_or("a step")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn event(what: &str, detail: &[(&str, &str)]) -> Event {
        let owned = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        Event {
            at: Timestamp::UNIX_EPOCH,
            what: what.to_owned(),
            detail: detail.iter().map(owned).collect(),
        }
    }

    #[test]
    fn each_event_after_the_sale_is_a_sentence_with_its_currency() {
        let refund = [
            ("cause", "memo/CM-1/1"),
            ("refund", "1200"),
            ("line", "C-1-A-1"),
            ("amount", "20.5"),
        ];
        let with_shipping = [refund.as_slice(), &[("shipping", "2.00")]].concat();
        let without = [refund.as_slice(), &[("shipping", "0")]].concat();
        let short = [
            ("cause", "short/C-1-A-1/0-2"),
            ("refund", "1201"),
            ("line", "C-1-A-1"),
            ("amount", "40.00"),
        ];
        let told = |step| [("return", "R-1"), ("step", step)];
        let events = [
            event("units_read", &[("canceled", "1"), ("not_canceled", "0")]),
            event("units_read", &[("canceled", "2"), ("not_canceled", "1")]),
            event("units_canceled", &[("not_canceled", "0")]),
            event("units_canceled", &[("not_canceled", "1")]),
            event(
                "units_canceled_on_mirakl",
                &[("line", "C-1-A-1"), ("units", "1"), ("amount", "20.00")],
            ),
            event(
                "units_canceled_on_mirakl",
                &[("line", "C-1-A-1"), ("units", "2"), ("amount", "40.00")],
            ),
            event("refunded", &without),
            event("refunded", &with_shipping),
            event("refunded", &short),
            event("refund_found", &refund),
            event(
                "return_authorized",
                &[("return", "R-1"), ("number", "RA-1")],
            ),
            event(
                "return_authorized",
                &[("return", "R-1"), ("number", "queued")],
            ),
            event("return_told", &told("accept")),
            event("return_told", &told("receive")),
            event("return_told", &told("comply")),
            event("return_told", &told("close")),
            event("return_told", &told("weigh")),
            event("return_created", &[("return", "R-2"), ("number", "RA-2")]),
            event(
                "incident_resolved",
                &[("line", "C-1-A-1"), ("reason", "31")],
            ),
        ];
        let told: Vec<String> = events.iter().map(|e| says(e, "EUR").unwrap()).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        BlueCherry shows 1 unit canceled.
        BlueCherry shows 2 units canceled; 1 more could not be, being picked already.
        Units that Mirakl canceled are canceled in BlueCherry too.
        Units that Mirakl canceled are canceled in BlueCherry, but for some of 1 line: they were picked already.
        Mirakl has 1 unit of C-1-A-1 as canceled from us, worth 20.00 EUR.
        Mirakl has 2 units of C-1-A-1 as canceled from us, worth 40.00 EUR.
        Repaid 20.50 EUR for credit memo CM-1, line 1: refund 1200 of C-1-A-1.
        Repaid 20.50 + 2.00 EUR (price and shipping) for credit memo CM-1, line 1: refund 1200 of C-1-A-1.
        Repaid 40.00 EUR for 2 units of C-1-A-1 that fell short: refund 1201 of C-1-A-1.
        Refund 1200 of 20.50 EUR stands on Mirakl already; it counts for credit memo CM-1, line 1.
        Return R-1 is authorized in BlueCherry as RA-1.
        Return R-1 is announced to BlueCherry; its number comes once it shows there.
        Return R-1 accepted on Mirakl.
        Mirakl was told that the goods of return R-1 came.
        Mirakl has the verdict on the goods of return R-1.
        Return R-1 closed on Mirakl.
        Return R-1: Mirakl took weigh.
        Return R-2 made on Mirakl for authorization RA-2 of BlueCherry.
        Mirakl was told that the incident on C-1-A-1 is settled, reason 31.
        ");
        assert_eq!(says(&event("accepted", &[]), "EUR"), None);
    }
}
