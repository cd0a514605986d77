//! `check` against both simulators.

use std::sync::Arc;

use domain::mapping::{CarrierRow, Mappings, ReasonKind, ReasonRow, ShipViaRow, Valid};
use domain::marketplace::CustomerModel;
use secrecy::SecretString;
use simulators::bluecherry::{BlueCherryOptions, BlueCherrySim};
use simulators::mirakl::{MiraklOptions, MiraklSim};

use super::world::{World, at, code};
use crate::Surroundings;
use crate::check::{Checked, ShopToCheck, SiteToCheck, Verdict, check, report};
use crate::render::Look;

async fn marketplace() -> MiraklSim {
    let options = MiraklOptions {
        unregistered_carriers_allowed: false,
        ..MiraklOptions::default()
    };
    MiraklSim::start(options).await.unwrap()
}

fn shop(base_url: String, key: String) -> ShopToCheck {
    let config = mirakl::Config::new(base_url, SecretString::from(key));
    ShopToCheck {
        code: code("nordwind"),
        prefix: "NW".into(),
        client: mirakl::Client::new(config).unwrap(),
        host: "nordwind.test".into(),
        shop_id: 2001,
        dry_run: false,
        customer: CustomerModel::Channel {
            customer_code: "NORDWIND".into(),
        },
    }
}

async fn site() -> (BlueCherrySim, SiteToCheck) {
    let options = BlueCherryOptions {
        site: "northwind".into(),
        ..BlueCherryOptions::default()
    };
    let key = SecretString::from(options.api_key.clone());
    let sim = BlueCherrySim::start(options).await.unwrap();
    let rest = bluecherry::Rest::new(bluecherry::Config::new(sim.url(), key)).unwrap();
    let site = SiteToCheck {
        name: "northwind".into(),
        binding: Arc::new(rest),
        hold_code: "MK".into(),
    };
    (sim, site)
}

fn carrier(marketplace: &str, erp: &str, code: Option<&str>) -> CarrierRow {
    CarrierRow {
        marketplace: marketplace.into(),
        erp_carrier: erp.into(),
        carrier_code: code.map(str::to_owned),
        carrier_name: code.is_none().then(|| erp.to_owned()),
        carrier_url: None,
        valid: Valid::default(),
    }
}

fn ship_via(method: &str) -> ShipViaRow {
    ShipViaRow {
        marketplace: "*".into(),
        shipping_type_code: method.into(),
        ship_via: "UPSG".into(),
        valid: Valid::default(),
    }
}

async fn checked(
    shop: ShopToCheck,
    site: &SiteToCheck,
    mappings: &Mappings,
    around: &Surroundings,
) -> Vec<Checked> {
    check(&[shop], site, mappings, &around.ledger, around.now).await
}

fn plain(checked: &[Checked]) -> String {
    report(checked, at(10_800), Look::default()).text
}

