//! What goes over the wire, and what every way of failing becomes.

use std::time::Duration;

use domain::retry::{Fate, Retry};
use mirakl::{
    Cause, Client, Config, Error, LineDecision, MalformedKind, OrderQuery, OrderState, Reference,
};
use secrecy::SecretString;

use super::scripted::{Reply, Scripted};

fn decision() -> Vec<LineDecision> {
    vec![LineDecision {
        id: "A-1".into(),
        accepted: true,
    }]
}

fn reference() -> Vec<Reference> {
    vec![Reference {
        order_id: "A".into(),
        reference: "500001".into(),
    }]
}

#[tokio::test]
async fn a_request_carries_the_raw_key_and_its_query_and_nothing_else() {
    let server = Scripted::start([Reply::of(200, r#"{"orders":[],"total_count":0}"#)]).await;
    let mut config = server.config();
    config.shop_id = Some(2042);
    let query = OrderQuery {
        since: Some("2026-03-02T09:15:00.5Z".parse().unwrap()),
        until: Some("2026-03-02T10:00:00Z".parse().unwrap()),
        order_ids: vec!["A&max=1".into(), "B+C".into()],
        states: vec![OrderState::Shipping, OrderState::Unknown("NEW".into())],
        offset: 100,
        max: 50,
    };

    let page = Client::new(config)
        .unwrap()
        .list_orders(&query)
        .await
        .unwrap();

    assert_eq!(
        (page.items.len(), page.total_count, page.next_offset),
        (0, 0, None)
    );
    let request = &server.seen()[0];
    let (line, headers) = request.split_once("\r\n").unwrap();
    assert_eq!(
        line,
        "GET /api/orders?start_update_date=2026-03-02T09%3A15%3A00.5Z\
         &end_update_date=2026-03-02T10%3A00%3A00Z&order_ids=A%26max%3D1%2CB%2BC\
         &order_state_codes=SHIPPING%2CNEW&max=50&offset=100&shop_id=2042 HTTP/1.1"
    );
    assert!(headers.contains("authorization: test-key\r\n"), "{headers}");
    assert!(
        headers.contains("accept: application/json\r\n"),
        "{headers}"
    );
    assert!(!headers.contains("accept-encoding"), "{headers}");
}

#[tokio::test]
async fn an_empty_put_says_that_it_is_empty() {
    let server = Scripted::start([Reply::Send(
        "HTTP/1.1 204 x\r\nconnection: close\r\n\r\n".into(),
    )])
    .await;
    let client = server.client();

    client.confirm_shipment("A").await.unwrap();
    client.cancel_order("A/../B?x=1#y").await.unwrap();

    let seen = server.seen();
    assert!(
        seen[0].starts_with("PUT /api/orders/A/ship HTTP/1.1\r\n"),
        "{}",
        seen[0]
    );
    assert!(
        seen[1].starts_with("PUT /api/orders/A%2F..%2FB%3Fx=1%23y/cancel HTTP/1.1\r\n"),
        "{}",
        seen[1]
    );
    for request in seen {
        let lengths = request
            .lines()
            .filter(|line| line.starts_with("content-length"));
        assert_eq!(
            lengths.collect::<Vec<_>>(),
            ["content-length: 0"],
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(Config::new(address, SecretString::from("k"))).unwrap();

    for error in [
        client.accept_order("A", &decision()).await.unwrap_err(),
        client.health().await.unwrap_err(),
    ] {
        let refused = Cause::Io(std::io::ErrorKind::ConnectionRefused);
        assert!(
            matches!(&error, Error::NotSent { source, .. } if *source == refused),
            "{error:?}"
        );
        assert_eq!(
            (error.retry(), error.fate()),
            (Retry::Backoff, Fate::NotDone)
        );
    }
}

#[tokio::test]
async fn without_tls_nothing_is_sent() {
    let silent = Scripted::start([Reply::Hang]).await;
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", plain.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        std::io::Read::read(&mut stream, &mut [0; 64]).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 x\r\n\r\n").unwrap();
    });
    let mut config = silent.config();
    for (base_url, cause) in [
        (config.base_url.replace("http:", "https:"), Cause::Timeout),
        (address, Cause::Tls),
    ] {
        config.base_url = base_url;
        let client = Client::new(config.clone()).unwrap();
        let error = client.confirm_shipment("A").await.unwrap_err();
        assert!(
            matches!(&error, Error::NotSent { source, .. } if *source == cause),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_for_a_write_and_unreachable_for_a_read() {
    let half = "HTTP/1.1 200 x\r\ncontent-length: 500\r\n\r\n{\"updated_orders\":";
    for reply in [
        Reply::Reset,
        Reply::Close,
        Reply::Hang,
        Reply::Send(half.into()),
        Reply::Send("220 smtp.example ready\r\n".into()),
        Reply::of(500, r#"{"status":500,"message":"Ann Lee"}"#),
        Reply::of(502, "<html>"),
        Reply::of(503, ""),
        Reply::of(408, ""),
    ] {
        let server = Scripted::start([reply]).await;
        let client = server.client();

        let write = client.write_references(&reference()).await.unwrap_err();
        let read = client
            .list_orders(&OrderQuery::default())
            .await
            .unwrap_err();

        assert!(
            matches!(write, Error::Unknown { call: "OR04", .. }),
            "{write:?}"
        );
        assert_eq!(
            (write.retry(), write.fate()),
            (Retry::Backoff, Fate::Unknown)
        );
        assert!(
            matches!(read, Error::Unreachable { call: "OR11", .. }),
            "{read:?}"
        );
        assert_eq!((read.retry(), read.fate()), (Retry::Backoff, Fate::NotDone));
        assert_eq!(server.seen().len(), 2, "nothing is sent twice");
    }
}

#[tokio::test]
async fn the_time_of_a_call_covers_its_body() {
    let server = Scripted::start([Reply::Hang]).await;
    let error = server.client().shop().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unreachable {
                source: Cause::Timeout,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn each_status_becomes_the_error_that_says_what_to_do() {
    let coded = r#"{"status":400,"code":"ORDER_INVALID_STATE","message":"Ann Lee"}"#;
    for (reply, retry, text) in [
        (
            Reply::of(400, coded),
            Retry::Never,
            "OR21 was refused with status 400 (ORDER_INVALID_STATE)",
        ),
        (
            Reply::of(400, "Ann Lee"),
            Retry::Never,
            "OR21 was refused with status 400",
        ),
        (
            Reply::of(401, ""),
            Retry::After(Duration::from_secs(60)),
            "OR21 was refused: the key is not valid",
        ),
        (
            Reply::of(403, ""),
            Retry::After(Duration::from_secs(60)),
            "OR21 was refused: the key lacks the right",
        ),
        (
            Reply::of(404, r#"{"code":"ORDER_NOT_FOUND"}"#),
            Retry::Never,
            "OR21 found nothing (ORDER_NOT_FOUND)",
        ),
        (
            Reply::of(405, ""),
            Retry::Never,
            "OR21 was refused with status 405",
        ),
        (
            Reply::of(410, ""),
            Retry::Never,
            "OR21 was refused with status 410",
        ),
        (
            Reply::with(429, "retry-after: 7\r\n", ""),
            Retry::After(Duration::from_secs(7)),
            "OR21 is throttled for 7 s",
        ),
        (
            Reply::of(429, ""),
            Retry::After(Duration::from_secs(60)),
            "OR21 is throttled for 60 s",
        ),
    ] {
        let server = Scripted::start([reply]).await;
        let error = server
            .client()
            .accept_order("A", &decision())
            .await
            .unwrap_err();
        assert_eq!((error.to_string().as_str(), error.retry()), (text, retry));
        assert_eq!(error.fate(), Fate::NotDone, "{text}");
        assert!(!format!("{error:?}").contains("Ann"), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Scripted::start([Reply::of(200, "{}")]).await;
    let to = format!("location: {}/api/account\r\n", elsewhere.config().base_url);
    let server = Scripted::start([Reply::with(302, &to, "")]).await;

    let error = server.client().shop().await.unwrap_err();

    assert!(
        matches!(error, Error::Refused { status: 302, .. }),
        "{error:?}"
    );
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn too_long_an_answer_is_not_read_to_its_end() {
    let body = format!(r#"{{"carriers":[],"x":"{}"}}"#, "y".repeat(5000));
    let chunked = format!(
        "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for reply in [Reply::of(200, &body), Reply::Send(chunked)] {
        let server = Scripted::start([reply]).await;
        let mut config = server.config();
        config.max_body = 1000;
        let client = Client::new(config).unwrap();

        let read = client.carriers().await.unwrap_err();
        let write = client.write_references(&reference()).await.unwrap_err();

        assert!(matches!(read, Error::TooLarge { call: "SH21" }), "{read:?}");
        assert!(
            matches!(
                write,
                Error::Unknown {
                    source: Cause::TooLarge,
                    ..
                }
            ),
            "{write:?}"
        );
        server.client().carriers().await.unwrap();
    }
}

#[tokio::test]
async fn a_page_of_html_is_no_answer() {
    let server = Scripted::start([Reply::of(200, "<html>Ann Lee</html>")]).await;
    let client = server.client();

    let read = client
        .list_orders(&OrderQuery::default())
        .await
        .unwrap_err();
    let answered = client.write_references(&reference()).await.unwrap_err();
    let silent = client.confirm_shipment("A").await.unwrap_err();

    assert!(
        matches!(&read, Error::Unreadable { call: "OR11", source, .. } if source.kind == MalformedKind::NotJson),
        "{read:?}"
    );
    assert_eq!(read.retry(), Retry::Backoff);
    for write in [answered, silent] {
        assert!(
            matches!(
                &write,
                Error::Unknown {
                    source: Cause::Unreadable { .. },
                    ..
                }
            ),
            "{write:?}"
        );
    }
    client.health().await.unwrap();
}
