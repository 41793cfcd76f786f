//! What a network does with an upload before people see it: some reads long it says that it is at work, then it has an end.
//! The fakes hold one for each upload; a test sets both with `Channels::set_processing` and `Channels::set_ending`.

/// How the processing of what an account uploads ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    #[default]
    Ready,
    /// With this reason: a `fail_reason` of TikTok, a `failureReason` of YouTube, the digits of an error's sub-code of
    /// Instagram, or a text.
    Failed(String),
    /// The network does not want it, for this reason. YouTube has a word of its own for it; for the others it is failed.
    Rejected(String),
    /// Nothing was made of it in time, and it is gone.
    Expired,
    /// Never.
    Stuck,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Processing {
    reads: usize,
    ending: Ending,
}

impl Processing {
    /// At work for this number of reads.
    pub const fn new(reads: usize, ending: Ending) -> Self {
        Self { reads, ending }
    }

    /// The end, if it has come.
    pub fn end(&self) -> Option<&Ending> {
        (self.reads == 0 && self.ending != Ending::Stuck).then_some(&self.ending)
    }

    /// The same, as a read shows it, which brings the end nearer.
    pub fn read(&mut self) -> Option<Ending> {
        let end = self.end().cloned();
        self.reads = self.reads.saturating_sub(1);
        end
    }

    pub fn is_ready(&self) -> bool {
        self.end() == Some(&Ending::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_comes_after_some_reads_and_stays() {
        let mut processing = Processing::new(2, Ending::Ready);
        let shown: Vec<_> = (0..4).map(|_| processing.read().is_some()).collect();

        assert_eq!(shown, [false, false, true, true]);
        assert!(processing.is_ready());
    }

    #[test]
    fn what_is_stuck_has_no_end() {
        let mut processing = Processing::new(0, Ending::Stuck);

        assert_eq!((0..9).find_map(|_| processing.read()), None);
        assert!(!processing.is_ready());
    }
}
