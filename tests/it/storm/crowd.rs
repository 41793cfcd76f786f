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
        log::{assert_follows, id_of, stored, told_fronts},
        organic::{guided, told_ids, week_order},
        stream::{Encoding, Event, EventStream},
    },
    world::{Answer, source_text},
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
/// How long a person waits before asking again after a 503.
const PAUSE: Duration = Duration::from_millis(500);

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

/// What a person saw of a job.
#[derive(Debug)]
pub struct Seen {
    pub job: Uuid,
    pub kind: Kind,
    /// The key of its calls in the world.
    pub key: String,
    /// What its final event says.
    pub status: String,
    /// The suggestions, entries or placements that its log told of.
    pub told: Vec<String>,
}

/// Somebody who asks again and again.
#[derive(Debug)]
struct Person {
    user: User,
    has_brand: bool,
}

/// Everybody, and what they need.
#[derive(Debug)]
pub struct Crowd {
    stack: Arc<Stack>,
    resting: Mutex<Vec<Person>>,
    refused: AtomicUsize,
}

impl Crowd {
    pub fn new(stack: Arc<Stack>) -> Self {
        Self { stack, resting: Mutex::default(), refused: AtomicUsize::new(0) }
    }

    /// How often somebody was told 503 and asked again.
    pub fn refused(&self) -> usize {
        self.refused.load(Relaxed)
    }

    /// Asks for so many things at this pace, calls `last` when nothing more will be asked for, and answers when everybody
    /// has seen the end of what they asked for.
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
            self.stack.world.play(&key, answers(kind, random.random_range(200..=800)));
            let crowd = Arc::clone(&self);
            watching.spawn(async move {
                let seen = crowd.one(kind, key).await;
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

    async fn one(&self, kind: Kind, key: String) -> Seen {
        let mut person = self.somebody();
        let (job, events) = match kind {
            Kind::Generation => self.generation(&person, &key).await,
            Kind::Calendar => {
                let order = calendar_order(&json!({ "constraints": keyed(&key) }));
                self.run(&person, "/v1/ai/calendar", &order, &key).await
            }
            Kind::Week => {
                if !person.has_brand {
                    person.user.coffee_brand().await;
                    person.has_brand = true;
                }
                let order = week_order(&json!({ "options": guided(&key) }));
                self.run(&person, "/v1/organic/generate-calendar", &order, &key).await
            }
        };
        self.resting.lock().unwrap().push(person);
        assert_follows(&events, 0);
        Seen { job, kind, key, status: status(&events), told: told(kind, &events) }
    }

    fn somebody(&self) -> Person {
        let rested = self.resting.lock().unwrap().pop();
        rested.unwrap_or_else(|| Person { user: self.stack.user(), has_brand: false })
    }

    async fn generation(&self, person: &Person, key: &str) -> (Uuid, Vec<Event>) {
        let body = json!({ "source_text": source_text(key) });
        let accepted = loop {
            let reply = person.user.request(Method::POST, "/v1/ai/generations").json(&body).key(key).send().await;
            if reply.status != 503 {
                break reply.expect(202);
            }
            self.wait().await;
        };
        let job = id_of(&accepted.data()["generation_id"]);
        let mut log = loop {
            let log = person.user.follow(&job.to_string()).await;
            if log.status == 200 {
                break log;
            }
            assert_eq!(log.status, 503, "{job}");
            self.wait().await;
        };
        (job, stored(log.collect_to_end().await))
    }

    /// A calendar or a week: the answer is the log. A busy store may answer with a dry run, which has no location.
    async fn run(&self, person: &Person, path: &str, order: &Value, key: &str) -> (Uuid, Vec<Event>) {
        let mut log = loop {
            let log = person.user.request(Method::POST, path).json(order).key(key).open(Encoding::Sse).await;
            if log.headers.contains_key("location") {
                break log;
            }
            assert!(matches!(log.status, 200 | 503), "{key}: {}", log.status);
            self.wait().await;
        };
        assert_eq!(log.status, 200, "{key}");
        (run_of(&log), stored(log.collect_to_end().await))
    }

    async fn wait(&self) {
        self.refused.fetch_add(1, Relaxed);
        tokio::time::sleep(PAUSE).await;
    }
}

fn run_of(log: &EventStream) -> Uuid {
    log.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().parse().unwrap()
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
        Kind::Generation => told_fronts(events),
        Kind::Calendar => {
            let entries = events.iter().filter(|event| event.kind == "entry");
            entries.map(|event| event.json()["data"]["key"].to_string()).collect()
        }
        Kind::Week => told_ids(events),
    }
}
