//! From a token's text to its verified claims: the key is found by what it is, never by what the token would like.
//! Called by the authenticator. It must never let a header choose an algorithm for a key, or a place to fetch one from.

use almanac_shared::platform::config::AuthSettings;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use secrecy::ExposeSecret;

use super::{
    claims::{self, Claims, Policy, Verified},
    jwks::Jwks,
};
use crate::http::error::ApiError;

/// Longer than any token of an identity provider, short enough to hash cheaply.
const MAX_TOKEN: usize = 8 * 1024;

/// The keys and rules of this deployment.
pub(super) struct Verifier {
    secret: Option<DecodingKey>,
    key_set: Option<Jwks>,
    policy: Policy,
}

impl Verifier {
    pub fn new(settings: &AuthSettings) -> anyhow::Result<Self> {
        let secret = settings.jwt_secret.as_ref();
        let key_set = settings.jwks_url.as_deref().map(Jwks::new).transpose()?;
        let policy = Policy { audience: settings.audience.clone(), issuer: settings.issuer.clone() };
        let secret = secret.map(|secret| DecodingKey::from_secret(secret.expose_secret().as_bytes()));
        Ok(Self { secret, key_set, policy })
    }

    /// Verifies signature and claims. 401 when the token is not good, 503 when no key set could be had to judge it.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, ApiError> {
        let claims = self.signed_claims(token, now).await?;
        claims::check(&claims, &self.policy, now).map_err(ApiError::unauthenticated)
    }

    async fn signed_claims(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, ApiError> {
        if token.len() > MAX_TOKEN {
            return Err(unverifiable());
        }
        let header = decode_header(token).map_err(|_| unverifiable())?;
        // RFC 7515, section 4.1.11: critical extensions must be understood, and this API supports none.
        if header.crit.is_some() {
            return Err(unverifiable());
        }
        match (header.alg, &self.secret, &self.key_set) {
            (Algorithm::HS256, Some(secret), _) => signed_by(token, secret, Algorithm::HS256).ok_or_else(unverifiable),
            (Algorithm::ES256 | Algorithm::RS256, _, Some(key_set)) => {
                let keys = key_set.keys(header.kid.as_deref(), header.alg, now).await?;
                keys.iter().find_map(|key| signed_by(token, key, header.alg)).ok_or_else(unverifiable)
            }
            _ => Err(unverifiable()),
        }
    }
}

/// The claims, when `key` signed them with `algorithm`. Times, audience and the rest are judged by [`claims::check`],
/// on our own clock and by our own rules.
fn signed_by(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Claims> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    decode(token, key, &validation).ok().map(|token| token.claims)
}

fn unverifiable() -> ApiError {
    ApiError::unauthenticated("the token does not verify")
}
