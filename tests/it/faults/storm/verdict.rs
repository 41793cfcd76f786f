//! What a storm left: by the database, by the world's own ledger, by what people saw, and by the watch.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt::Write,
    time::Duration,
};

use almanac_tests::{
    Stack, invariants,
    world::{Call, Outcome},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    crowd::{Kind, Seen},
    faults::{Fault, Interruption, Strikes, Watch},
};
use crate::security::prompt_leaks::{Prompts, all_rows};

/// Calls of the model that a generation may make over all its attempts, those that were cut off included: the sixth is
/// its last, and then it ends as failed.
const CALLS_OF_A_GENERATION: usize = 6;

/// What a calendar or a week may end with while the provider cannot serve: they have a time limit.
const ENDS_BY_OUTAGE: [&str; 3] = ["PROVIDER_UNAVAILABLE", "QUEUE_TIMEOUT", "TIMEOUT"];

/// An error of our own; what the queue library says when its worker was away for long is no news.
const ALARM: &str = "\"level\":\"ERROR\",\"target\":\"almanac";

/// Errors of our own that a silent Postgres and a provider's outage cause, as they should.
const ALARMS_OF_OUTAGES: [&str; 2] = ["Postgres cannot be reached", "job expired"];

/// A job at the end.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    state: String,
    crashes: i32,
    /// The code of its error.
    code: Option<String>,
    /// Rows of its ledger.
    calls: i64,
    /// Rows that do not say how their call ended.
    open_calls: i64,
    /// Seconds from the accept to the first start, or to the end of what never started.
    waited: f64,
}

const ROWS: &str =
    "SELECT j.id, j.state, j.crashes + j.stalls AS crashes, j.error ->> 'code' AS code, count(c.id) AS calls,
            count(c.id) FILTER (WHERE c.state = 'started') AS open_calls,
            extract(epoch FROM coalesce(j.started_at, j.finished_at) - j.created_at)::float8 AS waited
       FROM almanac.jobs j
       LEFT JOIN almanac.llm_calls c ON c.job_id = j.id
      GROUP BY j.id";

/// All that is known.
pub struct Verdict {
    fault: Fault,
    seen: Vec<Seen>,
    rows: HashMap<Uuid, Row>,
    /// What the world counted, by key: calls that it did not fail itself.
    calls: HashMap<String, usize>,
    /// Calls that it failed.
    failed_calls: usize,
    strikes: Strikes,
    interruptions: BTreeMap<(Uuid, i64), Interruption>,
    /// Jobs that ran while Postgres was silent.
    cut_off: BTreeSet<(Uuid, i64)>,
    /// How often a worker found that a job was not its own any more.
    late: usize,
    /// Lines that need a look.
    alarms: Vec<String>,
    logs: Vec<String>,
}

impl Verdict {
    pub async fn of(stack: &Stack, fault: Fault, seen: Vec<Seen>, strikes: Strikes, watch: &Watch) -> Self {
        let rows: Vec<Row> = sqlx::query_as(ROWS).fetch_all(&stack.admin().await).await.unwrap();
        let logs: Vec<String> = stack.workers().iter().map(|worker| worker.log()).chain([stack.api(0).log()]).collect();
        let lines = || logs.iter().flat_map(|log| log.lines());
        let late = lines().filter(|line| line.contains("lease lost")).count();
        let expected = if matches!(fault, Fault::Mixed(_)) { &ALARMS_OF_OUTAGES[..] } else { &[] };
        let is_expected = |line: &&str| expected.iter().any(|message| line.contains(message));
        let alarms = lines().filter(|line| line.contains(ALARM) && !is_expected(line)).map(str::to_owned).collect();
        let rows = rows.into_iter().map(|row| (row.id, row)).collect();
        let (mut calls, mut failed_calls) = (HashMap::new(), 0);
        for call in stack.world.ledger().all() {
            if matches!(call.outcome, Outcome::Refused(_) | Outcome::Broken) {
                failed_calls += 1;
            } else {
                *calls.entry(call.key).or_default() += 1;
            }
        }
        let (interruptions, cut_off) = (watch.interruptions(), watch.cut_off());
        Self { fault, seen, rows, calls, failed_calls, strikes, interruptions, cut_off, late, alarms, logs }
    }

