//! What recipients and the mail provider ask of us, without an account: unsubscribe links and reports of deliveries; and the
//! list of mails for operators.

use std::convert::Infallible;

use almanac_shared::{
    platform::id::DeliveryId,
    synthesis::{
        render::{self, Unsubscribe},
        service::{MailReport, Subscription},
    },
};
use anyhow::Context;
use futures_util::stream;
use poem::{Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};
use serde_json::{Value, json};

use super::{dto::synthesis::ListedDeliveryPage, syntheses::HtmlPage};
use crate::{
    auth::Admin,
    http::{
        document_types::DeliveryStatus,
        error::{ApiError, Detail},
        file::File,
        page,
        raw_body::{RawBody, RawMedia},
        reply::Reply,
        webhook::{self, EventKind, ResendEvent, WebhookError},
    },
    routes::Tag,
    state::App,
};

/// The routes of mails.
pub struct MailsApi {
    pub(crate) app: App,
}

/// Forms of mail clients and of our own page.
struct UnsubscribeForm;

impl RawMedia for UnsubscribeForm {
    const MEDIA_TYPES: &'static [&'static str] = &["application/x-www-form-urlencoded", "multipart/form-data"];
    const IS_REQUIRED: bool = false;
    const FIELDS: &'static [(&'static str, &'static str)] = &[
        ("List-Unsubscribe", "`One-Click`, from mail clients (RFC 8058). Not read."),
        ("scope", "`all` ends all mail of this service to the address; anything else is about the theme."),
    ];

    fn example() -> Value {
        json!({ "List-Unsubscribe": "One-Click" })
    }
}

/// A report of the mail provider.
struct ProviderReport;

impl RawMedia for ProviderReport {
    const MEDIA_TYPES: &'static [&'static str] = &["application/json"];
    const IS_REQUIRED: bool = true;
    const FIELDS: &'static [(&'static str, &'static str)] = &[
        ("type", "The kind of the event, such as `email.delivered`."),
        ("created_at", "When it happened."),
        ("data", "The mail: `email_id` and `tags`, which name our delivery."),
    ];

    fn example() -> Value {
        json!({
            "type": "email.delivered", "created_at": "2026-03-23T07:01:00.000Z",
            "data": {
                "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                "tags": { "delivery_id": "0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11" },
            },
        })
    }
}

#[derive(ApiResponse)]
enum HtmlAnswer {
    /// The page.
    #[oai(status = 200)]
    Html(File<HtmlPage>, #[oai(header = "Content-Security-Policy")] String),
}

#[derive(ApiResponse)]
enum Received {
    /// Recorded, or about nothing that is recorded.
    #[oai(status = 204)]
    Recorded,
}

#[OpenApi(tag = "Tag::Synthesis")]
impl MailsApi {
    /// Show the page of an unsubscribe link
    ///
    /// Changes nothing: scanners of mail follow links. The page has one button for the theme and one for all mail of this
    /// service.
    #[oai(path = "/unsubscribe/:token", method = "get", operation_id = "showUnsubscribe")]
    async fn ask(&self, token: Path<String>) -> Result<HtmlAnswer, ApiError> {
        let subscription = self.app.syntheses.subscription(&token.0).await?;
        html(Unsubscribe::Asking, &subscription, &token.0)
    }

    /// Unsubscribe (RFC 8058)
    ///
    /// Ends the mails of the theme to the recipient of the link; `scope=all` in the form ends all mail of this service to
    /// that address. Needs no session and no further header. Idempotent.
    #[oai(path = "/unsubscribe/:token", method = "post", operation_id = "unsubscribe")]
    async fn unsubscribe(
        &self,
        request: &Request,
        token: Path<String>,
        form: RawBody<UnsubscribeForm>,
    ) -> Result<HtmlAnswer, ApiError> {
        let all = is_for_all(request.content_type(), &form).await;
        let syntheses = &self.app.syntheses;
        syntheses.unsubscribe(&token.0, all).await?;
        let subscription = syntheses.subscription(&token.0).await?;
        html(if all { Unsubscribe::DoneAll } else { Unsubscribe::DoneTheme }, &subscription, &token.0)
    }

