//! Circuit breakers per provider and model: after half of many calls failed, nothing is sent for a while but single probes.
//! Asked before every outside call; the caller publishes `Opened` so that the API stops accepting what cannot run.
//! State is this process's memory only, and the clock comes in as an argument.
//! `failsafe` and `recloser` are not used: while half open they permit every call; here one probe at a time goes out.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::stalls::{Mark, Stalls};

/// When a circuit opens and how it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// Only calls that ended this recently count.
    pub window: Duration,
    /// Fewer calls than this never open a circuit.
    pub least_calls: usize,
    /// Opens when this share of the calls failed, in percent.
    pub failed_percent: usize,
    /// From opening to the first probe, and from one failed probe to the next.
    pub probe_every: Duration,
}

impl BreakerLimits {
    /// Half of at least 20 calls in 10 s; one probe every 5 s.
    pub const MODEL: Self = Self {
        window: Duration::from_secs(10),
        least_calls: 20,
        failed_percent: 50,
        probe_every: Duration::from_secs(5),
    };
}

/// How a call ended, as far as the circuit cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider served, even if it refused the request or answered poorly.
    Served,
    /// The provider could not serve (`AiError::is_outage`).
    Failed,
}

/// The circuit has just opened, or stays open after a probe: to be published with this time to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Until the next probe may go out.
    pub retry_in: Duration,
}

/// One circuit: a pure state machine.
#[derive(Clone, Debug)]
pub struct Circuit {
    limits: BreakerLimits,
    state: State,
    ended: VecDeque<(Instant, Outcome)>,
    failed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// The next probe may go out at this instant.
    Open {
        probe_at: Instant,
    },
    Probing,
}

/// What a call is to the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    Call,
    Probe,
}

impl Circuit {
    /// A closed circuit.
    pub fn new(limits: BreakerLimits) -> Self {
        Self { limits, state: State::Closed, ended: VecDeque::new(), failed: 0 }
    }

    fn admit(&mut self, now: Instant) -> Result<Admission, Opened> {
        match self.state {
            State::Closed => Ok(Admission::Call),
            State::Open { probe_at } if now >= probe_at => {
                self.state = State::Probing;
                Ok(Admission::Probe)
            }
            State::Open { probe_at } => Err(Opened { retry_in: probe_at - now }),
            // The probe's end decides; one interval is a fair guess of when.
            State::Probing => Err(Opened { retry_in: self.limits.probe_every }),
        }
    }

    fn record(&mut self, admission: Admission, outcome: Outcome, now: Instant) -> Option<Opened> {
        match (admission, outcome) {
            (Admission::Probe, Outcome::Served) => {
                *self = Self::new(self.limits);
                None
            }
            (Admission::Probe, Outcome::Failed) => Some(self.open(now)),
            // A call that was sent before the circuit opened changes nothing any more.
            (Admission::Call, _) if self.state != State::Closed => None,
            (Admission::Call, _) => {
                self.count(outcome, now);
                let calls = self.ended.len();
                let broken =
                    calls >= self.limits.least_calls && self.failed * 100 >= calls * self.limits.failed_percent;
                broken.then(|| self.open(now))
            }
        }
    }

    /// A probe that ended without a verdict, e.g. cancelled: the next call probes.
    fn forget_probe(&mut self, now: Instant) {
        if self.state == State::Probing {
            self.state = State::Open { probe_at: now };
        }
    }

    fn count(&mut self, outcome: Outcome, now: Instant) {
        self.ended.push_back((now, outcome));
        self.failed += usize::from(outcome == Outcome::Failed);
        while let Some((at, outcome)) = self.ended.front().copied() {
            if now.saturating_duration_since(at) <= self.limits.window {
                break;
            }
            self.ended.pop_front();
            self.failed -= usize::from(outcome == Outcome::Failed);
        }
    }

    fn open(&mut self, now: Instant) -> Opened {
        let retry_in = self.limits.probe_every;
        self.ended.clear();
        self.failed = 0;
        self.state = State::Open { probe_at: now + retry_in };
        Opened { retry_in }
    }
}

/// All circuits of a process.
#[derive(Clone, Debug)]
pub struct Breakers {
    limits: BreakerLimits,
    circuits: Arc<Mutex<HashMap<(String, String), Circuit>>>,
    stalls: Stalls,
}

impl Breakers {
    /// No circuit has opened yet.
    pub fn new(limits: BreakerLimits, stalls: Stalls) -> Self {
        Self { limits, circuits: Arc::default(), stalls }
    }

