//! Receipts over HTTP: the one of an intent, and the whole chain as a file.

use almanac_shared::{
    platform::{
        error::{Code, Refusal},
        id::{IntentId, UserId},
    },
    publishing::{
        receipts::Head,
        service::{Publishing, ReceiptOf},
    },
};
use anyhow::{Context, anyhow};
use poem::Response;
use poem_openapi::{ApiResponse, OpenApi, param::Path};
use uuid::Uuid;

use super::dto::receipt::ReceiptResponse;
use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        file::{self, File, Parts, file_formats},
        reply::Reply,
    },
    routes::Tag,
    state::App,
};

/// Receipts of one part of the file.
const PAGE: u32 = 250;

file_formats! {
    /// The media type of the chain.
    ReceiptFormats = ["application/x-ndjson"];
}

/// The routes of receipts.
pub struct ReceiptsApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Chain {
    /// One receipt a line, each in canonical JSON, then `{"count": n, "head": "…"}`.
    #[oai(status = 200)]
    File(File<ReceiptFormats>, #[oai(header = "Content-Disposition")] String),
}

#[OpenApi(tag = "Tag::Publishing")]
impl ReceiptsApi {
    /// Show the receipt of an intent
    ///
    /// The newest one: a retry that ends writes another. Before the intent has ended 404 `NOT_FINAL`; if it ended before
    /// anything was sent 404 `NO_RECEIPT`.
    #[oai(path = "/publish/intents/:id/receipt", method = "get", operation_id = "showReceipt")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<ReceiptResponse>, ApiError> {
        match self.app.publishing.receipt(caller.user, IntentId(id.0)).await? {
            ReceiptOf::Found(text) => Reply::stored(text),
            ReceiptOf::NotFinal => Err(ApiError::new(Code::NotFinal, "the intent has not ended")),
            ReceiptOf::NothingSent => Err(ApiError::new(Code::NoReceipt, "the intent ended before anything was sent")),
        }
    }

    /// Download all receipts, oldest first
    ///
    /// `almanac-api verify-receipts FILE` checks that none was changed, removed or moved.
    #[oai(path = "/publish/receipts", method = "get", operation_id = "exportReceipts")]
    async fn export(&self, caller: Caller) -> Result<Chain, ApiError> {
        let publishing = self.app.publishing.clone();
        let head = publishing.receipt_head(caller.user).await?;
        let download = ChainDownload { publishing, user: caller.user, head, written: 0, is_done: false };
        let response = Response::builder().content_type("application/x-ndjson").body(file::parts(download).await?);
        Ok(Chain::File(File::new(response), "attachment; filename=\"receipts.ndjson\"".to_owned()))
    }
}

/// A chain that is being read, up to the end that it had at the beginning.
struct ChainDownload {
    publishing: Publishing,
    user: UserId,
    head: Head,
    written: u64,
    is_done: bool,
}

impl Parts for ChainDownload {
    async fn next(&mut self) -> Result<Option<String>, Refusal> {
        if self.is_done {
            return Ok(None);
        }
        let mut part = String::new();
        let missing = self.head.count - self.written;
        if missing > 0 {
            let wanted = u32::try_from(missing).unwrap_or(u32::MAX).min(PAGE);
            let receipts = self.publishing.receipts(self.user, self.written, wanted).await?;
            if receipts.len() != wanted as usize {
                return Err(anyhow!("the receipts were erased while they were read").into());
            }
            for receipt in &receipts {
                part.push_str(receipt);
                part.push('\n');
            }
            self.written += u64::from(wanted);
        }
        if self.written == self.head.count {
            part.push_str(&self.head.line().context("writing the end of the chain")?);
            part.push('\n');
            self.is_done = true;
        }
        Ok(Some(part))
    }
}