#[tokio::test]
async fn each_check_says_what_it_found_and_what_to_do() {
    let (world, sim, (_erp, site)) = (World::empty().await, marketplace().await, site().await);
    let mappings = Mappings {
        carriers: vec![
            carrier("*", "UPS", Some("ups")),
            carrier("nordwind", "DHL", Some("NOT-THERE")),
            carrier("*", "DHL", Some("NOT-THERE-EITHER")),
            carrier("galeria", "GLS", Some("ELSEWHERE")),
            carrier("nordwind", "PONY", None),
        ],
        ship_vias: vec![ship_via("STD")],
        ..Mappings::default()
    };
    let shop = shop(sim.url(), sim.api_key());
    let checked = checked(shop, &site, &mappings, &world.surroundings).await;
    insta::assert_snapshot!(plain(&checked), @r"
        ┌───────────┬───────────────────────────┬─────────┬───────────────────────────────────────────────────────────────────────┐
        │ of        │ check                     │ result  │ found                                                                 │
        ├───────────┼───────────────────────────┼─────────┼───────────────────────────────────────────────────────────────────────┤
        │ northwind │ site                      │ ok      │ northwind, as configured                                              │
        │ northwind │ orders on hold            │ ok      │ taken; hold code MK                                                   │
        │ northwind │ writes                    │ ok      │ there with the answer                                                 │
        │ northwind │ order key fits            │ warning │ 22 characters leave fewer than 20 for the order ID behind NW          │
        │ northwind │ customer account          │ warning │ nordwind: no account has this handle, so NORDWIND cannot be looked at │
        │ nordwind  │ API answers (V01)         │ ok      │ yes                                                                   │
        │ nordwind  │ shop (A01)                │ ok      │ 2001 as configured, read 2027-01-15 11:00:00 UTC                      │
        │ nordwind  │ carrier codes (SH21)      │ failed  │ not in the operator's list: DHL as NOT-THERE                          │
        │ nordwind  │ other carriers (PC01)     │ failed  │ not taken, but mapped by name: PONY                                   │
        │ nordwind  │ shipping methods (SH12)   │ warning │ without a ship-via: EXP                                               │
        │ nordwind  │ mandatory tracking (SH12) │ ok      │ for EXP                                                               │
        └───────────┴───────────────────────────┴─────────┴───────────────────────────────────────────────────────────────────────┘
        northwind, order key fits: Choose shorter prefixes, or have the field widened; a key is never cut.
        northwind, customer account: See in BlueCherry that customer_code of bcm.toml is the account to invoice.
        nordwind, carrier codes (SH21): Map them in carriers.csv to codes of the operator's list.
        nordwind, other carriers (PC01): Give these rows of carriers.csv a code of the operator's list.
        nordwind, shipping methods (SH12): Add rows to ship_via.csv, unless this shop does not offer these methods: their orders would wait.
        11 checks: 2 failed, 3 warnings · mirakl, bluecherry, as of 2027-01-15 11:00:00 UTC
        ");
    let look = Look {
        json: true,
        ..Look::default()
    };
    let output = report(&checked, at(10_800), look);
    assert_eq!(output.exit, 1);
    let document: serde_json::Value = serde_json::from_str(&output.text).unwrap();
    assert_eq!(document["failed"], 2);
    assert_eq!(document["checks"][0]["result"], "ok");
}

#[tokio::test]
async fn lists_are_read_once_a_day_and_a_wrong_shop_is_looked_at_again() {
    let (world, sim, (_erp, site)) = (World::empty().await, marketplace().await, site().await);
    let around = &world.surroundings;
    let mappings = Mappings::default();
    let reads = |call: &str| sim.calls().count(call);
    for _ in 0..2 {
        let good = shop(sim.url(), sim.api_key());
        let rows = checked(good, &site, &mappings, around).await;
        assert!(
            rows.iter().all(|row| row.result != Verdict::Failed),
            "{}",
            plain(&rows)
        );
    }
    assert_eq!(
        (reads("A01"), reads("SH21"), reads("SH12"), reads("PC01")),
        (1, 1, 1, 1)
    );

    let wrong = ShopToCheck {
        shop_id: 9,
        ..shop(sim.url(), sim.api_key())
    };
    let rows = checked(wrong, &site, &mappings, around).await;
    let failed: Vec<&Checked> = rows
        .iter()
        .filter(|r| r.result == Verdict::Failed)
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        failed[0].found,
        "the key acts for shop 2001, bcm.toml says 9"
    );
}

