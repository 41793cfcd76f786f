//! The API process's handles, and the whole door put together: routes, mounts, edge. Called by `main` and by `openapi`.
//! State is a field of each route's struct; nothing here is global.

use std::sync::Arc;

use almanac_shared::{
    account::service::Account,
    brands::service::Brands,
    calendar::service::Calendars,
    circuit::Circuits,
    clock::{Clock, SystemClock},
    config::{ApiSettings, ModelSettings, Rate},
    db::Database,
    flags::Flags,
    flashcards::service::Flashcards,
    id::UserId,
    jobs::{admin::Operations, service::Jobs},
    metrics::Metrics,
    organic::service::Organic,
    progress::{log::Publisher, relay::Relay},
    queue::Bell,
    redis::{client, quick},
};
use anyhow::Result;
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route,
    endpoint::make_sync,
    get,
    http::{StatusCode, Uri, header::LOCATION},
};
use poem_openapi::OpenApiService;
use redis::aio::ConnectionManager;
use tokio_util::sync::CancellationToken;

use crate::{
    accept::Form,
    auth::Authenticator,
    document::document,
    error::ApiError,
    middleware::{self, AllowedMethods, BodyLimits, Bucket, Edge, LocalLimit, TrustedProxies},
    reply::Reply,
    routes::{
        account::AccountApi, admin::AdminApi, brands, calendar::CalendarApi, calendar::EntriesApi, calendar::RunsApi,
        flags::FlagsApi, flashcards::FlashcardsApi, health, health::HealthApi, jobs::JobsApi, organic,
        session::SessionApi,
    },
    stream_limit::{Delivery, StreamLimit},
};

/// Number of users whose dry runs are counted at the same time.
const DRY_RUN_USERS: usize = 10_000;

/// Everything a route may stand on.
#[derive(Clone)]
pub struct App {
    /// The store, as `almanac_api`.
    pub database: Database,
    /// Flashcards.
    pub flashcards: Flashcards,
    /// AI calendars.
    pub calendars: Calendars,
    /// Brands and what belongs to them.
    pub brands: Brands,
    /// Organic weeks.
    pub organic: Organic,
    /// Jobs.
    pub jobs: Jobs,
    /// Everybody's jobs, for operators.
    pub operations: Operations,
    /// What a person asks of all their data.
    pub account: Account,
    /// What operators switch.
    pub flags: Flags,
    /// Who is calling, and tickets.
    pub auth: Arc<Authenticator>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which models may be asked.
    pub models: ModelSettings,
    /// Which models cannot be asked now.
    pub circuits: Circuits,
    /// The limit of flashcard generations.
    pub generation: Bucket,
    /// The limit of calendar runs.
    pub calendar: Bucket,
    /// The limit of organic weeks.
    pub week: Bucket,
    /// The limit of calendar dry runs, which are stored nowhere.
    pub calendar_dry_runs: LocalLimit<UserId>,
    /// The limit of open streams.
    pub streams: StreamLimit,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Quick Redis commands.
    pub redis: ConnectionManager,
    /// Cancelled when the process begins to end.
    pub draining: CancellationToken,
}

