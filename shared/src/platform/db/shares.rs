//! How the connections of a process are divided among its pools. Pure.

/// The fewest connections that a process can work with: one for each of its pools.
pub const LEAST_CONNECTIONS: u32 = 4;

/// The pools of an API process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ApiShares {
    /// Tasks that submit and look in batches; a few more are of no use to them.
    pub batches: u32,
    /// Single submissions, and statements of the API's own.
    pub own: u32,
    /// Transactions in a user's name.
    pub reads: u32,
}

impl ApiShares {
    pub(super) fn of(connections: u32) -> Self {
        let more = connections.saturating_sub(LEAST_CONNECTIONS);
        let (batches, own) = (1 + (more / 4).min(3), 1 + more * 3 / 8);
        Self { batches, own, reads: connections.max(LEAST_CONNECTIONS) - batches - own }
    }

    /// Connections that one user may use at once.
    pub(super) fn of_one_user(&self) -> u32 {
        (self.reads / 2).max(1)
    }
}

/// The pools of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WorkerShares {
    /// The task that renews leases: busy work must not cost one.
    pub renewals: u32,
    /// Jobs that are given back.
    pub releases: u32,
    /// Tasks that start and end jobs in batches.
    pub batches: u32,
    /// Everything else.
    pub work: u32,
}

impl WorkerShares {
    pub(super) fn of(connections: u32) -> Self {
        let more = connections.saturating_sub(LEAST_CONNECTIONS);
        let batches = 1 + more.min(1);
        Self { renewals: 1, releases: 1, batches, work: 1 + more - (batches - 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_exactly_what_it_is_given_and_no_pool_is_empty() {
        for given in LEAST_CONNECTIONS..200 {
            let ApiShares { batches, own, reads } = ApiShares::of(given);
            assert_eq!(batches + own + reads, given);
            assert!([batches, own, reads].iter().all(|share| *share > 0), "{given}");
            assert!(ApiShares::of(given).of_one_user() * 2 <= reads.max(2), "{given}");
            let WorkerShares { renewals, releases, batches, work } = WorkerShares::of(given);
            assert_eq!(renewals + releases + batches + work, given);
            assert!(renewals == 1 && releases == 1 && batches > 0 && work > 0, "{given}");
        }
    }

    #[test]
    fn the_usual_numbers_keep_a_connection_for_each_batching_task() {
        assert_eq!(ApiShares::of(12), ApiShares { batches: 3, own: 4, reads: 5 });
        assert_eq!(WorkerShares::of(8), WorkerShares { renewals: 1, releases: 1, batches: 2, work: 4 });
    }
}
