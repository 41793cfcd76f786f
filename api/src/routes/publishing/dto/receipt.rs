//! Receipts, for the OpenAPI document only: what is sent is the text that was hashed.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use serde::Serialize;
use serde_json::Value;

use crate::http::document_types::{IntentStatus, PublishChannel, PublishTransport};

/// What became of an intent, in a chain: each receipt names the hash of the one before.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub struct ReceiptResponse {
    /// Place in the user's chain, from 1, without gaps.
    seq: u64,
    intent_id: String,
    payload_hash: String,
    #[oai(nullable)]
    plan_hash: Option<String>,
    transport: PublishTransport,
    /// Id of the user who asked for it.
    approved_by: String,
    account: ReceiptAccount,
    outcome: IntentStatus,
    /// The channel's id of the post.
    #[oai(nullable)]
    external_id: Option<String>,
    /// Address of the post.
    #[oai(nullable)]
    external_url: Option<String>,
    events: Vec<ReceiptEvent>,
    /// Hash of the receipt before; null in the first.
    #[oai(nullable)]
    previous: Option<String>,
    /// SHA-256 of the canonical JSON (RFC 8785) of all other fields, in lower-case hex.
    hash: String,
}

/// The account of a receipt.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct ReceiptAccount {
    channel: PublishChannel,
    account_id: String,
    /// The channel's id of the account.
    external_id: String,
}

/// One change of an intent's status.
#[derive(Debug, Serialize, Object)]
struct ReceiptEvent {
    at: DateTime<Utc>,
    from: IntentStatus,
    to: IntentStatus,
    /// What showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    proof: Option<Value>,
}
