//! `bcm stock` over a real ledger: what is read of it. What speaks to runs is in the journeys.

use domain::ats::{
    Buffer, BufferTerm, Code, Component, Figures, InFlight, PoolRules, Position, Terms, explain,
};
use domain::stock::fence::SnapshotNo;
use jiff::SignedDuration;
use ledger::{
    HeldOffer, Holding, ImportOf, Lease, NewPublication, NewSnapshot, ReviewNow, ShownOffer,
    StockCounts, WantedStock,
};

use super::world::{World, at, code};

/// Stock of one offer as a test wants it: offer SKU, units on hand, units sold and not yet seen.
type Wanted<'a> = (&'a str, i64, u32);

impl World {
    async fn lease(&self) -> Lease {
        let ledger = &self.surroundings.ledger;
        let lease = ledger.take_stock_lease("nordwind", "run", at(99_999), at(0));
        lease.await.unwrap().unwrap()
    }

    /// A batch as it was read, accepted or refused.
    async fn batch(&self, lease: &Lease, batch_id: &str, as_of: i64, refused: Option<&str>) {
        let ledger = &self.surroundings.ledger;
        let holding = held_at(lease, as_of + 60);
        let new = NewSnapshot {
            site: "northwind",
            batch_id,
            delta: false,
            as_of: at(as_of),
            orders_seen_through: None,
        };
        let begun = ledger.begin_snapshot(holding, &new).await.unwrap();
        let judged = match refused {
            None => ledger.accept_snapshot(holding, &begun, "{}").await,
            Some(why) => {
                let why = [why.to_owned()];
                ledger.refuse_snapshot(holding, begun.id, "{}", &why).await
            }
        };
        assert!(judged.unwrap());
    }

    /// A computation, its file, and what Mirakl took of it but these.
    async fn publish(&self, lease: &Lease, now: i64, offers: &[Wanted<'_>], refused: &[&str]) {
        let ledger = &self.surroundings.ledger;
        let holding = held_at(lease, now);
        let marketplace = code("nordwind");
        let new = NewPublication {
            marketplace: &marketplace,
            run: "run",
            site: "northwind",
            is_full: false,
        };
        let mut made = ledger.begin_publication(holding, &new).await.unwrap();
        let wanted: Vec<WantedStock> = offers.iter().map(wanted).collect();
        ledger
            .want_stock(holding, &marketplace, made.snapshot_no, &wanted)
            .await
            .unwrap();
        made.counts = StockCounts {
            offers: 4,
            units: wanted
                .iter()
                .filter_map(|w| w.quantity)
                .map(u64::from)
                .sum(),
            age_s: 120,
            ..StockCounts::default()
        };
        made.state = "computed".into();
        ledger.note_publication(holding, &made).await.unwrap();
        let file = ledger
            .begin_import(holding, &made, ImportOf::Difference)
            .await;
        let file = file.unwrap().unwrap();
        assert!(ledger.begin_import_attempt(holding, &file).await.unwrap());
        assert!(ledger.import_sent(file.id, "77").await.unwrap());
        let refused: Vec<String> = refused.iter().map(|sku| (*sku).to_owned()).collect();
        ledger.refuse_import_lines(file.id, &refused).await.unwrap();
        assert!(ledger.import_done(&file, &made, at(now + 5)).await.unwrap());
        made.state = "done".into();
        ledger.note_publication(holding, &made).await.unwrap();
    }

    async fn look(&self, lease: &Lease, now: i64, shown: &[(&str, i64)]) {
        let offers: Vec<ShownOffer> = shown
            .iter()
            .map(|(sku, units)| ShownOffer {
                offer_sku: (*sku).to_owned(),
                quantity: Some(*units),
                is_gone: false,
            })
            .collect();
        let ledger = &self.surroundings.ledger;
        ledger
            .note_shown(held_at(lease, now), &code("nordwind"), &offers, at(now - 1))
            .await
            .unwrap();
    }

    /// Four offers: one sold since, one refused, one that drifts, one as it should be.
    pub(super) async fn stocked() -> Self {
        let world = Self::empty().await;
        let lease = world.lease().await;
        let shown = ["NW-1", "NW-2", "NW-3", "NW-4"].map(|sku| (sku, 0));
        world.look(&lease, 10, &shown).await;
        world.batch(&lease, "B-1", 0, None).await;
        let first = [
            ("NW-1", 12, 0),
            ("NW-2", 5, 0),
            ("NW-3", 8, 0),
            ("NW-4", 1, 0),
        ];
        world.publish(&lease, 120, &first, &["NW-2"]).await;
        world.publish(&lease, 3_600, &[("NW-1", 12, 3)], &[]).await;
        world.look(&lease, 7_200, &[("NW-3", 2)]).await;
        world
    }
}

fn held_at(lease: &Lease, now: i64) -> Holding<'_> {
    Holding {
        lease,
        until: at(99_999),
        now: at(now),
    }
}

