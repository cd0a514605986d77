//! Orders, addresses and changes that the tests send.

use bluecherry::{
    AccountModel, Address, CancelQuantity, Cancellation, Config, NewCustomer, NewReturn,
    NewSalesOrder, Rest, ShipToChange, Side,
};

use crate::schema::part;

/// Key of the simulated site.
pub const KEY: &str = "sim-erp-key";

/// A client of the server at an address.
pub fn client(url: &str) -> Rest {
    Rest::new(Config::new(url, KEY.into())).expect("a client")
}

/// The marketplace as a customer.
pub fn customer() -> NewCustomer {
    NewCustomer {
        name: "Nordwald Marketplace".into(),
        account_model: AccountModel::Channel,
        bill_to: Some(address()),
        default_ship_to: None,
        division: "01".into(),
        terms: None,
        tax_exempt: None,
        currency: "USD".into(),
        price_level: None,
    }
}

/// A held order without ship-to: one line, two units.
pub fn order(customer_code: &str, external_po: &str) -> NewSalesOrder {
    let example = part("#/components/examples/new_sales_order")["value"].clone();
    let order: NewSalesOrder = serde_json::from_value(example).expect("an order");
    NewSalesOrder {
        customer_code: customer_code.into(),
        external_po: external_po.into(),
        ..order
    }
}

/// A delivery address, with the version of the order it is for.
pub fn ship_to(expected_version: u64) -> ShipToChange {
    ShipToChange {
        ship_to: address(),
        ship_via: Some("UPS2".into()),
        expected_version,
    }
}

/// A cancellation of units of the one line.
pub fn cancel(qty: u32, id: &str) -> Cancellation {
    Cancellation {
        lines: vec![CancelQuantity {
            line_seq: 1,
            size_bucket: 3,
            qty,
        }],
        side: Side::Customer,
        reason_code: "CHANGED_MIND".into(),
        external_cancel_id: id.into(),
    }
}

/// Units of the one line that come back.
pub fn announced(ord_num: &str, external_po: &str, id: &str, qty: u32) -> NewReturn {
    let example = part("#/components/examples/new_return")["value"].clone();
    let mut announced: NewReturn = serde_json::from_value(example).expect("a return");
    announced.lines[0].qty_authorised = qty;
    NewReturn {
        external_return_id: id.into(),
        ord_num: ord_num.into(),
        external_po: external_po.into(),
        ..announced
    }
}

fn address() -> Address {
    Address {
        name: "Test Person".into(),
        company: None,
        line1: "12 Sample Street".into(),
        line2: None,
        line3: None,
        city: "Buffalo".into(),
        region: Some("NY".into()),
        postal_code: "14201".into(),
        country: "US".into(),
        phone: None,
        email: None,
    }
}
