//! The mailer for development: mails become files, and no one gets them.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use almanac_shared::platform::error::Code;
use anyhow::Context;
use async_trait::async_trait;
use serde_json::json;

use super::{Mailer, Outgoing, SendBudget, Sent};

/// Writes `<folder>/<delivery id>.html` and `.txt`, which only the worker's user may read; without a folder only a log line.
pub(super) struct Log {
    folder: Option<PathBuf>,
}

impl Log {
    pub(super) fn new(folder: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).with_context(|| format!("MAIL_DIR: making {}", folder.display()))?;
        }
        Ok(Self { folder })
    }
}

#[async_trait]
impl Mailer for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn call_timeout(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn send(&self, mail: &Outgoing, _: SendBudget) -> Sent {
        if let Some(folder) = self.folder.clone() {
            let mail = mail.clone();
            let written = tokio::task::spawn_blocking(move || write(&folder, &mail)).await;
            if let Err(error) = written.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                tracing::error!(error = %error, "a mail cannot be written to MAIL_DIR");
                return Sent::NotSent {
                    retry_after: None,
                    code: Code::EmailUnavailable,
                    message: "The mail could not be written to its folder.",
                    proof: json!({"reason": "not_written"}),
                };
            }
        }
        tracing::info!(delivery = %mail.delivery_id, "mail logged instead of sent");
        Sent::Accepted { provider_ref: None }
    }

    fn resend_is_safe(&self) -> bool {
        false
    }
}

fn write(folder: &Path, mail: &Outgoing) -> io::Result<()> {
    for (ending, content) in [("html", &mail.html), ("txt", &mail.text)] {
        let path = folder.join(format!("{}.{ending}", mail.delivery_id));
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(content.as_bytes())?;
    }
    Ok(())
}