    /// Take a report of Resend about a mail
    ///
    /// The signature covers the exact bytes of the body. A report about a mail that does not exist is taken, too.
    #[oai(path = "/webhooks/resend", method = "post", operation_id = "receiveResendEvent")]
    async fn resend(&self, request: &Request, report: RawBody<ProviderReport>) -> Result<Received, ApiError> {
        let app = &self.app;
        let now = app.clock.now();
        let event = webhook::verify(&app.webhook_secrets, request.headers(), &report.bytes, now).map_err(refused)?;
        self.record(event).await?;
        Ok(Received::Recorded)
    }
}

/// The routes of mails for operators.
pub struct DeliveriesApi {
    pub(crate) app: App,
}

#[OpenApi(tag = "Tag::Admin")]
impl DeliveriesApi {
    /// List mails of all users, newest first
    ///
    /// Those that were not delivered, or all of one status. Addresses are not shown.
    #[oai(path = "/admin/deliveries", method = "get", operation_id = "listAllDeliveries")]
    async fn all(
        &self,
        _admin: Admin,
        /// Only mails with this status.
        status: Query<Option<DeliveryStatus>>,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<ListedDeliveryPage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let before = page::id(cursor.0.as_deref())?.map(DeliveryId);
        let syntheses = &self.app.syntheses;
        let mut rows = syntheses.all_deliveries(status.0.as_deref(), before, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_id(row.id.0));
        Ok(Reply::new(ListedDeliveryPage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }
}

impl MailsApi {
    async fn record(&self, event: ResendEvent) -> Result<(), ApiError> {
        let ResendEvent { kind, delivery_id, email_id, to, .. } = event;
        let (status, is_permanent) = match kind {
            EventKind::Sent => ("sent", false),
            EventKind::Delivered => ("delivered", false),
            EventKind::DeliveryDelayed => ("delayed", false),
            EventKind::Bounced { permanent } => ("bounced", permanent),
            EventKind::Complained => ("complained", false),
            EventKind::Failed => ("failed", false),
            EventKind::Suppressed => ("suppressed", false),
            EventKind::Other => return Ok(()),
        };
        let Some(delivery) = delivery_id.map(DeliveryId) else { return Ok(()) };
        let syntheses = &self.app.syntheses;
        let (provider_ref, to) = (email_id.as_deref(), to.as_deref());
        let report = MailReport { delivery, status, is_permanent, provider_ref, to };
        let is_ours = syntheses.record_mail_event(&report).await?;
        if is_ours {
            self.app.metrics.mail_reported(status);
            tracing::info!(deliveryId = %delivery, status, "the mail provider reported a mail");
        }
        Ok(())
    }
}

/// A report that is not the provider's. Without a secret the route counts as missing.
fn refused(error: WebhookError) -> ApiError {
    match error {
        WebhookError::NotConfigured => ApiError::not_found(),
        WebhookError::Body => ApiError::invalid(vec![Detail::at(["body"], "value", error.to_string())]),
        WebhookError::Headers | WebhookError::Time | WebhookError::Signature => {
            ApiError::unauthenticated("the signature of the webhook does not verify")
        }
    }
}

fn html(state: Unsubscribe, subscription: &Subscription, token: &str) -> Result<HtmlAnswer, ApiError> {
    let theme = subscription.theme.as_deref().unwrap_or_default();
    let language = subscription.language.as_deref().unwrap_or("en");
    // Relative to the page: the API may stand under a path.
    let page = render::unsubscribe_page(state, theme, language, token);
    let page = page.context("rendering the page of an unsubscribe link")?;
    let response = Response::builder().content_type("text/html; charset=utf-8").body(page);
    Ok(HtmlAnswer::Html(File::new(response), render::content_security_policy()))
}

/// Whether a form names all mail of this service. A form that cannot be read is about its theme.
async fn is_for_all(content_type: Option<&str>, form: &RawBody<UnsubscribeForm>) -> bool {
    let content_type = content_type.unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(content_type) else {
        return url::form_urlencoded::parse(&form.bytes).any(|(name, value)| name == "scope" && value == "all");
    };
    let bytes = form.bytes.clone();
    let mut parts = multer::Multipart::new(stream::once(async { Ok::<_, Infallible>(bytes) }), boundary);
    while let Ok(Some(part)) = parts.next_field().await {
        if part.name() == Some("scope") {
            return part.text().await.is_ok_and(|value| value == "all");
        }
    }
    false
}
