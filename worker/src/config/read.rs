//! From the text of the file to the settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::mapping::Mappings;
use secrecy::ExposeSecret;
use toml::de::DeTable;

use super::calls;
use super::mappings::load_mappings;
use super::problems::{Problems, Report, unreadable};
use super::section::{CALL_S, Section, Source, key};
use super::shops;
use super::stock;
use super::web::{self, is_web};
use super::{BlueCherry, Config, Http, Ledger, Surroundings, Temporal, Webhook};

pub(super) fn config(path: &Path, surroundings: Surroundings<'_>) -> Result<Config, Problems> {
    let report = Report::new(path);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            report.whole(
                unreadable(&error),
                "name a text file that this user may read",
            );
            return Err(Problems::new(report.into_found()));
        }
    };
    let (table, broken) = DeTable::parse_recoverable(&text);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new(""),
    };
    let source = Source {
        text: &text,
        folder,
        env: surroundings.env,
        report: &report,
    };
    for error in &broken {
        let line = source.line(error.span().map_or(0, |span| span.start));
        let wrong = error.message().trim().replace('\n', ", ");
        report.at(
            line,
            format!("not readable as TOML: {wrong}"),
            "correct this line first",
        );
    }
    if !broken.is_empty() {
        // What follows a broken line is guesswork, and would report what is not there.
        return Err(Problems::new(report.into_found()));
    }

    let root = Section::new(&source, "the file", 1, table.get_ref());
    let bluecherry = bluecherry(root.section("bluecherry"));
    let ledger = ledger(root.section("ledger"), folder);
    let temporal = temporal(root.section("temporal"));
    let http = http(root.section("http"));
    let gates = calls::gates(root.section("gates"));
    let webhook = root
        .has("webhook")
        .then(|| webhook(root.section("webhook")))
        .flatten();
    let mappings_folder = folder.join(mappings_folder(root.section("mappings")));
    let stock = stock::site(root.section("stock"));
    let shops = shops::read(&root, surroundings.now);
    root.close();

    let mut found = report.into_found();
    let mappings = load_mappings(&mappings_folder, &shops.codes).unwrap_or_else(|problems| {
        found.extend(problems.into_list());
        Mappings::default()
    });
    match (bluecherry, ledger) {
        (Some(bluecherry), Some(ledger)) if found.is_empty() => Ok(Config {
            folder: absolute(folder),
            bluecherry,
            ledger,
            temporal,
            http,
            webhook,
            stock,
            gates,
            mappings_folder: absolute(&mappings_folder),
            marketplaces: shops.complete,
            mappings,
        }),
        _ => Err(Problems::new(found)),
    }
}