    /// Asks for leave to call. The permit is to be recorded when the call has ended; dropping it says nothing about the
    /// provider. `Err` says when to ask again.
    pub fn admit(&self, provider: &str, model: &str, now: Instant) -> Result<Permit, Opened> {
        let key = (provider.to_owned(), model.to_owned());
        let mut circuits = self.lock();
        let circuit = circuits.entry(key.clone()).or_insert_with(|| Circuit::new(self.limits));
        let admission = circuit.admit(now)?;
        let mark = self.stalls.mark();
        Ok(Permit { breakers: self.clone(), key, admission, pending: true, admitted_at: now, mark })
    }

    /// Whether a call would be let through at this moment; `Err` says when to ask again. Takes no leave.
    pub fn look(&self, provider: &str, model: &str, now: Instant) -> Result<(), Opened> {
        let circuits = self.lock();
        let circuit = circuits.get(&(provider.to_owned(), model.to_owned()));
        circuit.map_or(Ok(()), |circuit| circuit.clone().admit(now).map(|_| ()))
    }

    /// Whether any call of this provider would be let through at this moment, whatever its model.
    pub fn all_closed(&self, provider: &str) -> bool {
        let circuits = self.lock();
        let mut of_provider = circuits.iter().filter(|((name, _), _)| name == provider);
        of_provider.all(|(_, circuit)| circuit.state == State::Closed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Circuit>> {
        // A circuit is valid between any two of its steps, whatever panicked meanwhile.
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave for one call.
#[derive(Debug)]
pub struct Permit {
    breakers: Breakers,
    key: (String, String),
    admission: Admission,
    pending: bool,
    admitted_at: Instant,
    mark: Mark,
}

impl Permit {
    /// Whether the call asks if an open circuit may close.
    pub fn is_probe(&self) -> bool {
        self.admission == Admission::Probe
    }

    /// Whether this process stood still during the call: its end then says nothing about the provider.
    pub fn is_stalled(&self) -> bool {
        self.breakers.stalls.lost_since(self.mark)
    }

    /// Records how the call ended, unless this process stood still meanwhile. `Some` is to be published as
    /// `almanac:breaker:<model>`.
    pub fn record(mut self, outcome: Outcome, now: Instant) -> Option<Opened> {
        if self.is_stalled() {
            return None;
        }
        self.pending = false;
        let mut circuits = self.breakers.lock();
        circuits.get_mut(&self.key)?.record(self.admission, outcome, now)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.pending
            && self.admission == Admission::Probe
            && let Some(circuit) = self.breakers.lock().get_mut(&self.key)
        {
            circuit.forget_probe(self.admitted_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breakers(now: Instant) -> Breakers {
        Breakers::new(BreakerLimits::MODEL, Stalls::new(now))
    }

    fn end(breakers: &Breakers, outcome: Outcome, now: Instant) -> Option<Opened> {
        breakers.admit("p", "m", now).unwrap().record(outcome, now)
    }

    fn opened(now: Instant) -> Breakers {
        let breakers = breakers(now);
        let last = (0..20).filter_map(|_| end(&breakers, Outcome::Failed, now)).next_back();
        assert_eq!(last, Some(Opened { retry_in: 5 * SECOND }));
        breakers
    }

    #[test]
    fn half_of_twenty_calls_opens_and_fewer_do_not() {
        let now = Instant::now();
        let breakers = breakers(now);

        for call in 0..19 {
            let outcome = if call < 10 { Outcome::Failed } else { Outcome::Served };
            assert_eq!(end(&breakers, outcome, now), None);
        }

        assert_eq!(end(&breakers, Outcome::Served, now), Some(Opened { retry_in: 5 * SECOND }));
        assert_eq!(breakers.admit("p", "m", now + SECOND).unwrap_err(), Opened { retry_in: 4 * SECOND });
        assert!(breakers.admit("p", "other", now).is_ok());
    }

    #[test]
    fn less_than_half_of_the_calls_opens_nothing() {
        let now = Instant::now();
        let breakers = breakers(now);

        for call in 0..100 {
            let outcome = if call % 20 >= 11 { Outcome::Failed } else { Outcome::Served };
            assert_eq!(end(&breakers, outcome, now), None, "{call}");
        }
    }

    #[test]
    fn old_failures_do_not_count() {
        let now = Instant::now();
        let breakers = breakers(now);
        (0..19).for_each(|_| assert_eq!(end(&breakers, Outcome::Failed, now), None));

        assert_eq!(end(&breakers, Outcome::Failed, now + 11 * SECOND), None);
        (0..19).for_each(|_| assert_eq!(end(&breakers, Outcome::Served, now + 11 * SECOND), None));
    }

    #[test]
    fn a_failure_counts_until_its_window_is_over() {
        let now = Instant::now();
        let breakers = breakers(now);
        (0..19).for_each(|_| assert_eq!(end(&breakers, Outcome::Failed, now), None));

        assert_eq!(end(&breakers, Outcome::Failed, now + 10 * SECOND), Some(Opened { retry_in: 5 * SECOND }));
    }

    #[test]
    fn a_look_says_what_a_call_would_be_told_and_takes_nothing() {
        let now = Instant::now();
        let breakers = opened(now);

        assert_eq!(breakers.look("p", "other", now), Ok(()));
        assert_eq!(breakers.look("p", "m", now + SECOND), Err(Opened { retry_in: 4 * SECOND }));
        assert_eq!(breakers.look("p", "m", now + 5 * SECOND), Ok(()));
        assert!(breakers.admit("p", "m", now + 5 * SECOND).unwrap().is_probe(), "the probe is still to be had");
    }

    #[test]
    fn one_open_circuit_is_enough_for_a_provider_not_to_be_all_closed() {
        let now = Instant::now();
        let breakers = opened(now);
        assert!(!breakers.admit("p", "other", now).unwrap().is_probe());
        assert!(!breakers.admit("q", "m", now).unwrap().is_probe());

        assert_eq!(["p", "q", "unknown"].map(|provider| breakers.all_closed(provider)), [false, true, true]);
    }

    #[test]
    fn a_cancelled_call_makes_no_room_for_a_second_probe() {
        let now = Instant::now();
        let breakers = breakers(now);
        let early = breakers.admit("p", "m", now).unwrap();
        let opened = (0..20).filter_map(|_| end(&breakers, Outcome::Failed, now)).count();
        assert_eq!(opened, 1);
        let later = now + 5 * SECOND;
        let _probe = breakers.admit("p", "m", later).unwrap();

        drop(early);

        assert!(breakers.admit("p", "m", later).is_err());
    }

    #[test]
    fn one_probe_at_a_time_goes_out_and_its_success_closes() {
        let now = Instant::now();
        let breakers = opened(now);
        let later = now + 5 * SECOND;

        let probe = breakers.admit("p", "m", later).unwrap();
        assert!(breakers.admit("p", "m", later).is_err());
        assert_eq!(probe.record(Outcome::Served, later), None);

        assert_eq!(end(&breakers, Outcome::Failed, later), None);
    }

    #[test]
    fn a_failed_probe_keeps_the_circuit_open_for_another_interval() {
        let now = Instant::now();
        let breakers = opened(now);
        let later = now + 5 * SECOND;

        assert_eq!(end(&breakers, Outcome::Failed, later), Some(Opened { retry_in: 5 * SECOND }));

        assert!(breakers.admit("p", "m", later + 4 * SECOND).is_err());
        assert!(breakers.admit("p", "m", later + 5 * SECOND).is_ok());
    }

    #[test]
    fn a_cancelled_probe_makes_room_for_the_next() {
        let now = Instant::now();
        let breakers = opened(now);

        drop(breakers.admit("p", "m", now + 5 * SECOND).unwrap());

        assert!(breakers.admit("p", "m", now + 5 * SECOND).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_process_saw_that_stood_still_opens_nothing() {
        let now = Instant::now();
        let breakers = breakers(now);
        let permits: Vec<Permit> = (0..60).map(|_| breakers.admit("p", "m", now).unwrap()).collect();

        assert!(!permits[0].is_stalled());
        tokio::time::advance(10 * SECOND).await;
        assert!(permits[0].is_stalled());
        let opened = permits.into_iter().filter_map(|permit| permit.record(Outcome::Failed, Instant::now()));

        assert_eq!(opened.count(), 0);
        assert!(breakers.admit("p", "m", Instant::now()).is_ok());
    }

    #[test]
    fn calls_that_end_after_the_opening_change_nothing() {
        let now = Instant::now();
        let breakers = breakers(now);
        let early: Vec<Permit> = (0..60).map(|_| breakers.admit("p", "m", now).unwrap()).collect();

        let published = early.into_iter().enumerate().filter_map(|(call, permit)| {
            let late = if call < 20 { now } else { now + 4 * SECOND };
            permit.record(Outcome::Failed, late)
        });

        assert_eq!(published.count(), 1);
        assert!(breakers.admit("p", "m", now + 5 * SECOND).is_ok());
    }
}