fn wanted((offer_sku, on_hand, in_flight): &Wanted<'_>) -> WantedStock {
    let position = Position {
        warehouse: Code::new("NJ1"),
        lot: Code::default(),
        pool: Code::new("MAIN"),
        sellable: true,
        figures: Figures {
            on_hand: *on_hand,
            ..Figures::default()
        },
        as_of: at(0),
        orders_seen_through: None,
    };
    let sold = InFlight {
        marketplace: "nordwind".into(),
        units: *in_flight,
        sales_order: None,
        in_erp_since: None,
    };
    let component = Component {
        sku: &offer_sku.to_lowercase(),
        per_pack: 1,
        positions: &[position],
        in_flight: &[sold],
    };
    let pools = PoolRules {
        pools: [Code::new("MAIN")].into(),
        ..PoolRules::default()
    };
    let terms = Terms {
        pools: &pools,
        lag: SignedDuration::from_secs(900),
        share: None,
        cap: None,
        buffers: &[BufferTerm {
            buffer: Buffer::Marketplace,
            units: 2,
            source: "marketplaces.stock.buffer".into(),
        }],
        ineligible: &[],
    };
    let sum = explain(SnapshotNo(0), &[component], &terms);
    WantedStock {
        offer_sku: (*offer_sku).to_owned(),
        sku: Some(offer_sku.to_lowercase()),
        quantity: sum.quantity.units(),
        explanation: serde_json::to_string(&sum).unwrap(),
        print: on_hand * 100 + i64::from(*in_flight),
    }
}

