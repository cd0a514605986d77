use std::fs;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

const CANARY: &str = "canary-7f3a";

const GOOD: &str = r#"[bluecherry]
site = "northwind"
base_url = "https://erp.example/"
api_key = { env = "BLUECHERRY_API_KEY" }

[ledger]
url = "sqlite://bcm.db"
master_key = { file = "master.key" }

[webhook]
url = { env = "WEBHOOK" }

[[marketplaces]]
code = "nordwind"
prefix = "NW"
base_url = "https://nordwind.example"
shop_id = 2001
api_key = { env = "NORDWIND_API_KEY" }
take_over_from = "2026-11-01T00:00:00Z"
customer = { model = "channel", customer_code = "MKT-NW" }

[[marketplaces]]
code = "gallia"
prefix = "GA"
base_url = "http://127.0.0.1:4010"
shop_id = 7
api_key = { file = "gallia.key" }
take_over_from = 2026-11-01T00:00:00+01:00
customer = { model = "consumer" }
price_level = "WEB"
dry_run = true
poll_s = 0.2
short_stock = "ask"
own_centers = ["DEFAULT", "NJ"]
"#;

/// A folder with tables, secrets, and a file of this text.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("mappings")).unwrap();
    for (file, columns) in FILES {
        fs::write(at("mappings").join(file), columns.join(",") + "\n").unwrap();
    }
    fs::write(at("bcm.toml"), text).unwrap();
    fs::write(at("master.key"), format!("  {CANARY}-master\n")).unwrap();
    fs::write(at("gallia.key"), format!("{CANARY}-gallia")).unwrap();
    folder
}

fn env(name: &str) -> Option<String> {
    match name {
        "BLUECHERRY_API_KEY" | "NORDWIND_API_KEY" => Some(format!("{CANARY}-{name}")),
        "WEBHOOK" => Some(format!("https://alerts.example/{CANARY}")),
        "EMPTY" => Some("  ".to_owned()),
        "TWO_LINES" => Some(format!("{CANARY}\n{CANARY}")),
        "DATABASE" => Some(format!("postgres://bcm:{CANARY}@db.example/bcm")),
        _ => None,
    }
}

fn load(folder: &TempDir) -> Result<Config, Problems> {
    let now = "2026-11-23T00:00:00Z".parse().unwrap();
    Config::load_in(
        &folder.path().join("bcm.toml"),
        Surroundings { now, env: &env },
    )
}

