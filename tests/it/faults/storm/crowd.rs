//! The people of a storm: each asks for one thing at a time, by a key, and watches it to its end over HTTP.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use almanac_tests::{
    Script, Stack, User,
    actor::{
        calendar::{calendar_order, keyed},
        log::{assert_follows, id_of, stored, suggestion_fronts},
        organic::{options_with_key, placement_ids, week_order},
        stream::{Encoding, Event, EventStream},
    },
    world::{Answer, End, JsonReader, source_text},
};
use http::Method;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet, time::MissedTickBehavior};
use uuid::Uuid;

/// How many may be waiting for the end of what they asked for; more ask when others have it.
const AT_ONCE: usize = 300;
/// More calls than one job will have.
const CALLS: usize = 12;
/// How long a client waits before the first repetition after a 503; each further pause is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Generation,
    Calendar,
    Week,
}

impl Kind {
    /// 60 % generations, 25 % calendars, 15 % weeks.
    fn any(random: &mut StdRng) -> Self {
        match random.random_range(0..100) {
            0..60 => Self::Generation,
            60..85 => Self::Calendar,
            _ => Self::Week,
        }
    }

    /// What a whole answer of the model holds.
    pub const fn whole(self) -> usize {
        match self {
            Self::Generation => 10,
            Self::Calendar => 6,
            Self::Week => 3,
        }
    }
}

/// The answers that a client got for a job.
#[derive(Debug)]
pub struct Seen {
    pub job: Uuid,
    pub kind: Kind,
    /// The key of its calls in the world.
    pub key: String,
    /// What its final event says.
    pub status: String,
    /// The suggestions, entries or placements in its log.
    pub told: Vec<String>,
    /// The number of these that a job has which succeeds.
    pub least: usize,
}

/// A client that sends requests again and again.
#[derive(Debug)]
struct Person {
    user: User,
    has_brand: bool,
}

/// All clients, and what they need.
#[derive(Debug)]
pub struct Crowd {
    stack: Arc<Stack>,
    /// Whether the model repeats its prompt, for a part of the jobs.
    echoes: bool,
    resting: Mutex<Vec<Person>>,
    refused: AtomicUsize,
}

impl Crowd {
    pub fn new(stack: Arc<Stack>, echoes: bool) -> Self {
        Self { stack, echoes, resting: Mutex::default(), refused: AtomicUsize::new(0) }
    }

    /// How often a client got 503 and repeated the request.
    pub fn refused(&self) -> usize {
        self.refused.load(Relaxed)
    }

