//! Reading answers piece by piece, and keeping to the bounds.

use mirakl::{Error, OrderQuery, OrderState, Reference, Tracking};

use super::scripted::{Reply, Scripted};

#[tokio::test]
async fn what_is_no_page_is_never_an_empty_one() {
    for (body, at) in [
        ("{}", "orders"),
        (r#"{"total_count":0}"#, "orders"),
        (r#"{"orders":null,"total_count":0}"#, "orders"),
        (r#"{"orders":{},"total_count":0}"#, "orders"),
        (r#"{"orders":[]}"#, "total_count"),
        (r#"{"orders":[],"total_count":-1}"#, "total_count"),
        (r#"{"orders":[],"total_count":7}"#, "orders"),
        ("[[],0]", ""),
        ("[]", ""),
        ("null", ""),
        ("", ""),
    ] {
        let server = Scripted::start([Reply::of(200, body)]).await;
        let error = server
            .client()
            .list_orders(&OrderQuery::default())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, Error::Unreadable { path, .. } if path == at),
            "{body}: {error:?}"
        );
    }
    for body in ["{}", r#"{"carriers":null}"#, "[]"] {
        let server = Scripted::start([Reply::of(200, body)]).await;
        assert!(
            matches!(
                server.client().carriers().await,
                Err(Error::Unreadable { .. })
            ),
            "{body}"
        );
    }
}

#[tokio::test]
async fn an_unreadable_order_leaves_its_neighbours_alone() {
    let body = r#"{"total_count":5,"orders":[{"order_id":"A"}, {"order_id":"B","price":{}},7,
        {"order_id":"C"}]}"#;
    let date = "date: Mon, 02 Mar 2026 09:15:04 GMT\r\n";
    let server = Scripted::start([Reply::with(200, date, body)]).await;

    let page = server
        .client()
        .list_orders(&OrderQuery::default())
        .await
        .unwrap();

    let summary: Vec<_> = page
        .items
        .iter()
        .map(|raw| {
            (
                raw.order_id.as_deref(),
                raw.order.as_ref().map_err(|error| error.path.as_str()),
            )
        })
        .map(|(id, order)| (id, order.err()))
        .collect();
    assert_eq!(
        summary,
        [
            (Some("A"), None),
            (Some("B"), Some("price")),
            (None, Some("")),
            (Some("C"), None)
        ]
    );
    assert_eq!(page.items[1].json, r#"{"order_id":"B","price":{}}"#);
    assert_eq!((page.total_count, page.next_offset), (5, Some(4)));
    assert_eq!(
        page.server_date.unwrap().to_string(),
        "2026-03-02T09:15:04Z"
    );
}

#[tokio::test]
async fn each_reference_has_its_own_result() {
    let references: Vec<Reference> = ["A", "B", "C"]
        .map(|id| Reference {
            order_id: id.into(),
            reference: format!("n{id}"),
        })
        .to_vec();
    let body = r#"{"updated_orders":[
        {"order_id":"C","errors":[{"code":"Ann Lee","field":"x","message":"y"},{}],"updated":null},
        {"order_id":"B","errors":[{"code":"ORDER_NOT_FOUND","field":"order_id","message":"Ann"}]},
        {"order_id":"A","errors":[],"updated":{"references":{"order_reference_for_seller":"nA"}}}]}"#;
    let server = Scripted::start([
        Reply::of(200, body),
        Reply::of(200, r#"{"updated_orders":[{"order_id":"A"}]}"#),
        Reply::of(200, "{}"),
    ])
    .await;
    let client = server.client();

    let results = client.write_references(&references).await.unwrap();
    let shown: Vec<_> = results
        .iter()
        .map(|one| format!("{}{:?}", one.order_id, one.errors))
        .collect();
    assert_eq!(shown, ["A[]", r#"B["ORDER_NOT_FOUND"]"#, r#"C["?", "?"]"#]);
    for _ in 0..2 {
        let error = client.write_references(&references).await.unwrap_err();
        assert!(
            matches!(error, Error::Unknown { call: "OR04", .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_is_out_of_bounds_is_not_sent() {
    let server = Scripted::start([Reply::of(200, "{}")]).await;
    let client = server.client();
    let ids = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    let list = |change: &dyn Fn(&mut OrderQuery)| {
        let mut query = OrderQuery::default();
        change(&mut query);
        query
    };
    for query in [
        list(&|query| query.max = 0),
        list(&|query| query.max = 101),
        list(&|query| query.order_ids = ids(101)),
        list(&|query| query.order_ids = vec!["A,B".into()]),
        list(&|query| query.order_ids = vec![String::new()]),
        list(&|query| query.states = vec![OrderState::Unknown("A,B".into())]),
    ] {
        assert!(matches!(
            client.list_orders(&query).await,
            Err(Error::Config { call: "OR11", .. })
        ));
    }
    for id in ["", ".", ".."] {
        assert!(matches!(
            client.cancel_order(id).await,
            Err(Error::Config { call: "OR29", .. })
        ));
    }
    assert!(matches!(
        client.accept_order("A", &[]).await,
        Err(Error::Config { .. })
    ));
    assert!(matches!(
        client.set_tracking("A", &Tracking::default()).await,
        Err(Error::Config { .. })
    ));
    let long = |length| {
        vec![Reference {
            order_id: "A".into(),
            reference: "x".repeat(length),
        }]
    };
    for references in [long(0), long(2001), vec![long(1).remove(0); 101]] {
        assert!(matches!(
            client.write_references(&references).await,
            Err(Error::Config { .. })
        ));
    }
    assert_eq!(client.write_references(&[]).await.unwrap(), []);
    assert_eq!(server.seen().len(), 0);
}