/// A folder that stays right when the process changes its own.
fn absolute(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

fn bluecherry(section: Section<'_>) -> Option<BlueCherry> {
    let site = section.text(key("site", "\"northwind\""));
    let base_url = section.checked(key("base_url", "\"https://erp.example\""), web::base_url);
    let api_key = section.secret(key("api_key", "{ env = \"BLUECHERRY_API_KEY\" }"));
    let api_key_file = section.secret_file(key("api_key", ""));
    let call_timeout = section.seconds(key("call_timeout_s", "30"), 30.0, CALL_S);
    let read_lag = section.seconds(key("read_lag_s", "5"), 5.0, 0.0..=600.0);
    let poll = section.seconds(key("poll_s", "60"), 60.0, 0.2..=3600.0);
    let hold_code = section.text_if_any(key("hold_code", "\"MARKETPLACE\""));
    let returns = section.flag(key("returns", "true"), true);
    section.close();
    Some(BlueCherry {
        site: site?.value,
        base_url: base_url?.value,
        api_key: api_key?,
        api_key_file,
        call_timeout,
        read_lag,
        poll,
        hold_code: hold_code.map_or_else(|| "MARKETPLACE".to_owned(), |at| at.value),
        returns,
    })
}

fn ledger(section: Section<'_>, folder: &Path) -> Option<Ledger> {
    let url_key = key("url", "\"sqlite://bcm.db\"");
    let url = section.text_or_secret(url_key, web::has_password, |text| database(text, folder));
    let master_key = section.secret(key("master_key", "{ env = \"BCM_MASTER_KEY\" }"));
    let export = section.text_if_any(key("export", "\"decisions.jsonl\""));
    let absent = !section.has("url");
    section.close();
    let url = if absent {
        database("sqlite://bcm.db", folder).ok()?.into()
    } else {
        url?
    };
    let export = match export {
        Some(at) => absolute(folder).join(at.value),
        None => beside(url.expose_secret(), folder).join("decisions.jsonl"),
    };
    Some(Ledger {
        url,
        master_key: master_key?,
        export,
    })
}

/// The folder of the SQLite file; else that of the configuration.
fn beside(url: &str, folder: &Path) -> PathBuf {
    let file = url.strip_prefix("sqlite://").unwrap_or_default();
    let file = file.split('?').next().unwrap_or_default();
    let parent = Path::new(file).parent().filter(|p| p.is_absolute());
    parent.map_or_else(|| absolute(folder), Path::to_owned)
}

/// The address of the database, a file with its full path.
fn database(url: &str, folder: &Path) -> Result<String, String> {
    if url == "sqlite::memory:"
        || url.starts_with("postgres://")
        || url.starts_with("postgresql://")
    {
        return Ok(url.to_owned());
    }
    let Some(file) = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
    else {
        return Err("is neither a SQLite file nor a PostgreSQL address".to_owned());
    };
    let (file, options) = file
        .split_once('?')
        .map_or((file, None), |(f, o)| (f, Some(o)));
    if file.is_empty() {
        return Err("names no file".to_owned());
    }
    if Path::new(file).is_absolute() {
        return Ok(url.to_owned());
    }
    let folder = absolute(folder);
    let folder = folder
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3F");
    let options = options
        .map(|options| format!("?{options}"))
        .unwrap_or_default();
    Ok(format!("sqlite://{folder}/{file}{options}"))
}

fn temporal(section: Section<'_>) -> Temporal {
    let address = section.checked_if_any(key("address", "\"127.0.0.1:7233\""), |text| {
        let bare = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"));
        let host_and_port = bare.unwrap_or(text).rsplit_once(':');
        match host_and_port.map(|(host, port)| (host.is_empty(), port.parse::<u16>())) {
            Some((false, Ok(1..))) if !text.contains('@') => Ok(text.to_owned()),
            _ => Err("is not a host and a port".to_owned()),
        }
    });
    let namespace = section.text_if_any(key("namespace", "\"default\""));
    let ui = section.checked_if_any(key("ui", "\"http://127.0.0.1:8233\""), |text| {
        let web = text.starts_with("http://") || text.starts_with("https://");
        match web && !text.contains('@') {
            true => Ok(text.trim_end_matches('/').to_owned()),
            false => Err("is not a web address".to_owned()),
        }
    });
    section.close();
    Temporal {
        address: address.map(|at| at.value),
        namespace: namespace.map(|at| at.value),
        ui: ui.map(|at| at.value),
    }
}

fn http(section: Section<'_>) -> Http {
    let listen = section.checked_if_any(key("listen", "\"127.0.0.1:9464\""), |text| {
        text.parse()
            .map_err(|_| "is not an IP address and a port".to_owned())
    });
    section.close();
    let usual = SocketAddr::from(([127, 0, 0, 1], 9464));
    Http {
        listen: listen.map_or(usual, |at| at.value),
    }
}

fn webhook(section: Section<'_>) -> Option<Webhook> {
    let url_key = key("url", "\"https://alerts.example/bcm\"");
    if !section.has("url") {
        section.missing(url_key);
    }
    let url = section.text_or_secret(url_key, web::has_password, |text| {
        is_web(text).map(|_| text.to_owned())
    });
    section.close();
    Some(Webhook { url: url? })
}

fn mappings_folder(section: Section<'_>) -> String {
    let folder = section.text_if_any(key("folder", "\"mappings\""));
    section.close();
    folder.map_or_else(|| "mappings".to_owned(), |at| at.value)
}
