//! The export of a calendar for publishing elsewhere: the file of its saved entries.

use almanac_shared::{
    calendar::export::{Export, Format},
    platform::{flags::Flag, id::CalendarId},
};
use poem::{Body, Response};
use poem_openapi::{ApiResponse, OpenApi};

use super::dto::ExportCommand;
use crate::{
    auth::Caller,
    http::{
        error::{ApiError, Detail},
        file::{File, file_formats},
        strict_json::StrictJson,
    },
    routes::Tag,
    state::App,
};

file_formats! {
    /// Media types of a file of entries.
    ExportFormats = ["application/json", "text/csv", "text/calendar"];
}

/// The route of the export.
pub struct ExportApi {
    pub(crate) app: App,
}

#[derive(ApiResponse)]
enum Exported {
    /// The file.
    #[oai(status = 200)]
    File(
        File<ExportFormats>,
        #[oai(header = "Content-Disposition")] String,
        /// `true` while `PUBLISH_SERVICE_ENABLED` is off for the caller.
        #[oai(header = "X-Dry-Run")]
        Option<String>,
    ),
}

#[OpenApi(tag = "Tag::Publishing")]
impl ExportApi {
    /// Export the saved entries of a calendar
    ///
    /// The file of `GET /calendars/{id}/export`, with edits as they are saved. While `PUBLISH_SERVICE_ENABLED` is off for the
    /// caller the same file has `X-Dry-Run: true`.
    #[oai(path = "/publish/export", method = "post", operation_id = "exportForPublishing")]
    async fn export(&self, caller: Caller, command: StrictJson<ExportCommand>) -> Result<Exported, ApiError> {
        let app = &self.app;
        let refuse = |field: &str, kind: &str, message: &str| {
            ApiError::invalid(vec![Detail::at(["body", field], kind, message)])
        };
        let id: Result<CalendarId, _> = command.0.calendar_id.parse();
        let id = id.map_err(|_| refuse("calendarId", "uuid", "is no id of a calendar"))?;
        let format =
            Format::parse(&command.0.format).ok_or_else(|| refuse("format", "enum", "must be json, csv or ics"))?;
        let (calendar, entries) = app.calendars.show(caller.user, id).await?;
        let mut file = Export::start(format, calendar.id, calendar.title.as_deref());
        entries.iter().for_each(|entry| file.push(entry));
        let response = Response::builder().content_type(format.content_type()).body(Body::from(file.finish()));
        let disposition = format!("attachment; filename=\"{}\"", format.file_name());
        let is_dry_run = !app.flags.is_on(Flag::PublishService, Some(caller.user));
        Ok(Exported::File(File::new(response), disposition, is_dry_run.then(|| "true".to_owned())))
    }
}
