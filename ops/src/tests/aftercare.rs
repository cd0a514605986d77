//! An order after its sale: the whole story on one screen, and what of it needs a person.

use domain::aftercare::Stop;
use domain::exception::{Kind, Problem};
use domain::progress::Progress;
use domain::refund::SentState;
use ledger::Note;

use super::partly::ORDER;
use super::world::{World, at, key};

#[tokio::test]
async fn a_partly_shipped_and_partly_returned_order_tells_its_whole_story() {
    let world = World::partly().await;
    let text = world.bcm(&format!("orders show {ORDER}")).await.text;
    insta::assert_snapshot!(text, @r"
    Order C-2001-A on nordwind
    Shipped, and Mirakl knows; stays open for what may come after the sale. Meanwhile 5 things need a person.

    stage        shipped
    on Mirakl    SHIPPED
    sales order  500003 (PO NO-C-2001-A)
    due          –
    total        82.00 USD
    sold         2027-01-15 08:00:00 UTC
    refund       asked for 1 h ago (2027-01-15 09:40:00 UTC), not paid back yet

    Lines
    ┌────────────┬───────────────┬────────┬───────────────┬───────────────┐
    │ line       │ offer SKU     │ pieces │ on Mirakl     │ in BlueCherry │
    ├────────────┼───────────────┼────────┼───────────────┼───────────────┤
    │ C-2001-A-1 │ BC-TEE-RED-M  │ 3      │ SHIPPED       │ taken         │
    │ C-2001-A-2 │ BC-SOCK-BLK-L │ 1      │ INCIDENT_OPEN │ taken         │
    └────────────┴───────────────┴────────┴───────────────┴───────────────┘

    Shipments
    ┌──────────┬─────────┬─────────┬──────────┬────────┬─────────────────┬─────────────────────────┐
    │ shipment │ status  │ carrier │ ship-via │ pieces │ parcels tracked │ confirmed               │
    ├──────────┼─────────┼─────────┼──────────┼────────┼─────────────────┼─────────────────────────┤
    │ S-80     │ partial │ UPS     │ UPSG     │ 2      │ 1 of 1          │ 2027-01-15 09:23:20 UTC │
    │ S-81     │ final   │ UPS     │ UPSG     │ 1      │ 1 of 1          │ 2027-01-15 09:31:40 UTC │
    └──────────┴─────────┴─────────┴──────────┴────────┴─────────────────┴─────────────────────────┘

    Parcels
    ┌────────┬──────────────────────────────────┬──────────┬─────────────────────────┬──────┐
    │ parcel │ pieces                           │ tracking │ told                    │ by   │
    ├────────┼──────────────────────────────────┼──────────┼─────────────────────────┼──────┤
    │ S-80/1 │ 1 of C-2001-A-1, 1 of C-2001-A-2 │ yes      │ 2027-01-15 09:25:00 UTC │ ST01 │
    │ S-81/1 │ 1 of C-2001-A-1                  │ yes      │ 2027-01-15 09:33:20 UTC │ ST01 │
    └────────┴──────────────────────────────────┴──────────┴─────────────────────────┴──────┘

    Pieces
    ┌────────────┬─────────┬──────────┬────────────────┬─────────────┬──────────┬─────────────────┐
    │ line       │ ordered │ canceled │ shipped        │ short       │ returned │ refunded        │
    ├────────────┼─────────┼──────────┼────────────────┼─────────────┼──────────┼─────────────────┤
    │ C-2001-A-1 │ 3       │ –        │ 2 in 2 parcels │ 1, 1 repaid │ 1 of 1   │ 1, 1 on the way │
    │ C-2001-A-2 │ 1       │ –        │ 1 in 1 parcel  │ –           │ 0 of 1   │ 1               │
    └────────────┴─────────┴──────────┴────────────────┴─────────────┴──────────┴─────────────────┘

    Money, USD
    ┌────────────┬──────────┬───────┬──────────┬──────────┬────────────┬───────┐
    │ line       │ of       │ paid  │ refunded │ canceled │ on the way │ left  │
    ├────────────┼──────────┼───────┼──────────┼──────────┼────────────┼───────┤
    │ C-2001-A-1 │ price    │ 60.00 │ 20.00    │ –        │ 17.00      │ 23.00 │
    │ C-2001-A-1 │ shipping │ 6.00  │ 2.00     │ –        │ –          │ 4.00  │
    │ C-2001-A-1 │ tax GST  │ 6.00  │ 2.00     │ –        │ 2.00       │ 2.00  │
    │ C-2001-A-2 │ price    │ 10.00 │ 1.00     │ –        │ –          │ 9.00  │
    └────────────┴──────────┴───────┴──────────┴──────────┴────────────┴───────┘

    Credits, USD
    ┌──────────────┬────────────┬────────┬────────────────────────────────────────────────┬───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ credit       │ line       │ status │ amount                                         │ what became of it                                                                                                                     │
    ├──────────────┼────────────┼────────┼────────────────────────────────────────────────┼───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┤
    │ CM-1, line 1 │ C-2001-A-1 │ posted │ 19.00 = 20.00 goods + 2.00 tax - 3.00 fee      │ refunded as 1301                                                                                                                      │
    │ CM-2, line 1 │ C-2001-A-1 │ posted │ 50.00                                          │ waits for finance, credit_above_paid: price: 50.00 credited, 60.00 paid - 20.00 refunded - 0 canceled - 17.00 on the way = 23.00 left │
    │ CM-3, line 1 │ C-2001-A-2 │ posted │ 5.00                                           │ waits for the end of the incident on its line                                                                                         │
    │ CM-4, line 1 │ C-2001-A-1 │ draft  │ 3.00                                           │ waits until it is posted                                                                                                              │
    │ 1 short unit │ C-2001-A-1 │ –      │ 24.00 = 20.00 goods + 2.00 shipping + 2.00 tax │ refunded as 1300                                                                                                                      │
    │ refund 1400  │ C-2001-A-2 │ –      │ 1.00                                           │ made on Mirakl by somebody else; waits for finance and a credit memo                                                                  │
    └──────────────┴────────────┴────────┴────────────────────────────────────────────────┴───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘

    Returns
    ┌────────┬───────────────┬─────────────────┬───────────┬────────────────────┬─────────────────────────────────────────────────────────────────────────┐
    │ return │ authorization │ pieces          │ on Mirakl │ in BlueCherry      │ what it waits for                                                       │
    ├────────┼───────────────┼─────────────────┼───────────┼────────────────────┼─────────────────────────────────────────────────────────────────────────┤
    │ R-1    │ RA-7          │ 1 of C-2001-A-1 │ RECEIVED  │ received: 1 MENDED │ waits for operations, unmapped_disposition: disposition MENDED          │
    │ –      │ RA-8          │ 1 of C-2001-A-2 │ –         │ authorized         │ not on Mirakl; it is made there where return_method says how it travels │
    └────────┴───────────────┴─────────────────┴───────────┴────────────────────┴─────────────────────────────────────────────────────────────────────────┘

    Incidents, USD
    ┌────────────┬────────────┬──────────────┬────────────────────────────────────────────┐
    │ line       │ left of it │ settled with │ stands                                     │
    ├────────────┼────────────┼──────────────┼────────────────────────────────────────────┤
    │ C-2001-A-2 │ 9.00       │ –            │ open; a refund of a part of the line waits │
    └────────────┴────────────┴──────────────┴────────────────────────────────────────────┘

    Needs a person meanwhile
    ┌────┬──────────────────────┬───────────────┬──────────────────────────────┬────────────┬──────────────────────────────────────────────┐
    │ id │ kind                 │ owner         │ about                        │ since      │ evidence                                     │
    ├────┼──────────────────────┼───────────────┼──────────────────────────────┼────────────┼──────────────────────────────────────────────┤
    │ 1  │ credit_above_paid    │ finance       │ credit memo CM-2, line 1     │ 13 min ago │ price: 50.00 credited, 60.00 paid - 20.00 r… │
    │ 2  │ refund_elsewhere     │ finance       │ refund 1400                  │ 13 min ago │ line C-2001-A-2, refund 1400, amount 1.00,…  │
    │ 3  │ unmapped_disposition │ operations    │ return R-1                   │ 13 min ago │ disposition MENDED, return R-1               │
    │ 4  │ incident_open        │ customer_care │ incident on C-2001-A-2       │ 13 min ago │ line C-2001-A-2                              │
    │ 5  │ refund_ageing        │ finance       │ refund that is not paid back │ 13 min ago │ asked_at 2027-01-15T09:40:00Z                │
    └────┴──────────────────────┴───────────────┴──────────────────────────────┴────────────┴──────────────────────────────────────────────┘
    type  bcm orders retry nordwind/C-2001-A
    type  bcm orders resolve-incident nordwind/C-2001-A --line C-2001-A-2 --reason CODE
    type  bcm exceptions show ID

    Timeline
    2027-01-15 08:00:00 UTC  Sold on nordwind.
    2027-01-15 08:01:00 UTC  First read from Mirakl.
    2027-01-15 08:01:30 UTC  Sales order 500003 stands in BlueCherry, on hold.
    2027-01-15 09:25:00 UTC  Mirakl has parcel S-80/1, by UPS.
    2027-01-15 09:33:20 UTC  Mirakl has parcel S-81/1, by UPS.
    2027-01-15 09:38:20 UTC  BlueCherry shows 1 unit canceled.
    2027-01-15 09:40:00 UTC  Repaid 20.00 + 2.00 USD (price and shipping) for 1 unit of C-2001-A-1 that fell short: refund 1300 of C-2001-A-1.
    2027-01-15 09:56:40 UTC  Return R-1 is authorized in BlueCherry as RA-7.
    2027-01-15 10:13:20 UTC  Mirakl was told that the goods of return R-1 came.
    2027-01-15 10:31:30 UTC  The answer was lost while repaying credit memo CM-1, line 1; the next pull of orders tells what became of it.
    2027-01-15 10:31:40 UTC  Repaid 17.00 USD for credit memo CM-1, line 1: refund 1301 of C-2001-A-1.
    2027-01-15 10:46:40 UTC  Stage shipped.

    Run: http://localhost:8233/namespaces/default/workflows/order%2Fnordwind%2FC-2001-A
    ledger, as of 2027-01-15 11:00:00 UTC
    ");
}

#[tokio::test]
async fn every_table_of_the_story_keeps_within_the_terminal() {
    let mut world = World::partly().await;
    world.surroundings.width = Some(100);
    let text = world.bcm(&format!("orders show {ORDER}")).await.text;
    let is_table = |line: &&str| line.starts_with(['┌', '│', '├', '└']);
    let tables: Vec<&str> = text.lines().filter(is_table).collect();
    assert!(tables.len() > 50, "{text}");
    let too_wide = tables.iter().filter(|line| line.chars().count() > 100);
    assert_eq!(too_wide.count(), 0, "{text}");
}

#[tokio::test]
async fn the_same_story_as_json_has_a_field_for_each_number() {
    let mut world = World::partly().await;
    let text = world.json(&format!("orders show {ORDER}")).await.text;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let later = &document["aftercare"];
    let lists = ["pieces", "money", "credits", "returns", "incidents"];
    let mut lists = lists.map(|name| (name, &later[name])).to_vec();
    lists.push(("exceptions", &document["exceptions"]));
    let mut told = vec![];
    for (name, list) in lists {
        let items = list.as_array().unwrap();
        told.extend(items.iter().map(|item| format!("{name} {item}")));
    }
    told.push(format!("since {}", later["refund_pending_since"]));
    insta::assert_snapshot!(told.join("\n"), @r#"
    pieces {"announced":1,"canceled":0,"excluded":1,"line_id":"C-2001-A-1","not_canceled":0,"ordered":3,"parcels":2,"refunded":1,"refunding":1,"returned":1,"shipped":2,"short":1}
    pieces {"announced":1,"canceled":0,"excluded":0,"line_id":"C-2001-A-2","not_canceled":0,"ordered":1,"parcels":1,"refunded":1,"refunding":0,"returned":0,"shipped":1,"short":0}
    money {"canceled":"0.00","left":"23.00","line_id":"C-2001-A-1","on_the_way":"17.00","paid":"60.00","part":"price","refunded":"20.00"}
    money {"canceled":"0.00","left":"4.00","line_id":"C-2001-A-1","on_the_way":"0.00","paid":"6.00","part":"shipping","refunded":"2.00"}
    money {"canceled":"0.00","left":"2.00","line_id":"C-2001-A-1","on_the_way":"2.00","paid":"6.00","part":"tax GST","refunded":"2.00"}
    money {"canceled":"0.00","left":"9.00","line_id":"C-2001-A-2","on_the_way":"0.00","paid":"10.00","part":"price","refunded":"1.00"}
    credits {"amount":"19.00","became":"refunded","credit":"memo/CM-1/1","goods":"20.00","kind":"goods","memo":"CM-1","memo_line":"1","order_line_id":"C-2001-A-1","quantity":1,"refund_id":"1301","restocking_fee":"3.00","says":"refunded as 1301","shipping":"0.00","status":"posted","tax":"2.00"}
    credits {"amount":"50.00","became":"parked","credit":"memo/CM-2/1","goods":"50.00","kind":"goods","memo":"CM-2","memo_line":"1","order_line_id":"C-2001-A-1","quantity":1,"refund_id":null,"restocking_fee":"0.00","says":"waits for finance, credit_above_paid: price: 50.00 credited, 60.00 paid - 20.00 refunded - 0 canceled - 17.00 on the way = 23.00 left","shipping":"0.00","status":"posted","tax":"0.00"}
    credits {"amount":"5.00","became":"incident","credit":"memo/CM-3/1","goods":"5.00","kind":"goods","memo":"CM-3","memo_line":"1","order_line_id":"C-2001-A-2","quantity":1,"refund_id":null,"restocking_fee":"0.00","says":"waits for the end of the incident on its line","shipping":"0.00","status":"posted","tax":"0.00"}
    credits {"amount":"3.00","became":"draft","credit":"memo/CM-4/1","goods":"3.00","kind":"goods","memo":"CM-4","memo_line":"1","order_line_id":"C-2001-A-1","quantity":1,"refund_id":null,"restocking_fee":"0.00","says":"waits until it is posted","shipping":"0.00","status":"draft","tax":"0.00"}
    credits {"amount":"24.00","became":"refunded","credit":"short/C-2001-A-1/0-1","goods":"20.00","kind":null,"memo":null,"memo_line":null,"order_line_id":"C-2001-A-1","quantity":1,"refund_id":"1300","restocking_fee":"0.00","says":"refunded as 1300","shipping":"2.00","status":null,"tax":"2.00"}
    credits {"amount":"1.00","became":"elsewhere","credit":"refund/1400","goods":"1.00","kind":null,"memo":null,"memo_line":null,"order_line_id":"C-2001-A-2","quantity":1,"refund_id":"1400","restocking_fee":"0.00","says":"made on Mirakl by somebody else; waits for finance and a credit memo","shipping":"0.00","status":null,"tax":"0.00"}
    returns {"came":[{"disposition":"MENDED","order_line_id":"C-2001-A-1","received":1}],"in_bluecherry":"received","lines":[{"line_id":"C-2001-A-1","quantity":1}],"on_mirakl":"RECEIVED","ra_number":"RA-7","return_id":"R-1","says":"waits for operations, unmapped_disposition: disposition MENDED","waits_for":"person"}
    returns {"came":[],"in_bluecherry":"authorized","lines":[{"line_id":"C-2001-A-2","quantity":1}],"on_mirakl":null,"ra_number":"RA-8","return_id":null,"says":"not on Mirakl; it is made there where return_method says how it travels","waits_for":"creation"}
    incidents {"left":"9.00","line_id":"C-2001-A-2","reason":null,"says":"open; a refund of a part of the line waits"}
    exceptions {"closed_at":null,"closed_by":null,"commands":["bcm orders retry nordwind/C-2001-A"],"due":null,"evidence":[{"name":"arithmetic","value":"price: 50.00 credited, 60.00 paid - 20.00 refunded - 0 canceled - 17.00 on the way = 23.00 left"},{"name":"credit","value":"memo/CM-2/1"},{"name":"line","value":"C-2001-A-1"}],"id":1,"kind":"credit_above_paid","level":0,"marketplace":"nordwind","opened_at":"2027-01-15T10:46:40Z","order_id":"C-2001-A","owner":"finance","subject":"C-2001-A memo/CM-2/1"}
    exceptions {"closed_at":null,"closed_by":null,"commands":[],"due":null,"evidence":[{"name":"line","value":"C-2001-A-2"},{"name":"refund","value":"1400"},{"name":"amount","value":"1.00"},{"name":"shipping","value":"0"}],"id":2,"kind":"refund_elsewhere","level":0,"marketplace":"nordwind","opened_at":"2027-01-15T10:46:40Z","order_id":"C-2001-A","owner":"finance","subject":"C-2001-A refund/1400"}
    exceptions {"closed_at":null,"closed_by":null,"commands":[],"due":null,"evidence":[{"name":"disposition","value":"MENDED"},{"name":"return","value":"R-1"}],"id":3,"kind":"unmapped_disposition","level":0,"marketplace":"nordwind","opened_at":"2027-01-15T10:46:40Z","order_id":"C-2001-A","owner":"operations","subject":"C-2001-A return/R-1"}
    exceptions {"closed_at":null,"closed_by":null,"commands":["bcm orders resolve-incident nordwind/C-2001-A --line C-2001-A-2 --reason CODE"],"due":null,"evidence":[{"name":"line","value":"C-2001-A-2"}],"id":4,"kind":"incident_open","level":0,"marketplace":"nordwind","opened_at":"2027-01-15T10:46:40Z","order_id":"C-2001-A","owner":"customer_care","subject":"C-2001-A incident/C-2001-A-2"}
    exceptions {"closed_at":null,"closed_by":null,"commands":[],"due":null,"evidence":[{"name":"asked_at","value":"2027-01-15T09:40:00Z"}],"id":5,"kind":"refund_ageing","level":0,"marketplace":"nordwind","opened_at":"2027-01-15T10:46:40Z","order_id":"C-2001-A","owner":"finance","subject":"C-2001-A refund_age"}
    since "2027-01-15T09:40:00Z"
    "#);
}

#[tokio::test]
async fn each_credit_says_what_became_of_it() {
    let world = World::partly().await;
    let key = key("nordwind", ORDER);
    let refused = Problem::new(Kind::RefundRefused)
        .with("code", "400")
        .with("says", "the balance is too low")
        .with("line", "C-2001-A-2");
    let change = |progress: &mut Progress| {
        progress.care.refunds[1].state = SentState::Unknown;
        progress.care.stops = vec![Stop {
            subject: "memo/CM-3/1".into(),
            problem: refused.clone(),
            look_at: Some(at(12_000)),
            mapping_version: 0,
            order_version: 0,
            shipments_version: 0,
            is_parked: false,
        }];
    };
    let ledger = &world.surroundings.ledger;
    let note = Note::default();
    ledger.advance(&key, note, at(9200), change).await.unwrap();
    let found = [("cause", "short/C-2001-A-1/0-1"), ("refund", "1300")];
    world.note(&key, "refund_found", &found, 9200).await;
    world.park(10_100).await;
    insta::assert_snapshot!(world.credits().await, @r"
    Credits, USD
    ┌──────────────┬────────────┬────────┬────────────────────────────────────────────────┬───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ credit       │ line       │ status │ amount                                         │ what became of it                                                                                                                     │
    ├──────────────┼────────────┼────────┼────────────────────────────────────────────────┼───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┤
    │ CM-1, line 1 │ C-2001-A-1 │ posted │ 19.00 = 20.00 goods + 2.00 tax - 3.00 fee      │ sent, the answer was lost; the next look at Mirakl tells                                                                              │
    │ CM-2, line 1 │ C-2001-A-1 │ posted │ 50.00                                          │ waits for finance, credit_above_paid: price: 50.00 credited, 60.00 paid - 20.00 refunded - 0 canceled - 17.00 on the way = 23.00 left │
    │ CM-3, line 1 │ C-2001-A-2 │ posted │ 5.00                                           │ waits for finance, refund_refused: code 400, says the balance is too low; tried again in 20 min                                       │
    │ CM-4, line 1 │ C-2001-A-1 │ draft  │ 3.00                                           │ waits until it is posted                                                                                                              │
    │ 1 short unit │ C-2001-A-1 │ –      │ 24.00 = 20.00 goods + 2.00 shipping + 2.00 tax │ found on Mirakl as 1300; not repaid again                                                                                             │
    │ refund 1400  │ C-2001-A-2 │ –      │ 1.00                                           │ made on Mirakl by somebody else; waits for finance and a credit memo                                                                  │
    └──────────────┴────────────┴────────┴────────────────────────────────────────────────┴───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ");

    // Nothing refuses it any more, but a person holds the order.
    let change = |progress: &mut Progress| {
        progress.care.stops.clear();
        progress.held = true;
    };
    let note = Note::default();
    ledger.advance(&key, note, at(9300), change).await.unwrap();
    world.park(10_200).await;
    let text = world.credits().await;
    assert!(text.contains("waits until the order is released"), "{text}");
}

impl World {
    /// The table of credits.
    async fn credits(&self) -> String {
        let text = self.bcm(&format!("orders show {ORDER}")).await.text;
        let from = text.find("Credits").unwrap();
        let to = text.find("Returns").unwrap();
        text[from..to].to_owned()
    }
}

#[tokio::test]
async fn an_exception_of_a_credit_names_the_credit_its_arithmetic_and_the_command() {
    let world = World::partly().await;
    insta::assert_snapshot!(world.bcm("exceptions list").await.text, @r"
    ┌────┬──────────────────────┬───────────────┬───────────────────┬──────────────────────────────┬────────────┬─────┬──────────────────────────────────────────────┐
    │ id │ kind                 │ owner         │ order             │ about                        │ since      │ due │ evidence                                     │
    ├────┼──────────────────────┼───────────────┼───────────────────┼──────────────────────────────┼────────────┼─────┼──────────────────────────────────────────────┤
    │ 1  │ credit_above_paid    │ finance       │ nordwind/C-2001-A │ credit memo CM-2, line 1     │ 13 min ago │ –   │ price: 50.00 credited, 60.00 paid - 20.00 r… │
    │ 2  │ refund_elsewhere     │ finance       │ nordwind/C-2001-A │ refund 1400                  │ 13 min ago │ –   │ line C-2001-A-2, refund 1400, amount 1.00,…  │
    │ 3  │ unmapped_disposition │ operations    │ nordwind/C-2001-A │ return R-1                   │ 13 min ago │ –   │ disposition MENDED, return R-1               │
    │ 4  │ incident_open        │ customer_care │ nordwind/C-2001-A │ incident on C-2001-A-2       │ 13 min ago │ –   │ line C-2001-A-2                              │
    │ 5  │ refund_ageing        │ finance       │ nordwind/C-2001-A │ refund that is not paid back │ 13 min ago │ –   │ asked_at 2027-01-15T09:40:00Z                │
    └────┴──────────────────────┴───────────────┴───────────────────┴──────────────────────────────┴────────────┴─────┴──────────────────────────────────────────────┘
    5 exceptions · ledger, as of 2027-01-15 11:00:00 UTC
    ");
    insta::assert_snapshot!(world.bcm("exceptions show 1").await.text, @r"
    Exception 1: credit_above_paid

    owner       finance
    about       nordwind/C-2001-A, credit memo CM-2, line 1
    since       13 min ago (2027-01-15 10:46:40 UTC)
    cause       A credit is higher than what is left of what the customer paid; the arithmetic stands in the evidence.
    arithmetic  price: 50.00 credited, 60.00 paid - 20.00 refunded - 0 canceled - 17.00 on the way = 23.00 left
    evidence    credit memo/CM-2/1
    evidence    line C-2001-A-1
    next step   Compare the refunds on Mirakl with the credit memos. Void or correct the memo in BlueCherry, or retry once a refund has fallen away.
    type        bcm orders show nordwind/C-2001-A
    type        bcm orders retry nordwind/C-2001-A

    ledger, as of 2027-01-15 11:00:00 UTC
    ");
    insta::assert_snapshot!(world.bcm("exceptions show 4").await.text, @r"
    Exception 4: incident_open

    owner      customer care
    about      nordwind/C-2001-A, incident on C-2001-A-2
    since      13 min ago (2027-01-15 10:46:40 UTC)
    cause      The customer opened an incident on a line of this order; the marketplace keeps its money back, and a refund of a part of the line waits.
    evidence   line C-2001-A-2
    next step  Settle it with the customer, then run bcm orders resolve-incident. A credit of all that is left of the line goes out and ends it.
    type       bcm orders show nordwind/C-2001-A
    type       bcm orders resolve-incident nordwind/C-2001-A --line C-2001-A-2 --reason CODE

    ledger, as of 2027-01-15 11:00:00 UTC
    ");
}
