//! What followers of one watched log are given, whatever is lost, doubled or late.

use proptest::prelude::*;

use super::*;

fn event(seq: i64) -> Event {
    Event { seq, kind: "item".into(), data: format!("{{\"n\":{seq}}}") }
}

fn read(watch: &Watch, place: u32, cursor: &mut Cursor) -> (Copied, String) {
    let mut out = BytesMut::new();
    let copied = watch.copy(place, cursor, Encoding::Ndjson, Waker::noop(), &mut out);
    (copied, String::from_utf8(out.to_vec()).unwrap())
}

#[test]
fn an_event_heard_twice_is_given_once_and_a_gap_asks_for_a_tail_read() {
    let watch = Watch::new(JobId::fresh());
    watch.load(0, &[event(1)], false);
    let (place, mut cursor) = watch.enter(0);
    assert!(!watch.hear(&[event(1)]));
    assert_eq!(read(&watch, place, &mut cursor).1, "{\"type\":\"item\",\"seq\":1,\"n\":1}\n");
    assert!(!watch.hear(&[event(3)]));
    assert!(watch.is_behind());
    assert_eq!(read(&watch, place, &mut cursor), (Copied::Nothing, String::new()));
    assert!(watch.hear(&[event(2), event(3)]));
    assert_eq!(read(&watch, place, &mut cursor).1.lines().count(), 2);
}

#[test]
fn a_heartbeat_repeats_what_was_told_last_also_when_that_only_decorated() {
    let job = JobId::fresh();
    let watch = Watch::of_kind(job, Some(Kind::GenerateCalendar));
    watch.load(0, &[], false);
    let (place, mut cursor) = watch.enter(0);
    watch.beat();
    let queued: Value = serde_json::from_str(&read(&watch, place, &mut cursor).1).unwrap();
    assert_eq!((&queued["type"], &queued["data"]["stage"]), (&json!("progress"), &json!("queued")));
    assert_eq!((&queued["meta"]["runId"], queued.get("seq")), (&json!(job), None));
    watch.hear(&[Event::decoration("progress", "{\"n\":1}".into())]);
    let told = read(&watch, place, &mut cursor).1;
    watch.beat();
    assert_eq!(read(&watch, place, &mut cursor), (Copied::Some, told));
    assert_eq!(watch.ending(), None);
    watch.hear(&[Event { seq: 1, kind: "progress".into(), data: "{\"data\":{},\"meta\":{\"seq\":1}}".into() }]);
    read(&watch, place, &mut cursor);
    watch.beat();
    let beat: Value = serde_json::from_str(&read(&watch, place, &mut cursor).1).unwrap();
    assert_eq!((beat.get("seq"), &beat["meta"]), (None, &json!({ "seq": null })));
    watch.hear(&[Event { seq: 2, kind: "done".into(), data: "{\"data\":{\"status\":\"timeout\"}}".into() }]);
    assert_eq!(watch.ending(), Some(Ending::Timeout));
}

#[test]
fn an_event_heard_while_the_first_read_was_on_its_way_asks_for_a_tail_read() {
    let watch = Watch::new(JobId::fresh());
    watch.hear(&[event(1)]);
    assert!(!watch.is_behind());
    watch.load(0, &[], false);
    assert!(watch.is_behind());
    assert_eq!(watch.wants_tail(None), Some(0));
}

#[test]
fn an_event_heard_while_a_tail_was_read_is_still_missing_after_it() {
    let watch = Watch::new(JobId::fresh());
    watch.load(0, &[], false);
    watch.hear(&[event(2)]);
    watch.hear(&[event(5)]);
    watch.caught_up();
    watch.hear(&[event(1), event(2)]);
    assert_eq!(watch.wants_tail(None), Some(2));
}

#[test]
fn who_is_further_behind_than_memory_is_sent_to_the_log() {
    let watch = Watch::new(JobId::fresh());
    watch.load(0, &(1..=300).map(event).collect::<Vec<_>>(), false);
    let (place, mut cursor) = watch.enter(0);
    assert_eq!(read(&watch, place, &mut cursor).0, Copied::Gap);
    let (place, mut cursor) = watch.enter(44);
    assert_eq!(read(&watch, place, &mut cursor).0, Copied::Some);
    assert_eq!(cursor.seq, 300);
}

#[test]
fn a_silent_socket_gets_one_heartbeat_per_beat_and_a_busy_one_none() {
    let watch = Watch::new(JobId::fresh());
    watch.load(0, &[], false);
    let (place, mut cursor) = watch.enter(0);
    watch.beat();
    assert!(read(&watch, place, &mut cursor).1.contains("progress"));
    assert_eq!(read(&watch, place, &mut cursor).0, Copied::Nothing);
    watch.beat();
    watch.hear(&[event(1)]);
    assert!(read(&watch, place, &mut cursor).1.contains("\"seq\":1"));
    assert_eq!(read(&watch, place, &mut cursor).0, Copied::Nothing);
}

proptest! {
    /// However messages are lost, doubled and reordered, and wherever tail reads fall between them: every follower
    /// sees each seq once and in order.
    #[test]
    fn a_follower_sees_every_event_once_in_order(
        steps in prop::collection::vec((0usize..3, 1i64..40), 1..120), start in 0i64..5,
    ) {
        let watch = Watch::new(JobId::fresh());
        watch.load(start, &[], false);
        let (place, mut cursor) = watch.enter(start);
        let mut written = start;
        let mut seen = Vec::new();
        for (what, n) in steps {
            match what {
                0 => { written += 1; watch.hear(&[event(written)]); }
                1 => { written += n % 4; watch.hear(&[event((written - n).max(1))]); }
                _ => {
                    let from = watch.wants_tail(Some(Instant::now())).unwrap_or(written);
                    watch.hear(&(from + 1..=written).map(event).collect::<Vec<_>>());
                    watch.caught_up();
                }
            }
            let text = read(&watch, place, &mut cursor).1;
            seen.extend(text.lines().map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap()
            }));
        }
        prop_assert_eq!(&seen, &(start + 1..=start + seen.len() as i64).collect::<Vec<_>>());
    }
}
