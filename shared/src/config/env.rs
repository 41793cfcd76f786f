//! The environment while it is read: each kind of value has one reader, which names the variable in what it refuses.
//! Called by `config.rs` alone; decides nothing about what a setting means.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;

use super::{
    AiProvider, AuthSettings, CalendarSettings, FlagSettings, Mistakes, ModelSettings, OrganicSettings, Rate,
    TelemetrySettings, VARIABLES,
};
use crate::db::LEAST_CONNECTIONS;

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

    fn mistake(&mut self, name: &str, what: &str) {
        self.mistakes.push(format!("{name}: {what}"));
    }

    /// The value, or the documented default; empty counts as absent.
    fn text(&mut self, name: &str) -> String {
        let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) else {
            self.mistake(name, "is read but not listed in VARIABLES");
            return String::new();
        };
        match self.values.get(name).map(|value| value.trim()) {
            Some(value) if !value.is_empty() => value.to_owned(),
            _ => variable.default.to_owned(),
        }
    }

    fn optional(&mut self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.optional(name).map(SecretString::from)
    }

    pub(super) fn secret_required(&mut self, name: &str) -> SecretString {
        let value = self.text(name);
        if value.is_empty() {
            self.mistake(name, "is required");
        }
        SecretString::from(value)
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn addr(&mut self, name: &str) -> Option<SocketAddr> {
        let value = self.optional(name)?;
        let parsed = value.parse().ok();
        if parsed.is_none() {
            self.mistake(name, "is not an address and port such as 127.0.0.1:8080");
        }
        parsed
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
        CalendarSettings {
            rate: self.rate("CALENDAR_RATE"),
            timeout: Duration::from_secs(self.number("CALENDAR_TIMEOUT_SECONDS", 1..=600).into()),
            max_slots: usize::try_from(self.number("CALENDAR_MAX_SLOTS", 1..=1_000)).unwrap_or(1),
        }
    }

    pub(super) fn organic(&mut self) -> OrganicSettings {
        OrganicSettings {
            rate: self.rate("ORGANIC_RATE"),
            timeout: Duration::from_secs(self.number("ORGANIC_TIMEOUT_SECONDS", 1..=600).into()),
            max_placements: usize::try_from(self.number("ORGANIC_MAX_PLACEMENTS", 1..=200)).unwrap_or(1),
        }
    }

    pub(super) fn lanes(&mut self, name: &str) -> BTreeMap<String, usize> {
        let mut lanes = BTreeMap::new();
        for part in self.list(name) {
            match part.split_once('=').map(|(lane, count)| (lane.trim(), count.trim().parse::<usize>())) {
                Some((lane, Ok(count))) if (1..=1024).contains(&count) => {
                    lanes.insert(lane.to_owned(), count);
                }
                _ => self.mistake(name, &format!("has a part that is not lane=1..1024: {part}")),
            }
        }
        lanes
    }

    pub(super) fn auth(&mut self) -> AuthSettings {
        let jwt_secret = self.secret("AUTH_JWT_SECRET");
        let jwks_url = self.optional("AUTH_JWKS_URL");
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
        let base_url = self.text("AI_BASE_URL").trim_end_matches('/').to_owned();
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
        TelemetrySettings {
            json: format != "text",
            level: self.text("LOG_LEVEL"),
            otlp_endpoint: self.optional("OTEL_EXPORTER_OTLP_ENDPOINT"),
        }
    }
}

fn text_pair((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// A ticket key for deployments that set none: bound to the secret, but never equal to it.
fn derived_key(secret: &SecretString) -> [u8; 32] {
    use secrecy::ExposeSecret;
    use sha2::{Digest, Sha256};
    Sha256::new_with_prefix(b"almanac ticket key\0").chain_update(secret.expose_secret()).finalize().into()
}
