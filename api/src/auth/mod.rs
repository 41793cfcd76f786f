//! Who is calling: bearer token or session cookie, checked once per request and read by extractors.
//! The edge calls [`Authenticator::identify`]; routes take [`Caller`] or [`Admin`]. Nothing of a token but its verified
//! claims may leave this module.

mod caller;
mod claims;
mod jwks;
pub mod ticket;
pub mod token;
mod verify;

use std::sync::Arc;

use almanac_shared::platform::{clock::Clock, config::AuthSettings, error::Code};
use poem::{
    Request,
    http::{HeaderMap, Method, header},
};

use self::verify::Verifier;
pub use self::{
    caller::{Admin, Caller, Listener, Role},
    claims::{EmailClaim, LEEWAY, Verified},
    ticket::Tickets,
};
use crate::http::error::ApiError;

/// The cookie of a browser session.
pub const COOKIE: &str = "almanac_session";

/// Everything that decides who a caller is.
pub struct Authenticator {
    verifier: Verifier,
    tickets: Tickets,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// Prepares keys; fails when the outbound client for the key set cannot be built.
    pub fn new(settings: &AuthSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let verifier = Verifier::new(settings)?;
        Ok(Self { verifier, tickets: Tickets::new(&settings.signing_keys), clock })
    }

    /// The tickets that stand in for a token on a job's event stream.
    pub const fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Finds out who is calling. A request that shows nothing, or something that does not verify, is still an
    /// [`Identity`]: the refusal waits until a route asks for a caller.
    pub async fn identify(&self, request: &Request) -> Identity {
        let outcome = self.authenticate(request).await;
        let anonymous = match &outcome {
            Ok(Verified::User { .. }) => false,
            Ok(Verified::Service { .. }) => !request.uri().path().contains("/admin/"),
            Err(error) => !matches!(error.code, Code::CsrfRequired | Code::OtherUser) && !self.has_live_ticket(request),
        };
        if let Ok(Verified::User { user, .. }) = &outcome {
            tracing::Span::current().record("userId", tracing::field::display(user));
        }
        Identity { outcome: Arc::new(outcome), anonymous }
    }

    async fn authenticate(&self, request: &Request) -> Result<Verified, ApiError> {
        let verified = self.verify(request).await?;
        if is_expected(&verified, request.headers()) {
            return Ok(verified);
        }
        Err(ApiError::new(Code::OtherUser, "the credentials are not those of the user in X-Expected-User"))
    }

    async fn verify(&self, request: &Request) -> Result<Verified, ApiError> {
        let headers = request.headers();
        if headers.contains_key(header::AUTHORIZATION) {
            // The header is judged alone: a good cookie beside a bad header is no way in.
            let token = bearer(headers)
                .ok_or_else(|| ApiError::unauthenticated("the Authorization header is no bearer token"))?;
            return self.verifier.verify(token, self.clock.now()).await;
        }
        let token = session_cookie(headers).ok_or_else(|| ApiError::unauthenticated("authentication is required"))?;
        let verified = self.verifier.verify(token, self.clock.now()).await?;
        if !request.method().is_safe() && !is_from_our_script(headers) {
            return Err(ApiError::new(
                Code::CsrfRequired,
                "send X-Requested-With: XMLHttpRequest with a session cookie",
            ));
        }
        Ok(verified)
    }

    /// A follower with a ticket is authenticated for one stream only; the route checks which.
    fn has_live_ticket(&self, request: &Request) -> bool {
        request.method() == Method::GET
            && !request.headers().contains_key(header::AUTHORIZATION)
            && request.uri().path().ends_with("/events")
            && ticket_of(request).is_some_and(|ticket| self.tickets.is_live(ticket, self.clock.now()))
    }
}

/// What was found out about a request's sender. Put on the request by the edge.
#[derive(Clone)]
pub struct Identity {
    outcome: Arc<Result<Verified, ApiError>>,
    anonymous: bool,
}

impl Identity {
    /// Whether the sender showed nothing that verifies, and therefore shares the bucket of its address.
    pub const fn is_anonymous(&self) -> bool {
        self.anonymous
    }

    /// The verified claims of a request that came through the edge.
    fn of(request: &Request) -> Result<Verified, ApiError> {
        match request.data::<Self>() {
            Some(identity) => (*identity.outcome).clone(),
            None => Err(ApiError::internal(anyhow::anyhow!("a route asked for its caller outside of the edge"))),
        }
    }
}

/// The ticket in the query. Its characters need no decoding.
fn ticket_of(request: &Request) -> Option<&str> {
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("ticket="))
}

/// The token of exactly one `Authorization: Bearer` header.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// The token in the session cookie.
pub fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value)
}

/// A page of another origin cannot send this header without a preflight, which CORS refuses.
fn is_from_our_script(headers: &HeaderMap) -> bool {
    headers.get("x-requested-with").is_some_and(|value| value.as_bytes() == b"XMLHttpRequest")
}

/// A cookie is shared by all tabs of a browser: a page that was made for one user must not act as the user who has signed
/// in since in another tab.
fn is_expected(verified: &Verified, headers: &HeaderMap) -> bool {
    let user = match verified {
        Verified::User { user, .. } => Some(user.to_string()),
        Verified::Service { .. } => None,
    };
    let mut expected = headers.get_all("x-expected-user").iter();
    expected.all(|value| user.as_ref().is_some_and(|user| value.as_bytes().eq_ignore_ascii_case(user.as_bytes())))
}

#[cfg(test)]
mod tests;
