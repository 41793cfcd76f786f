//! Where every failure becomes an envelope: our own refusals, what poem and poem-openapi raise, and panics.
//! A layer of the edge, outside of everything that can refuse. It must never overwrite an answer that is ours already.
//! Panics are caught by poem's `CatchPanic`; only the table from errors to codes is our own.

use std::{any::Any, collections::BTreeMap, sync::Arc};

use almanac_shared::platform::error::Code;
use poem::{
    Endpoint, EndpointExt, IntoResponse, PathPattern, Request, Response,
    error::{MethodNotAllowedError, ReadBodyError},
    http::{HeaderValue, StatusCode, Uri, header},
    middleware::CatchPanic,
};
use poem_openapi::{
    OpenApi,
    error::{ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError},
};

use super::{RequestId, body, limit_state::LimitHeaders};
use crate::http::error::{ApiError, Detail};

/// Which methods each path knows, read from the API's own description.
#[derive(Clone, Debug, Default)]
pub struct AllowedMethods(BTreeMap<String, Vec<&'static str>>);

impl AllowedMethods {
    /// The methods of `T`'s operations, wherever it is mounted.
    pub fn of<T: OpenApi>() -> Self {
        let mut methods: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            let known = methods.entry(shape(&path.path)).or_default();
            known.extend(path.operations.iter().map(|operation| label(operation.method.as_str())));
        }
        Self(methods)
    }

    /// The `Allow` of a route's pattern. Patterns carry their mount in front, so the longest known ending counts.
    fn allow(&self, pattern: &str) -> Option<HeaderValue> {
        let pattern = shape(pattern);
        let known = self.0.iter().filter(|(path, _)| pattern.ends_with(path.as_str()));
        let (_, methods) = known.max_by_key(|(path, _)| path.len())?;
        HeaderValue::try_from(methods.join(", ")).ok()
    }
}

/// A path with its parameters made alike: `{id}` in the description is `:param0` in the router.
fn shape(path: &str) -> String {
    let segment = |segment: &str| {
        let parameter = segment.starts_with(':') || segment.starts_with('{');
        if parameter { "{}".to_owned() } else { segment.to_owned() }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn label(method: &str) -> &'static str {
    ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().find(|&known| known == method).unwrap_or("OPTIONS")
}

pub(super) fn boundary<E>(next: E, allowed: AllowedMethods) -> impl Endpoint<Output = Response>
where
    E: Endpoint + 'static,
{
    let allowed = Arc::new(allowed);
    next.with(CatchPanic::new().with_handler(panicked)).around(move |next, request: Request| {
        let allowed = allowed.clone();
        let (id, uri) = (RequestId::of(&request), request.uri().clone());
        async move {
            let mut response = match next.call(request).await {
                Ok(response) => response,
                Err(error) => answer(error, &uri, &allowed),
            };
            if let Some(error) = response.extensions_mut().remove::<ApiError>() {
                error.log();
                response = rendered(error, response, id.as_str());
            }
            Ok(response)
        }
    })
}

/// The answer under its request's id, with what inner layers added to it.
fn rendered(error: ApiError, inner: Response, id: &str) -> Response {
    let mut response = error.render(id);
    for (name, value) in inner.headers() {
        if !response.headers().contains_key(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    if let Some(pattern) = inner.data::<PathPattern>() {
        response.set_data(pattern.clone());
    }
    response
}

fn answer(error: poem::Error, uri: &Uri, allowed: &AllowedMethods) -> Response {
    let pattern = error.data::<PathPattern>().cloned();
    let limit = error.data::<LimitHeaders>().cloned();
    let mut response = if error.is_from_response() {
        error.into_response()
    } else {
        translated(error, uri, pattern.as_ref(), allowed).into_response()
    };
    response.headers_mut().extend(limit.into_iter().flat_map(|LimitHeaders(headers)| headers));
    if let Some(pattern) = pattern {
        response.set_data(pattern);
    }
    response
}

/// The framework's errors in the contract's words.
fn translated(error: poem::Error, uri: &Uri, pattern: Option<&PathPattern>, allowed: &AllowedMethods) -> ApiError {
    if error.is::<ParsePathError>() {
        // A path id that cannot be an id names nothing.
        return ApiError::not_found();
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        let place = if in_query(uri, error.name) { "query" } else { "header" };
        return ApiError::invalid(vec![Detail::at([place, error.name], "value", error.reason.clone())]);
    }
    if let Some(error) = error.downcast_ref::<ParseRequestPayloadError>() {
        return ApiError::invalid(vec![Detail::at(["body"], "value", error.reason.clone())]);
    }
    if let Some(error) = error.downcast_ref::<ReadBodyError>() {
        return body::refusal(error);
    }
    if let Some(error) = error.downcast_ref::<ContentTypeError>() {
        return ApiError::new(Code::UnsupportedMediaType, error.to_string());
    }
    if error.is::<MethodNotAllowedError>() {
        let refusal = ApiError::new(Code::MethodNotAllowed, "method not allowed");
        let allow = pattern.and_then(|pattern| allowed.allow(&pattern.0));
        return allow.into_iter().fold(refusal, |refusal, allow| refusal.with_header(header::ALLOW, allow));
    }
    match error.downcast::<ApiError>() {
        Ok(refusal) => refusal,
        Err(error) => by_status(error),
    }
}

fn in_query(uri: &Uri, name: &str) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.map(|pair| pair.split('=').next().unwrap_or_default()).any(|key| key == name)
}

/// What is left: errors that say nothing but a status.
fn by_status(error: poem::Error) -> ApiError {
    let code = match error.status() {
        StatusCode::UNAUTHORIZED => return ApiError::unauthenticated("authentication is required"),
        StatusCode::NOT_FOUND => return ApiError::not_found(),
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::NOT_ACCEPTABLE => Code::NotAcceptable,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::ValidationFailed,
        _ => return ApiError::internal(anyhow::anyhow!("{error}").context("answering a request")),
    };
    ApiError::new(code, error.to_string())
}

fn panicked(payload: Box<dyn Any + Send + 'static>) -> ApiError {
    let message = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    ApiError::internal(anyhow::anyhow!("panicked: {message}").context("answering a request"))
}