impl App {
    /// Opens every handle. Nothing is connected yet: the API starts while stores are away, and says so.
    ///
    /// # Errors
    /// A setting names nothing real.
    pub fn open(settings: &ApiSettings, draining: CancellationToken) -> Result<Self> {
        let database = Database::open_with(&settings.database_url, settings.database_connections)?;
        let redis = client(&settings.redis_url)?;
        let commands = quick(&redis)?;
        let metrics = Metrics::new("almanac-api");
        let bell = Bell::start(commands.clone(), metrics.clone());
        let relay = Relay::start(database.clone(), redis, metrics.clone(), draining.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let rate: Rate = settings.generation_rate;
        let calendar = Bucket { name: "calendar", rate: settings.calendar.rate };
        Ok(Self {
            flashcards: Flashcards::start(database.clone(), &bell),
            calendars: Calendars::new(database.clone(), bell.clone(), settings.calendar),
            brands: Brands::new(database.clone()),
            organic: Organic::new(database.clone(), bell.clone(), settings.organic),
            operations: Operations::new(database.clone(), bell.clone()),
            account: Account::new(database.clone(), bell.clone()),
            flags: Flags::of_api(&database, settings.flags),
            jobs: Jobs::start(database.clone(), relay, bell, Publisher::start(commands.clone())),
            auth: Arc::new(Authenticator::new(&settings.auth, clock.clone())?),
            clock,
            models: settings.models.clone(),
            circuits: Circuits::watch(commands.clone(), settings.models.allowed.clone()),
            generation: Bucket { name: "generation", rate },
            calendar,
            calendar_dry_runs: LocalLimit::new(calendar, DRY_RUN_USERS),
            streams: StreamLimit::new(settings.streams_per_user),
            week: Bucket { name: "organic", rate: settings.organic.rate },
            metrics,
            redis: commands,
            database,
            draining,
        })
    }

    /// How a request is answered. A stream needs a permit, taken before anything is submitted.
    pub fn delivery(&self, user: UserId, form: Form) -> Result<Delivery, ApiError> {
        match form {
            Form::Json => Ok(Delivery::Json),
            Form::Sse | Form::Ndjson => Ok(Delivery::Stream(form.encoding(), self.streams.admit(user)?)),
        }
    }

    /// An answer about jobs. While Redis is away it says so (`meta.degraded: ["live"]`): events then take a second or two.
    pub fn about_jobs<T>(&self, data: T) -> Reply<T> {
        let reply = Reply::new(data);
        if self.jobs.is_live() { reply } else { reply.degraded("live") }
    }

    /// A refusal on its way to this person. Of a job that stands in the way it says where what that makes is; the job
    /// itself is enough where that cannot be asked now.
    pub async fn refused(&self, user: UserId, refusal: impl Into<ApiError>) -> ApiError {
        let error = refusal.into();
        let Some(job) = error.blocker() else { return error };
        match self.jobs.show(user, job).await {
            Ok(job) => error.blocker_about(&job.subject_type, &job.subject_id),
            Err(_) => error,
        }
    }
}

type Routes = (
    FlashcardsApi,
    CalendarApi,
    EntriesApi,
    RunsApi,
    brands::Routes,
    organic::Routes,
    JobsApi,
    SessionApi,
    AccountApi,
    AdminApi,
    FlagsApi,
    HealthApi,
);

fn described(app: Option<App>) -> OpenApiService<Routes, ()> {
    let routes = (
        FlashcardsApi { app: app.clone() },
        CalendarApi { app: app.clone() },
        EntriesApi { app: app.clone() },
        RunsApi { app: app.clone() },
        brands::routes(&app),
        organic::routes(&app),
        JobsApi { app: app.clone() },
        SessionApi { app: app.clone() },
        AccountApi { app: app.clone() },
        AdminApi { app: app.clone() },
        FlagsApi { app: app.clone() },
        HealthApi { app },
    );
    OpenApiService::new(routes, "Almanac", env!("CARGO_PKG_VERSION"))
        .description(include_str!("openapi.md"))
        .server("/v1")
}

/// The description of the API, as YAML.
pub fn openapi() -> String {
    described(None).spec_yaml()
}

/// `POST /generate-calendar`: a third spelling of the organic week's route.
fn bare_week(service: OpenApiService<Routes, ()>) -> impl Endpoint<Output = Response> {
    service.into_endpoint().map_to_response().around(|next, mut request: Request| async move {
        *request.uri_mut() = Uri::from_static("/organic/generate-calendar");
        next.call(request).await
    })
}

/// The whole door.
pub fn door(app: &App, settings: &ApiSettings) -> impl Endpoint<Output = Response> + use<> {
    let service = || described(Some(app.clone()));
    let description = document("application/json", service().spec());
    let page = document("text/html; charset=utf-8", service().swagger_ui_html());
    let v1 = Route::new()
        .at("/openapi.json", get(description))
        .nest("/", middleware::enveloped(service().into_endpoint().map_to_response()));
    let routes = Route::new()
        .nest("/v1", v1)
        // The documents' own spellings: the same handlers, bare bodies.
        .nest("/api/v1", service())
        .nest("/api", service())
        // The bare form of a week, for clients that replace an older upstream by this one.
        .at("/generate-calendar", bare_week(service()))
        .at("/", get(make_sync(|_| Response::builder().status(StatusCode::FOUND).header(LOCATION, "/docs").finish())))
        .at("/docs", get(page))
        .at("/healthz", health::alive(app.clone()))
        .at("/readyz", health::ready(app.clone()));
    let metrics = app.metrics.clone();
    let edge = Edge {
        auth: app.auth.clone(),
        cors_origins: settings.cors_origins.clone(),
        proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        anonymous_rate: settings.anonymous_rate,
        allowed: AllowedMethods::of::<Routes>(),
        observe: Arc::new(move |seen| {
            metrics.http_request(seen.method, seen.route, seen.status.as_u16(), seen.seconds);
            if seen.status.as_u16() == 429 {
                metrics.rate_limited(seen.route);
            }
        }),
        body: BodyLimits::default(),
    };
    middleware::edge(routes, edge).map_to_response()
}
