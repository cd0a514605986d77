use super::super::tests::{GOOD, folder, load};
use super::*;

/// `[stock]` before the shops, and what the first shop says of it.
fn with(site: &str, shop: &str) -> String {
    let site = format!("{site}\n[[marketplaces]]\ncode = \"nordwind\"\n{shop}");
    GOOD.replacen("[[marketplaces]]\ncode = \"nordwind\"\n", &site, 1)
}

/// What is wrong, line by line.
fn wrong(site: &str, shop: &str) -> Vec<String> {
    let problems = load(&folder(&with(site, shop))).expect_err("a wrong file");
    let list = problems.list().iter();
    list.map(|problem| problem.wrong.clone()).collect()
}

#[test]
fn a_shop_without_a_stock_section_publishes_nothing_and_every_key_has_its_default() {
    let config = load(&folder(GOOD)).unwrap();
    assert_eq!(config.stock, SiteStock::default());
    assert!(config.stock_settings().shops.is_empty());
    let config = load(&folder(&with("", "stock = {}\n"))).unwrap();
    let settings = config.stock_settings();
    let publishing: Vec<_> = settings.shops.values().collect();
    assert_eq!(publishing, [&ShopStock::default()]);
}

#[test]
fn every_key_is_read() {
    let site = r#"
[stock]
every_s = 120
lag_s = 60
items_every_s = 600
full_push_h = 23
keep_days = 7
[stock.pools]
warehouses = ["nj1"]
excluded_lots = ["IRR"]
pools = ["MAIN"]
[stock.listing]
statuses = ["discontinued"]
excluded_line_types = ["POP"]
account = "NORTH"
[stock.snapshot]
rows_drop_max_percent = 5
units_factor_max = 3
age_s_max = 60
ahead_s_max = 0
on_stale = "reduce"
reduce_to_percent = 25
[stock.guard]
zeroed_max_percent = 1
fall_max_percent = 2
rise_max_percent = 3
spike_factor_max = 4
spike_units_min = 5
value_max = 1234.56
offers_min = 6
[stock.buffers]
global = 1
groups = { TOPS = 2 }
skus = { "00417-blk-m" = 5 }
adaptive_risk = 1.5
"#;
    let shop = r#"stock = { buffer = 3, share = 0.25, cap = 20, read_back_s = 900,
price_level = "RETAIL", currency = "USD", account = "SOUTH" }
"#;
    // A table in one line may not be broken.
    let shop = shop.replace(",\nprice", ", price");
    let config = load(&folder(&with(site, &shop))).unwrap_or_else(|problems| panic!("{problems}"));
    insta::assert_debug_snapshot!((&config.stock, &config.marketplaces[0].stock));
}

#[test]
fn what_cannot_be_is_refused_with_its_line() {
    let site = "[stock]\nevery_s = 0\nfull_push_h = 24\n[stock.snapshot]\non_stale = \"guess\"\n\
        reduce_to_percent = 50\n[stock.guard]\nvalue_max = -1\n[stock.buffers]\n\
        groups = { TOPS = -2 }\nglobals = 1\n";
    let shop = "stock = { share = 1.5, cap = 2.5, currency = \"USD\" }\n";
    insta::assert_snapshot!(wrong(site, shop).join("\n"), @r#"
    `every_s` is 0, not between 1 and 86400
    `full_push_h` is not a whole number between 0 and 23
    `on_stale` is none of `hold_last`, `reduce` and `zero`
    `reduce_to_percent` counts only with `on_stale = "reduce"`
    `value_max` is not a number between 0 and 1000000000000
    `groups` holds what is no number of units
    [buffers] knows no `globals`
    `price_level` and `currency` belong together, and one of them is missing
    `share` is not a number between 0 and 1
    `cap` is not a whole number between 0 and 1000000
    "#);
}
