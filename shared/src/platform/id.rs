//! Typed identifiers. Every row's id has a type of its own, so a generation is never looked up by a card's id.
//! Called everywhere; holds no behaviour beyond making, printing and parsing.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id. Version 7, so new rows land next to each other in the index.
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A user: the `sub` of a verified token. No row of ours belongs to it.
    UserId;
    /// A job, and with it the run or generation it makes: both carry the same id.
    JobId;
    /// A flashcard generation; equal to the id of its job.
    GenerationId;
    /// One proposed flashcard.
    SuggestionId;
    /// An accepted flashcard.
    CardId;
    /// A content calendar.
    CalendarId;
    /// One generation of a calendar; equal to the id of its job.
    RunId;
    /// A saved entry of a calendar. Its key says which slot it fills, its id which row it is.
    EntryId;
    /// A plan made elsewhere that a run may refer to; never looked up.
    PlanId;
    /// A stored publishing plan: what one request publishes.
    PublishPlanId;
    /// A publishing intent: one entry on its way to one account.
    IntentId;
    /// A theme.
    ThemeId;
    /// A synthesis; equal to the id of its job.
    SynthesisId;
    /// A mail to one recipient; equal to the id of its job.
    DeliveryId;
    /// A row of the effect ledger.
    EffectId;
    /// One call of a language model, as the ledger knows it.
    LlmCallId;
}

impl From<JobId> for GenerationId {
    fn from(id: JobId) -> Self {
        Self(id.0)
    }
}

impl From<GenerationId> for JobId {
    fn from(id: GenerationId) -> Self {
        Self(id.0)
    }
}

impl From<JobId> for RunId {
    fn from(id: JobId) -> Self {
        Self(id.0)
    }
}

impl From<RunId> for JobId {
    fn from(id: RunId) -> Self {
        Self(id.0)
    }
}

impl From<JobId> for SynthesisId {
    fn from(id: JobId) -> Self {
        Self(id.0)
    }
}

impl From<SynthesisId> for JobId {
    fn from(id: SynthesisId) -> Self {
        Self(id.0)
    }
}

impl From<JobId> for DeliveryId {
    fn from(id: JobId) -> Self {
        Self(id.0)
    }
}
