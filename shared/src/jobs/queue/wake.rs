//! What a lane's workers hear when jobs wait: which, and among how many workers they are shared out.
//! Said by the bell, read by the workers' listeners; pure.

use crate::platform::id::JobId;

/// A wake-up that names its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WakeUp {
    /// How many workers are thought to hear it: each takes a job with a chance of one in so many, so that they do not all
    /// try for every one. What nobody takes comes by its message.
    pub among: u32,
    /// The jobs.
    pub jobs: Vec<JobId>,
}

impl WakeUp {
    /// The words on the channel: the number, then the ids.
    pub fn payload(among: u32, jobs: impl IntoIterator<Item = JobId>) -> String {
        use std::fmt::Write;

        let mut payload = among.to_string();
        for job in jobs {
            let _ = write!(payload, " {job}");
        }
        payload
    }

    /// Reads those words. Any others wake without naming a job, and so do those of which a part is not understood.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(payload).ok()?.split(' ');
        let among = words.next()?.parse().ok().filter(|among| *among > 0)?;
        let jobs = words.map(|word| word.parse().ok()).collect::<Option<Vec<JobId>>>()?;
        Some(Self { among, jobs }).filter(|wake| !wake.jobs.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_heard() {
        for count in [1, 2, 64] {
            let jobs: Vec<JobId> = std::iter::repeat_with(JobId::fresh).take(count).collect();
            let said = WakeUp::payload(3, jobs.iter().copied());
            assert_eq!(WakeUp::read(said.as_bytes()), Some(WakeUp { among: 3, jobs }));
        }
    }

    #[test]
    fn other_words_name_nothing() {
        let job = JobId::fresh();
        for words in
            ["", "1", "x", "0 ", &format!("0 {job}"), &job.to_string(), &format!("1 {job} x"), &format!("1  {job}")]
        {
            assert_eq!(WakeUp::read(words.as_bytes()), None, "{words}");
        }
        assert_eq!(WakeUp::read(&[0xff]), None);
    }
}