    /// Sends this number of requests at this pace, calls `last` after the last one, and returns when every client has
    /// seen the end of its jobs.
    pub async fn come(self: Arc<Self>, jobs: usize, pace: u32, seed: u64, last: impl FnOnce()) -> Vec<Seen> {
        let mut random = StdRng::seed_from_u64(seed);
        let seats = Arc::new(Semaphore::new(AT_ONCE));
        let mut clock = tokio::time::interval(Duration::from_secs(1) / pace);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut watching, mut seen) = (JoinSet::new(), Vec::with_capacity(jobs));
        for number in 0..jobs {
            clock.tick().await;
            let seat = Arc::clone(&seats).acquire_owned().await.unwrap();
            let kind = Kind::any(&mut random);
            let key = format!("storm-{number}");
            let usual = answers(kind, random.random_range(200..=800));
            let echo = if self.echoes { Echo::choose(&mut random) } else { None };
            self.stack.world.play(&key, echo.map(|echo| echo.script(kind)).into_iter().chain(usual));
            let least = kind.whole() - usize::from(kind == Kind::Generation && echo == Some(Echo::Card));
            let crowd = Arc::clone(&self);
            watching.spawn(async move {
                let seen = crowd.one(kind, key, least).await;
                drop(seat);
                seen
            });
            while let Some(ended) = watching.try_join_next() {
                seen.push(ended.unwrap());
            }
        }
        last();
        while let Some(ended) = watching.join_next().await {
            seen.push(ended.unwrap());
        }
        seen
    }

    async fn one(&self, kind: Kind, key: String, least: usize) -> Seen {
        let mut person = self.somebody();
        let (job, events) = match kind {
            Kind::Generation => self.generation(&person, &key).await,
            Kind::Calendar => {
                let order = calendar_order(&json!({ "constraints": keyed(&key) }));
                self.run(&person, "/v1/ai/calendar", &order, &key).await
            }
            Kind::Week => {
                if !person.has_brand {
                    let mut pause = PAUSE;
                    while let Some(refusal) = person.user.try_coffee_brand().await {
                        refusal.expect(503);
                        self.wait(&mut pause).await;
                    }
                    person.has_brand = true;
                }
                let order = week_order(&json!({ "options": options_with_key(&key) }));
                self.run(&person, "/v1/organic/generate-calendar", &order, &key).await
            }
        };
        self.resting.lock().unwrap().push(person);
        assert_follows(&events, 0);
        Seen { job, kind, key, status: status(&events), told: told(kind, &events), least }
    }

    fn somebody(&self) -> Person {
        let rested = self.resting.lock().unwrap().pop();
        rested.unwrap_or_else(|| Person { user: self.stack.user(), has_brand: false })
    }

    async fn generation(&self, person: &Person, key: &str) -> (Uuid, Vec<Event>) {
        let body = json!({ "source_text": source_text(key) });
        let mut pause = PAUSE;
        let accepted = loop {
            let reply = person.user.request(Method::POST, "/v1/ai/generations").json(&body).key(key).send().await;
            if reply.status != 503 {
                break reply.expect(202);
            }
            self.wait(&mut pause).await;
        };
        let job = id_of(&accepted.data()["generation_id"]);
        (job, self.follow(person, job).await)
    }

    /// The whole log of a job that was accepted.
    async fn follow(&self, person: &Person, job: Uuid) -> Vec<Event> {
        let mut pause = PAUSE;
        let mut log = loop {
            let log = person.user.follow(&job.to_string()).await;
            if log.status == 200 {
                break log;
            }
            assert_eq!(log.status, 503, "{job}");
            self.wait(&mut pause).await;
        };
        stored(log.collect_to_end().await)
    }

    /// A calendar or a week: the answer is the log. A busy store may answer with a dry run, which has no location.
    async fn run(&self, person: &Person, path: &str, order: &Value, key: &str) -> (Uuid, Vec<Event>) {
        let mut pause = PAUSE;
        let mut log = loop {
            let log = person.user.request(Method::POST, path).json(order).key(key).open(Encoding::Sse).await;
            // With 503 it is where the work would be if its commit arrived: asking again with the key finds out.
            if log.status != 503 && log.headers.contains_key("location") {
                break log;
            }
            assert!(matches!(log.status, 200 | 503), "{key}: {}", log.status);
            self.wait(&mut pause).await;
        };
        let job = run_of(&log);
        if log.status == 202 {
            // Accepted, and the store went away before its log could be read.
            return (job, self.follow(person, job).await);
        }
        assert_eq!(log.status, 200, "{key}");
        (job, stored(log.collect_to_end().await))
    }

    async fn wait(&self, pause: &mut Duration) {
        self.refused.fetch_add(1, Relaxed);
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }
}

fn run_of(log: &EventStream) -> Uuid {
    log.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
}

/// How a model repeats its system prompt in the first answer to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    /// A refusal that quotes the request.
    Refusal,
    /// An error inside the stream, after the first item, that quotes the request.
    Error,
    /// The first item's texts. A suggestion has nothing left then and is dropped.
    Card,
}

impl Echo {
    /// For three of ten jobs.
    fn choose(random: &mut StdRng) -> Option<Self> {
        [Self::Refusal, Self::Error, Self::Card].get(random.random_range(0..10)).copied()
    }

    fn script(self, kind: Kind) -> Script {
        // Other words than those of any usual answer.
        let first = 1 + CALLS * kind.whole();
        let answer = Answer { cards: usize::MAX, first, ..Answer::default() };
        match self {
            Self::Refusal => Script::Repeating(503),
            Self::Error => Answer { cards: 1, end: End::Repeating(502), ..answer }.into(),
            Self::Card => Answer { shape: JsonReader::Echo, ..answer }.into(),
        }
    }
}

/// All that is asked for, in steps that together take this long. Each further call is answered with other words, so that
/// none of them is a repetition.
fn answers(kind: Kind, milliseconds: u64) -> impl Iterator<Item = Script> {
    let steps = u32::try_from(kind.whole()).unwrap() + 2;
    let gap = Duration::from_millis(milliseconds) / steps;
    let editions = (0..CALLS).map(move |call| 1 + call * kind.whole());
    editions.map(move |first| Answer { cards: usize::MAX, first, piece: usize::MAX, gap, ..Answer::default() }.into())
}

fn status(events: &[Event]) -> String {
    let end = events.last().unwrap().json();
    let status = if end["status"].is_string() { &end["status"] } else { &end["data"]["status"] };
    status.as_str().unwrap_or_default().to_owned()
}

fn told(kind: Kind, events: &[Event]) -> Vec<String> {
    match kind {
        Kind::Generation => suggestion_fronts(events),
        Kind::Calendar => {
            let entries = events.iter().filter(|event| event.kind == "entry");
            entries.map(|event| event.json()["data"]["key"].to_string()).collect()
        }
        Kind::Week => placement_ids(events),
    }
}