#[tokio::test]
async fn what_should_be_was_sent_and_is_on_mirakl_stand_side_by_side() {
    let world = World::stocked().await;
    insta::assert_snapshot!(world.bcm("stock show").await.text, @r"
    nordwind · 4 offers · 2 differing · 1 drifting · 1 refused by Mirakl
    Computation 2 was sent and taken · 2 h ago · 7 units · figures 120 s old when it was made
    ┌───────────┬────────────────┬───────────┬───────────┬───────────┬─────────┬───────────────────┐
    │ offer SKU │ BlueCherry SKU │ should be │ last sent │ on Mirakl │ seen    │ note              │
    ├───────────┼────────────────┼───────────┼───────────┼───────────┼─────────┼───────────────────┤
    │ NW-1      │ nw-1           │ 7         │ 7         │ 7         │ 1 h ago │                   │
    │ NW-2      │ nw-2           │ 3         │ 3         │ 0         │ 2 h ago │ refused           │
    │ NW-3      │ nw-3           │ 6         │ 6         │ 2         │ 1 h ago │ drifting, to send │
    │ NW-4      │ nw-4           │ 0         │ 0         │ 0         │ 2 h ago │                   │
    └───────────┴────────────────┴───────────┴───────────┴───────────┴─────────┴───────────────────┘

    The newest batch B-1 of BlueCherry, figures of 3 h ago, is in use.
    ledger, as of 2027-01-15 11:00:00 UTC
    ");
}

#[tokio::test]
async fn one_kind_of_offer_or_a_few_skus_are_asked_for() {
    let mut world = World::stocked().await;
    let mut skus = async |line: &str| {
        let text = world.json(line).await.text;
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let offers = document["marketplaces"][0]["offers"].as_array().unwrap();
        let sku = |offer: &serde_json::Value| offer["offer_sku"].as_str().unwrap().to_owned();
        offers.iter().map(sku).collect::<Vec<_>>().join(" ")
    };
    for (line, found) in [
        ("stock show", "NW-1 NW-2 NW-3 NW-4"),
        ("stock show nw-1 NW-4", "NW-1 NW-4"),
        ("stock show --drifting", "NW-3"),
        ("stock show --refused", "NW-2"),
        ("stock show --differing", "NW-2 NW-3"),
        ("stock show --held", ""),
        ("stock show --limit 1", "NW-1"),
    ] {
        assert_eq!(skus(line).await, found, "{line}");
    }
}

#[tokio::test]
async fn a_number_is_explained_as_a_sum_now_and_at_a_past_moment() {
    let world = World::stocked().await;
    insta::assert_snapshot!(world.bcm("stock explain NW-1").await.text, @r"
    NW-1 on nordwind (BlueCherry nw-1)
    nw-1, 1 a unit, as of 2027-01-15T08:00:00Z
          12  NJ1/MAIN: 12 on hand
          -3  in flight on nordwind (1 line)
          -2  buffer of the marketplace (marketplaces.stock.buffer)
           7  before floor and cap
           7  published, snapshot 2
    It stands since 2027-01-15 09:00:00 UTC (2 h ago).
    By now: last sent 7, taken by Mirakl 7, shown at the last look 0.

    ledger, as of 2027-01-15 11:00:00 UTC
    ");
    let then = world
        .bcm("stock explain NW-1 --at 2027-01-15T08:30:00Z")
        .await
        .text;
    assert!(then.contains("10  published"), "{then}");
    let before = world
        .bcm("stock explain NW-1 --at 2027-01-15T08:00:30Z")
        .await
        .text;
    assert!(
        before.contains("No number stood at 2027-01-15 08:00:30 UTC"),
        "{before}"
    );
}

#[tokio::test]
async fn each_change_of_a_number_names_what_made_it() {
    let world = World::stocked().await;
    insta::assert_snapshot!(world.bcm("stock history nw-1").await.text, @r"
    ┌─────────────┬───────────┬─────────────────────────┬────────┬────────┬─────────────┬─────────────────────────┬───────────────────────────────────────┐
    │ marketplace │ offer SKU │ since                   │ number │ change │ computation │ figures of              │ because                               │
    ├─────────────┼───────────┼─────────────────────────┼────────┼────────┼─────────────┼─────────────────────────┼───────────────────────────────────────┤
    │ nordwind    │ NW-1      │ 2027-01-15 09:00:00 UTC │ 7      │ -3     │ 2           │ 2027-01-15 08:00:00 UTC │ sold and not yet in the figures 0 → 3 │
    │ nordwind    │ NW-1      │ 2027-01-15 08:02:00 UTC │ 10     │ –      │ 1           │ 2027-01-15 08:00:00 UTC │                                       │
    └─────────────┴───────────┴─────────────────────────┴────────┴────────┴─────────────┴─────────────────────────┴───────────────────────────────────────┘
    ledger, as of 2027-01-15 11:00:00 UTC
    ");
}

#[tokio::test]
async fn a_question_shows_what_other_settings_would_do_and_sends_nothing() {
    let world = World::stocked().await;
    insta::assert_snapshot!(world.bcm("stock simulate --buffer 7").await.text, @r"
    nordwind · 3 of 4 offers would show another number, 1 of them nothing · 16 → 3 units
    ┌───────────┬───────────┬──────────┬────────┐
    │ offer SKU │ should be │ would be │ change │
    ├───────────┼───────────┼──────────┼────────┤
    │ NW-1      │ 7         │ 2        │ -5     │
    │ NW-2      │ 3         │ 0        │ -3     │
    │ NW-3      │ 6         │ 1        │ -5     │
    └───────────┴───────────┴──────────┴────────┘

    Nothing was sent. The stock and sales are those of the last computation; what is wanted goes into the stock section of bcm.toml.
    ledger, as of 2027-01-15 11:00:00 UTC
    ");
    let world = World::stocked().await;
    let text = world.bcm("stock simulate NW-4 --buffer 0").await.text;
    assert!(
        text.contains("1 of 1 offer would show another number, 0 of them nothing · 0 → 1 units"),
        "{text}"
    );
}

#[tokio::test]
async fn what_the_guard_holds_stands_with_its_numbers_and_what_to_do() {
    let world = World::stocked().await;
    let lease = world.lease().await;
    let (ledger, nordwind) = (&world.surroundings.ledger, code("nordwind"));
    world.batch(&lease, "B-2", 7_000, Some("shrunken")).await;
    let holding = held_at(&lease, 9_000);
    ledger.begin_holding(holding, &nordwind).await.unwrap();
    let offer = HeldOffer {
        offer_sku: "NW-1".into(),
        was: Some(7),
        wanted: 0,
        meanwhile: None,
        reason: "zeroed".into(),
    };
    ledger
        .hold_offers(holding, &nordwind, &[offer])
        .await
        .unwrap();
    let numbers = r#"{"offers":1,"by_reason":{"zeroed":1},"units_shown":7,"units_wanted":0,
        "totals":{"shown":4,"zeroed":1,"units":26,"fall":7,"fallen":1,"rise":0,"risen":0,"value":null}}"#;
    let last = ledger.publications(&nordwind, 1).await.unwrap();
    let new = ReviewNow {
        marketplace: &nordwind,
        snapshot_no: last[0].snapshot_no,
        snapshot: last[0].snapshot,
        held: 1,
        print: 1,
        refused: None,
        numbers,
        evidence: &[],
    };
    ledger.settle_review(holding, &new).await.unwrap();
    insta::assert_snapshot!(world.bcm("stock show --held").await.text, @r"
    nordwind · 4 offers · 2 differing · 1 drifting · 1 refused by Mirakl
    Computation 2 was sent and taken · 2 h ago · 7 units · figures 120 s old when it was made
    ┌───────────┬────────────────┬───────────┬───────────┬───────────┬─────────┬──────────────┐
    │ offer SKU │ BlueCherry SKU │ should be │ last sent │ on Mirakl │ seen    │ note         │
    ├───────────┼────────────────┼───────────┼───────────┼───────────┼─────────┼──────────────┤
    │ NW-1      │ nw-1           │ 7         │ 7         │ 7         │ 1 h ago │ held: zeroed │
    └───────────┴────────────────┴───────────┴───────────┴───────────┴─────────┴──────────────┘
    Held by the guard since 30 min ago: 1 offer (1 zeroed), 7 → 0 units
    Of 4 offers that show units 1 would go to zero; of 26 units 7 would go without a sale, 0 would come.
    Right: bcm stock approve nordwind
    Wrong: bcm stock reject nordwind, or let BlueCherry send a right batch.
    http://localhost:8233/namespaces/default/workflows/stock-review%2Fnordwind%2F2

    The newest batch B-2 of BlueCherry, figures of 1 h ago, was refused (shrunken); the one before stays in use.
    ledger, as of 2027-01-15 11:00:00 UTC
    ");
}

#[tokio::test]
async fn what_cannot_be_told_says_why_and_what_to_do() {
    let world = World::stocked().await;
    for (line, says) in [
        (
            "stock explain NW-9",
            "error: No offer goes by the SKU NW-9, neither Mirakl's nor BlueCherry's.\nnext:  See which offers there are: bcm stock show\n",
        ),
        (
            "stock history W-",
            "error: No offer goes by the SKU W-, neither Mirakl's nor BlueCherry's.\nnext:  Did you mean NW-1, NW-2, NW-3, NW-4?\n",
        ),
        (
            "stock show --marketplace galeria",
            "error: No stock of galeria was ever published or looked at.\nnext:  Name one that publishes stock (nordwind), or give this one a stock section in bcm.toml.\n",
        ),
        (
            "stock approve nordwind",
            "error: Nothing of nordwind is held.\nnext:  See what stands: bcm stock show --marketplace nordwind\n",
        ),
        (
            "stock reject nordwind --review 3",
            "error: Review 3 of nordwind waits for nobody.\nnext:  See what stands: bcm stock show --marketplace nordwind\n",
        ),
    ] {
        let answer = world.bcm(line).await;
        assert_eq!((answer.exit, answer.text.as_str()), (1, says), "{line}");
    }
    let push = world.bcm("stock push nordwind").await;
    assert!(
        push.text.contains("there is no connection to Temporal"),
        "{}",
        push.text
    );
    let nothing = World::empty().await.bcm("stock show").await.text;
    assert!(
        nothing.contains("No marketplace publishes stock yet."),
        "{nothing}"
    );
}
