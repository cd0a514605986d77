//! Mirakl's delivery address to BlueCherry's.

use domain::exception::{Kind, Problem};

/// Reads the ship-to of an order that may be shipped.
///
/// Mirakl has ISO 3166 alpha-3 country codes, BlueCherry alpha-2. The marketplace's relay e-mail is
/// left out on purpose: it is nobody's address.
///
/// # Errors
/// A problem that names the missing part, never its content.
pub fn ship_to(wire: &mirakl::Order) -> Result<bluecherry::Address, Problem> {
    let lacks = |part: &str| Problem::new(Kind::AddressUnusable).with("missing", part);
    let customer = wire.customer.as_ref().ok_or_else(|| lacks("customer"))?;
    let from = customer
        .shipping_address
        .as_ref()
        .ok_or_else(|| lacks("shipping_address"))?;
    let text = |field: &Option<String>| {
        field
            .as_deref()
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
    };
    let names = [text(&from.firstname), text(&from.lastname)];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let country = text(&from.country_iso_code).ok_or_else(|| lacks("country_iso_code"))?;
    Ok(bluecherry::Address {
        name: if name.is_empty() {
            return Err(lacks("lastname"));
        } else {
            name
        },
        company: text(&from.company),
        line1: text(&from.street_1).ok_or_else(|| lacks("street_1"))?,
        line2: text(&from.street_2),
        line3: text(&from.company_2).or_else(|| text(&from.additional_info)),
        city: text(&from.city).ok_or_else(|| lacks("city"))?,
        region: text(&from.state),
        postal_code: text(&from.zip_code).ok_or_else(|| lacks("zip_code"))?,
        country: alpha2(&country)
            .ok_or_else(|| lacks("known country_iso_code"))?
            .to_owned(),
        phone: text(&from.phone).or_else(|| text(&from.phone_secondary)),
        email: None,
    })
}

/// ISO 3166 alpha-2 of an alpha-2 or alpha-3 code; `None` for what is neither.
fn alpha2(code: &str) -> Option<&'static str> {
    let code = code.to_ascii_uppercase();
    let country = match code.len() {
        2 => rust_iso3166::from_alpha2(&code),
        _ => rust_iso3166::from_alpha3(&code),
    };
    country.map(|c| c.alpha2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(address: &str) -> mirakl::Order {
        let json = format!(r#"{{"order_id":"C-1-A","customer":{{"shipping_address":{address}}}}}"#);
        mirakl::parse_order(&json).unwrap()
    }

    #[test]
    fn a_whole_address_is_taken_over() {
        let order = wire(
            r#"{"firstname":"Ann","lastname":"Lee","street_1":"1 Elm St","zip_code":"07001",
               "city":"Avenel","state":"NJ","country":"United States","country_iso_code":"USA"}"#,
        );
        let to = ship_to(&order).unwrap();
        assert_eq!((to.name.as_str(), to.country.as_str()), ("Ann Lee", "US"));
        assert_eq!((to.postal_code.as_str(), to.email), ("07001", None));
    }

    #[test]
    fn a_missing_part_is_named_and_nothing_else_is_told() {
        let order = wire(
            r#"{"lastname":"Secretname","street_1":"9 Hidden Rd","zip_code":"1","country_iso_code":"USA"}"#,
        );
        let problem = ship_to(&order).unwrap_err();
        assert_eq!(
            problem.evidence,
            [("missing".to_owned(), "city".to_owned())]
        );
        let order = wire(
            r#"{"lastname":"L","street_1":"S","city":"C","zip_code":"1","country_iso_code":"XXQ"}"#,
        );
        assert_eq!(
            ship_to(&order).unwrap_err().evidence[0].1,
            "known country_iso_code"
        );
        assert_eq!(
            ship_to(&wire("null")).unwrap_err().evidence[0].1,
            "shipping_address"
        );
    }
}
