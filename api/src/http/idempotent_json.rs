//! The body of a POST that starts work or makes something, together with the idempotency key it may come under.
//! Such routes take `IdempotentJson<T>` instead of `StrictJson<T>`; `IdempotentJson<Option<T>>` also takes no body at all; the fingerprint is of the whole body as it was sent, and is
//! made only when there is a key.

use almanac_shared::jobs::idempotency::fingerprint;
use bytes::Bytes;
use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    payload::Payload,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::{
    error::ApiError,
    negotiation,
    strict_json::{self, StrictJson},
};

/// A checked body and its key.
#[derive(Clone, Debug)]
pub struct IdempotentJson<T> {
    /// The body.
    pub body: T,
    /// The key, and the fingerprint of the body.
    pub key: Option<(String, [u8; 32])>,
}

impl<'a, T: Type + DeserializeOwned + Send> ApiExtractor<'a> for IdempotentJson<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <StrictJson<T> as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let schema = <StrictJson<T> as Payload>::schema_ref();
        let content = vec![MetaMediaType { content_type: <StrictJson<T> as Payload>::CONTENT_TYPE, schema }];
        Some(MetaRequest { description: None, content, required: T::IS_REQUIRED })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let key = negotiation::idempotency_key(request.headers())?;
        let bytes = body.take()?.into_bytes().await?;
        let is_absent = bytes.is_empty() && !T::IS_REQUIRED;
        let bytes = if is_absent { Bytes::from_static(b"null") } else { bytes };
        if !is_absent {
            strict_json::check_media(
                request,
                <StrictJson<T> as Payload>::check_content_type,
                &[StrictJson::<T>::CONTENT_TYPE],
            )?;
        }
        let parsed = strict_json::parse(&bytes)?;
        let key = match key {
            Some(key) => {
                let fingerprint = fingerprint(&strict_json::parse::<Value>(&bytes)?);
                Some((key.to_owned(), fingerprint.map_err(|error| ApiError::internal(error.into()))?))
            }
            None => None,
        };
        Ok(Self { body: parsed, key })
    }
}
