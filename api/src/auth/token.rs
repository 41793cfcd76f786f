//! Development tokens, for `almanac-api token` and for tests. Only a holder of `AUTH_JWT_SECRET` can mint them; a
//! running API never calls this.

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{EncodingKey, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// What a minted token says.
#[derive(Clone, Debug)]
pub struct TokenRequest<'a> {
    /// The person; a service key has none.
    pub sub: Option<almanac_shared::platform::id::UserId>,
    /// `authenticated` or `service_role`.
    pub role: &'a str,
    /// For how long.
    pub ttl: TimeDelta,
    /// The audience of the API it is for.
    pub audience: &'a str,
    /// The issuer that API expects, if any.
    pub issuer: Option<&'a str>,
}

/// An HS256 token in the identity provider's shape.
pub fn mint_hs256(secret: &SecretString, request: &TokenRequest<'_>, now: DateTime<Utc>) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Claims<'a> {
        aud: &'a str,
        exp: i64,
        iat: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        iss: Option<&'a str>,
        role: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub: Option<almanac_shared::platform::id::UserId>,
    }
    let claims = Claims {
        aud: request.audience,
        exp: (now + request.ttl).timestamp(),
        iat: now.timestamp(),
        iss: request.issuer,
        role: request.role,
        sub: request.sub,
    };
    let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
    encode(&Header::default(), &claims, &key).context("signing a token")
}
