//! Named crash points, and guards that can be removed: for fault-injection tests only.
//! Called on the paths whose crash matters; without the feature `faults` every function here is empty or constant.

/// A place where the process can kill itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// API: the job is committed, no worker is notified.
    AcceptedBeforeRing,
    /// API: the accept is committed, the answer has not left.
    AcceptedBeforeAnswer,
    /// Worker: the message is popped, the row not claimed.
    PoppedBeforeClaim,
    /// Worker: the row is claimed, nothing was asked of a model.
    ClaimedBeforeCall,
    /// Worker: the call's ledger row is committed, the call in flight.
    CallInFlight,
    /// Worker: the model has answered, nothing of the last burst is committed.
    AnsweredBeforeCommit,
    /// Worker: a burst of results is committed, more are to come.
    BetweenBursts,
    /// Worker: results are committed, not published.
    CommittedBeforePublish,
    /// Worker: an intent is opened, nothing was asked of its channel.
    PublishOpened,
    /// Worker: an intent's uploads are done, its effect is not `sending`.
    PublishPrepared,
    /// Worker: the effect is `sending`, no byte has left.
    PublishSending,
    /// Worker: the channel has answered, nothing of it is stored.
    PublishAnswered,
    /// Worker: the effect of a mail is `sending`, no byte has left.
    MailSending,
    /// Worker: the mail provider has answered, nothing of it is stored.
    MailAnswered,
    /// Worker: a drain has begun.
    Draining,
    /// Worker: the job's own text asks for it; a poison pill.
    PoisonPill,
}

impl Point {
    /// The spelling in `ALMANAC_CRASH_AT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AcceptedBeforeRing => "accepted_before_ring",
            Self::AcceptedBeforeAnswer => "accepted_before_answer",
            Self::PoppedBeforeClaim => "popped_before_claim",
            Self::ClaimedBeforeCall => "claimed_before_call",
            Self::CallInFlight => "call_in_flight",
            Self::AnsweredBeforeCommit => "answered_before_commit",
            Self::BetweenBursts => "between_bursts",
            Self::CommittedBeforePublish => "committed_before_publish",
            Self::PublishOpened => "publish_opened",
            Self::PublishPrepared => "publish_prepared",
            Self::PublishSending => "publish_sending",
            Self::PublishAnswered => "publish_answered",
            Self::MailSending => "mail_sending",
            Self::MailAnswered => "mail_answered",
            Self::Draining => "draining",
            Self::PoisonPill => "poison_pill",
        }
    }
}

/// A guard whose removal a named test must notice (`make sabotage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The worker's poll of Postgres.
    PollFallback,
    /// The API's tail read of silent logs.
    TailRead,
    /// A pooled connection forgets its last borrower.
    RoleReset,
    /// An edit of another version than its `If-Match` is refused.
    VersionCheck,
}

impl Guard {
    /// The spelling in `ALMANAC_SABOTAGE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PollFallback => "poll_fallback",
            Self::TailRead => "tail_read",
            Self::RoleReset => "role_reset",
            Self::VersionCheck => "version_check",
        }
    }
}

#[cfg(feature = "faults")]
mod armed {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    };

    use super::{Guard, Point};

    // Read once: the environment of a process under test does not change, and the hot paths pass here often.
    static CRASH: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static SABOTAGE: OnceLock<Option<String>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    #[expect(clippy::disallowed_methods, reason = "not a setting: a switch of the proving ground")]
    fn variable(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    pub(super) fn pass(point: Point) {
        let armed = CRASH.get_or_init(|| {
            let value = variable("ALMANAC_CRASH_AT")?;
            let (name, nth) = value.split_once(':').unwrap_or((&value, "1"));
            Some((name.to_owned(), nth.parse().unwrap_or(1)))
        });
        let Some((name, nth)) = armed else { return };
        if name == point.name() && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == *nth {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        }
    }

    pub(super) fn removed(guard: Guard) -> bool {
        SABOTAGE.get_or_init(|| variable("ALMANAC_SABOTAGE")).as_deref() == Some(guard.name())
    }
}

/// Passes a crash point; kills the process with SIGKILL if this point was chosen.
#[inline]
pub fn pass(point: Point) {
    #[cfg(feature = "faults")]
    armed::pass(point);
    #[cfg(not(feature = "faults"))]
    let _ = point;
}

/// Passes the poison point when the job's own text asks for it.
#[inline]
pub fn pass_poison(text: &str) {
    if cfg!(feature = "faults") && text.contains("[[poison]]") {
        pass(Point::PoisonPill);
    }
}

/// Whether this guard was taken away for a test of the tests. Always false in a build without `faults`.
#[inline]
pub fn removed(guard: Guard) -> bool {
    #[cfg(feature = "faults")]
    return armed::removed(guard);
    #[cfg(not(feature = "faults"))]
    {
        let _ = guard;
        false
    }
}
