//! Types of bodies that state more in the OpenAPI document than they check: closed sets of words, JSON of a described shape,
//! NDJSON lines. Rules of the domains refuse what does not fit; nothing here refuses anything.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use almanac_shared::{
    brands::{AccountState, AssetKind, Platform, TrendSource},
    calendar::{self, Cadence, Field},
    flashcards,
    jobs::{Kind, Lane, State},
    organic::{Format, SchedulePreset, Stage, TimeOfDay},
    platform::flags::Flag,
    publishing::{self, Channel, Login, Transport},
    synthesis::Day,
};
use poem_openapi::{
    registry::{MetaDiscriminatorObject, MetaSchema, MetaSchemaRef, Registry},
    types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! closed_sets {
    ($($(#[doc = $doc:literal])* $name:ident = $words:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            fn words() -> Vec<&'static str> {
                ($words).into_iter().collect()
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self(word)
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                Self(word.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl Type for $name {
            const IS_REQUIRED: bool = true;

            type RawValueType = String;
            type RawElementValueType = String;

            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> MetaSchemaRef {
                MetaSchemaRef::Reference(stringify!($name).to_owned())
            }

            fn register(registry: &mut Registry) {
                registry.create_schema::<Self, _>(stringify!($name).to_owned(), |_| MetaSchema {
                    description: Some(concat!($($doc),*).trim_start()),
                    enum_items: Self::words().into_iter().map(Value::from).collect(),
                    ..MetaSchema::new("string")
                });
            }

            fn as_raw_value(&self) -> Option<&String> {
                Some(&self.0)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a String> + 'a> {
                Box::new(std::iter::once(&self.0))
            }
        }

        impl ParseFromJSON for $name {
            fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
                String::parse_from_json(value).map(Self).map_err(ParseError::propagate)
            }
        }

        impl ParseFromParameter for $name {
            fn parse_from_parameter(value: &str) -> ParseResult<Self> {
                Ok(Self(value.to_owned()))
            }
        }

        impl ToJSON for $name {
            fn to_json(&self) -> Option<Value> {
                self.0.to_json()
            }
        }
    )*};
}

macro_rules! spelled {
    ($($all:tt)*) => {
        $($all)*.iter().map(|word| word.as_str())
    };
}

closed_sets! {
    /// Status of a request that waits for Postgres.
    DeferredStatus = ["deferred"];
    /// Status of accepted work.
    AcceptedStatus = ["pending"];
    /// Status of an accepted cancellation.
    CancellationStatus = ["cancelling"];
    /// What a job does.
    JobKind = spelled!(Kind::ALL);
    /// Status of a job or run. `partial` ended without a part of the result, `timeout` at its deadline.
    JobStatus = ["pending", "running", "succeeded", "partial", "timeout", "failed", "cancelled"];
    /// State of a job's row. A `queued` job is `pending` before its first start and `running` after it; a `dead` one is `failed`.
    JobState = spelled!(State::ALL);
    /// Queue of a job.
    LaneName = spelled!(Lane::ALL);
    /// Status of a generation.
    GenerationStatus = ["pending", "running", "succeeded", "failed", "cancelled"];
    /// Status of a suggestion. `edited` is proposed with another text.
    SuggestionStatus = ["proposed", "accepted", "edited", "rejected"];
    /// Format of a file of cards.
    CardFileFormat = spelled!(flashcards::export::Format::ALL);
    /// Interval between the entries of a channel.
    CalendarCadence = spelled!(Cadence::ALL);
    /// Format of a file of entries.
    CalendarFileFormat = spelled!(calendar::export::Format::ALL);
    /// A field of an entry that can be edited.
    EntryField = spelled!(Field::ALL);
    /// Stage of a calendar run.
    CalendarStage = ["queued", "drafting", "finalizing"];
    /// Type of a calendar event. `snapshot` replaces a log that is older than its retention.
    CalendarEventType = ["progress", "entry", "diff", "error", "done", "snapshot"];
    /// A platform on which a brand has accounts.
    SeedPlatform = spelled!(Platform::ALL);
    /// State of an account. Placements of a `disconnected` or `auth_failed` account are refused.
    PlatformAccountState = spelled!(AccountState::ALL);
    /// Kind of a creative asset.
    CreativeAssetKind = spelled!(AssetKind::ALL);
    /// Kind of a trend.
    SeedSource = spelled!(TrendSource::ALL);
    /// Format of a placement.
    PlacementFormat = spelled!(Format::ALL);
    /// Platform of a placement, or `newsletter`.
    PlacementOutlet = spelled!(Platform::ALL).chain(["newsletter"]);
    /// Part of the local day: morning from 05:00, afternoon from 12:00, evening from 17:00, night from 21:00.
    PlacementTimeOfDay = spelled!(TimeOfDay::ALL);
    /// Stage of a week's run.
    WeekStage = spelled!(Stage::ALL);
    /// How free slots of a week are filled: `beta-launch` is one post per platform and day, Monday to Friday.
    WeekSchedulePreset = spelled!(SchedulePreset::ALL);
    /// A channel that entries are published to.
    PublishChannel = spelled!(Channel::ALL);
    /// Where requests are sent: to the vendors, or to the built-in server of the sandbox.
    PublishTransport = spelled!(Transport::ALL);
    /// Status of an intent.
    IntentStatus = spelled!(publishing::IntentStatus::ALL);
    /// What a person found out about an intent that needs a review.
    IntentResolution = spelled!(publishing::stored::Resolution::ALL);
    /// Method of a request to a channel.
    ChannelMethod = spelled!(publishing::render::Method::ALL);
    /// Who sees a TikTok post.
    TiktokPrivacyLevel = spelled!(publishing::options::PrivacyLevel::ALL);
    /// Who sees a YouTube video.
    YoutubePrivacyStatus = spelled!(publishing::options::PrivacyStatus::ALL);
    /// Who sees a LinkedIn post.
    LinkedinVisibility = spelled!(publishing::options::Visibility::ALL);
    /// How an Instagram account is connected.
    AccountLogin = spelled!(Login::ALL);
    /// Whether posts can be sent to an account: `expired` tokens cannot be refreshed, `invalid` ones were refused by the
    /// channel, `unreadable` ones were encrypted with a key that the server no longer has.
    AccountHealth = spelled!(publishing::accounts::Health::ALL);
    /// A day of the week.
    ScheduleDay = spelled!(Day::ALL);
    /// What became of a fire. `running`, `waiting` for its next attempt and `delivering` its mails can change.
    FireOutcome = ["running", "waiting", "delivering", "done", "skipped", "missed", "failed"];
    /// How far a mail is. `suppressed` addresses get no mail; `skipped` ones are no recipients any more.
    DeliveryStatus = ["pending", "sent", "delayed", "delivered", "bounced", "complained", "failed", "suppressed", "skipped",
                      "needs_review"];
    /// A feature flag.
    FlagName = spelled!(Flag::ALL);
    /// Origin of a flag's value: `row` if an operator set it, else `default` (the environment).
    FlagSource = ["row", "default"];
    /// Role of a session's token.
    SessionRole = ["authenticated"];
    /// An unavailable dependency: `live` for Redis (events are delayed), `storage` for Postgres (nothing was stored).
    Dependency = ["live", "storage"];
}

/// A body that may be null as a whole.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Nullable<T>(pub Option<T>);

impl<T: Type> Type for Nullable<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = T::RawElementValueType;

    fn name() -> Cow<'static, str> {
        format!("nullable_{}", T::name()).into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let schema = MetaSchema { all_of: vec![T::schema_ref()], nullable: true, ..MetaSchema::ANY };
        MetaSchemaRef::Inline(Box::new(schema))
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a T::RawElementValueType> + 'a> {
        Box::new(std::iter::empty())
    }
}

