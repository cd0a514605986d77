//! Addresses that calls and keys are sent to.

use std::net::IpAddr;

use reqwest::Url;

/// An address of a server: https, or http on this machine; nothing hidden in it.
pub(super) fn is_web(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is not a web address".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password".to_owned());
    }
    let here = is_loopback(&url);
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        "http" => Err("would send the key in the clear: http goes to this machine only".to_owned()),
        _ => Err("is not an https address".to_owned()),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Is it this machine, where only simulators are?
pub(super) fn is_here(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_loopback(&url))
}

/// The address that paths are added to.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    let url = is_web(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has something behind its path".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Does an address hold a password?
pub(super) fn has_password(text: &str) -> bool {
    let in_query = text
        .split(['?', '&'])
        .skip(1)
        .any(|part| part.starts_with("password="));
    in_query || Url::parse(text).is_ok_and(|url| url.password().is_some())
}
