//! Every way to lose an answer.

use std::time::{Duration, Instant};

use bluecherry::{Binding, Config, Created, Error, Loss, Obstacle, Rest};
use domain::retry::{Fate, Retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::samples::{KEY, client, order};
use crate::server::{Script, http, serve};

fn hasty(url: &str, max_body: usize) -> Rest {
    let config = Config::new(url, KEY.into());
    let call_timeout = Duration::from_millis(300);
    let connect_timeout = Duration::from_millis(200);
    Rest::new(Config {
        call_timeout,
        connect_timeout,
        max_body,
        ..config
    })
    .expect("a client")
}

async fn write_and_read(script: fn() -> Script) -> (Error, Error) {
    let (url, served) = serve(script()).await;
    let write = hasty(&url, 2_000)
        .create_sales_order(&order("C1", "PO1"), "k1")
        .await;
    served.await.expect("one request");
    let (url, served) = serve(script()).await;
    let read = hasty(&url, 2_000).profile().await;
    served.await.expect("one request");
    (write.expect_err("no order"), read.expect_err("no profile"))
}

#[tokio::test]
async fn a_refused_connection_was_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);

    let write = client(&url)
        .create_sales_order(&order("C1", "PO1"), "k1")
        .await;
    let read = client(&url).profile().await;

    for (error, call) in [
        (write.err(), "create_sales_order"),
        (read.err(), "get_profile"),
    ] {
        let error = error.expect("an error");
        assert_eq!(
            error,
            Error::NotSent {
                call,
                obstacle: Obstacle::Refused
            }
        );
        assert_eq!(
            (error.fate(), error.retry()),
            (Fate::NotDone, Retry::Backoff)
        );
        assert_eq!(error.to_string(), format!("{call}: not sent"));
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_from_one_that_is_down() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let answer = http(400, "", "");
        stream
            .write_all(answer.as_bytes())
            .await
            .expect("an answer");
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let failed = client(&url).profile().await;
    let (call, obstacle) = ("get_profile", Obstacle::Tls);
    assert_eq!(failed, Err(Error::NotSent { call, obstacle }));
    served.await.expect("one connection");
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_a_write_open() {
    for script in [
        || Script::Hang,
        || Script::SayAndHang("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"or".into()),
    ] {
        let began = Instant::now();
        let (write, read) = write_and_read(script).await;
        assert_eq!(
            write,
            Error::Unknown {
                call: "create_sales_order",
                loss: Loss::TimedOut
            }
        );
        assert_eq!(
            read,
            Error::Unreachable {
                call: "get_profile",
                loss: Loss::TimedOut
            }
        );
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_a_write_open() {
    for script in [
        || Script::Close,
        || Script::Say("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"or".into()),
    ] {
        let (write, read) = write_and_read(script).await;
        let (call, loss) = ("create_sales_order", Loss::ConnectionLost);
        assert_eq!(
            write,
            Error::Unknown {
                call,
                loss: loss.clone()
            }
        );
        assert_eq!(
            read,
            Error::Unreachable {
                call: "get_profile",
                loss
            }
        );
        assert_eq!((write.fate(), read.fate()), (Fate::Unknown, Fate::NotDone));
    }
}

#[tokio::test]
async fn a_503_is_believed_only_with_a_readable_error() {
    let (write, read) = write_and_read(|| {
        Script::Say(http(
            503,
            "",
            r#"{"code": "quiet_window", "message": "m", "retryable": true, "retry_after_s": 60}"#,
        ))
    })
    .await;
    for error in [write, read] {
        assert!(matches!(&error, Error::Unavailable { code, .. } if code == "quiet_window"));
        assert_eq!(error.retry(), Retry::After(Duration::from_secs(60)));
        assert_eq!(error.fate(), Fate::NotDone);
    }

    let (write, read) =
        write_and_read(|| Script::Say(http(503, "retry-after: 9\r\n", "<html>down</html>"))).await;
    assert_eq!((write.fate(), read.fate()), (Fate::Unknown, Fate::NotDone));
    assert_eq!(write.retry(), Retry::After(Duration::from_secs(9)));
}

#[tokio::test]
async fn a_success_that_cannot_be_read_or_is_too_large_leaves_a_write_open() {
    let (write, read) = write_and_read(|| Script::Say(http(200, "", r#"{"ord_num": 5}"#))).await;
    let Error::Unknown {
        loss: Loss::Unreadable(place),
        ..
    } = &write
    else {
        panic!("{write:?}")
    };
    assert_eq!(place.path, "ord_num");
    assert!(matches!(read, Error::Unreadable { .. }), "{read:?}");

    let (write, read) =
        write_and_read(|| Script::Say(http(200, "", &format!("\"{}\"", "x".repeat(3_000))))).await;
    assert_eq!(
        write,
        Error::Unknown {
            call: "create_sales_order",
            loss: Loss::TooLarge
        }
    );
    assert_eq!(
        read,
        Error::TooLarge {
            call: "get_profile",
            limit: 2_000
        }
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (write, read) = write_and_read(|| {
        Script::Say(http(
            307,
            "location: http://127.0.0.1:1/v1/elsewhere\r\n",
            "",
        ))
    })
    .await;
    let loss = Loss::Status {
        status: 307,
        wait: None,
    };
    assert_eq!(
        write,
        Error::Unknown {
            call: "create_sales_order",
            loss: loss.clone()
        }
    );
    assert_eq!(
        read,
        Error::Unreachable {
            call: "get_profile",
            loss
        }
    );
}

#[tokio::test]
async fn a_queued_answer_must_say_so() {
    let queued = r#"{"status": "queued", "external_po": "PO1"}"#;
    let (url, served) = serve(Script::Say(http(202, "", queued))).await;
    let created = client(&url)
        .create_sales_order(&order("C1", "PO1"), "k1")
        .await;
    assert_eq!(created, Ok(Created::Queued));
    served.await.expect("one request");

    let (url, served) = serve(Script::Say(http(202, "", "{}"))).await;
    let lost = client(&url)
        .create_sales_order(&order("C1", "PO1"), "k1")
        .await;
    assert_eq!(lost.expect_err("unreadable").fate(), Fate::Unknown);
    served.await.expect("one request");
}
