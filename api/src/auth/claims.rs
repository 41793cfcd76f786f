//! The rules that a signed token's claims must keep, as one pure function. `verify` calls it after the signature.
//! It must never look at anything that the signature does not cover.

use std::{fmt, sync::Arc};

use almanac_shared::platform::id::UserId;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// Seconds by which clocks may differ.
pub const LEEWAY: i64 = 30;

/// What a token must say beside being signed.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub audience: String,
    pub issuer: Option<String>,
}

/// A token's claims, as far as they matter. A float `exp` is refused by its type.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    role: Option<String>,
    /// An address, if it is a text; anything else counts as none.
    #[serde(default)]
    email: serde_json::Value,
    #[serde(default)]
    app_metadata: Option<AppMetadata>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct AppMetadata {
    /// Anything at all may stand here; only the text `admin` means something.
    #[serde(default)]
    role: serde_json::Value,
}

/// The `email` of a token, which may be any text. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailClaim(Arc<str>);

impl EmailClaim {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailClaim")
    }
}

/// Who a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// A user.
    User {
        /// The `sub`.
        user: UserId,
        /// The `email`, for mails to the user.
        email: Option<EmailClaim>,
        /// `app_metadata.role` is `admin`.
        is_admin: bool,
        /// The `exp` and the leeway: streams of the token stay open until then.
        expires_at: DateTime<Utc>,
    },
    /// The operator's key.
    Service {
        /// The `exp` and the leeway: as long as the token opens the door, its streams stay open.
        expires_at: DateTime<Utc>,
    },
}

/// Checks the claims of a token whose signature is good. `Err` says in a few words what is wrong; it names no value.
pub(super) fn check(claims: &Claims, policy: &Policy, now: DateTime<Utc>) -> Result<Verified, &'static str> {
    let good_until = claims.exp.saturating_add(LEEWAY);
    let expires_at = DateTime::from_timestamp(good_until, 0).ok_or("the token's exp is no time")?;
    let now = now.timestamp();
    if now >= good_until {
        return Err("the token has expired");
    }
    if claims.nbf.is_some_and(|nbf| nbf.saturating_sub(LEEWAY) > now) {
        return Err("the token is not valid yet");
    }
    match claims.role.as_deref() {
        // Supabase's service keys name no person, no audience and an issuer of their own.
        Some("service_role") => Ok(Verified::Service { expires_at }),
        Some("authenticated") => check_person(claims, policy, expires_at),
        _ => Err("the token's role is not authenticated"),
    }
}

fn check_person(claims: &Claims, policy: &Policy, expires_at: DateTime<Utc>) -> Result<Verified, &'static str> {
    let ours = match &claims.aud {
        Some(Audience::One(audience)) => *audience == policy.audience,
        Some(Audience::Many(audiences)) => audiences.contains(&policy.audience),
        None => false,
    };
    if !ours {
        return Err("the token is for another audience");
    }
    if policy.issuer.is_some() && claims.iss != policy.issuer {
        return Err("the token is from another issuer");
    }
    let user =
        claims.sub.as_deref().and_then(|sub| Uuid::try_parse(sub).ok()).ok_or("the token's sub is not a UUID")?;
    let is_admin = claims.app_metadata.as_ref().is_some_and(|metadata| metadata.role == "admin");
    let email = claims.email.as_str().map(|email| EmailClaim(email.into()));
    Ok(Verified::User { user: UserId(user), email, is_admin, expires_at })
}
