//! Answers that are no JSON: a file to keep, and nothing at all. Used by the domains' routes; decides nothing.

use std::io;

use almanac_shared::{flashcards::download::Download, platform::error::Refusal};
use futures_util::stream;
use poem::{Body, IntoResponse, Response};
use poem_openapi::{
    ApiResponse,
    payload::Payload,
    registry::{MetaSchema, MetaSchemaRef},
};

/// What a download answers.
#[derive(ApiResponse)]
pub enum Exported {
    /// The file.
    #[oai(status = 200)]
    File(File, #[oai(header = "Content-Disposition")] String),
}

/// A file with its own content type.
pub struct File(pub Response);

impl IntoResponse for File {
    fn into_response(self) -> Response {
        self.0
    }
}

impl Payload for File {
    const CONTENT_TYPE: &'static str = "application/octet-stream";

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema { format: Some("binary"), ..MetaSchema::new("string") }))
    }
}

/// What a deletion answers.
#[derive(ApiResponse)]
pub enum Deleted {
    /// It is gone.
    #[oai(status = 204)]
    Gone,
}

/// A body that reads on as the client takes it. The first part is read before, so that a store that is away is still
/// answered by a status; a failure after it breaks the connection, and the file does not look complete.
pub async fn parts(mut download: Download) -> Result<Body, Refusal> {
    let first = download.next().await?;
    let rest = stream::try_unfold((first, download), |(part, mut download)| async move {
        let Some(part) = part else { return Ok(None) };
        let next = download.next().await.map_err(|refusal| {
            tracing::warn!(error = format!("{:#}", anyhow::Error::new(refusal)), "an export broke off");
            io::Error::other("the export broke off")
        })?;
        Ok::<_, io::Error>(Some((part, (next, download))))
    });
    Ok(Body::from_bytes_stream(rest))
}
