//! A browser's session: the token in a cookie that scripts cannot read. Nothing is stored; the cookie is the token, and
//! lives as long.

use almanac_shared::platform::error::Code;
use chrono::{DateTime, TimeDelta, Utc};
use poem::{Request, http::header};
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;

use crate::{
    auth::{COOKIE, Caller, LEEWAY, bearer, session_cookie},
    http::{document_types::SessionRole, error::ApiError, reply::Reply},
    middleware::Client,
    routes::Tag,
    state::App,
};

/// The routes of sessions.
pub struct SessionApi {
    pub(crate) app: App,
}

/// A session.
#[derive(Clone, Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct SessionResponse {
    /// The token's `sub`.
    user_id: String,
    role: SessionRole,
    /// Whether the user may call `/admin`.
    admin: bool,
    /// Expiry of the token.
    expires_at: DateTime<Utc>,
}

impl From<&Caller> for SessionResponse {
    fn from(caller: &Caller) -> Self {
        Self {
            user_id: caller.user.to_string(),
            role: "authenticated".into(),
            admin: caller.is_admin,
            expires_at: expires_at(caller),
        }
    }
}

/// The token's own `exp`, without the leeway that it is given.
fn expires_at(caller: &Caller) -> DateTime<Utc> {
    caller.expires_at - TimeDelta::seconds(LEEWAY)
}

#[derive(ApiResponse)]
enum Begun {
    /// The cookie is set.
    #[oai(status = 200)]
    Session(Reply<SessionResponse>, #[oai(header = "Set-Cookie")] String),
}

#[derive(ApiResponse)]
enum Ended {
    /// The cookie is cleared.
    #[oai(status = 204)]
    Gone(#[oai(header = "Set-Cookie")] String),
}

#[OpenApi(tag = "Tag::Account")]
impl SessionApi {
    /// Start a session
    ///
    /// Sets the cookie `almanac_session` to the bearer token of this request, until the token expires.
    #[oai(path = "/session", method = "post", operation_id = "makeSession")]
    async fn begin(&self, request: &Request, caller: Caller) -> Result<Begun, ApiError> {
        let token = bearer(request.headers())
            .ok_or_else(|| ApiError::unauthenticated("a session is made of a bearer token"))?;
        let app = &self.app;
        let seconds = (expires_at(&caller) - app.clock.now()).num_seconds().max(0);
        Ok(Begun::Session(Reply::new((&caller).into()), cookie(request, token, seconds)))
    }

    /// Show the user of the session or token
    #[oai(path = "/session", method = "get", operation_id = "showSession")]
    async fn show(&self, caller: Caller) -> Result<Reply<SessionResponse>, ApiError> {
        Ok(Reply::new((&caller).into()))
    }

    /// End the session
    ///
    /// Clears the cookie, also one with an expired token.
    #[oai(path = "/session", method = "delete", operation_id = "deleteSession")]
    async fn end(&self, request: &Request) -> Result<Ended, ApiError> {
        match Caller::of(request) {
            Err(error) if matches!(error.code, Code::CsrfRequired | Code::OtherUser) || !has_session(request) => {
                Err(error)
            }
            _ => Ok(Ended::Gone(cookie(request, "", 0))),
        }
    }
}

/// Whether the request is judged by its cookie.
fn has_session(request: &Request) -> bool {
    !request.headers().contains_key(header::AUTHORIZATION) && session_cookie(request.headers()).is_some()
}

/// Browsers refuse a `Secure` cookie over plain HTTP, which a development machine uses.
fn cookie(request: &Request, token: &str, seconds: i64) -> String {
    let secure = if Client::of(request).address.is_loopback() { "" } else { "; Secure" };
    format!("{COOKIE}={token}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{secure}")
}