/// JSON that is passed on as it is, described as `T`.
#[derive(Deserialize, Serialize)]
#[serde(transparent, bound = "")]
pub struct Of<T> {
    /// The JSON.
    pub value: Value,
    #[serde(skip)]
    described: PhantomData<fn() -> T>,
}

impl<T> Clone for Of<T> {
    fn clone(&self) -> Self {
        self.value.clone().into()
    }
}

impl<T> fmt::Debug for Of<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> From<Value> for Of<T> {
    fn from(value: Value) -> Self {
        Self { value, described: PhantomData }
    }
}

impl<T: Type> Type for Of<T> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Value;
    type RawElementValueType = Value;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Value> {
        Some(&self.value)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
        Box::new(std::iter::once(&self.value))
    }
}

impl<T: Type> ParseFromJSON for Of<T> {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        Ok(value.unwrap_or_default().into())
    }
}

impl<T: Type> ToJSON for Of<T> {
    fn to_json(&self) -> Option<Value> {
        Some(self.value.clone())
    }
}

/// One kind of NDJSON line: the data of an event, with `type` and `seq` before it.
pub struct Line {
    /// The line's schema.
    pub name: &'static str,
    /// The word in `type`.
    pub kind: &'static str,
    /// Registers the event's data and returns its schema.
    pub data: fn(&mut Registry) -> MetaSchema,
}

