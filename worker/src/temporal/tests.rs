use super::*;

/// The program of this machine, fetched when it is not there yet.
async fn program() -> PathBuf {
    let search = Search {
        own_server: true,
        ..Search::usual()
    };
    match find(&search, &|line| println!("{line}")).await {
        Ok(Found::Program(program)) => program,
        other => panic!("these tests need Temporal: {other:?}"),
    }
}

fn alive(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A process that ended and was not yet asked for is a zombie.
    !status.is_empty() && !status.contains(") Z ")
}

async fn gone(pid: u32) {
    let until = Instant::now() + Duration::from_secs(STOP_S_MAX);
    while alive(pid) {
        assert!(Instant::now() < until, "the server still runs");
        sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_fast_server_is_told_so() {
    let options = DevServerOptions {
        fast: true,
        db_file: Some("t.db".into()),
        search_attributes: vec![("Owner".to_owned(), "Keyword".to_owned())],
        ..DevServerOptions::default()
    };
    insta::assert_snapshot!(arguments(&options, 7233, None).join(" "), @r#"server start-dev --ip 127.0.0.1 --log-level warn --port 7233 --headless --db-filename t.db --dynamic-config-value history.transferProcessorMaxPollRPS=2000 --dynamic-config-value history.timerProcessorMaxTimeShift="5ms" --dynamic-config-value history.workflowIdReuseMinimalInterval="0s" --search-attribute Owner=Keyword"#);
    let usual = DevServerOptions::default();
    insta::assert_snapshot!(arguments(&usual, 7233, Some(8233)).join(" "), @"server start-dev --ip 127.0.0.1 --log-level warn --port 7233 --ui-port 8233 --dynamic-config-value history.transferProcessorMaxPollRPS=2000");
}

#[tokio::test]
async fn a_server_that_ends_at_once_shows_its_last_lines() {
    let ended = DevServer::start(Path::new("/nowhere/temporal"), DevServerOptions::default()).await;
    let Err(Error::Ended { tail, .. }) = ended else {
        panic!("{ended:?}")
    };
    assert!(tail.contains("/nowhere/temporal"), "{tail}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_starts_answers_and_stops() {
    let program = program().await;
    let folder = tempfile::tempdir().unwrap();
    let options = DevServerOptions {
        ui: true,
        fast: true,
        db_file: Some(folder.path().join("temporal.db")),
        log_file: Some(folder.path().join("temporal.log")),
        search_attributes: vec![("Marketplace".to_owned(), "Keyword".to_owned())],
        ..DevServerOptions::default()
    };
    let server = DevServer::start(&program, options).await.unwrap();
    assert!(TcpStream::connect(server.address()).await.is_ok());
    let ui = server.ui_url().unwrap();
    assert!(
        TcpStream::connect(ui.trim_start_matches("http://"))
            .await
            .is_ok()
    );
    let pid = server.pid();
    assert!(alive(pid));
    server.stop().await.unwrap();
    assert!(!alive(pid));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_server_that_is_dropped_ends() {
    let program = program().await;
    let server = DevServer::start(&program, DevServerOptions::default())
        .await
        .unwrap();
    let pid = server.pid();
    drop(server);
    gone(pid).await;
}
