//! How far TikTok is with a post, by the answer to `status/fetch`. Pure.
//! <https://developers.tiktok.com/doc/content-posting-api-reference-get-video-status>

use serde_json::Value;

use super::super::ids;

/// How far a post is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// An upload is not complete, or TikTok works on it; so many bytes have arrived, if it says.
    Uploading(Option<u64>),
    /// TikTok fetches the media or works on them.
    Working,
    /// The post exists; its public id, if it has one yet.
    Complete(Option<String>),
    /// It lies in the inbox of the account, for its owner to finish.
    Inbox,
    /// There is no post, for this reason.
    Failed(String),
}

impl Status {
    /// Reads an answer; `None` if it has no status. A status of a later version is one of work.
    pub(super) fn read(body: &Value) -> Option<Self> {
        let data = body.get("data")?;
        let number = |name: &str| ids::number(data.get(name)?).and_then(|number| u64::try_from(number).ok());
        Some(match data.get("status")?.as_str()? {
            "PROCESSING_UPLOAD" => Self::Uploading(number("uploaded_bytes")),
            "PUBLISH_COMPLETE" => Self::Complete(public_id(data)),
            "SEND_TO_USER_INBOX" => Self::Inbox,
            "FAILED" => Self::Failed(data.get("fail_reason").and_then(Value::as_str).unwrap_or("unknown").to_owned()),
            _ => Self::Working,
        })
    }
}

/// The name is misspelled in the vendor's documents. A post that only some people may see has none.
fn public_id(data: &Value) -> Option<String> {
    let names = ["publicaly_available_post_id", "publicly_available_post_id"];
    let id = names.iter().find_map(|name| data.get(*name))?;
    ids::text(id.as_array().map_or(id, |list| list.first().unwrap_or(&Value::Null)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(data: &str) -> Option<Status> {
        Status::read(&serde_json::from_str(&format!(r#"{{"data": {data}}}"#)).unwrap())
    }

    #[test]
    fn each_status_is_read() {
        for (data, expected) in [
            (r#"{"status": "PROCESSING_UPLOAD", "uploaded_bytes": 10}"#, Status::Uploading(Some(10))),
            (r#"{"status": "PROCESSING_UPLOAD"}"#, Status::Uploading(None)),
            (r#"{"status": "PROCESSING_DOWNLOAD", "downloaded_bytes": 7}"#, Status::Working),
            (r#"{"status": "SOMETHING_NEW"}"#, Status::Working),
            (r#"{"status": "SEND_TO_USER_INBOX"}"#, Status::Inbox),
            (r#"{"status": "FAILED", "fail_reason": "internal"}"#, Status::Failed("internal".to_owned())),
            (r#"{"status": "FAILED"}"#, Status::Failed("unknown".to_owned())),
        ] {
            assert_eq!(read(data), Some(expected), "{data}");
        }
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"status": 7}"#), None);
        assert_eq!(Status::read(&json!({"error": {"code": "ok"}})), None);
    }

    #[test]
    fn a_public_id_keeps_all_of_its_digits() {
        let id = "7412345678901234567";
        for (field, expected) in [
            (r#", "publicaly_available_post_id": [7412345678901234567, 8]"#, Some(id)),
            (r#", "publicaly_available_post_id": ["7412345678901234567"]"#, Some(id)),
            (r#", "publicly_available_post_id": [7412345678901234567]"#, Some(id)),
            (r#", "publicaly_available_post_id": 7412345678901234567"#, Some(id)),
            (r#", "publicaly_available_post_id": []"#, None),
            ("", None),
        ] {
            let status = read(&format!(r#"{{"status": "PUBLISH_COMPLETE"{field}}}"#));
            assert_eq!(status, Some(Status::Complete(expected.map(str::to_owned))), "{field}");
        }
    }
}
