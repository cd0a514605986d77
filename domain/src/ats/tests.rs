use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::*;
use crate::stock::eligibility::Ineligible;
use crate::stock::fence::SnapshotNo;

const NO: SnapshotNo = SnapshotNo(41);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_741_100_400 + second).unwrap()
}

fn row(warehouse: &str, lot: &str, pool: &str, on_hand: i64) -> Position {
    Position {
        warehouse: Code::new(warehouse),
        lot: Code::new(lot),
        pool: Code::new(pool),
        sellable: true,
        figures: Figures {
            on_hand,
            ..Figures::default()
        },
        as_of: at(0),
        orders_seen_through: Some("SO500".to_owned()),
    }
}

fn sold(marketplace: &str, units: u32, order: Option<&str>) -> InFlight {
    InFlight {
        marketplace: marketplace.to_owned(),
        units,
        sales_order: order.map(str::to_owned),
        in_erp_since: order.map(|_| at(-10)),
    }
}

fn component<'a>(
    sku: &'a str,
    per_pack: u32,
    positions: &'a [Position],
    in_flight: &'a [InFlight],
) -> Component<'a> {
    Component {
        sku,
        per_pack,
        positions,
        in_flight,
    }
}

fn terms(pools: &PoolRules) -> Terms<'_> {
    Terms {
        pools,
        lag: SignedDuration::from_secs(60),
        share: None,
        cap: None,
        buffers: &[],
        ineligible: &[],
    }
}

fn buffer(buffer: Buffer, units: u32, source: &str) -> BufferTerm {
    BufferTerm {
        buffer,
        units,
        source: source.to_owned(),
    }
}

fn setting<T>(value: T, source: &str) -> Setting<T> {
    Setting {
        value,
        source: source.to_owned(),
    }
}

#[test]
fn only_eligible_stock_counts_and_a_shortage_without_a_warehouse_is_taken_off() {
    let pools = PoolRules {
        warehouses: [Code::new("NJ1"), Code::new("CA2")].into(),
        excluded_lots: [Code::new("SECONDS")].into(),
        pools: [Code::new("ECOM")].into(),
    };
    let closed = Position {
        sellable: false,
        ..row("NJ1", "", "", 9)
    };
    let table = [
        (row(" nj1 ", "", "", 9), 9),
        (row("CA2", "L7", "ecom", 9), 9),
        (row("NJ1", "seconds", "", 9), 0),
        (row("NJ1", "", "WHOLESALE", 9), 0),
        (row("TX3", "", "", 9), 0),
        (row("POE", "", "", 9), 0),
        (row("fob", "", "", 9), 0),
        (row(" ", "", "", 9), 0),
        (row("", "", "", -4), -4),
        (row("NJ1", "", "", -4), -4),
        (closed, 0),
    ];
    for (position, counted) in table {
        let rows = [row("NJ1", "", "", 20), position];
        let sum = explain(NO, &[component("A", 1, &rows, &[])], &terms(&pools));
        assert_eq!(sum.packs, Some(20 + counted), "{sum}");
    }
}

#[test]
fn packs_share_the_stock_of_their_components_and_round_down() {
    let shirts = [row("NJ1", "", "", 11)];
    let socks = [row("NJ1", "", "", 7)];
    let shirts_sold = [sold("north", 2, None), sold("south", 2, None)];
    let pools = PoolRules::default();
    let pack = [
        component("SHIRT", 2, &shirts, &shirts_sold),
        component("SOCK", 1, &socks, &[]),
    ];
    let single = [component("SHIRT", 1, &shirts, &shirts_sold)];
    for (components, units) in [(&pack[..], 3), (&single[..], 7)] {
        let sum = explain(NO, components, &terms(&pools));
        assert_eq!(sum.quantity, Quantity::Units(units), "{sum}");
    }
}

#[test]
fn an_order_is_in_flight_until_the_figures_have_seen_it() {
    let by_time = Some(SeenThrough::Time(at(-5)));
    let by_number = SeenThrough::parse("SO500");
    let table = [
        (None, at(-60), "SO500", true),
        (None, at(-59), "SO500", false),
        (by_time.clone(), at(-5), "SO900", true),
        (by_time, at(-4), "SO1", false),
        (by_number.clone(), at(-1), "SO500", true),
        (by_number.clone(), at(-900), "SO501", false),
        (by_number.clone(), at(-900), "WEB501", true),
        (by_number, at(-1), "WEB1", false),
        (SeenThrough::parse("no word"), at(-900), "SO1", true),
    ];
    for (through, since, order, seen) in table {
        let mark = Mark {
            as_of: at(0),
            through,
        };
        let line = InFlight {
            in_erp_since: Some(since),
            ..sold("north", 1, Some(order))
        };
        let lag = SignedDuration::from_secs(60);
        assert_eq!(line.is_seen(&mark, lag), seen, "{mark:?} {line:?}");
        assert!(!sold("north", 1, None).is_seen(&mark, lag));
    }
}

