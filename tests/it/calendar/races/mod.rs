//! Ten thousand times, two operations run on one calendar at the same time: edits, deletes, entries added by hand, new
//! runs and accepts, through the use-cases themselves, as the API's role, against the real database. No human edit is
//! lost, and one order of events explains every answer.

mod history;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use almanac_shared::{
    calendar::{
        Content, Draft, Entry, Field, Made,
        diff::AcceptBody,
        rules::RequestBody,
        service::{Calendars, Submission},
        store::work,
    },
    jobs::{
        endings::Endings,
        idempotency::Once,
        queue::Bell,
        store::{self, ends::Conclusion},
    },
    platform::{
        config::CalendarSettings,
        db::{Database, Service},
        error::Refusal,
        id::{CalendarId, EntryId, JobId, UserId},
        metrics::Metrics,
        redis,
    },
};
use almanac_tests::{Stack, actor::forged::succeeded, run::test_run};
use history::History;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Things that were begun while something else was being done to the same calendar.
const INTERLEAVINGS: usize = 10_000;
/// Calendars at a time: their actors together have as many connections as the API gives them.
const LANES: usize = 2;
const EDITS: usize = 24;
const ACCEPTS: usize = 14;
const RUNS: usize = 4;

/// Every run makes the first two; some leave the others out. The third has a human edit, the fourth has none.
const ALWAYS: [&str; 2] = ["blog:2026-03-02:1", "blog:2026-03-03:1"];
const WRITTEN_IN: &str = "blog:2026-03-04:1";
const LOOSE: &str = "blog:2026-03-05:1";

/// The use-cases, and what a worker would do, without a model.
struct House {
    calendars: Calendars,
    database: Database,
    service: Service,
    endings: Endings,
    /// Begun while something else was under way.
    met: AtomicUsize,
}

/// One calendar, its owner, and the answers so far.
struct Scene {
    house: Arc<House>,
    owner: UserId,
    calendar: CalendarId,
    ids: BTreeMap<String, EntryId>,
    history: Mutex<History>,
    under_way: AtomicUsize,
}

async fn house(stack: &Stack) -> House {
    let url = |role: &str| stack.services.postgres.url(role, &stack.database).into();
    let client = redis::client(&stack.services.redis.url().into()).unwrap();
    let bell = Bell::start(redis::quick(&client).unwrap(), Metrics::new("races"));
    let settings = CalendarSettings { max_slots: 200 };
    let database = Database::open(&url("almanac_api")).unwrap();
    let service = Service::open(&url("almanac_worker")).unwrap();
    House {
        calendars: Calendars::new(database.clone(), bell, settings),
        database,
        endings: Endings::start(service.clone()),
        service,
        met: AtomicUsize::new(0),
    }
}

fn order(calendar: Option<CalendarId>, skipped: &[&str]) -> RequestBody {
    let body = json!({
        "channels": ["blog"], "cadence": "daily", "start": "2026-03-02", "end": "2026-03-05",
        "constraints": { "skipDates": skipped }, "calendarId": calendar,
    });
    serde_json::from_value(body).unwrap()
}

impl House {
    /// A run from its accept to its end, made up of its number.
    async fn make(
        &self,
        owner: UserId,
        body: RequestBody,
        number: usize,
    ) -> (CalendarId, almanac_shared::platform::id::RunId, history::Made) {
        let order = self.calendars.read(body).unwrap();
        let submission = Submission {
            user: owner,
            order: order.clone(),
            model: "none".to_owned(),
            key: None,
            trace: None,
            request_id: None,
        };
        let accepted = self.calendars.submit(submission).await.expect("the person's slot is free");
        let job = JobId::from(accepted.run);
        let claimant = store::Claimant { owner: "races", suspect_threshold: None, provider: None };
        let claimed = {
            let mut starts = store::ClaimConnection::new(&self.service);
            starts.start(&[job], claimant).await.unwrap().remove(0)
        };
        let draft = || Draft {
            title: format!("Title {number}"),
            caption: format!("Caption {number}"),
            notes: format!("Notes {}", number % 2),
            ..Draft::default()
        };
        let fields = |slot| Content::of(slot, order.request.zone, draft()).generated_fields();
        let made = order.slots.iter().map(|slot| Made {
            key: slot.key.clone(),
            entry_id: EntryId::fresh(),
            fields: fields(slot),
        });
        let made: Vec<Made> = made.collect();
        let said = made.iter().map(|made| (made.key.to_string(), made.fields.clone())).collect();
        let items = (1..).zip(made).map(|(ordinal, made)| work::NewEntry { ordinal, made });
        let items: Vec<_> = items.collect();
        let result = json!({ "items": items, "latency_ms": 1, "added": 0, "updated": 0, "removed": 0 });
        let events = vec![("progress".to_owned(), "{}".to_owned())];
        let end = Conclusion { events, ..succeeded(claimed.lease(), result) };
        self.endings.write(end).await.expect("the run ends");
        (accepted.calendar, accepted.run, said)
    }

