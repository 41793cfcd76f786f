//! Which items of the feeds a synthesis reads. Pure; called by the worker's jobs and by the scheduler, which asks whether
//! there is anything new before it starts one.

use std::{cmp::Reverse, collections::HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::FeedItem;

/// Most items that one synthesis reads.
pub const MAX_ITEMS: usize = 80;

/// How old an item may be.
const RECENT: TimeDelta = TimeDelta::days(7);

/// The items of the last seven days, in their order.
pub fn recent(items: &[FeedItem], now: DateTime<Utc>) -> Vec<FeedItem> {
    items.iter().filter(|item| now.signed_duration_since(item.published_at) <= RECENT).cloned().collect()
}

/// Whether there is an item that the last synthesis did not have.
pub fn news(all: &[FeedItem], known_keys: &HashSet<String>) -> bool {
    all.iter().any(|item| !known_keys.contains(&item.key))
}

/// At most `max` items with distinct keys: each source gives its newest one in turn, so that a busy feed does not
/// displace the others.
pub fn choose(per_source: &[Vec<FeedItem>], max: usize) -> Vec<FeedItem> {
    let mut queues: Vec<_> = per_source.iter().map(|items| newest_first(items).into_iter()).collect();
    let (mut chosen, mut keys) = (Vec::new(), HashSet::new());
    loop {
        let before = chosen.len();
        for queue in &mut queues {
            if chosen.len() == max {
                return chosen;
            }
            chosen.extend(queue.find(|item| keys.insert(item.key.as_str())).cloned());
        }
        if chosen.len() == before {
            return chosen;
        }
    }
}

/// Items of one time, such as those without a date, stay in the order of their feed.
fn newest_first(items: &[FeedItem]) -> Vec<&FeedItem> {
    let mut sorted: Vec<&FeedItem> = items.iter().collect();
    sorted.sort_by_key(|item| Reverse(item.published_at));
    sorted
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn item(key: &str, age_in_hours: i64) -> FeedItem {
        FeedItem {
            key: key.to_owned(),
            title: key.to_owned(),
            url: None,
            published_at: now() - TimeDelta::hours(age_in_hours),
            summary: String::new(),
        }
    }

    fn now() -> DateTime<Utc> {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn keys(items: &[FeedItem]) -> Vec<&str> {
        items.iter().map(|item| item.key.as_str()).collect()
    }

    #[test]
    fn items_of_the_last_seven_days_are_recent() {
        let items = [item("now", 0), item("future", -1), item("old", 169), item("edge", 168)];

        assert_eq!(keys(&recent(&items, now())), ["now", "future", "edge"]);
    }

    #[test]
    fn an_item_that_the_last_synthesis_lacked_is_news() {
        let known = HashSet::from(["a".to_owned(), "b".to_owned()]);
        for (all, is_news) in
            [(vec![], false), (vec![item("a", 1), item("b", 2)], false), (vec![item("a", 1), item("c", 900)], true)]
        {
            assert_eq!(news(&all, &known), is_news, "{all:?}");
        }
        assert!(news(&[item("a", 1)], &HashSet::new()));
    }

    #[test]
    fn sources_give_their_newest_items_in_turn() {
        let busy = vec![item("b3", 3), item("b1", 1), item("b2", 2), item("b4", 4)];
        let quiet = vec![item("q9", 9)];
        for (sources, expected) in [
            (vec![], vec![]),
            (vec![vec![], quiet.clone()], vec!["q9"]),
            (vec![busy.clone(), quiet.clone()], vec!["b1", "q9", "b2", "b3", "b4"]),
            (vec![quiet, busy], vec!["q9", "b1", "b2", "b3", "b4"]),
        ] {
            assert_eq!(keys(&choose(&sources, MAX_ITEMS)), expected);
        }
    }

    #[test]
    fn a_source_gives_its_next_item_if_another_source_had_the_first() {
        let first = vec![item("shared", 1), item("a", 2)];
        let second = vec![item("shared", 1), item("b", 3), item("a", 2)];

        assert_eq!(keys(&choose(&[first, second], MAX_ITEMS)), ["shared", "a", "b"]);
    }

    #[test]
    fn a_quiet_source_keeps_its_place_beside_a_busy_one() {
        let busy: Vec<_> = (0..200).map(|number| item(&format!("b{number:03}"), number)).collect();
        let quiet: Vec<_> = (0..10).map(|number| item(&format!("q{number}"), 100 + number)).collect();

        let chosen = choose(&[busy, quiet], MAX_ITEMS);

        assert_eq!(chosen.len(), MAX_ITEMS);
        assert_eq!(keys(&chosen).iter().filter(|key| key.starts_with('q')).count(), 10);
    }

    fn sources() -> impl Strategy<Value = Vec<Vec<FeedItem>>> {
        let item = (0..150_u8, -10..400_i64).prop_map(|(key, age)| item(&key.to_string(), age));
        vec(vec(item, 0..60), 0..6)
    }

    proptest! {
        #[test]
        fn the_chosen_items_are_distinct_and_as_many_as_fit(sources in sources(), max in 0..100_usize) {
            let chosen = choose(&sources, max);

            let all: HashSet<_> = sources.iter().flatten().map(|item| item.key.as_str()).collect();
            let distinct: HashSet<_> = chosen.iter().map(|item| item.key.as_str()).collect();
            prop_assert_eq!(distinct.len(), chosen.len());
            prop_assert_eq!(chosen.len(), all.len().min(max));
        }

        #[test]
        fn a_single_source_gives_its_newest_items(source in vec(0..400_i64, 0..120)) {
            let source: Vec<_> = source.iter().enumerate().map(|(n, age)| item(&n.to_string(), *age)).collect();

            let chosen = choose(std::slice::from_ref(&source), MAX_ITEMS);

            prop_assert!(chosen.is_sorted_by_key(|item| Reverse(item.published_at)));
            let oldest = chosen.last().map(|item| item.published_at);
            let left_out = source.iter().filter(|item| !chosen.contains(item));
            prop_assert!(left_out.into_iter().all(|item| Some(item.published_at) <= oldest));
        }

        #[test]
        fn no_source_gives_two_more_than_another_that_has_items_left(counts in vec(0..60_usize, 1..6)) {
            let source = |(number, count): (usize, &usize)| -> Vec<_> {
                (0..*count).map(|place| item(&format!("{number} {place}"), place as i64)).collect()
            };
            let sources: Vec<_> = counts.iter().enumerate().map(source).collect();

            let mut given: HashMap<String, usize> = HashMap::new();
            for item in choose(&sources, MAX_ITEMS) {
                *given.entry(item.key.split(' ').next().unwrap().to_owned()).or_default() += 1;
            }
            let given = |number: usize| given.get(&number.to_string()).copied().unwrap_or_default();
            let most = (0..counts.len()).map(given).max().unwrap_or_default();
            for (number, count) in counts.iter().enumerate() {
                prop_assert!(given(number) == *count || given(number) + 1 >= most);
            }
        }
    }
}
