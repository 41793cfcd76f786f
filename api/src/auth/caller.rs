//! Extractors of the caller, which document themselves as security schemes. Routes take them as their first argument,
//! so that no body is read before the token is verified. They must never admit what the edge has not verified.

use almanac_shared::platform::id::UserId;
use chrono::{DateTime, Utc};
use poem::{Request, RequestBody, http::header};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};

use super::{COOKIE, Identity, Verified, claims::EmailClaim};
use crate::{http::error::ApiError, middleware::RequestId};

/// What a token's role allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A user.
    Authenticated,
    /// The operator's own key, on admin routes only.
    Service,
}

/// A user with a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Always [`Role::Authenticated`] here.
    pub role: Role,
    /// The address in the token, which may be any text.
    pub email: Option<EmailClaim>,
    /// Whether `app_metadata.role` is `admin`.
    pub is_admin: bool,
    /// When the token ends; a stream ends with it.
    pub expires_at: DateTime<Utc>,
    /// The request's id.
    pub request_id: RequestId,
}

impl Caller {
    /// The caller of a request, for endpoints outside of the OpenAPI description.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        match Identity::of(request)? {
            Verified::User { user, email, is_admin, expires_at } => {
                let request_id = RequestId::of(request);
                Ok(Self { user, role: Role::Authenticated, email, is_admin, expires_at, request_id })
            }
            Verified::Service { .. } => Err(ApiError::unauthenticated("this token counts on admin routes only")),
        }
    }
}

/// A caller who may use admin routes: the operator's key, or a user marked as admin.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The person, when it is one.
    pub user: Option<UserId>,
    /// Which of the two.
    pub role: Role,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
    /// The request's id.
    pub request_id: RequestId,
}

impl Admin {
    /// The admin of a request, for endpoints outside of the OpenAPI description.
    pub fn of(request: &Request) -> Result<Self, ApiError> {
        let request_id = RequestId::of(request);
        match Identity::of(request)? {
            Verified::Service { expires_at } => Ok(Self { user: None, role: Role::Service, expires_at, request_id }),
            Verified::User { user, is_admin: true, expires_at, .. } => {
                Ok(Self { user: Some(user), role: Role::Authenticated, expires_at, request_id })
            }
            Verified::User { .. } => Err(ApiError::forbidden("this is for admins")),
        }
    }
}

/// The caller of a job's event log: a user, or the holder of a ticket, which the route must check.
#[derive(Clone, Debug)]
pub enum Listener {
    /// A valid token.
    Caller(Caller),
    /// A ticket, not checked yet.
    Ticket(String),
}

impl Listener {
    /// A request with an `Authorization` header is judged by that header alone.
    fn of(request: &Request) -> Result<Self, ApiError> {
        let ticket = super::ticket_of(request).filter(|_| !request.headers().contains_key(header::AUTHORIZATION));
        ticket.map_or_else(|| Caller::of(request).map(Self::Caller), |ticket| Ok(Self::Ticket(ticket.to_owned())))
    }
}

const BEARER: &str = "bearer";
const SESSION: &str = "session";
const TICKET: &str = "ticket";

fn register_schemes(registry: &mut Registry) {
    let scheme = MetaSecurityScheme {
        ty: "http",
        description: Some("A JWT of the identity provider."),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: Some("JWT"),
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(BEARER, scheme);
    let scheme = MetaSecurityScheme {
        ty: "apiKey",
        description: Some(
            "The same JWT in a cookie; unsafe methods need `X-Requested-With: XMLHttpRequest` beside it.",
        ),
        name: Some(COOKIE),
        key_in: Some("cookie"),
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(SESSION, scheme);
}

fn register_ticket(registry: &mut Registry) {
    let scheme = MetaSecurityScheme {
        ty: "apiKey",
        description: Some("A ticket from `POST /v1/tickets`, for clients that cannot set headers."),
        name: Some("ticket"),
        key_in: Some("query"),
        scheme: None,
        bearer_format: None,
        flows: None,
        openid_connect_url: None,
    };
    registry.create_security_scheme(TICKET, scheme);
}

macro_rules! extractor {
    ($name:ident, [$($scheme:ident),*], $($register:ident),*) => {
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                $($register(registry);)*
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![$($scheme),*]
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                Ok(Self::of(request)?)
            }
        }
    };
}

extractor!(Caller, [BEARER, SESSION], register_schemes);
extractor!(Admin, [BEARER, SESSION], register_schemes);
extractor!(Listener, [BEARER, SESSION, TICKET], register_schemes, register_ticket);