#[tokio::test]
async fn neither_a_silent_marketplace_nor_a_wrong_key_stops_the_other_checks() {
    let (world, sim, (erp, mut site)) = (World::empty().await, marketplace().await, site().await);
    let around = &world.surroundings;
    let mappings = Mappings::default();
    let refused = shop(sim.url(), "wrong".into());
    let rows = checked(refused, &site, &mappings, around).await;
    let failed = rows.iter().filter(|r| r.result == Verdict::Failed);
    assert_eq!(failed.count(), 4, "{}", plain(&rows));

    drop(erp);
    site.name = "elsewhere".into();
    let silent = shop("http://127.0.0.1:1".into(), "k".into());
    let rows = checked(silent, &site, &mappings, around).await;
    insta::assert_snapshot!(plain(&rows), @r"
        ┌───────────┬─────────────────────────┬─────────┬───────────────────────────────────────────────────────┐
        │ of        │ check                   │ result  │ found                                                 │
        ├───────────┼─────────────────────────┼─────────┼───────────────────────────────────────────────────────┤
        │ elsewhere │ profile                 │ failed  │ get_profile: no usable answer: connection lost        │
        │ elsewhere │ customer account        │ warning │ nordwind: find_customer: not sent: connection refused │
        │ nordwind  │ API answers (V01)       │ failed  │ V01 was not sent: connection refused                  │
        │ nordwind  │ shop (A01)              │ failed  │ A01 was not read, since V01 failed                    │
        │ nordwind  │ carrier codes (SH21)    │ failed  │ SH21 was not read, since V01 failed                   │
        │ nordwind  │ other carriers (PC01)   │ warning │ PC01 was not read, since V01 failed                   │
        │ nordwind  │ shipping methods (SH12) │ failed  │ SH12 was not read, since V01 failed                   │
        └───────────┴─────────────────────────┴─────────┴───────────────────────────────────────────────────────┘
        elsewhere, profile: See that base_url in bcm.toml is right and that this machine reaches it.
        elsewhere, customer account: See in BlueCherry that customer_code of bcm.toml is the account to invoice.
        nordwind, API answers (V01): See that base_url in bcm.toml is right and that this machine reaches it.
        nordwind, shop (A01): Repeat the check later; what it needs was not read.
        nordwind, carrier codes (SH21): Repeat the check later; what it needs was not read.
        nordwind, other carriers (PC01): Repeat the check later; what it needs was not read.
        nordwind, shipping methods (SH12): Repeat the check later; what it needs was not read.
        7 checks: 5 failed, 2 warnings · mirakl, bluecherry, as of 2027-01-15 11:00:00 UTC
        ");
}

#[tokio::test]
async fn reasons_that_the_shop_may_not_give_are_named_before_they_park_a_credit() {
    let (world, sim, (_erp, site)) = (World::empty().await, marketplace().await, site().await);
    let row = |kind: ReasonKind, erp: &str, code: &str| ReasonRow {
        marketplace: "*".into(),
        kind,
        erp_code: erp.into(),
        mirakl_code: code.into(),
    };
    let good = vec![
        row(ReasonKind::Refund, "*", "17"),
        row(ReasonKind::Cancel, "*", "35"),
        row(ReasonKind::Return, "OTHER", "*"),
        row(ReasonKind::Disposition, "restock", "compliant"),
    ];
    let bad = vec![
        row(ReasonKind::Refund, "LOST", "14"),
        row(ReasonKind::ShortShip, "*", "35"),
        row(ReasonKind::Disposition, "scrap", "NO_SUCH"),
    ];
    for (reasons, found) in [
        (vec![], None),
        (good.clone(), Some((Verdict::Ok, "2 mapped"))),
        (
            [good, bad].concat(),
            Some((
                Verdict::Failed,
                "refund 14, short_ship 35, disposition NO_SUCH",
            )),
        ),
    ] {
        let mappings = Mappings {
            reasons,
            ..Mappings::default()
        };
        let shop = shop(sim.url(), sim.api_key());
        let checked = checked(shop, &site, &mappings, &world.surroundings).await;
        let row = checked.iter().find(|row| row.check == "reasons (RE01)");
        let said = row.map(|row| (row.result, row.found.as_str()));
        match (said, found) {
            (None, None) => {}
            (Some((result, text)), Some((verdict, part))) => {
                assert_eq!(result, verdict, "{text}");
                assert!(text.contains(part), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
}