/// Registers the schemas of `lines`; returns the schema of any of them.
pub fn any_line(registry: &mut Registry, description: &'static str, lines: &[Line]) -> MetaSchema {
    for line in lines {
        let mut schema = (line.data)(registry);
        let kind = MetaSchema { enum_items: vec![line.kind.into()], ..MetaSchema::new("string") };
        let seq = MetaSchema {
            description: Some("Position in the event log, from 1; absent in events that are not stored."),
            ..MetaSchema::new_with_format("integer", "int64")
        };
        schema.rust_typename = None;
        schema.title = Some(line.name.to_owned());
        schema.required.insert(0, "type");
        schema.properties.insert(0, ("type", MetaSchemaRef::Inline(Box::new(kind))));
        schema.properties.insert(1, ("seq", MetaSchemaRef::Inline(Box::new(seq))));
        registry.schemas.insert(line.name.to_owned(), schema);
    }
    let mapping = |line: &Line| (line.kind.to_owned(), format!("#/components/schemas/{}", line.name));
    MetaSchema {
        description: Some(description),
        one_of: lines.iter().map(|line| MetaSchemaRef::Reference(line.name.to_owned())).collect(),
        discriminator: Some(MetaDiscriminatorObject {
            property_name: "type",
            mapping: lines.iter().map(mapping).collect(),
        }),
        ..MetaSchema::ANY
    }
}

/// The schema of NDJSON lines: `Line = "type": Data, …`. Each name of a line becomes a schema.
macro_rules! lines {
    ($(#[doc = $doc:literal])* $name:ident { $($line:ident = $kind:literal: $data:ty,)* }) => {
        $(#[doc = $doc])*
        pub struct $name;

        impl $name {
            /// The reference to its schema.
            pub(crate) fn schema_ref() -> poem_openapi::registry::MetaSchemaRef {
                poem_openapi::registry::MetaSchemaRef::Reference(stringify!($name).to_owned())
            }

            /// Adds its schemas to the document.
            pub(crate) fn register(registry: &mut poem_openapi::registry::Registry) {
                registry.create_schema::<Self, _>(stringify!($name).to_owned(), |registry| {
                    let lines = [$($crate::http::document_types::Line {
                        name: stringify!($line),
                        kind: $kind,
                        data: |registry| registry.create_fake_schema::<$data>(),
                    }),*];
                    $crate::http::document_types::any_line(registry, concat!($($doc),*).trim_start(), &lines)
                });
            }
        }
    };
}

pub(crate) use lines;