#[test]
fn the_row_that_has_seen_least_decides() {
    let mut behind = row("CA2", "", "", 5);
    behind.orders_seen_through = Some("SO400".to_owned());
    let rows = [row("NJ1", "", "", 5), behind];
    let lines = [sold("north", 3, Some("SO450"))];
    let pools = PoolRules::default();
    let sum = explain(NO, &[component("A", 1, &rows, &lines)], &terms(&pools));
    assert_eq!(sum.quantity, Quantity::Units(7));
}

#[test]
fn what_is_missing_or_too_large_is_unknown_and_never_zero() {
    let pools = PoolRules::default();
    let rows = [row("NJ1", "", "", 5)];
    let too_large = [row("NJ1", "", "", i64::MAX), row("NJ1", "L1", "", 1)];
    let mut wraps = row("NJ1", "", "", i64::MIN);
    wraps.figures.open = 1;
    let wraps = [wraps];
    let more_than_fits = [row("NJ1", "", "", i64::from(u32::MAX) + 1)];
    let table: [(&[Component<'_>], Unknown); 7] = [
        (&[], Unknown::NoComponents),
        (&[component("A", 1, &[], &[])], Unknown::NoPosition),
        (
            &[component("A", 1, &rows, &[]), component("B", 1, &[], &[])],
            Unknown::NoPosition,
        ),
        (&[component("A", 0, &rows, &[])], Unknown::PerPack),
        (&[component("A", 1, &too_large, &[])], Unknown::TooLarge),
        (&[component("A", 1, &wraps, &[])], Unknown::TooLarge),
        (
            &[component("A", 1, &more_than_fits, &[])],
            Unknown::TooLarge,
        ),
    ];
    for (components, unknown) in table {
        let sum = explain(NO, components, &terms(&pools));
        assert_eq!(sum.quantity, Quantity::Unknown(unknown), "{sum}");
    }
    let share = setting(Decimal::TWO, "share");
    let terms = Terms {
        share: Some(&share),
        ..terms(&pools)
    };
    let sum = explain(NO, &[component("A", 1, &rows, &[])], &terms);
    assert_eq!(sum.quantity, Quantity::Unknown(Unknown::Share));
}

#[test]
fn zero_and_the_cap_leave_the_original_to_be_seen() {
    let pools = PoolRules::default();
    let cap = setting(4, "cap");
    let buffers = [buffer(Buffer::Global, 3, "buffer")];
    for (on_hand, original, units) in [(2, -1, 0), (3, 0, 0), (5, 2, 2), (90, 87, 4)] {
        let rows = [row("NJ1", "", "", on_hand)];
        let terms = Terms {
            cap: Some(&cap),
            buffers: &buffers,
            ..terms(&pools)
        };
        let sum = explain(NO, &[component("A", 1, &rows, &[])], &terms);
        assert_eq!(sum.original, Some(original));
        assert_eq!(sum.quantity, Quantity::Units(units));
    }
}

#[test]
fn an_item_that_may_not_be_listed_gets_zero_even_when_its_stock_is_unknown() {
    let pools = PoolRules::default();
    let terms = Terms {
        ineligible: &[Ineligible::Sample],
        ..terms(&pools)
    };
    let sum = explain(NO, &[component("A", 1, &[], &[])], &terms);
    assert_eq!(sum.quantity, Quantity::Units(0));
    assert!(sum.to_string().contains("it is a sample"));
}

#[test]
fn an_adaptive_buffer_rounds_up_and_refuses_nonsense() {
    let table = [
        ("24", 3_600, "1", Some(1)),
        ("24", 3_601, "1", Some(2)),
        ("24", 3_600, "2.5", Some(3)),
        ("0", 3_600, "2", Some(0)),
        ("-24", 86_400, "1", None),
        ("79228162514264337593543950335", 3_600, "1", None),
    ];
    for (rate, age_s, risk, units) in table {
        let adaptive = Adaptive {
            units_per_day: rate.parse().unwrap(),
            age_s,
            risk: risk.parse().unwrap(),
        };
        assert_eq!(adaptive.units(), units, "{rate} {age_s} {risk}");
    }
}

#[test]
fn a_wide_row_gives_its_buckets_and_leaves_blank_ones_unknown() {
    let mut fields = vec![""; 24];
    fields[0] = " 7 ";
    fields[23] = "-2";
    let wide = WidePosition::parse(fields.iter().copied()).unwrap();
    assert_eq!(wide.expand().collect::<Vec<_>>(), [(1, 7), (24, -2)]);
    for count in [23, 25] {
        let fields = vec!["1"; count];
        assert_eq!(
            WidePosition::parse(fields),
            Err(WideError::Fields { fields: count })
        );
    }
    fields[4] = "1.5";
    assert_eq!(
        WidePosition::parse(fields),
        Err(WideError::Number { bucket: 5 })
    );
}

#[test]
fn the_sum_reads_as_a_sum_and_is_kept_as_it_is() {
    let mut main = row("NJ1", "", "", 60);
    main.figures = Figures {
        on_hand: 60,
        linked: 4,
        picked: 6,
        open: 14,
        reserved: 5,
        demand: 1,
        irregular: 2,
    };
    let shirts = [main, row("FOB", "", "", 300)];
    let socks = [row("NJ1", "", "", 90)];
    let lines = [sold("north", 4, Some("SO501")), sold("north", 2, None)];
    let pools = PoolRules::default();
    let share = setting("0.5".parse().unwrap(), "stock.north.share");
    let cap = setting(20, "stock.north.cap");
    let adaptive = Adaptive {
        units_per_day: Decimal::from(12),
        age_s: 1_800,
        risk: Decimal::TWO,
    };
    let buffers = [
        buffer(Buffer::Global, 1, "stock.buffer"),
        BufferTerm::adaptive(adaptive, "stock.risk").unwrap(),
    ];
    let terms = Terms {
        share: Some(&share),
        cap: Some(&cap),
        buffers: &buffers,
        ..terms(&pools)
    };
    let components = [
        component("004512-NVY-M", 2, &shirts, &lines),
        component("000077-WHT-L", 1, &socks, &[]),
    ];
    let sum = explain(NO, &components, &terms);
    insta::assert_snapshot!(sum.to_string(), @r"
    004512-NVY-M, 2 a unit, as of 2025-03-04T15:00:00Z
          28  NJ1: 60 on hand - 4 linked - 6 picked - 14 open - 5 reserved - 1 in work orders - 2 irregular
           0  FOB: 300 on hand; not arrived
          -6  in flight on north (2 lines)
          11  ÷ 2
    000077-WHT-L, 1 a unit, as of 2025-03-04T15:00:00Z
          90  NJ1: 90 on hand
          11  least of the components
    ×    0.5  share (stock.north.share)
          -1  buffer (stock.buffer)
          -1  adaptive buffer: 12 a day × 1800 s × risk 2 (stock.risk)
           3  before floor and cap
    ≤     20  cap (stock.north.cap)
           3  published, snapshot 41
    ");
    let kept = serde_json::to_string(&sum).unwrap();
    insta::assert_snapshot!(kept, @r#"{"no":41,"co":[{"k":"004512-NVY-M","pp":2,"at":"2025-03-04T15:00:00Z","pl":[{"w":"NJ1","oh":60,"ln":4,"pk":6,"op":14,"rs":5,"dm":1,"ir":2,"c":28},{"w":"FOB","oh":300,"c":0,"e":"not_arrived"}],"if":[{"m":"north","u":6,"n":2}],"q":11},{"k":"000077-WHT-L","pp":1,"at":"2025-03-04T15:00:00Z","pl":[{"w":"NJ1","oh":90,"c":90}],"q":90}],"q":11,"sh":{"v":"0.5","s":"stock.north.share"},"bu":[{"b":"global","u":1,"s":"stock.buffer"},{"b":{"adaptive":{"r":"12","a":1800,"k":"2"}},"u":1,"s":"stock.risk"}],"ca":{"v":20,"s":"stock.north.cap"},"or":3,"to":{"u":3}}"#);
    assert_eq!(serde_json::from_str::<Explanation>(&kept).unwrap(), sum);
}
