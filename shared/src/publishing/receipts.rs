//! Receipts: what became of an intent, in a chain per user in which each receipt names the hash of the one before. Called
//! where an intent becomes final, by the export, and by `verify-receipts`. Pure.
//!
//! Each line of an export is canonical JSON, so a changed byte is found also where the value it spells stays the same.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{IntentStatus, Transport};
use crate::values::canonical_json;

/// What a receipt says, without its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptContent {
    /// The intent.
    pub intent_id: String,
    /// Names the requests that were sent.
    pub payload_hash: String,
    /// The plan that it was part of.
    pub plan_hash: Option<String>,
    /// Where they were sent.
    pub transport: Transport,
    /// The user who asked for it.
    pub approved_by: String,
    /// The account's channel and id.
    pub account: ReceiptAccount,
    /// The final state.
    pub outcome: IntentStatus,
    /// The vendor's id of the post; a text, because such numbers pass 2^53.
    pub external_id: Option<String>,
    /// The post's address.
    pub external_url: Option<String>,
    /// The states on the way.
    pub events: Vec<ReceiptEvent>,
}

/// The account of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptAccount {
    /// The channel.
    pub channel: super::Channel,
    /// The account.
    pub account_id: String,
    /// The vendor's id of it.
    pub external_id: String,
}

/// One change of an intent's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// The state before.
    pub from: IntentStatus,
    /// The state after.
    pub to: IntentStatus,
    /// What showed it, e.g. a status and an id of the vendor's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Value>,
}

/// A receipt in its chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its place, from 1, without gaps.
    pub seq: u64,
    /// What it says.
    #[serde(flatten)]
    pub content: ReceiptContent,
    /// The hash of the receipt before; the first one has none.
    pub previous: Option<String>,
    /// SHA-256 of the canonical JSON of everything else, in lower-case hex.
    pub hash: String,
}

/// The end of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many receipts there are.
    pub count: u64,
    /// The hash of the newest; the empty chain has none.
    pub head: Option<String>,
}

impl Receipt {
    /// The receipt that follows the end of a chain.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn after(head: &Head, content: ReceiptContent) -> serde_json::Result<Self> {
        let seq = head.count + 1;
        let mut receipt = Self { seq, content, previous: head.head.clone(), hash: String::new() };
        receipt.hash = hash_of(&serde_json::to_value(&receipt)?)?;
        Ok(receipt)
    }

    /// The end of the chain that this receipt ends.
    pub fn head(&self) -> Head {
        Head { count: self.seq, head: Some(self.hash.clone()) }
    }

    /// Its line in an export, without the line break.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn line(&self) -> serde_json::Result<String> {
        canonical_json::to_string(self)
    }
}

impl Head {
    /// The last line of an export, without the line break.
    ///
    /// # Errors
    /// None that these types can cause.
    pub fn line(&self) -> serde_json::Result<String> {
        canonical_json::to_string(self)
    }
}

/// Where an export is not the chain that was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// A line is not as it was written.
    #[error("line {line} was changed")]
    Changed {
        /// The line, from 1.
        line: usize,
    },
    /// A line does not follow the one before: one is missing, or lines changed their places.
    #[error("line {line} has seq {found}, not {expected}: a receipt is missing or not in its place")]
    OutOfOrder {
        /// The line, from 1.
        line: usize,
        /// The seq that follows the line before.
        expected: u64,
        /// The line's seq.
        found: u64,
    },
    /// The line before is not the one that this one was chained to.
    #[error("line {line} does not continue the chain: the receipt before it was replaced")]
    NotChained {
        /// The line, from 1.
        line: usize,
    },
    /// The last line does not say how many receipts there are and where they end.
    #[error("the last line is missing")]
    NoEnd,
    /// The last line tells of another end.
    #[error("the chain ends at receipt {found}, and the last line says {expected}")]
    OtherEnd {
        /// Receipts by the last line.
        expected: u64,
        /// Receipts before it.
        found: u64,
    },
    /// The chain does not end where it should: the newest receipts are missing, or it is another chain.
    #[error("the chain does not end at the expected head")]
    OtherHead,
}

/// Checks an export against its own hashes and, if it is known, against the expected head: without one, a chain that lost
/// its newest receipts and had its last line rewritten looks whole.
///
/// # Errors
/// The first line that is not as it was written.
pub fn verify(export: &[u8], expected_head: Option<&str>) -> Result<Head, Break> {
    let lines: Vec<&[u8]> = export.strip_suffix(b"\n").unwrap_or(export).split(|byte| *byte == b'\n').collect();
    let (last, receipts) = lines.split_last().ok_or(Break::NoEnd)?;
    let mut head = Head::default();
    for (line, text) in (1..).zip(receipts) {
        head = next(&head, line, text)?;
    }
    check_end(last, receipts.len() + 1, &head)?;
    if expected_head.is_some_and(|expected| head.head.as_deref() != Some(expected)) {
        return Err(Break::OtherHead);
    }
    Ok(head)
}

/// The last line must be, byte for byte, the one that the receipts before it ask for.
fn check_end(text: &[u8], line: usize, head: &Head) -> Result<(), Break> {
    if head.line().is_ok_and(|expected| expected.as_bytes() == text) {
        return Ok(());
    }
    // A receipt at the end means that the last line is gone.
    if serde_json::from_slice::<Receipt>(text).is_ok() {
        return Err(Break::NoEnd);
    }
    match serde_json::from_slice::<Head>(text) {
        Ok(end) if end != *head => Err(Break::OtherEnd { expected: end.count, found: head.count }),
        _ => Err(Break::Changed { line }),
    }
}

/// The end of the chain after one more line.
fn next(head: &Head, line: usize, text: &[u8]) -> Result<Head, Break> {
    let value = read_canonical(text).ok_or(Break::Changed { line })?;
    let receipt: Receipt = serde_json::from_value(value.clone()).map_err(|_| Break::Changed { line })?;
    if hash_of(&value).ok().as_ref() != Some(&receipt.hash) {
        return Err(Break::Changed { line });
    }
    if receipt.seq != head.count + 1 {
        return Err(Break::OutOfOrder { line, expected: head.count + 1, found: receipt.seq });
    }
    if receipt.previous != head.head {
        return Err(Break::NotChained { line });
    }
    Ok(receipt.head())
}

/// What a line says, if its bytes are the canonical JSON of it.
fn read_canonical(text: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let canonical = canonical_json::to_string(&value).ok()?;
    (canonical.as_bytes() == text).then_some(value)
}

/// The hash of a receipt: of everything in it but the hash itself.
fn hash_of(receipt: &Value) -> serde_json::Result<String> {
    let mut content = receipt.clone();
    if let Some(members) = content.as_object_mut() {
        members.remove("hash");
    }
    canonical_json::sha256_hex(&content)
}

#[cfg(test)]
mod tests;
