//! Numbers that are known of a post: how often its vendor was asked how far it is, and what follows from that. Called by
//! the adapters.

use std::time::Duration;

use almanac_shared::publishing::render::Known;
use serde_json::Value;

/// Pauses between two questions grow from the shortest to the longest.
pub(super) const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The number under a name, one greater than before.
pub(super) fn count(known: &mut Known, name: &str) -> u64 {
    let number = known.get(name).and_then(Value::as_u64).unwrap_or_default().saturating_add(1);
    known.insert(name.to_owned(), number.into());
    number
}

/// The pause before the next question, whose number stands under a name; counts it.
pub(super) fn next_pause(known: &mut Known, name: &str) -> Duration {
    let doublings = u32::try_from(count(known, name) - 1).unwrap_or(u32::MAX).min(10);
    (SHORTEST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_two_seconds_to_a_minute() {
        let mut known = Known::new();
        let pauses: Vec<_> = (0..7).map(|_| next_pause(&mut known, "polls").as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 60, 60]);
        known.insert("polls".to_owned(), u64::MAX.into());
        assert_eq!(next_pause(&mut known, "polls"), LONGEST_PAUSE);
    }
}