    /// A calendar of four entries, in one of which its owner has written.
    async fn calendar(self: &Arc<Self>) -> Scene {
        let owner = UserId(Uuid::new_v4());
        let (calendar, run, made) = self.make(owner, order(None, &[]), 0).await;
        let (_, entries) = self.calendars.show(owner, calendar).await.unwrap();
        let ids: BTreeMap<String, EntryId> = entries.iter().map(|entry| (entry.key.to_string(), entry.id)).collect();
        let mut history = History::begin(run, made, &[LOOSE]);
        let patch = Map::from_iter([("topic".to_owned(), json!("Mine"))]);
        let edited = self.calendars.edit_entry(owner, calendar, ids[WRITTEN_IN], &patch, |_| true).await.unwrap();
        history.edited(Field::Topic, "Mine", edited);
        let house = Arc::clone(self);
        Scene { house, owner, calendar, ids, history: Mutex::new(history), under_way: AtomicUsize::new(0) }
    }
}

impl Scene {
    /// Does something, and counts it when something else is being done.
    async fn meet<T>(&self, what: impl Future<Output = T>) -> T {
        if self.under_way.fetch_add(1, SeqCst) > 0 {
            self.house.met.fetch_add(1, SeqCst);
        }
        let answer = what.await;
        self.under_way.fetch_sub(1, SeqCst);
        answer
    }

    async fn edit_for_a_while(&self, mut chance: StdRng) {
        for nth in 0..EDITS {
            match chance.random_range(0..20) {
                0 => self.delete(ALWAYS[1]).await,
                1 => self.add_by_hand(nth).await,
                2..=5 => self.edit_what_was_seen(&mut chance).await,
                _ => {
                    let expected = None;
                    self.edit(&mut chance, expected).await;
                }
            }
        }
    }

    /// Writes a value that is written only here; with an expected version only to that.
    async fn edit(&self, chance: &mut StdRng, expected: Option<(&str, i64)>) {
        let key = [ALWAYS[0], ALWAYS[1], WRITTEN_IN][chance.random_range(0..3)];
        let (key, version) = expected.map_or((key, None), |(key, version)| (key, Some(version)));
        let field = [Field::Title, Field::Caption, Field::Notes][chance.random_range(0..3)];
        let text = Uuid::new_v4().to_string();
        let patch = Map::from_iter([(field.as_str().to_owned(), Value::from(text.as_str()))]);
        let id = self.ids[key];
        let calendars = &self.house.calendars;
        let edit = calendars
            .edit_entry(self.owner, self.calendar, id, &patch, |now| version.is_none_or(|version| now == version));
        match self.meet(edit).await {
            Ok(answer) => {
                assert!(
                    version.is_none_or(|version| answer.version == version + 1),
                    "an edit of {version:?} hit {answer:?}"
                );
                self.history.lock().await.edited(field, &text, answer);
            }
            Err(Refusal::VersionMismatch { current }) if version.is_some_and(|version| Some(version) != current) => {}
            Err(Refusal::NotFound) if key == ALWAYS[1] => {}
            Err(refusal) => panic!("{key}: {refusal:?}"),
        }
    }

    async fn edit_what_was_seen(&self, chance: &mut StdRng) {
        let (_, entries) = self.meet(self.house.calendars.show(self.owner, self.calendar)).await.unwrap();
        let seen: Vec<&Entry> = entries.iter().filter(|entry| self.ids.contains_key(&entry.key.to_string())).collect();
        let seen: Vec<_> = seen.into_iter().filter(|entry| entry.key.to_string() != LOOSE).collect();
        let one = seen[chance.random_range(0..seen.len())];
        let (key, version) = (one.key.to_string(), one.version);
        self.edit(chance, Some((&key, version))).await;
    }

