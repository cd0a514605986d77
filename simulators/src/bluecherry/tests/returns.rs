//! Returns, credit memos and cancellations by the house.

use super::*;
use crate::bluecherry::WriteMode;

/// A site that takes returns in, with an order of three units that left.
async fn shipped() -> (Erp, String) {
    let erp = Erp::with(|options| options.returns_in = true).await;
    let number = erp.ready("NW-1-A", &[(&erp.sku, 3)]).await;
    let (status, answer) = erp
        .post("/_sim/shipments", &json!({ "ord_num": number }))
        .await;
    assert_eq!(status, 201, "{answer}");
    (erp, number)
}

fn announcement(erp: &Erp, number: &str, qty: i64) -> Value {
    json!({
        "external_return_id": "R-1", "ord_num": number, "external_po": "NW-1-A",
        "lines": [{
            "external_line_id": "NW-1-A-1", "sku": erp.sku, "qty_authorised": qty,
            "reason_code": "FIT",
        }],
    })
}

async fn announce(erp: &Erp, key: &str, body: &Value) -> (u16, Value) {
    erp.call(Method::POST, "/v1/return-authorizations", Some(key), body)
        .await
}

#[tokio::test]
async fn a_return_is_authorised_once_and_for_no_more_than_left() {
    let (erp, number) = shipped().await;
    let (status, refused) = announce(&erp, "a", &announcement(&erp, &number, 4)).await;
    assert_eq!((status, &refused["code"]), (422, &json!("over_authorised")));
    let body = announcement(&erp, &number, 2);
    let (status, first) = announce(&erp, "b", &body).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(announce(&erp, "b", &body).await, (201, first.clone()));
    let (status, twice) = announce(&erp, "c", &body).await;
    assert_eq!((status, &twice["code"]), (409, &json!("duplicate_return")));
    assert_eq!(twice["existing_id"], first["ra_number"]);
    let mut other = body.clone();
    other["external_return_id"] = json!("R-2");
    assert_eq!(announce(&erp, "d", &other).await.0, 422);
    other["ord_num"] = json!("599999");
    assert_eq!(announce(&erp, "e", &other).await.1["code"], "unknown_order");
    let feed = erp.get("/v1/returns").await;
    assert_eq!(feed["count"], 1);
}

#[tokio::test]
async fn an_announcement_whose_answer_is_lost_is_found_again_under_its_key() {
    let (erp, number) = shipped().await;
    let fault = json!({ "op": "announce_return", "action": "reset-after-commit", "times": 1 });
    assert_eq!(erp.post("/_sim/faults", &fault).await.0, 201);
    let body = announcement(&erp, &number, 1);
    let path = "/v1/return-authorizations";
    let lost = erp.send(Method::POST, path, Some("a"), &body).await;
    assert!(lost.is_err());
    let (status, found) = announce(&erp, "a", &body).await;
    assert_eq!((status, &found["ra_number"]), (201, &json!("RA000001")));
    assert_eq!(erp.get("/v1/returns").await["count"], 1);
}

#[tokio::test]
async fn a_site_without_returns_refuses_and_a_queued_one_takes_its_time() {
    let erp = Erp::start().await;
    let (status, refused) = announce(&erp, "a", &announcement(&erp, "500001", 1)).await;
    assert_eq!((status, &refused["code"]), (422, &json!("feature_off")));

    let (erp, number) = shipped().await;
    erp.sim.site.lock().options.write_mode = WriteMode::Queued;
    let (status, queued) = announce(&erp, "a", &announcement(&erp, &number, 1)).await;
    assert_eq!((status, &queued["status"]), (202, &json!("queued")));
    assert_eq!(erp.get("/v1/returns").await["count"], 0);
    assert_eq!(erp.post("/_sim/queue/run", &json!({})).await.0, 200);
    assert_eq!(erp.get("/v1/returns").await["count"], 1);
}

