use std::fs;
use std::path::PathBuf;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

mod after_sale;

const CANARY: &str = "canary-7f3a";

pub(super) const GOOD: &str = r#"[bluecherry]
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
pub(super) fn folder(text: &str) -> TempDir {
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

pub(super) fn load(folder: &TempDir) -> Result<Config, Problems> {
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
    assert_eq!(config.ledger.export, folder.path().join("decisions.jsonl"));
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
    insta::assert_snapshot!(told, @"nowhere/bcm.toml: is not there — name a text file that this user may read");
}

#[test]
fn an_empty_file_lists_all_that_is_needed() {
    let folder = folder("");
    let told = load(&folder).unwrap_err().to_string();
    insta::assert_snapshot!(told.replace(&format!("{}/", folder.path().display()), ""), @r#"
bcm.toml:1: [bluecherry] has no `site` — add `site = "northwind"`
bcm.toml:1: [bluecherry] has no `base_url` — add `base_url = "https://erp.example"`
bcm.toml:1: [bluecherry] has no `api_key` — add `api_key = { env = "BLUECHERRY_API_KEY" }`
bcm.toml:1: [ledger] has no `master_key` — add `master_key = { env = "BCM_MASTER_KEY" }`
bcm.toml:1: the file has no marketplace — add `[[marketplaces]]` and its keys, once for each shop
"#);
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
    insta::assert_snapshot!(told.to_string().replace(&format!("{}/", folder.path().display()), ""), @r#"
bcm.toml:1: [bluecherry] has no `site` — add `site = "northwind"`
bcm.toml:2: [bluecherry] knows no `sites` — take it out, or write `site`
bcm.toml:15: `prefix` is not a text — write for example `prefix = "NW"`
mappings/taxes.csv: is not there — write the file, if only its first line: marketplace,tax_code,erp_tax_code,remitter
"#);
}

#[test]
fn a_line_that_is_no_toml_is_named_without_its_text() {
    let told = problems(&[("site = \"northwind\"", "site = \"canary-7f3a")]);
    insta::assert_snapshot!(told, @r#"bcm.toml:2: not readable as TOML: invalid basic string, expected `"` — correct this line first"#);
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
    insta::assert_snapshot!(told, @r#"
bcm.toml:4: `api_key` holds the secret itself, or nothing that names one — replace the secret if it was real, and write where it is: `api_key = { env = "BLUECHERRY_API_KEY" }`
bcm.toml:7: `url` holds a password — replace it, and write where the whole address is: `url = { env = "…" }`
bcm.toml:18: `api_key` names neither one variable (`A-Z 0-9 _`) nor one file — write for example `api_key = { env = "NORDWIND_API_KEY" }`
"#);
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
    insta::assert_snapshot!(told, @r#"
bcm.toml:4: `api_key`: the environment has no usable `UNSET` — set `UNSET` to the secret, on one line, before the start
bcm.toml:8: `master_key`: its file cannot be read, or holds no secret — put the secret into that file, on one line, readable by this user
bcm.toml:11: `url`: the environment has no usable `EMPTY` — set `EMPTY` to the secret, on one line, before the start
bcm.toml:18: `api_key`: the environment has no usable `TWO_LINES` — set `TWO_LINES` to the secret, on one line, before the start
bcm.toml:27: `api_key` names neither one variable (`A-Z 0-9 _`) nor one file — write for example `api_key = { env = "NORDWIND_API_KEY" }`
"#);
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
    insta::assert_snapshot!(told, @"
bcm.toml:10: the file knows no `desk` — take it out
bcm.toml:18: [[marketplaces]] knows no `polls` — take it out, or write `poll_s`
bcm.toml:32: [customer] knows no `customer_code` — take it out
bcm.toml:34: [[marketplaces]] knows no `dryrun` — take it out, or write `dry_run`
");
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
    insta::assert_snapshot!(told, @r#"
bcm.toml:2: `site` is empty — write for example `site = "northwind"`
bcm.toml:3: `call_timeout_s` is 41, not between 1 and 40 — write for example `call_timeout_s = 30`
bcm.toml:4: `read_lag_s` is not a number — write for example `read_lag_s = 5`
bcm.toml:5: `poll_s` is 0.1, not between 0.2 and 3600 — write for example `poll_s = 60`
bcm.toml:10: `url` is neither a SQLite file nor a PostgreSQL address — write for example `url = "sqlite://bcm.db"`
bcm.toml:14: `listen` is not an IP address and a port — write for example `listen = "127.0.0.1:9464"`
bcm.toml:16: `address` is not a host and a port — write for example `address = "127.0.0.1:7233"`
bcm.toml:24: `shop_id` is not a whole number above zero — write for example `shop_id = 2001`
bcm.toml:25: `ship_within_days` is not a whole number — write for example `ship_within_days = 2`
bcm.toml:26: `aftercare_days` is 0, not between 1 and 730 — write for example `aftercare_days = 120`
bcm.toml:32: `code` is not 1 to 32 of a-z, 0-9 and - — write for example `code = "nordwind"`
bcm.toml:33: `prefix` is not 1 to 8 of A-Z and 0-9 — write for example `prefix = "NW"`
bcm.toml:37: `take_over_from` is not a moment with its offset from UTC — write for example `take_over_from = "2026-11-01T00:00:00Z"`
bcm.toml:40: `dry_run` is neither true nor false — write for example `dry_run = true`
bcm.toml:42: `short_stock` is none of `refuse`, `accept_part` and `ask` — write for example `short_stock = "refuse"`
bcm.toml:43: `own_centers` is not a list of texts — write for example `own_centers = ["DEFAULT"]`
"#);
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
    insta::assert_snapshot!(told, @r#"
bcm.toml:3: `base_url` would send the key in the clear: http goes to this machine only — write for example `base_url = "https://erp.example"`
bcm.toml:16: `base_url` holds a user or a password — write for example `base_url = "https://nordwind.example"`
bcm.toml:25: `base_url` would send the key in the clear: http goes to this machine only — write for example `base_url = "https://nordwind.example"`
"#);
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
        ("poll_s = 0.2", "poll_s = 60"),
        ("code = \"gallia\"", "code = \"nordwind\""),
        ("prefix = \"GA\"", "prefix = \"NW\""),
        ("http://127.0.0.1:4010", "https://nordwind.example/"),
        ("shop_id = 7", "shop_id = 2001"),
    ]);
    insta::assert_snapshot!(told, @"
bcm.toml:23: `code` is that of line 14 already — give each shop a code of its own
bcm.toml:24: `prefix` is that of line 15 already — give each shop a prefix of its own, since order IDs repeat between operators
bcm.toml:26: the shop (`base_url` and `shop_id`) is that of line 17 already — list each shop once, else its orders are taken twice
");
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
    insta::assert_snapshot!(told, @r#"
bcm.toml:19: `take_over_from` is in the future (2026-12-01T00:00:00Z) — write the moment of the hand-over once it has come, or until then an earlier one and `dry_run = true`
bcm.toml:21: `terms` is for consumer accounts; the channel's account has its own — take it out, or write `customer = { model = "consumer" }`
bcm.toml:22: `cancel_after_days` is 2, within `ship_within_days` — write more than 2
bcm.toml:31: `model` is neither `channel` nor `consumer` — write for example `model = "channel"`
"#);
}
