//! Short units, refunds and returns; and the files that are shipped.

use super::*;

#[test]
fn what_follows_a_sale_is_off_until_the_file_says_otherwise() {
    let config = load(&folder(GOOD)).unwrap();
    assert!(config.bluecherry.returns);
    let shop = &config.marketplaces[1];
    assert_eq!(shop.returns_every(), None);
    let policy = shop.policy(22, false);
    assert_eq!(policy.short_ship, ShortShip::Ask);
    assert_eq!(policy.returns, ReturnsRule::Off);
    assert_eq!((policy.refund_age_s, policy.return_method), (604_800, None));

    let text = GOOD
        .replace(
            "short_stock = \"ask\"",
            "short_ship = \"refund\"\nrefund_age_days = 0.5\nreturns = \"accept\"\n\
             return_method = \"MAIL\"\nreturns_poll_s = 1",
        )
        .replace("[ledger]", "returns = false\n[ledger]");
    let config = load(&folder(&text)).unwrap();
    assert!(!config.bluecherry.returns);
    let shop = &config.marketplaces[1];
    assert_eq!(shop.returns_every(), Some(Duration::from_secs(1)));
    let policy = shop.policy(22, false);
    assert_eq!(policy.short_ship, ShortShip::Refund);
    assert_eq!(policy.returns, ReturnsRule::Accept);
    assert_eq!(policy.refund_age_s, 43_200);
    assert_eq!(policy.return_method.as_deref(), Some("MAIL"));
}

#[test]
fn what_follows_a_sale_is_checked_as_all_else() {
    let told = problems(&[
        (
            "site = \"northwind\"",
            "site = \"northwind\"\nreturns = \"yes\"",
        ),
        (
            "shop_id = 2001",
            "shop_id = 2001\nshort_ship = \"accept\"\nrefund_age_days = 366\nreturns = true\nreturns_poll_s = 60",
        ),
        (
            "dry_run = true",
            "returns = \"on\"\nreturn_method = \"\"\nevery_s = { RT11 = 5 }\nreturns_poll_s = 2",
        ),
    ]);
    insta::assert_snapshot!(told, @r#"
bcm.toml:3: `returns` is neither true nor false — write for example `returns = true`
bcm.toml:19: `short_ship` is neither `ask` nor `refund` — write for example `short_ship = "ask"`
bcm.toml:20: `refund_age_days` is 366, not between 0 and 365 — write for example `refund_age_days = 7`
bcm.toml:21: `returns` is not a text — write for example `returns = "accept"`
bcm.toml:22: `returns_poll_s` is 60, and returns may be pulled (RT11) every 300 s — write `returns_poll_s = 300`, or more
bcm.toml:36: `returns` is none of `off`, `ask` and `accept` — write for example `returns = "accept"`
bcm.toml:37: `return_method` is empty — write for example `return_method = "RETURN_METHOD_BY_MAIL"`
bcm.toml:39: `returns_poll_s` is 2, and returns may be pulled (RT11) every 5 s — write `returns_poll_s = 5`, or more
"#);
}

#[test]
fn the_files_that_are_shipped_are_read() {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    let now = "2026-11-23T00:00:00Z".parse().unwrap();
    let env = |name: &str| Some(format!("{CANARY}-{name}"));
    let read = |file: &std::path::Path| Config::load_in(file, Surroundings { now, env: &env });
    let demo = read(&shipped.join("bcm.demo.toml")).unwrap();
    assert_eq!(demo.marketplaces[0].short_ship, ShortShip::Refund);
    assert_eq!(demo.mappings.cancel_reason("nordwind"), Some("35"));

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("secrets")).unwrap();
    for name in ["bluecherry", "master", "nordwind", "galeria"] {
        fs::write(at(&format!("secrets/{name}.key")), CANARY).unwrap();
    }
    let text = fs::read_to_string(shipped.join("bcm.example.toml")).unwrap();
    let tables = shipped.join("mappings");
    let text = text.replace(
        "folder = \"mappings\"",
        &format!("folder = \"{}\"", tables.display()),
    );
    fs::write(at("bcm.toml"), text).unwrap();
    let example = read(&at("bcm.toml")).unwrap();
    assert_eq!(example.marketplaces[0].returns, ReturnsRule::Off);
}
