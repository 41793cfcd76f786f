//! The success body: what a handler returns, and the envelope that `/v1` wraps around it.
//! Handlers return [`Reply`], which is bare; `middleware::envelope` is the one place that dresses it, and the `/api`
//! mounts go without. It must never be used for streams or files.

use almanac_shared::platform::id::JobId;
use bytes::{BufMut, Bytes, BytesMut};
use poem::{Body, IntoResponse, Response};
use poem_openapi::{
    ApiResponse, Object,
    payload::Payload,
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::{document_types::Dependency, error::ApiError};

/// Facts about an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase", skip_serializing_if_is_none)]
pub struct Meta {
    /// Id of the request, as in the header `X-Request-Id`.
    pub request_id: String,
    /// Dependencies that are unavailable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degraded: Option<Vec<Dependency>>,
    /// True if nothing was generated or stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

impl Meta {
    /// Nothing but the request's id.
    pub fn new(request_id: &str) -> Self {
        Self { request_id: request_id.to_owned(), degraded: None, dry_run: None }
    }
}

/// Links of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Object)]
pub struct Urls {
    /// The resource.
    #[serde(rename = "self")]
    #[oai(rename = "self")]
    pub resource: String,
    /// The event log.
    pub events: String,
    /// Cancellation of the job.
    pub cancel: String,
}

impl Urls {
    /// The links of a job. The resource is the job itself.
    pub fn of_job(id: JobId) -> Self {
        let job = format!("/v1/jobs/{id}");
        Self { events: format!("{job}/events"), cancel: format!("{job}/cancel"), resource: job }
    }

    /// The same links with the job's subject as the resource, if the subject has an address of its own.
    #[must_use]
    pub fn about(self, subject_type: &str, subject_id: &str) -> Self {
        match subject_type {
            "generation" => Self { resource: format!("/v1/ai/generations/{subject_id}"), ..self },
            "intent" => Self { resource: format!("/v1/publish/intents/{subject_id}"), ..self },
            "synthesis" => Self { resource: format!("/v1/syntheses/{subject_id}"), ..self },
            "calendar" => Self { resource: format!("/v1/calendars/{subject_id}"), ..self },
            // A brand, whose id may hold anything, and a Monday.
            "week" => match subject_id.rsplit_once('/') {
                Some((brand, monday)) => {
                    let brand = segment(brand);
                    Self { resource: format!("/v1/brands/{brand}/placements?weekStart={monday}"), ..self }
                }
                None => self,
            },
            _ => self,
        }
    }
}

/// A text as a segment of a path: all but the unreserved characters of RFC 3986 are percent-encoded.
fn segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}

/// A JSON success. Its body is `T` bare; the `/v1` mount adds the envelope.
#[derive(Debug)]
pub struct Reply<T> {
    data: Data<T>,
    remarks: Vec<Remark>,
}

/// What is said about an answer beside it.
#[derive(Clone, Copy, Debug)]
enum Remark {
    Degraded(&'static str),
    DryRun,
}

#[derive(Debug)]
enum Data<T> {
    Fresh(T),
    Stored(Box<RawValue>),
}

impl<T> Reply<T> {
    /// An answer made now.
    pub const fn new(data: T) -> Self {
        Self { data: Data::Fresh(data), remarks: Vec::new() }
    }

    /// An answer given before, byte for byte: an idempotent replay. Fails when the text is not JSON.
    pub fn stored(text: String) -> Result<Self, ApiError> {
        let stored = RawValue::from_string(text)
            .map_err(|error| ApiError::internal(anyhow::Error::new(error).context("reading a stored answer")))?;
        Ok(Self { data: Data::Stored(stored), remarks: Vec::new() })
    }

    /// Says that something was away while this was answered (`meta.degraded`).
    #[must_use]
    pub fn degraded(mut self, what: &'static str) -> Self {
        self.remarks.push(Remark::Degraded(what));
        self
    }

    /// Says that nothing of it was done or stored (`meta.dryRun`).
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.remarks.push(Remark::DryRun);
        self
    }
}

impl<T: Serialize + Send> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let json = match &self.data {
            Data::Fresh(data) => serde_json::to_vec(data).map(Bytes::from),
            Data::Stored(text) => Ok(Bytes::copy_from_slice(text.get().as_bytes())),
        };
        match json {
            Ok(json) => bare(json, self.remarks),
            Err(error) => ApiError::internal(anyhow::Error::new(error).context("writing an answer")).into_response(),
        }
    }
}

/// The bare JSON of a success, remembered beside the body so that the envelope needs neither to read nor to parse it.
#[derive(Clone)]
struct Bare {
    json: Bytes,
    remarks: Vec<Remark>,
}

fn bare(json: Bytes, remarks: Vec<Remark>) -> Response {
    let body = Body::from(json.clone());
    let mut response = Response::builder().content_type("application/json; charset=utf-8").body(body);
    response.set_data(Bare { json, remarks });
    response
}

/// Puts the envelope around a [`Reply`]; everything else (streams, files, refusals, 204) passes untouched.
pub(crate) fn dress(mut response: Response, request_id: &str) -> Response {
    let Some(Bare { json, remarks }) = response.extensions_mut().remove::<Bare>() else {
        return response;
    };
    let mut body = BytesMut::with_capacity(json.len() + request_id.len() + 64);
    body.put_slice(b"{\"data\":");
    body.put_slice(&json);
    body.put_slice(b",\"error\":null,\"meta\":");
    let mut meta = Meta::new(request_id);
    for remark in remarks {
        match remark {
            Remark::Degraded(what) => meta.degraded.get_or_insert_default().push(what.into()),
            Remark::DryRun => meta.dry_run = Some(true),
        }
    }
    body.put_slice(&serde_json::to_vec(&meta).unwrap_or_default());
    body.put_u8(b'}');
    response.set_body(body.freeze());
    response
}

impl<T: Type> Payload for Reply<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        let mut schema = MetaSchema::new("object");
        let null = MetaSchema { nullable: true, description: Some("Always null."), ..MetaSchema::ANY };
        schema.required = vec!["data", "error", "meta"];
        schema.properties = vec![
            ("data", T::schema_ref()),
            ("error", MetaSchemaRef::Inline(Box::new(null))),
            ("meta", Meta::schema_ref()),
        ];
        MetaSchemaRef::Inline(Box::new(schema))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
        Meta::register(registry);
    }
}

impl<T: Type> ApiResponse for Reply<T> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }];
        let ok = MetaResponse {
            description: "Success.",
            status: Some(200),
            status_range: None,
            content,
            headers: Vec::new(),
        };
        MetaResponses { responses: vec![ok] }
    }

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }
}
