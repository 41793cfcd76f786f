//! A mail as it is rendered, once per delivery.

use almanac_shared::synthesis::{
    render::{self, Issue},
    store::mail::{OpenedMail, RenderedMail},
};
use almanac_shared::values::local_time;
use anyhow::Context;
use chrono_tz::Tz;

/// A token of 128 random bits, for a recipient that has none.
pub(super) fn fresh_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Renders a mail with its recipient's unsubscribe link.
pub(super) fn render(opened: &OpenedMail, public_url: &str) -> anyhow::Result<RenderedMail> {
    let zone = local_time::zone(&opened.zone).unwrap_or(Tz::UTC);
    let made_on = opened.made_at.with_timezone(&zone).date_naive();
    let issue = Issue {
        theme: &opened.theme,
        week: &opened.week,
        date: opened.fire_date.unwrap_or(made_on),
        language: &opened.language,
        sections: &opened.sections,
    };
    let unsubscribe_url = (!public_url.is_empty()).then(|| format!("{public_url}/v1/unsubscribe/{}", opened.token));
    let mail = render::mail(&issue, unsubscribe_url.as_deref()).context("rendering a mail")?;
    Ok(RenderedMail { subject: mail.subject, html: mail.html, text: mail.text, unsubscribe_url })
}