    async fn delete(&self, key: &str) {
        let delete = self.house.calendars.delete_entry(self.owner, self.calendar, self.ids[key], |_| true);
        match self.meet(delete).await {
            Ok(()) => self.history.lock().await.deleted(key),
            Err(Refusal::NotFound) => {}
            Err(refusal) => panic!("{key}: {refusal:?}"),
        }
    }

    async fn add_by_hand(&self, nth: usize) {
        let body = json!({ "channel": "blog", "date": "2026-03-03", "title": format!("By hand {nth}") });
        let add = async {
            let mut once = Once::begin(&self.house.database, self.owner, None).await?;
            let entry = Calendars::add_entry(once.tx(), self.owner, self.calendar, body.as_object().unwrap()).await?;
            once.finish("").await.map(|()| entry)
        };
        let added = self.meet(add).await.unwrap();
        self.history.lock().await.added(added);
    }

    async fn accept_for_a_while(&self, mut chance: StdRng) {
        for _ in 0..ACCEPTS {
            let run = {
                let history = self.history.lock().await;
                history.runs[chance.random_range(0..history.runs.len())].0
            };
            let choice = choice(&mut chance);
            let accept = async {
                let mut once = Once::begin(&self.house.database, self.owner, None).await?;
                let taken = Calendars::accept(once.tx(), self.owner, self.calendar, run, choice.clone()).await?;
                once.finish("").await.map(|()| taken)
            };
            let taken = self.meet(accept).await.unwrap();
            let changed: Vec<String> = [taken.merged.added, taken.merged.updated].concat();
            self.history.lock().await.accepted(run, choice, &changed, taken.entries);
        }
    }

    async fn regenerate_for_a_while(&self, mut chance: StdRng) {
        for nth in 1..=RUNS {
            let skipped = [&[][..], &["2026-03-04"], &["2026-03-05"], &["2026-03-04", "2026-03-05"]];
            let body = order(Some(self.calendar), skipped[chance.random_range(0..4)]);
            let (_, run, made) = self.meet(self.house.make(self.owner, body, nth)).await;
            self.history.lock().await.runs.push((run, made));
        }
    }

    /// Two people edit, one takes from runs, one has runs made; then all of it is held against what is saved.
    async fn play(self, chance: &mut StdRng) {
        let mut another = || StdRng::seed_from_u64(chance.random());
        tokio::join!(
            self.edit_for_a_while(another()),
            self.edit_for_a_while(another()),
            self.accept_for_a_while(another()),
            self.regenerate_for_a_while(another()),
        );
        let saved = work::saved(&self.house.service, self.owner, self.calendar).await.unwrap();
        let runs = self.house.calendars.runs(self.owner, self.calendar, None, 250).await.unwrap();
        self.history.into_inner().explains(&saved, &runs);
    }
}

/// Everything; an edited field by its name; a deleted entry by its key; both at once.
fn choice(chance: &mut StdRng) -> AcceptBody {
    let fields = |name: &str| Some(BTreeMap::from([(ALWAYS[0].to_owned(), vec![name.to_owned()])]));
    let keys = || Some(vec![ALWAYS[1].to_owned()]);
    match chance.random_range(0..6) {
        0 => AcceptBody { fields: fields("caption"), ..AcceptBody::default() },
        1 => AcceptBody { keys: keys(), ..AcceptBody::default() },
        2 => AcceptBody { keys: keys(), fields: fields("title"), ..AcceptBody::default() },
        _ => AcceptBody::default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_interleavings_of_edits_runs_and_accepts_lose_nothing() {
    let seed = test_run().settings.seed.unwrap_or_else(rand::random);
    eprintln!("the actors' choices come from TEST_SEED={seed}");
    let stack = Stack::builder().workers(0).start().await;
    let house = Arc::new(house(&stack).await);

    let lanes = (0..LANES as u64).map(|lane| {
        let (house, mut chance) = (Arc::clone(&house), StdRng::seed_from_u64(seed.wrapping_add(lane)));
        tokio::spawn(async move {
            while house.met.load(SeqCst) < INTERLEAVINGS {
                house.calendar().await.play(&mut chance).await;
            }
        })
    });
    let lanes: Vec<_> = lanes.collect();
    for lane in lanes {
        lane.await.expect("no history breaks");
    }

    assert!(house.met.load(SeqCst) >= INTERLEAVINGS);
}