    fn interruptions_of(&self) -> HashMap<Uuid, usize> {
        let mut counts = HashMap::new();
        for (job, _) in self.interruptions.keys() {
            *counts.entry(*job).or_default() += 1;
        }
        counts
    }

    /// How often each job may have been cut from a call of its model: faults of its worker, and silences of Postgres.
    fn cuts_of(&self) -> HashMap<Uuid, usize> {
        let mut counts = self.interruptions_of();
        for (job, _) in self.cut_off.iter().filter(|held| !self.interruptions.contains_key(*held)) {
            *counts.entry(*job).or_default() += 1;
        }
        counts
    }

    fn recoveries(&self) -> Vec<Duration> {
        let mut recoveries: Vec<Duration> = self.interruptions.values().filter_map(|one| one.recovered).collect();
        recoveries.sort();
        recoveries
    }

    fn waits(&self) -> Vec<Duration> {
        let seconds = self.rows.values().map(|row| row.waited);
        let mut waits: Vec<Duration> = seconds.map(|wait| Duration::try_from_secs_f64(wait).unwrap()).collect();
        waits.sort();
        waits
    }

    /// Some lines for people.
    pub fn report(&self, seed: u64, took: Duration, refused: usize) -> String {
        let kinds = counted(self.seen.iter().map(|seen| format!("{:?}", seen.kind).to_lowercase()));
        let ended = |row: &Row| {
            format!("{}{}", row.state, row.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())
        };
        let states = counted(self.rows.values().map(ended));
        let most = self.interruptions_of().into_values().max().unwrap_or(0);
        let extra = self.calls.values().sum::<usize>().saturating_sub(self.seen.len());
        let (name, struck) = (self.fault.name(), self.struck());
        let strikes = self.strikes.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ");
        let per = extra as f64 / struck.max(1) as f64;
        let mut text = String::new();
        let mut line = |what: &str, value: String| writeln!(text, "  {what:<24}{value}").unwrap();
        line("jobs", format!("{} ({kinds}) in {:.0} s, seed {seed}", self.seen.len(), took.as_secs_f64()));
        line("faults", strikes);
        line("jobs interrupted", format!("{}, one up to {most} times", self.interruptions.len()));
        line("running cut off", self.cut_off.len().to_string());
        line("running again after", spread(&self.recoveries()));
        line("extra model calls", format!("{extra}: {per:.1} for each of the {name}"));
        line("calls failed by world", self.failed_calls.to_string());
        line("accepted to started", spread(&self.waits()));
        line("writers that came late", self.late.to_string());
        line("answered 503 for a while", refused.to_string());
        line("alarms", self.alarms.len().to_string());
        line("ended as", states);
        format!("\nstorm of {name}\n{text}")
    }

    /// The invariants, over all jobs.
    pub async fn assert_nothing_lost_or_doubled(&self, admin: &PgPool) {
        let jobs: Vec<Uuid> = self.seen.iter().map(|seen| seen.job).collect();
        assert_eq!(jobs.iter().collect::<HashSet<_>>().len(), jobs.len(), "an id was given twice");
        assert_eq!(jobs.len(), self.rows.len(), "jobs that were not requested");
        let (interruptions, cuts) = (self.interruptions_of(), self.cuts_of());
        let mut wrong: Vec<String> = Vec::new();
        for seen in &self.seen {
            let taken = interruptions.get(&seen.job).copied().unwrap_or(0);
            let cut = cuts.get(&seen.job).copied().unwrap_or(0);
            for complaint in self.complaints(seen, taken, cut) {
                wrong.push(format!(
                    "{complaint}; taken from a worker {taken} times, cut {cut} times: {seen:?} {:?}",
                    self.rows[&seen.job]
                ));
            }
        }
        assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
        // What a late writer may not write, the fence refuses; whatever else is in its way would be an alarm.
        assert!(self.alarms.is_empty(), "{} alarms:\n{}", self.alarms.len(), self.alarms.join("\n"));
        invariants::assert_all(admin, &jobs).await;
        invariants::assert_told_is_stored(admin).await;
    }

