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
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route, http::Uri};
use poem_openapi::OpenApiService;
use redis::aio::ConnectionManager;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Authenticator,
    error::ApiError,
    middleware::{self, AllowedMethods, BodyLimits, Bucket, Edge, TrustedProxies},
    routes::{
        account::AccountApi, admin::AdminApi, brands, calendar::CalendarApi, calendar::EntriesApi, calendar::RunsApi,
        flashcards::FlashcardsApi, health, health::HealthApi, jobs::JobsApi, organic,
    },
};

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
        let database = Database::open(&settings.database_url)?;
        let redis = client(&settings.redis_url)?;
        let commands = quick(&redis)?;
        let metrics = Metrics::new("almanac-api");
        let bell = Bell::start(commands.clone(), metrics.clone());
        let relay = Relay::start(database.clone(), redis, metrics.clone(), draining.clone());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let rate: Rate = settings.generation_rate;
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
            calendar: Bucket { name: "calendar", rate: settings.calendar.rate },
            week: Bucket { name: "organic", rate: settings.organic.rate },
            metrics,
            redis: commands,
            database,
            draining,
        })
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
    AccountApi,
    AdminApi,
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
        AccountApi { app: app.clone() },
        AdminApi { app: app.clone() },
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
///
/// # Errors
/// A setting names nothing real.
pub fn door(app: &App, settings: &ApiSettings) -> Result<impl Endpoint<Output = Response> + use<>> {
    let service = || described(Some(app.clone()));
    let spec = service().spec_endpoint();
    let v1 = Route::new()
        .nest("/openapi.json", spec)
        .nest("/", middleware::enveloped(service().into_endpoint().map_to_response()));
    let routes = Route::new()
        .nest("/v1", v1)
        // The documents' own spellings: the same handlers, bare bodies (D1).
        .nest("/api/v1", service())
        .nest("/api", service())
        // S3's upstream form.
        .at("/generate-calendar", bare_week(service()))
        .nest("/docs", service().swagger_ui())
        .at("/healthz", health::alive(app.clone()))
        .at("/readyz", health::ready(app.clone()))
        .at("/metrics", health::metrics(app.clone(), settings.metrics_addr.is_none()));
    let metrics = app.metrics.clone();
    let edge = Edge {
        auth: app.auth.clone(),
        cors_origins: settings.cors_origins.clone(),
        proxies: TrustedProxies::parse(&settings.trusted_proxies)?,
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
    Ok(middleware::edge(routes, edge).map_to_response())
}