#[tokio::test]
async fn only_what_can_be_sold_again_goes_back_into_stock() {
    let (erp, number) = shipped().await;
    let before = erp.figures(&erp.sku).2;
    announce(&erp, "a", &announcement(&erp, &number, 3)).await;
    let line = |qty: i64, disposition: &str| json!({ "external_line_id": "NW-1-A-1", "qty": qty, "disposition": disposition });
    let body = json!({
        "ra_number": "RA000001", "lines": [line(2, "restock"), line(1, "scrap")],
    });
    let (status, received) = erp.post("/_sim/returns/receive", &body).await;
    assert_eq!(status, 200, "{received}");
    assert_eq!(erp.figures(&erp.sku).2, before + 2);
    let feed = erp.get("/v1/returns?cursor=R1").await;
    assert_eq!(feed["items"][0]["version"], 2);
    let lines = feed["items"][0]["lines"].as_array().unwrap();
    let found: Vec<_> = lines.iter().map(|line| &line["disposition"]).collect();
    assert_eq!(found, ["restock", "scrap"]);
}

#[tokio::test]
async fn a_return_that_never_came_frees_its_units_for_another() {
    let (erp, number) = shipped().await;
    announce(&erp, "a", &announcement(&erp, &number, 3)).await;
    let nothing = json!({ "ra_number": "RA000001", "no_reception": true });
    let (_, ended) = erp.post("/_sim/returns/receive", &nothing).await;
    assert_eq!(ended["status"], "no_reception");
    let mut again = announcement(&erp, &number, 3);
    again["external_return_id"] = json!("R-2");
    assert_eq!(announce(&erp, "b", &again).await.0, 201);
}

#[tokio::test]
async fn a_credit_memo_is_computed_posted_late_voided_and_made_twice() {
    let (erp, number) = shipped().await;
    announce(&erp, "a", &announcement(&erp, &number, 2)).await;
    erp.post("/_sim/returns/receive", &json!({ "ra_number": "RA000001" }))
        .await;
    let wish = json!({ "ra_number": "RA000001", "status": "draft" });
    let (status, memo) = erp.post("/_sim/credit-memos", &wish).await;
    assert_eq!(status, 201, "{memo}");
    assert_eq!(
        (&memo["status"], &memo["total"]),
        (&json!("draft"), &json!("40.00"))
    );
    assert_eq!(memo["external_return_id"], "R-1");
    let step = async |step: &str| {
        let path = format!("/_sim/credit-memos/CM000001/{step}");
        erp.post(&path, &json!({})).await
    };
    assert_eq!(step("post").await.1["version"], 2);
    assert_eq!(step("post").await.0, 409);
    assert_eq!(step("repeat").await.1["credit_no"], "CM000002");
    assert_eq!(step("void").await.1["status"], "voided");
    let feed = erp.get("/v1/credit-memos").await;
    let found: Vec<_> = feed["items"].as_array().unwrap().iter().collect();
    let states: Vec<_> = found.iter().map(|memo| &memo["status"]).collect();
    assert_eq!(states, ["draft", "posted", "posted", "voided"]);
}

#[tokio::test]
async fn a_credit_memo_may_be_wrong_in_every_way_that_is_asked_for() {
    let (erp, _) = shipped().await;
    let wish = json!({
        "external_po": "NW-1-A", "currency": "EUR",
        "lines": [
            { "external_line_id": "NEVER-SOLD", "qty": 1, "goods": "5.00" },
            { "external_line_id": "NW-1-A-1", "qty": 1, "goods": "999.00", "restocking_fee": "4.00" },
        ],
    });
    let (status, memo) = erp.post("/_sim/credit-memos", &wish).await;
    assert_eq!(status, 201, "{memo}");
    assert_eq!(
        (&memo["currency"], &memo["total"]),
        (&json!("EUR"), &json!("1000.00"))
    );
    assert!(memo["lines"][0]["sku"].is_null());
}

#[tokio::test]
async fn the_house_cancels_some_open_units() {
    let erp = Erp::start().await;
    let number = erp.ready("NW-1-A", &[(&erp.sku, 3)]).await;
    let wish = json!({
        "ord_num": number, "lines": [{ "external_line_id": "NW-1-A-1", "qty": 2 }],
    });
    let (status, order) = erp.post("/_sim/cancel", &wish).await;
    assert_eq!(status, 200, "{order}");
    assert_eq!(order["lines"][0]["qty_cancelled"], 2);
    assert_eq!(order["lines"][0]["qty_open"], 1);
}