    /// No row and no line of a log quotes a system prompt, although models and refusals did.
    pub async fn assert_prompts_stay_inside(&self, stack: &Stack, admin: &PgPool) {
        let calls = stack.world.ledger().all();
        let prompts: BTreeSet<&str> = calls.iter().map(Call::system_prompt).collect();
        let prompts = Prompts::new(prompts);
        let mut places = all_rows(admin).await;
        places.extend(self.logs.iter().map(|log| ("a log".to_owned(), log.clone())));
        let quotes = places.iter().filter_map(|(place, text)| Some(format!("{place}: {}", prompts.quoted_in(text)?)));
        let quotes: Vec<String> = quotes.collect();
        assert!(quotes.is_empty(), "{} repetitions of a system prompt:\n{}", quotes.len(), quotes.join("\n"));
    }

    fn struck(&self) -> usize {
        self.strikes.values().sum()
    }

    /// What is wrong with one job that was taken from a worker, and cut from its calls, these numbers of times.
    fn complaints(&self, seen: &Seen, taken: usize, cut: usize) -> Vec<&'static str> {
        let (row, whole) = (&self.rows[&seen.job], seen.kind.whole());
        let calls = self.calls.get(&seen.key).copied().unwrap_or(0);
        let told: HashSet<&String> = seen.told.iter().collect();
        let spent = seen.kind == Kind::Generation && cut >= CALLS_OF_A_GENERATION;
        let mixed = matches!(self.fault, Fault::Mixed(_));
        let by_outage = row.code.as_deref().is_some_and(|code| ENDS_BY_OUTAGE.contains(&code));
        let by_outage = mixed && seen.kind != Kind::Generation && by_outage;
        let crashes = usize::try_from(row.crashes).unwrap();
        let rules = [
            (row.state == seen.status, "its row says something else than its last event"),
            (row.state == "succeeded" || (spent && row.state == "failed") || by_outage, "it did not succeed"),
            (told.len() == seen.told.len(), "it streamed something twice"),
            (told.len() <= whole, "it made too much"),
            (told.len() >= seen.least || row.state == "failed" || by_outage, "it made too little"),
            // I8, and I3: no call without its row.
            (calls <= 1 + cut, "the model was called too often"),
            (calls >= 1 || by_outage, "the model was not called"),
            (usize::try_from(row.calls).unwrap() >= calls, "the ledger misses a call"),
            (row.open_calls == 0, "a call in the ledger has no end"),
            (crashes == taken || (mixed && crashes <= taken), "its row counts other crashes than there were"),
        ];
        rules.into_iter().filter(|(holds, _)| !holds).map(|(_, complaint)| complaint).collect()
    }

    /// What makes it count, and what is promised about time.
    pub fn assert_it_was_a_storm(&self, least: (usize, usize), recovery: Duration, unclaimed: Duration) {
        let interrupted = self.interruptions.len();
        let struck = self.struck();
        assert!(struck >= least.0 && interrupted >= least.1, "{struck} faults interrupted {interrupted}");
        let recoveries = self.recoveries();
        assert_eq!(recoveries.len(), interrupted, "some were never taken up again");
        assert!(at(&recoveries, 99) <= recovery, "running again after {}", spread(&recoveries));
        // A worker that dies with an id that it has not claimed costs the time until the poll finds the row.
        let longest = at(&self.waits(), 100);
        assert!(longest <= unclaimed, "a job was first started after {longest:?}");
        match self.fault {
            Fault::Kill => assert_eq!(self.late, 0, "who is dead writes nothing, and who lives keeps its leases"),
            Fault::Pause(_) => assert!(self.late > 0, "no worker woke after its job was claimed by another"),
            Fault::Mixed(_) => {}
        }
    }
}

fn counted(names: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts.into_iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

/// A percentile of what is sorted.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(place).copied().unwrap_or_default()
}

fn spread(sorted: &[Duration]) -> String {
    let seconds = |percent| at(sorted, percent).as_secs_f64();
    format!("p50 {:.2} s, p99 {:.2} s, max {:.2} s", seconds(50), seconds(99), seconds(100))
}
