//! Syntheses over HTTP: themes here; schedules, syntheses and mails in files below.

pub(super) mod events;

mod dto;
mod mails;
mod schedules;
mod syntheses;

use almanac_shared::{
    platform::id::ThemeId,
    synthesis::{rules::ThemeDraft, service::Syntheses},
};
use poem::Request;
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
};
use uuid::Uuid;

use self::dto::{CreateTheme, SourceList, ThemePage, ThemePatch, ThemeResponse};
pub(super) use self::syntheses::made;
pub use self::{
    mails::{DeliveriesApi, MailsApi},
    schedules::SchedulesApi,
    syntheses::SynthesesApi,
};
use crate::{
    auth::Caller,
    http::{
        error::ApiError,
        file::Deleted,
        idempotent_json::IdempotentJson,
        idempotent_post::{self, IdempotentPost},
        negotiation, page,
        reply::Reply,
        strict_json::StrictJson,
    },
    routes::Tag,
    state::App,
};

/// The routes of syntheses and of all that belongs to them.
pub type Routes = (ThemesApi, SchedulesApi, SynthesesApi, MailsApi, DeliveriesApi);

/// Over this app.
pub fn routes(app: &App) -> Routes {
    let app = || app.clone();
    (
        ThemesApi { app: app() },
        SchedulesApi { app: app() },
        SynthesesApi { app: app() },
        MailsApi { app: app() },
        DeliveriesApi { app: app() },
    )
}

/// The routes of themes.
pub struct ThemesApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Created {
    /// The new theme.
    #[oai(status = 201)]
    Theme(Reply<ThemeResponse>, #[oai(header = "Idempotency-Replayed")] Option<String>),
}

#[OpenApi(tag = "Tag::Synthesis")]
impl ThemesApi {
    /// List themes, newest first
    #[oai(path = "/themes", method = "get", operation_id = "listThemes")]
    async fn list(
        &self,
        caller: Caller,
        #[oai(validator(minimum(value = "1"), maximum(value = "250")))] limit: Query<Option<i64>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<ThemePage>, ApiError> {
        let limit = limit.0.unwrap_or(page::DEFAULT);
        let after = page::moment(cursor.0.as_deref())?.map(|(at, id)| (at, ThemeId(id)));
        let mut rows = self.app.syntheses.themes(caller.user, after, page::fetch(limit)).await?;
        let next_cursor = page::cut(&mut rows, limit).map(|row| page::of_moment(row.created_at, row.id.0));
        Ok(Reply::new(ThemePage { items: rows.into_iter().map(Into::into).collect(), next_cursor }))
    }

    /// Create a theme
    #[oai(path = "/themes", method = "post", operation_id = "createTheme")]
    async fn create(&self, caller: Caller, order: IdempotentJson<CreateTheme>) -> Result<Created, ApiError> {
        let draft = ThemeDraft::parse(order.body.into())?;
        let mut once = IdempotentPost::begin(&self.app, caller.user, "/v1/themes".to_owned(), order.key).await?;
        if let Some(again) = once.replay()? {
            return Ok(Created::Theme(again, idempotent_post::replayed()));
        }
        let shown: ThemeResponse = Syntheses::create_theme(once.tx(), caller.user, &draft).await?.into();
        Ok(Created::Theme(once.keep(shown).await?, None))
    }

    /// Show a theme
    #[oai(path = "/themes/:id", method = "get", operation_id = "showTheme")]
    async fn show(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<ThemeResponse>, ApiError> {
        Ok(Reply::new(self.app.syntheses.theme(caller.user, ThemeId(id.0)).await?.into()))
    }

    /// Edit a theme
    ///
    /// A feed that stays keeps what its last fetch left.
    #[oai(path = "/themes/:id", method = "patch", operation_id = "updateTheme")]
    async fn update(
        &self,
        request: &Request,
        caller: Caller,
        id: Path<Uuid>,
        patch: StrictJson<ThemePatch>,
    ) -> Result<Reply<ThemeResponse>, ApiError> {
        let expected = |version| negotiation::if_match(request.headers(), version);
        let (syntheses, id) = (&self.app.syntheses, ThemeId(id.0));
        let theme = syntheses.edit_theme(caller.user, id, expected, |theme| patch.0.apply(theme)).await?;
        Ok(Reply::new(theme.into()))
    }

    /// Delete a theme with its schedule, syntheses and mails
    ///
    /// Mails that were not sent yet are not sent. A theme with an active synthesis is 409 `ACTIVE_GENERATION`: cancel its job
    /// first.
    #[oai(path = "/themes/:id", method = "delete", operation_id = "deleteTheme")]
    async fn delete(&self, request: &Request, caller: Caller, id: Path<Uuid>) -> Result<Deleted, ApiError> {
        let app = &self.app;
        let expected = |version| negotiation::if_match(request.headers(), version);
        match app.syntheses.delete_theme(caller.user, ThemeId(id.0), expected).await {
            Ok(()) => Ok(Deleted::Gone),
            Err(refusal) => Err(app.refused(caller.user, refusal).await),
        }
    }

    /// Show the feeds of a theme, as their last fetches left them
    #[oai(path = "/themes/:id/sources", method = "get", operation_id = "listSources")]
    async fn sources(&self, caller: Caller, id: Path<Uuid>) -> Result<Reply<SourceList>, ApiError> {
        let sources = self.app.syntheses.sources(caller.user, ThemeId(id.0)).await?;
        Ok(Reply::new(SourceList { items: sources.into_iter().map(Into::into).collect() }))
    }
}
