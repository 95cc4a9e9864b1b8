//! The local CloudFront's settings, from the command line and the configuration.

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::Path,
};

use onebox_sim::{CachePolicy, OriginRequestPolicy, PolicyError, Protocol, RegularOrigin, Settings};

use super::{Args, Engine, OriginProtocol};
use crate::{Failure, file};

/// Everything that was asked for.
pub(super) fn settings(args: &Args) -> Result<Settings, Failure> {
    let mut config = args.config.load()?;
    let domains = [&config.origins.regular.domain, &config.origins.one_box.domain];
    for (domain, _) in &args.origin_address {
        if !domains.iter().any(|known| known.eq_ignore_ascii_case(domain)) {
            let [regular, one_box] = domains;
            return Err(Failure::usage(format!(
                "--origin-address {domain}: that is neither origin's domain; expected {regular} or {one_box}"
            )));
        }
    }
    if let Some(protocol) = args.origin_protocol {
        let protocol = match protocol {
            OriginProtocol::Http => Protocol::Http,
            OriginProtocol::Https => Protocol::Https,
        };
        config.origins.regular.protocol = Some(protocol.as_str().into());
    }
    let mut settings = Settings::new(config);
    settings.regular = RegularOrigin::of(&settings.config);
    settings.resolve = args.origin_address.iter().cloned().collect();
    if args.runtime != Engine::Cff && (args.njs.is_some() || !args.key_value.is_empty()) {
        return Err(Failure::usage("--njs and --key-value are for CloudFront Functions: add `--runtime cff`"));
    }
    for (key, value) in &args.key_value {
        let put = settings.key_values.put(key, value);
        put.map_err(|error| Failure::usage(format!("--key-value {key}: {error} bytes")))?;
    }
    if let Some(path) = &args.cache_policy {
        settings.cache_policy = policy(path, "cache-policy", CachePolicy::from_json)?;
    }
    if let Some(path) = &args.origin_request_policy {
        settings.origin_request_policy = policy(path, "origin-request-policy", OriginRequestPolicy::from_json)?;
    }
    Ok(settings)
}

/// What is allowed and yet hardly meant.
pub(super) fn doubt(settings: &Settings) -> Option<String> {
    let header = &settings.config.partition.header;
    let policy = &settings.cache_policy;
    let is_kept_apart = policy.caches_nothing() || policy.headers.takes(&header.to_ascii_lowercase());
    (!is_kept_apart)
        .then(|| format!("the cache policy does not have {header} in its key: the cache mixes the two sides"))
}

fn policy<T>(path: &Path, kind: &str, read: fn(&str) -> Result<T, PolicyError>) -> Result<T, Failure> {
    let text = file::text(path, &format!("`aws cloudfront get-{kind} --id ID` prints one"));
    text.and_then(|text| read(&text).map_err(|error| error.to_string()))
        .map_err(|why| Failure::usage(format!("--{kind} {}: {why}", path.display())))
}

/// Reads `KEY=VALUE`.
pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Reads `DOMAIN=HOST:PORT`.
pub(super) fn origin_address(text: &str) -> Result<(String, SocketAddr), String> {
    let (domain, address) =
        text.split_once('=').ok_or("expected DOMAIN=HOST:PORT, such as www.example.com=127.0.0.1:9000")?;
    let addresses = address.to_socket_addrs().map_err(|error| format!("{address}: {error}; expected HOST:PORT"))?;
    let first = addresses.into_iter().next().ok_or(format!("{address} has no address"))?;
    Ok((domain.to_owned(), first))
}
