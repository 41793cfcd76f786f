//! Answers without JSON: downloads, and 204.

use std::{io, marker::PhantomData};

use almanac_shared::{flashcards::download::Download, platform::error::Refusal};
use futures_util::stream;
use poem::{Body, IntoResponse, Response};
use poem_openapi::{
    ApiResponse, ResponseContent,
    registry::{MetaMediaType, MetaSchema, MetaSchemaRef, Registry},
};

/// A file with its own content type, one of those of `T`.
pub struct File<T> {
    response: Response,
    formats: PhantomData<fn() -> T>,
}

/// Media types that a download may have.
pub trait Formats {
    /// The media types, without parameters.
    const MEDIA_TYPES: &'static [&'static str];
}

/// Declares the media types of downloads.
macro_rules! file_formats {
    ($($(#[$doc:meta])* $visible:vis $name:ident = $types:expr;)*) => {$(
        $(#[$doc])*
        $visible struct $name;

        impl $crate::http::file::Formats for $name {
            const MEDIA_TYPES: &'static [&'static str] = &$types;
        }
    )*};
}

pub(crate) use file_formats;

impl<T> File<T> {
    /// The file in this response.
    pub const fn new(response: Response) -> Self {
        Self { response, formats: PhantomData }
    }
}

impl<T: Send> IntoResponse for File<T> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<T: Formats> ResponseContent for File<T> {
    fn media_types() -> Vec<MetaMediaType> {
        let schema = |content_type: &str| match content_type {
            "application/json" => MetaSchema {
                items: Some(Box::new(MetaSchemaRef::Inline(Box::new(MetaSchema::new("object"))))),
                ..MetaSchema::new("array")
            },
            _ => MetaSchema::new("string"),
        };
        let media_type = |&content_type: &&'static str| MetaMediaType {
            content_type,
            schema: MetaSchemaRef::Inline(Box::new(schema(content_type))),
        };
        T::MEDIA_TYPES.iter().map(media_type).collect()
    }

    fn register(_registry: &mut Registry) {}
}

/// The answer to a deletion.
#[derive(ApiResponse)]
pub enum Deleted {
    /// Deleted.
    #[oai(status = 204)]
    Gone,
}

/// A file that is read and written a part at a time.
pub trait Parts: Send + 'static {
    /// The next part; `None` after the last. An error ends the file.
    fn next(&mut self) -> impl Future<Output = Result<Option<String>, Refusal>> + Send;
}

impl Parts for Download {
    async fn next(&mut self) -> Result<Option<String>, Refusal> {
        Self::next(self).await
    }
}

/// A body that is read as the client takes it. The first part is read before, so that an unavailable store is still
/// answered by a status; a failure after it breaks the connection, and the file does not look complete.
pub async fn parts(mut download: impl Parts) -> Result<Body, Refusal> {
    let first = download.next().await?;
    let rest = stream::try_unfold((first, download), |(part, mut download)| async move {
        let Some(part) = part else { return Ok(None) };
        let next = download.next().await.map_err(|refusal| {
            tracing::warn!(error = format!("{:#}", anyhow::Error::new(refusal)), "an export was interrupted");
            io::Error::other("the export was interrupted")
        })?;
        Ok::<_, io::Error>(Some((part, (next, download))))
    });
    Ok(Body::from_bytes_stream(rest))
}
