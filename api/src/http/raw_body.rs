//! Request bodies that are no JSON of ours: forms of mail clients, and webhooks whose signature covers the exact bytes.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::{Request, RequestBody};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
};

use serde_json::Value;

use crate::http::strict_json;

/// What a raw body may be.
pub trait RawMedia: Send {
    /// The media types, without parameters.
    const MEDIA_TYPES: &'static [&'static str];
    /// Whether there must be a body.
    const IS_REQUIRED: bool;
    /// The fields that are read, each with what it says.
    const FIELDS: &'static [(&'static str, &'static str)];

    /// A body with its usual fields.
    fn example() -> Value;
}

/// A body as it came, of one of the media types of `T`.
pub struct RawBody<T> {
    /// The bytes.
    pub bytes: Bytes,
    media: PhantomData<fn() -> T>,
}

impl<'a, T: RawMedia> ApiExtractor<'a> for RawBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(_registry: &mut Registry) {}

    fn request_meta() -> Option<MetaRequest> {
        let field = |&(name, says): &(&'static str, &'static str)| {
            let text = MetaSchema { description: Some(says), ..MetaSchema::ANY };
            (name, MetaSchemaRef::Inline(Box::new(text)))
        };
        let schema = || {
            let mut schema = MetaSchema::new("object");
            schema.properties = T::FIELDS.iter().map(field).collect();
            schema.example = Some(T::example());
            MetaSchemaRef::Inline(Box::new(schema))
        };
        let media = T::MEDIA_TYPES.iter().map(|content_type| MetaMediaType { content_type, schema: schema() });
        Some(MetaRequest { description: None, content: media.collect(), required: T::IS_REQUIRED })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = body.take()?.into_bytes().await?;
        if !bytes.is_empty() || T::IS_REQUIRED {
            strict_json::check_media(
                request,
                |content_type| {
                    let essence = content_type.split(';').next().unwrap_or_default().trim();
                    T::MEDIA_TYPES.iter().any(|known| known.eq_ignore_ascii_case(essence))
                },
                T::MEDIA_TYPES,
            )?;
        }
        Ok(Self { bytes, media: PhantomData })
    }
}
