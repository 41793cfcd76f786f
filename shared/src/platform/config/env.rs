//! The environment while it is read: each kind of value has one reader, which names the variable in what it refuses.
//! Called by `config.rs` alone; decides nothing about what a setting means.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{
    API_ADDR, API_METRICS_ADDR, AiProvider, AuthSettings, CalendarSettings, FlagSettings, Mistakes, ModelSettings,
    OrganicSettings, Rate, TelemetrySettings, variables,
};
use crate::{
    jobs::Lane,
    platform::{
        db::{self, LEAST_CONNECTIONS},
        redis, telemetry,
    },
};

/// The environment while it is being read: values, and the mistakes found so far.
#[derive(Debug, Default)]
pub struct Env {
    values: BTreeMap<String, String>,
    mistakes: Vec<String>,
}

impl Env {
    /// The process's own environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader")]
    pub fn of_process() -> Self {
        Self { values: std::env::vars_os().filter_map(text_pair).collect(), mistakes: Vec::new() }
    }

    /// An environment of given values, for tests.
    pub fn of<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self {
            values: pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            mistakes: Vec::new(),
        }
    }

    pub(super) fn finish<T>(self, settings: T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() { Ok(settings) } else { Err(Mistakes(self.mistakes)) }
    }

    pub(super) fn mistake(&mut self, name: &str, what: &str) {
        self.mistakes.push(format!("{name}: {what}"));
    }

    /// The value, or the documented default; empty counts as absent.
    pub(super) fn text(&mut self, name: &str) -> String {
        let Some(variable) = variables().find(|variable| variable.name == name) else {
            self.mistake(name, "is read but not listed as a variable");
            return String::new();
        };
        match self.values.get(name).map(|value| value.trim()) {
            Some(value) if !value.is_empty() => value.to_owned(),
            _ => variable.default.to_owned(),
        }
    }

    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    pub(super) fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.optional(name).map(SecretString::from)
    }

    /// A required URL. It may contain a password, so a mistake never shows the value.
    fn secret_url(&mut self, name: &str, is_url: fn(&str) -> bool, such_as: &str) -> SecretString {
        let value = self.text(name);
        if value.is_empty() {
            self.mistake(name, "is required");
        } else if !is_url(&value) {
            self.mistake(name, &format!("is not a URL such as {such_as}"));
        }
        SecretString::from(value)
    }

    pub(super) fn postgres_url(&mut self, name: &str) -> SecretString {
        self.secret_url(name, db::is_url, "postgres://user:password@host:5432/database")
    }

    pub(super) fn redis_url(&mut self, name: &str) -> SecretString {
        self.secret_url(name, redis::is_url, "redis://:password@host:6379 or rediss://host:6380")
    }

    pub(super) fn http_url(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name)?;
        let url = Url::parse(&value).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        if url.is_none_or(|url| !url.has_host()) {
            self.mistake(name, "is not a URL that begins with https:// or http://");
        }
        Some(value)
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// Exact origins as browsers send them.
    pub(super) fn origins(&mut self, name: &str) -> Vec<String> {
        let origins = self.list(name);
        for origin in &origins {
            let url = Url::parse(origin).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
            let url = url.filter(|_| !origin.contains('*'));
            if url.is_none_or(|url| url.origin().ascii_serialization() != *origin) {
                self.mistake(
                    name,
                    &format!("has a part that is not an exact origin such as https://app.example: {origin}"),
                );
            }
        }
        origins
    }

    /// Networks; a bare address is a network of one.
    pub(super) fn networks(&mut self, name: &str) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for part in self.list(name) {
            match part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(network),
                Err(_) => self.mistake(name, &format!("has a part that is not a CIDR such as 10.0.0.0/8: {part}")),
            }
        }
        networks
    }

    pub(super) fn folder(&mut self, name: &str) -> Option<PathBuf> {
        self.optional(name).map(PathBuf::from)
    }

    pub(super) fn addr(&mut self, name: &str, default: (Ipv4Addr, u16)) -> SocketAddr {
        let Some(value) = self.optional(name) else { return default.into() };
        value.parse().unwrap_or_else(|_| {
            self.mistake(name, "is not an address and port such as 127.0.0.1:8080");
            default.into()
        })
    }

    /// `API_ADDR` and `METRICS_ADDR` of the API, which must differ.
    pub(super) fn api_addresses(&mut self) -> (SocketAddr, SocketAddr) {
        let (addr, metrics) = (self.addr("API_ADDR", API_ADDR), self.addr("METRICS_ADDR", API_METRICS_ADDR));
        if addr == metrics && addr.port() != 0 {
            self.mistake("METRICS_ADDR", "is the same as API_ADDR");
        }
        (addr, metrics)
    }

    pub(super) fn number(&mut self, name: &str, range: std::ops::RangeInclusive<u32>) -> u32 {
        match self.text(name).parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.mistake(name, &format!("is not a whole number from {} to {}", range.start(), range.end()));
                *range.start()
            }
        }
    }

    /// Connections to Postgres; the default depends on the process.
    pub(super) fn connections(&mut self, default: u32) -> u32 {
        const NAME: &str = "DATABASE_CONNECTIONS";
        if self.text(NAME).is_empty() { default } else { self.number(NAME, LEAST_CONNECTIONS..=1_000) }
    }

    pub(super) fn rate(&mut self, name: &str) -> Rate {
        let value = self.text(name);
        let parsed = value.split_once('/').and_then(|(count, seconds)| {
            Some(Rate { count: count.trim().parse().ok()?, seconds: seconds.trim().parse().ok()? })
        });
        match parsed {
            Some(rate) if rate.count > 0 && rate.seconds > 0 => rate,
            _ => {
                self.mistake(name, "is not count/seconds such as 5/300");
                Rate { count: 1, seconds: 1 }
            }
        }
    }

    pub(super) fn calendar(&mut self) -> CalendarSettings {
        CalendarSettings { max_slots: usize::try_from(self.number("CALENDAR_MAX_SLOTS", 1..=1_000)).unwrap_or(1) }
    }

    pub(super) fn organic(&mut self) -> OrganicSettings {
        OrganicSettings { max_placements: usize::try_from(self.number("ORGANIC_MAX_PLACEMENTS", 1..=200)).unwrap_or(1) }
    }

    /// Slots per lane; if none is named, each lane has its default.
    pub(super) fn lanes(&mut self, name: &str) -> BTreeMap<Lane, usize> {
        let parts = self.list(name);
        if parts.is_empty() {
            return Lane::ALL.iter().map(|lane| (*lane, lane.default_slots())).collect();
        }
        let mut lanes = BTreeMap::new();
        for part in parts {
            let pair = part.split_once('=').map(|(lane, count)| (lane.trim(), count.trim().parse::<usize>()));
            match pair.map(|(lane, count)| (lane, Lane::parse(lane), count)) {
                Some((lane, None, _)) => self.mistake(name, &format!("has an unknown lane: {lane}")),
                Some((_, Some(lane), Ok(count))) if (1..=1024).contains(&count) => {
                    lanes.insert(lane, count);
                }
                _ => self.mistake(name, &format!("has a part that is not lane=1..1024: {part}")),
            }
        }
        lanes
    }

    pub(super) fn auth(&mut self) -> AuthSettings {
        let jwt_secret = self.secret("AUTH_JWT_SECRET");
        // RFC 7518, section 3.2: an HS256 key must be at least as long as the hash.
        if jwt_secret.as_ref().is_some_and(|secret| secret.expose_secret().len() < 32) {
            self.mistake("AUTH_JWT_SECRET", "is shorter than 32 bytes");
        }
        let jwks_url = self.optional("AUTH_JWKS_URL");
        if jwks_url.as_deref().is_some_and(|url| !is_trustworthy(url)) {
            self.mistake("AUTH_JWKS_URL", "is not an https URL (http is accepted on loopback only)");
        }
        if jwt_secret.is_none() && jwks_url.is_none() {
            self.mistake("AUTH_JWT_SECRET", "or AUTH_JWKS_URL is required");
        }
        AuthSettings {
            signing_keys: self.signing_keys(jwt_secret.as_ref()),
            jwt_secret,
            jwks_url,
            issuer: self.optional("AUTH_ISSUER"),
            audience: self.text("AUTH_AUDIENCE"),
        }
    }

    fn signing_keys(&mut self, fallback: Option<&SecretString>) -> Vec<[u8; 32]> {
        let mut keys = Vec::new();
        for part in self.list("SIGNING_KEY") {
            match STANDARD.decode(&part).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
                Some(key) => keys.push(key),
                None => self.mistake("SIGNING_KEY", "has a part that is not base64 of 32 bytes"),
            }
        }
        if keys.is_empty() {
            match fallback {
                Some(secret) => keys.push(derived_key(secret)),
                None => self.mistake("SIGNING_KEY", "is required when AUTH_JWT_SECRET is not set"),
            }
        }
        keys
    }

    pub(super) fn models(&mut self) -> ModelSettings {
        let default = self.text("AI_MODEL");
        let mut allowed = self.list("AI_MODEL_ALLOW");
        if !allowed.contains(&default) {
            allowed.insert(0, default.clone());
        }
        ModelSettings { default, allowed }
    }

    pub(super) fn ai_provider(&mut self) -> AiProvider {
        let key = self.secret("OPENROUTER_API_KEY");
        let base_url = self.http_url("AI_BASE_URL").unwrap_or_default().trim_end_matches('/').to_owned();
        let pace = Duration::from_millis(self.number("AI_OFFLINE_PACE_MS", 0..=10_000).into());
        match self.text("AI_PROVIDER").as_str() {
            "openrouter" => AiProvider::OpenRouter { key, base_url },
            "offline" => AiProvider::Offline { pace },
            "" if key.is_some() => AiProvider::OpenRouter { key, base_url },
            "" => AiProvider::Offline { pace },
            _ => {
                self.mistake("AI_PROVIDER", "is neither openrouter nor offline");
                AiProvider::Offline { pace }
            }
        }
    }

    pub(super) fn flags(&mut self) -> FlagSettings {
        FlagSettings {
            calendar_service: self.switch("CALENDAR_SERVICE_ENABLED"),
            publish_service: self.switch("PUBLISH_SERVICE_ENABLED"),
        }
    }

    fn switch(&mut self, name: &str) -> bool {
        match self.text(name).as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.mistake(name, "is neither true nor false");
                false
            }
        }
    }

    pub(super) fn telemetry(&mut self) -> TelemetrySettings {
        let format = self.text("LOG_FORMAT");
        if !["json", "text"].contains(&format.as_str()) {
            self.mistake("LOG_FORMAT", "is neither json nor text");
        }
        let level = self.text("LOG_LEVEL");
        if !telemetry::is_filter(&level) {
            self.mistake("LOG_LEVEL", "is neither a level nor directives such as info,almanac_worker=debug");
        }
        TelemetrySettings { json: format != "text", level, otlp_endpoint: self.http_url("OTEL_EXPORTER_OTLP_ENDPOINT") }
    }
}

fn text_pair((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// Whether a key set fetched from this URL cannot be changed in transit.
fn is_trustworthy(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        ("http", Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

/// A ticket key for deployments that set none: bound to the secret, but never equal to it.
fn derived_key(secret: &SecretString) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::new_with_prefix(b"almanac ticket key\0").chain_update(secret.expose_secret()).finalize().into()
}
