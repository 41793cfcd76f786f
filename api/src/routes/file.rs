//! Answers that are no JSON: a file to keep, and nothing at all. Used by the domains' routes; decides nothing.

use poem::{IntoResponse, Response};
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
