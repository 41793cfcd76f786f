//! Event streams: resuming at any event and any API process, many readers, slow readers, disconnects. Crashes and
//! outages are tested in `faults::crash` and `faults::outage`.

use std::time::Duration;

use almanac_tests::{
    Mode, Script, Stack, User,
    actor::{
        log::{assert_follows, stored},
        raw::RawConnection,
        stream::{Encoding, Event, EventStream, Frame},
        token,
    },
    eventually, invariants,
    world::source_text,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use uuid::Uuid;

const BOTH: [Encoding; 2] = [Encoding::Sse, Encoding::Ndjson];

async fn listen(user: &User, job: Uuid, after: usize, encoding: Encoding) -> EventStream {
    let stream = user.request(Method::GET, &format!("/v1/jobs/{job}/events?after={after}")).open(encoding).await;
    assert_eq!(stream.status, 200);
    stream
}

/// Starts a generation by a POST that streams; the same key gives the same generation's stream again.
async fn post_stream(user: &User, key: &str, encoding: Encoding) -> (Uuid, EventStream) {
    let body = json!({ "source_text": source_text(key) });
    let stream = user.request(Method::POST, "/v1/ai/generations").key(key).json(&body).open(encoding).await;
    let location = stream.headers["location"].to_str().unwrap();
    (location.rsplit('/').next().unwrap().parse().unwrap(), stream)
}

/// Reads until five suggestions came: where the script holds.
async fn first_half(stream: &mut EventStream) -> Vec<Event> {
    let mut events = Vec::new();
    while events.iter().filter(|event: &&Event| event.kind == "suggestion").count() < 5 {
        events.push(stream.next().await.unwrap());
    }
    stored(events)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_after_the_beginning_was_told_hears_of_it_before_the_first_card() {
    let stack = Stack::shared().await;
    let (anna, key) = (stack.user(), format!("late-{}", Uuid::now_v7()));
    stack.world.play(&key, [Script::hold_after(0)]);
    let job = anna.generate_scripted(&key).await;
    // Begun is said before the model is asked.
    stack.world.wait_until_holding(&key).await;

    let mut stream = listen(&anna, job, 0, Encoding::Ndjson).await;
    let begun = loop {
        let event = stream.next().await.unwrap().json();
        if event.get("stage").is_some() {
            break event;
        }
    };

    assert_eq!(
        (&begun["type"], &begun["completed"], &begun["stage"]),
        (&json!("progress"), &json!(0), &json!("drafting"))
    );
    stack.world.release(&key);
    anna.follow_to_end(job).await;
}

/// One job from before its start to after its end: the API that serves all its streams is killed in the middle, and all
/// clients continue on another. Every client has the same log in the end, whenever it begins and wherever it resumes.
#[tokio::test(flavor = "multi_thread")]
async fn every_listener_has_the_same_log_although_its_api_was_killed() {
    let stack = Stack::builder().apis(2).api_env("STREAMS_PER_USER", "100").start().await;
    let anna = stack.user();
    let there = anna.at(stack.api(1).address());
    stack.world.play("half", [Script::hold_after(5)]);
    // Opened before the job starts: there is no worker.
    stack.worker(0).kill().await;
    let mut streams = Vec::new();
    let (job, stream) = post_stream(&anna, "half", Encoding::Sse).await;
    streams.push((Encoding::Sse, stream));
    let (again, stream) = post_stream(&anna, "half", Encoding::Ndjson).await;
    streams.push((Encoding::Ndjson, stream));
    assert_eq!(again, job, "a POST with the same key streams the same job");
    for n in 0..50 {
        let encoding = BOTH[n % 2];
        streams.push((encoding, listen(&anna, job, 0, encoding).await));
    }

    stack.worker(0).start().await;
    stack.world.wait_until_holding("half").await;
    let halves = join_all(streams.iter_mut().map(|(_, stream)| first_half(stream))).await;
    stack.api(0).kill().await;
    let mut resumed = Vec::new();
    for ((encoding, mut stream), mut events) in streams.into_iter().zip(halves) {
        events.extend(stored(stream.collect_to_break().await));
        let mut rest = listen(&there, job, events.len(), encoding).await;
        resumed.push((encoding, events, tokio::spawn(async move { stored(rest.collect_to_end().await) })));
    }
    let during = resume_everywhere(&[&there], job, 5).await;
    stack.world.release("half");

    let whole_log = |encoding| listen(&there, job, 0, encoding);
    let logs = [
        whole_log(Encoding::Sse).await.collect_to_end().await,
        whole_log(Encoding::Ndjson).await.collect_to_end().await,
    ];
    let of = |encoding| &logs[usize::from(encoding == Encoding::Ndjson)];
    assert_follows(&logs[0], 0);
    assert_eq!(logs[0].last().unwrap().json()["status"], "succeeded");
    for (encoding, mut events, rest) in resumed {
        events.extend(rest.await.unwrap());
        assert_eq!(&events, of(encoding), "exactly the rest, byte for byte, {encoding:?}");
    }
    for (encoding, after, mut stream) in during {
        assert_eq!(stored(stream.collect_to_end().await), of(encoding)[after..], "{encoding:?} resumed after {after}");
    }
    stack.api(0).start().await;
    for (encoding, after, mut stream) in resume_everywhere(&[&anna, &there], job, logs[0].len() - 1).await {
        assert_eq!(stream.collect_to_end().await, of(encoding)[after..], "{encoding:?} replayed after {after}");
    }
    edges_of_the_log(&there, job, logs[0].len()).await;
    assert_eq!(stack.world.calls("half").len(), 1, "a killed API and its listeners cost no call");
    invariants::assert_all(&stack.admin().await, &[job]).await;
}

/// A stream from after each seq up to `last`, in both encodings, at each API.
async fn resume_everywhere(users: &[&User], job: Uuid, last: usize) -> Vec<(Encoding, usize, EventStream)> {
    let mut streams = Vec::new();
    for user in users {
        for (encoding, after) in BOTH.into_iter().flat_map(|encoding| (0..=last).map(move |after| (encoding, after))) {
            streams.push((encoding, after, listen(user, job, after, encoding).await));
        }
    }
    streams
}

async fn edges_of_the_log(user: &User, job: Uuid, length: usize) {
    let events = |query: String| user.request(Method::GET, &format!("/v1/jobs/{job}/events{query}"));
    events(format!("?after={length}")).send().await.expect(204);
    events(String::new()).header("last-event-id", &length.to_string()).send().await.expect(204);
    events(format!("?after={}", length + 1)).send().await.refused(409, "SEQ_AHEAD");
    events(String::new()).header("last-event-id", "x").send().await.expect(400);
    // The header wins over the query, whatever the query says.
    let mut stream = events(format!("?after={}", length + 9)).header("last-event-id", "2").open(Encoding::Sse).await;
    assert_eq!(stream.next().await.unwrap().seq, Some(3));
}

/// Both heartbeats, and a token that ends under its stream, seen on one job whose model holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_job_sends_heartbeats_and_an_expired_token_ends_its_stream_but_not_the_job() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = Uuid::new_v4().to_string();
    stack.world.play(&key, [Script::hold_after(2)]);
    let job = anna.generate_scripted(&key).await;
    stack.world.wait_until_holding(&key).await;
    let mut claims = token::claims(anna.id);
    // The door admits it for 30 s more, and so does the stream.
    claims["exp"] = json!(token::now() - 26);
    let hasty = anna.with_token(token::hs256(&claims));
    let mut sse = listen(&anna, job, 0, Encoding::Sse).await;
    let mut ndjson = listen(&anna, job, 0, Encoding::Ndjson).await;
    let expiring = [listen(&hasty, job, 0, Encoding::Sse).await, listen(&hasty, job, 0, Encoding::Ndjson).await];

    let beats = async { while !matches!(sse.next_frame().await.unwrap(), Frame::Comment(_)) {} };
    let lines = async { while ndjson.next().await.unwrap().seq.is_some() {} };
    let expired = join_all(expiring.map(|mut stream| async move { stream.collect_to_end().await }));
    let ((), (), expired) = tokio::join!(beats, lines, expired);

    for events in expired {
        assert!(!stored(events.clone()).is_empty(), "what there is comes first: {events:?}");
        let last = events.last().unwrap();
        assert_eq!((last.kind.as_str(), last.seq), ("error", None));
        assert_eq!(last.json()["code"], "auth_expired");
    }
    stack.world.release(&key);
    assert_follows(&anna.follow_to_end(job).await, 0);
    assert_eq!(sse.collect_to_end().await.last().unwrap().json()["status"], "succeeded");
    let line = stored(ndjson.collect_to_end().await);
    assert_eq!(line.last().unwrap().json()["status"], "succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disconnect_never_cancels() {
    let stack = Stack::shared().await;
    let anna = stack.user();
    let key = Uuid::new_v4().to_string();
    stack.world.play(&key, [Script::hold_after(2)]);
    let (job, mut stream) = post_stream(&anna, &key, Encoding::Sse).await;
    stream.next_of("suggestion").await;
    stack.world.wait_until_holding(&key).await;

    drop(stream);
    // A whole round of the API after the disconnect, so that it has noticed.
    anna.get(&format!("/v1/jobs/{job}")).await.expect(200);
    stack.world.release(&key);

    let events = anna.follow_to_end(job).await;
    assert_eq!(events.last().unwrap().json()["status"], "succeeded");
    assert_eq!(events.iter().filter(|event| event.kind == "suggestion").count(), 10);
}

/// Twenty sockets ask for twelve megabytes and never read them; one reads. The API keeps little for those who do not, and
/// lets go of them after half a minute.
#[tokio::test(flavor = "multi_thread")]
async fn listeners_that_never_read_cost_little_and_disturb_nobody() {
    let stack = Stack::builder().workers(0).api_env("STREAMS_PER_USER", "100").start().await;
    let anna = stack.user();
    let job = anna.forge(&stack).await;
    let epoch = job.claim("the test", 3_600_000).await.unwrap();
    let mut lazy = Vec::new();
    for _ in 0..20 {
        let mut socket = RawConnection::open(stack.api(0).address()).await;
        let head = format!(
            "GET /v1/jobs/{}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
            job.id,
            anna.token()
        );
        socket.send(head).await;
        socket.read_until("retry: 2000", Duration::from_secs(30)).await;
        lazy.push(socket);
    }
    let mut reader = anna.follow(&job.id.to_string()).await;
    let before = resident_kib(stack.api(0).pid());

    let data = json!({ "id": "", "front": "x".repeat(2_000), "back": "" }).to_string();
    for _ in 0..6 {
        job.emit(epoch, 1_000, &data).await.unwrap();
    }
    job.finish(epoch).await.unwrap();
    let events = reader.collect_to_end().await;

    assert_eq!(events.len(), 6_001);
    assert_follows(&events, 0);
    let grown = resident_kib(stack.api(0).pid()).saturating_sub(before);
    // All of it would be 20 x 12 MiB; the reader and the memory of the log take some as well.
    assert!(grown < 16 * 1024, "the API grew by {grown} KiB for twenty listeners that do not read");
    let crowded = open_files(stack.api(0).pid());
    eventually(Duration::from_secs(90), "who does not read is cut off", || async {
        (open_files(stack.api(0).pid()) + lazy.len() <= crowded).then_some(())
    })
    .await;
    for mut socket in lazy {
        let text = socket.read_to_end(Duration::from_secs(30)).await;
        assert!(!text.contains("event: done"), "the end was still to come");
    }
}

/// Redis answers late: while one subscription is on its way, forty listeners come and go.
#[tokio::test(flavor = "multi_thread")]
async fn listeners_that_leave_at_once_leave_no_subscription_behind() {
    let stack = Stack::builder()
        .api_env("CALENDAR_RATE", "100000/300")
        .proxied()
        .workers(0)
        .api_env("STREAMS_PER_USER", "100")
        .start()
        .await;
    let anna = stack.user();
    let short = join_all((0..40).map(|_| anna.forge(&stack))).await;
    let (first, last) = (anna.forge(&stack).await, anna.forge(&stack).await);
    let redis = stack.services.redis.connect().await;
    let subscribed = async |job: Uuid| {
        let mut redis = redis.clone();
        let mut channels = redis::cmd("PUBSUB");
        channels.arg("CHANNELS").arg(format!("*{job}*")).query_async::<Vec<String>>(&mut redis).await.unwrap().len()
    };
    stack.proxies().api_redis.set(Mode::Delay(Duration::from_millis(600))).await;

    let _before = anna.follow(&first.id.to_string()).await;
    let open_and_leave = async |job: Uuid| {
        let mut client = RawConnection::open(stack.api(0).address()).await;
        let token = anna.token();
        let head = format!("GET /v1/jobs/{job}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        client.send(head).await;
        client.read_until("retry: 2000", Duration::from_secs(30)).await;
        client.reset();
    };
    join_all(short.iter().map(|job| open_and_leave(job.id))).await;
    // What is asked for last is done last.
    let _after = anna.follow(&last.id.to_string()).await;
    eventually(Duration::from_secs(30), "who stays is subscribed for", async || {
        (subscribed(last.id).await == 1).then_some(())
    })
    .await;

    for job in &short {
        eventually(Duration::from_secs(10), "no subscription is left for a closed stream", async || {
            (subscribed(job.id).await == 0).then_some(())
        })
        .await;
    }
}

fn open_files(pid: i32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn resident_kib(pid: i32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_older_than_its_retention_is_told_in_one_snapshot() {
    // Its own database: a log that was forgotten is no longer whole.
    let stack = Stack::builder().start().await;
    let anna = stack.user();
    let job = anna.generate_scripted(&Uuid::new_v4().to_string()).await;
    let length = anna.follow_to_end(job).await.len();
    let forget = "DELETE FROM almanac.job_events WHERE job_id = $1";
    assert_eq!(
        sqlx::query(forget).bind(job).execute(&stack.admin().await).await.unwrap().rows_affected(),
        length as u64
    );

    for encoding in BOTH {
        for after in [0, 2] {
            let mut stream = listen(&anna, job, after, encoding).await;
            let events = stream.collect_to_end().await;
            assert_eq!(events.len(), 1, "one event, then the end: {events:?}");
            assert_eq!(stream.raw().starts_with(b"retry: 2000\n\n"), encoding == Encoding::Sse);
            assert_eq!((events[0].kind.as_str(), events[0].seq), ("snapshot", Some(length as u64)));
            assert_eq!(events[0].json()["status"], "succeeded");
            assert_eq!(events[0].json()["id"], json!(job));
        }
    }
    anna.get(&format!("/v1/jobs/{job}/events?after={length}")).await.expect(204);
}
