//! Checks of the BlueCherry site.

use bluecherry::{Error, Profile, WriteMode};
use domain::marketplace::CustomerModel;

use super::{Checked, Rows, ShopToCheck, SiteToCheck, told};

/// An order ID this long has to fit behind the prefix and its hyphen.
const ORDER_ID_LONG: usize = 20;

pub(super) async fn check(site: &SiteToCheck, shops: &[ShopToCheck]) -> Vec<Checked> {
    let mut rows = Rows::of(&site.name);
    match site.binding.profile().await {
        Ok(profile) => described(site, &profile, shops, &mut rows),
        Err(error) => {
            let next = match &error {
                Error::Unauthorized { .. } => "Set a valid key for the site.",
                Error::Forbidden { .. } => "Have the site give the key the right.",
                Error::Unreadable { .. } | Error::NotFound { .. } => {
                    "Have the site's adapter looked at: its profile is not one of the connector's."
                }
                _ => "See that base_url in bcm.toml is right and that this machine reaches it.",
            };
            rows.fail("profile", told(&error), next);
        }
    }
    for shop in shops {
        customer(site, shop, &mut rows).await;
    }
    rows.rows
}

fn described(site: &SiteToCheck, profile: &Profile, shops: &[ShopToCheck], rows: &mut Rows) {
    if profile.site == site.name {
        rows.ok("site", format!("{}, as configured", profile.site));
    } else {
        rows.fail(
            "site",
            format!("the ERP says {}, bcm.toml says {}", profile.site, site.name),
            "Correct site or base_url in bcm.toml; orders must not go to another site.",
        );
    }
    if profile.features.order_hold {
        rows.ok(
            "orders on hold",
            format!("taken; hold code {}", site.hold_code),
        );
    } else {
        rows.fail(
            "orders on hold",
            "the site cannot create orders on hold",
            "Have holds switched on: an order must not be picked before Mirakl shows its address.",
        );
    }
    match &profile.write_mode {
        WriteMode::Sync => rows.ok("writes", "there with the answer"),
        WriteMode::Queued => rows.ok("writes", "queued until the site's next batch"),
        other => rows.warn(
            "writes",
            format!("a mode that this program does not know: {other:?}"),
            "Ask engineering before orders are taken.",
        ),
    }
    let check = "order key fits";
    match profile.code_lengths.get("external_po") {
        None => rows.warn(
            check,
            "the site does not say how long external_po may be",
            "Ask who runs the site; an order whose key does not fit waits for a person.",
        ),
        Some(longest) => {
            let long =
                |shop: &&ShopToCheck| shop.prefix.len() + 1 + ORDER_ID_LONG > *longest as usize;
            let long: Vec<&str> = shops
                .iter()
                .filter(long)
                .map(|s| s.prefix.as_str())
                .collect();
            if long.is_empty() {
                rows.ok(check, format!("up to {longest} characters"));
            } else {
                rows.warn(
                    check,
                    format!(
                        "{longest} characters leave fewer than {ORDER_ID_LONG} for the order ID behind {}",
                        long.join(", ")
                    ),
                    "Choose shorter prefixes, or have the field widened; a key is never cut.",
                );
            }
        }
    }
}

/// The one account of a marketplace, as far as it can be found: only by the handle it may have.
async fn customer(site: &SiteToCheck, shop: &ShopToCheck, rows: &mut Rows) {
    let check = "customer account";
    let (code, CustomerModel::Channel { customer_code }) = (&shop.code, &shop.customer) else {
        return rows.ok(check, format!("{}: one a consumer", shop.code));
    };
    let next = "See in BlueCherry that customer_code of bcm.toml is the account to invoice.";
    match site.binding.find_customer(code.as_str()).await {
        Ok(Some(found)) if found.customer_code.trim() == customer_code.trim() => {
            rows.ok(check, format!("{code}: {customer_code}, found"));
        }
        Ok(Some(found)) => rows.warn(
            check,
            format!(
                "{code}: the handle belongs to {}, bcm.toml says {customer_code}",
                found.customer_code
            ),
            next,
        ),
        Ok(None) => rows.warn(
            check,
            format!("{code}: no account has this handle, so {customer_code} cannot be looked at"),
            next,
        ),
        Err(error) => rows.warn(check, format!("{code}: {}", told(&error)), next),
    }
}
