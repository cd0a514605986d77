//! `check` against both simulators.

use std::sync::Arc;

use domain::mapping::{CarrierRow, Mappings, ShipViaRow, Valid};
use domain::marketplace::CustomerModel;
use secrecy::SecretString;
use simulators::bluecherry::{BlueCherryOptions, BlueCherrySim};
use simulators::mirakl::{MiraklOptions, MiraklSim};

use super::world::{World, at, code};
use crate::Surroundings;
use crate::check::{Checked, ShopToCheck, SiteToCheck, Verdict, check, report};
use crate::render::Look;

async fn marketplace() -> MiraklSim {
    MiraklSim::start(MiraklOptions::default()).await.unwrap()
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
            carrier("*", "UPS", Some("UPS")),
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
    insta::assert_snapshot!("check", plain(&checked));
    let look = Look {
        json: true,
        ..Look::default()
    };
    let output = report(&checked, at(10_800), look);
    assert_eq!(output.exit, 1);
    let document: serde_json::Value = serde_json::from_str(&output.text).unwrap();
    assert_eq!(document["failed"], 1);
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
    insta::assert_snapshot!("check_silent", plain(&rows));
}
