//! What each kind of job is to a client: the events of its log, and the snapshot of what it made. One row and one arm per
//! kind; called by the routes of jobs and by the OpenAPI document.

use almanac_shared::{
    flashcards::CARDS_PER_GENERATION,
    jobs::{JobRow, Kind},
    platform::{error::Code, id::UserId},
};
use poem_openapi::{
    Union,
    registry::{MetaSchema, MetaSchemaRef, Registry},
    types::Type,
};
use serde_json::{Value, json};

use super::{
    calendar::{
        self,
        frame::{CalendarFrame, CalendarLine},
    },
    flashcards::{
        self,
        events::{GenerationFrame, GenerationLine},
    },
    jobs::{ErasureFrame, ErasureLine},
    organic::{
        self,
        events::{WeekFrame, WeekLine},
    },
    publishing::events::{PublicationFrame, PublicationLine},
    synthesis::{
        self,
        events::{MailFrame, MailLine, SynthesisFrame, SynthesisLine},
    },
};
use crate::{
    http::{error::ApiError, failure::FailureResponse},
    state::App,
};

macro_rules! logs {
    ($($kind:ident => $name:ident($frame:ty), $line:ty;)*) => {
        /// The data of one server-sent event, by the kind of the job.
        #[derive(Debug, Union)]
        #[expect(clippy::large_enum_variant, reason = "for the document only: no value is made")]
        pub enum JobFrame {
            $(
                #[doc = concat!("Of `Kind::", stringify!($kind), "`.")]
                $name($frame),
            )*
            /// `error` with code `auth_expired`: the token expired, the job continues.
            Error(FailureResponse),
        }

        const LINES: &[(fn(&mut Registry), fn() -> MetaSchemaRef)] = &[$((<$line>::register, <$line>::schema_ref),)*];

        // Does not compile while a kind has no row.
        const _: fn(Kind) = |kind| match kind {
            $(Kind::$kind => (),)*
        };
    };
}

logs! {
    GenerateFlashcards => Generation(GenerationFrame), GenerationLine;
    GenerateCalendar => Calendar(CalendarFrame), CalendarLine;
    GenerateOrganic => Week(WeekFrame), WeekLine;
    Publish => Publication(PublicationFrame), PublicationLine;
    GenerateSynthesis => Synthesis(SynthesisFrame), SynthesisLine;
    SendEmail => Mail(MailFrame), MailLine;
    EraseAccount => Erasure(ErasureFrame), ErasureLine;
}

/// One NDJSON line, by the kind of the job.
pub struct JobLine;

impl JobLine {
    pub(super) fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Reference("JobLine".to_owned())
    }

    pub(super) fn register(registry: &mut Registry) {
        LINES.iter().for_each(|(register, _)| register(registry));
        registry.create_schema::<Self, _>("JobLine".to_owned(), |_| MetaSchema {
            description: Some("One NDJSON line, by the kind of the job."),
            any_of: LINES.iter().map(|(_, schema_ref)| schema_ref()).collect(),
            ..MetaSchema::ANY
        });
    }
}

/// Number of items that a job of this kind makes, before it says so itself; 0 if that is unknown.
pub fn usual_total(kind: Kind) -> u64 {
    match kind {
        Kind::GenerateFlashcards => CARDS_PER_GENERATION as u64,
        Kind::GenerateCalendar
        | Kind::GenerateOrganic
        | Kind::Publish
        | Kind::GenerateSynthesis
        | Kind::SendEmail
        | Kind::EraseAccount => 0,
    }
}

/// The snapshot event of a job: the job, with what it made as it is stored now.
///
/// # Errors
/// The store is unavailable.
pub async fn snapshot(app: &App, user: UserId, kind: Kind, row: &JobRow, job: Value) -> Result<Value, ApiError> {
    let (id, mut job) = (row.id, job);
    match kind {
        Kind::GenerateFlashcards => job["suggestions"] = stored(flashcards::made(app, user, id).await)?,
        Kind::GenerateOrganic => job["placements"] = stored(organic::made(app, user, id).await)?,
        Kind::GenerateCalendar => {
            let made = stored(calendar::made(app, user, &row.subject_id, id).await)?;
            job["entries"] = made.get("entries").cloned().unwrap_or_else(|| json!([]));
            return Ok(json!({
                "data": job, "error": failure(row),
                "meta": {
                    "runId": id, "calendarId": row.subject_id, "version": made.get("version"), "seq": row.last_seq,
                    "done": true,
                },
            }));
        }
        Kind::GenerateSynthesis => job["sections"] = stored(synthesis::made(app, user, id).await)?,
        Kind::Publish | Kind::SendEmail | Kind::EraseAccount => {}
    }
    Ok(job)
}

fn failure(row: &JobRow) -> Value {
    match row.status() {
        "failed" => row.error.clone().unwrap_or_default(),
        _ => Value::Null,
    }
}

/// What is stored; an empty list if its owner has deleted it.
fn stored(made: Result<Value, ApiError>) -> Result<Value, ApiError> {
    match made {
        Err(error) if error.code == Code::NotFound => Ok(json!([])),
        made => made,
    }
}