/// What is wrong with the good file after some changes, without the folder's name.
fn problems(changes: &[(&str, &str)]) -> String {
    let mut text = GOOD.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    let folder = folder(&text);
    let told = load(&folder).unwrap_err().to_string();
    assert!(!told.contains(CANARY), "{told}");
    told.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn a_good_file_is_read_with_its_defaults() {
    let folder = folder(GOOD);
    let config = load(&folder).unwrap();
    assert_eq!(config.bluecherry.base_url, "https://erp.example");
    assert_eq!(config.bluecherry.poll, Duration::from_secs(60));
    assert_eq!(config.bluecherry.hold_code, "MARKETPLACE");
    assert_eq!(
        config.ledger.master_key.expose_secret(),
        format!("{CANARY}-master")
    );
    let database = format!("sqlite://{}/bcm.db", folder.path().display());
    assert_eq!(config.ledger.url.expose_secret(), database);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:9464");
    assert_eq!(config.temporal.address, None);
    assert_eq!(config.mappings_folder, folder.path().join("mappings"));

    let gallia = MarketplaceCode::new("gallia").unwrap();
    let gallia = config.marketplace(&gallia).unwrap();
    assert_eq!(gallia.poll, Duration::from_millis(200));
    assert_eq!(gallia.api_key.expose_secret(), format!("{CANARY}-gallia"));
    let policy = gallia.policy(22, true);
    assert_eq!(policy.external_po("1").as_deref(), Some("GA-1"));
    assert_eq!(
        policy.take_over_from,
        "2026-10-31T23:00:00Z".parse().unwrap()
    );
    assert_eq!(
        (policy.acceptance_limit_s, policy.aftercare_s),
        (86_400, 10_368_000)
    );
    assert!(policy.dry_run && policy.partial_acceptance);
    assert_eq!(policy.short_stock, ShortStock::Ask);
}

#[test]
fn no_secret_shows_when_the_settings_are_printed() {
    let config = load(&folder(GOOD)).unwrap();
    let printed = format!("{config:?} {config:#?}");
    assert!(!printed.contains(CANARY), "{printed}");
}

#[test]
fn a_file_that_is_not_there_says_so() {
    let told = Config::load(&PathBuf::from("nowhere/bcm.toml"))
        .unwrap_err()
        .to_string();
    insta::assert_snapshot!(told, @"");
}

#[test]
fn an_empty_file_lists_all_that_is_needed() {
    let folder = folder("");
    let told = load(&folder).unwrap_err().to_string();
    insta::assert_snapshot!(told.replace(&format!("{}/", folder.path().display()), ""), @"");
}

#[test]
fn every_problem_is_told_at_once_with_tables_too() {
    let text = GOOD
        .replace("site = \"northwind\"", "sites = \"northwind\"")
        .replace("\"NW\"", "7");
    let folder = folder(&text);
    fs::remove_file(folder.path().join("mappings/taxes.csv")).unwrap();
    let told = load(&folder).unwrap_err();
    assert_eq!(told.list().len(), 4);
    insta::assert_snapshot!(told.to_string().replace(&format!("{}/", folder.path().display()), ""), @"");
}

#[test]
fn a_line_that_is_no_toml_is_named_without_its_text() {
    let told = problems(&[("site = \"northwind\"", "site = \"canary-7f3a")]);
    insta::assert_snapshot!(told, @"");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let written = format!("api_key = \"{CANARY}\"");
    let told = problems(&[
        ("api_key = { env = \"BLUECHERRY_API_KEY\" }", &written),
        (
            "{ env = \"NORDWIND_API_KEY\" }",
            &format!("{{ env = \"{CANARY}\" }}"),
        ),
        (
            "url = \"sqlite://bcm.db\"",
            &format!("url = \"postgres://bcm:{CANARY}@db/bcm\""),
        ),
    ]);
    insta::assert_snapshot!(told, @"");
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let told = problems(&[
        ("{ env = \"BLUECHERRY_API_KEY\" }", "{ env = \"UNSET\" }"),
        ("{ file = \"master.key\" }", "{ file = \"lost.key\" }"),
        ("{ env = \"WEBHOOK\" }", "{ env = \"EMPTY\" }"),
        ("{ env = \"NORDWIND_API_KEY\" }", "{ env = \"TWO_LINES\" }"),
        ("{ file = \"gallia.key\" }", "{ env = \"A\", file = \"b\" }"),
    ]);
    insta::assert_snapshot!(told, @"");
}

#[test]
fn a_database_with_a_password_is_taken_from_the_environment() {
    let text = GOOD.replace("url = \"sqlite://bcm.db\"", "url = { env = \"DATABASE\" }");
    let config = load(&folder(&text)).unwrap();
    assert!(
        config
            .ledger
            .url
            .expose_secret()
            .starts_with("postgres://bcm:")
    );
}

#[test]
fn an_unknown_key_is_refused_and_the_likely_one_named() {
    let told = problems(&[
        ("prefix = \"NW\"", "prefix = \"NW\"\npolls = 5"),
        ("dry_run = true", "dryrun = true"),
        (
            "model = \"consumer\"",
            "model = \"consumer\", customer_code = \"X\"",
        ),
        ("[webhook]", "[desk]\nport = 1\n[webhook]"),
    ]);
    insta::assert_snapshot!(told, @"");
}

#[test]
fn a_value_of_the_wrong_kind_or_size_is_refused() {
    let told = problems(&[
        (
            "site = \"northwind\"",
            "site = \" \"\ncall_timeout_s = 41\nread_lag_s = \"5\"\npoll_s = 0.1",
        ),
        (
            "shop_id = 2001",
            "shop_id = \"2001\"\nship_within_days = 1.5\naftercare_days = 0",
        ),
        ("code = \"gallia\"", "code = \"Gallia\""),
        ("prefix = \"GA\"", "prefix = \"ga-1\""),
        ("2026-11-01T00:00:00+01:00", "2026-11-01"),
        ("dry_run = true", "dry_run = 1"),
        ("short_stock = \"ask\"", "short_stock = \"wait\""),
        ("[\"DEFAULT\", \"NJ\"]", "\"DEFAULT\""),
        (
            "[webhook]",
            "[http]\nlisten = \"9464\"\n[temporal]\naddress = \"temporal\"\n[webhook]",
        ),
        ("sqlite://bcm.db", "mysql://db"),
    ]);
    insta::assert_snapshot!(told, @"");
}

#[test]
fn an_address_that_would_give_the_key_away_is_refused() {
    let told = problems(&[
        ("https://erp.example/", "http://erp.example"),
        (
            "https://nordwind.example",
            "https://user:x@nordwind.example",
        ),
        (
            "http://127.0.0.1:4010",
            "http://127.0.0.1.example:4010/?x=1",
        ),
    ]);
    insta::assert_snapshot!(told, @"");
    for here in [
        "http://localhost:1",
        "http://[::1]:1",
        "http://127.0.0.1:1/base/",
    ] {
        assert!(web::base_url(here).is_ok(), "{here}");
    }
}

#[test]
fn no_two_shops_share_a_code_a_prefix_or_an_account() {
    let told = problems(&[
        ("code = \"gallia\"", "code = \"nordwind\""),
        ("prefix = \"GA\"", "prefix = \"NW\""),
        ("http://127.0.0.1:4010", "https://nordwind.example/"),
        ("shop_id = 7", "shop_id = 2001"),
    ]);
    insta::assert_snapshot!(told, @"");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let told = problems(&[
        ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        (
            "customer_code = \"MKT-NW\" }",
            "customer_code = \"MKT-NW\" }\nterms = \"N30\"\ncancel_after_days = 2",
        ),
        ("{ model = \"consumer\" }", "{ model = \"guest\" }"),
    ]);
    insta::assert_snapshot!(told, @"");
}
