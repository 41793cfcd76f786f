//! Sockets that become streams: in order, whatever came before and whatever the client speaks.

use super::*;

#[tokio::test]
async fn a_stream_leaves_hyper_and_ends_in_order() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    feeder.send("data: one\n\n");

    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for line in [
        "content-type: text/event-stream",
        "transfer-encoding: chunked",
        "connection: close",
        "cache-control: no-cache, no-transform",
        "x-accel-buffering: no",
        "date: ",
    ] {
        assert_eq!(head.matches(line).count(), 1, "{line} in {head}");
    }
    assert_eq!(client.chunk().await, "data: one\n\n");
    assert_eq!(world.load.streams(), 1);
    feeder.send("data: two\n\n");
    assert_eq!(client.chunk().await, "data: two\n\n");
    drop(feeder.frames);

    assert_eq!(client.rest().await, "0\r\n\r\n");
}

#[tokio::test]
async fn everything_that_is_ready_leaves_in_one_chunk() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    client.head().await;

    // One thread runs everything here, so nothing is written between these lines.
    for frame in ["one,", "two,", "three"] {
        feeder.send(frame);
    }
    drop(feeder.frames);

    assert_eq!(client.chunk().await, "one,two,three");
    assert_eq!(client.rest().await, "0\r\n\r\n");
}

#[tokio::test]
async fn a_post_becomes_a_stream_whether_its_body_was_read_or_not() {
    let mut world = World::new().await;
    let whole = "content-length: 14\r\n\r\nthe whole body";
    let chunked = "transfer-encoding: chunked\r\n\r\n5\r\nthe w\r\n9\r\nhole body\r\n0\r\n\r\n";
    for (read, body) in [("x-read-body: 1\r\n", whole), ("x-read-body: 1\r\n", chunked), ("", whole), ("", chunked)] {
        let mut client = world.connect().await;
        client.send(&format!("POST /stream HTTP/1.1\r\nhost: x\r\n{read}{body}")).await;
        let feeder = world.feeders.recv().await.unwrap();
        feeder.send("data");

        client.head().await;
        assert_eq!(client.chunk().await, "data");
        drop(feeder.frames);
        assert_eq!(client.rest().await, "0\r\n\r\n");
    }
}

#[tokio::test]
async fn a_kept_connection_may_end_as_a_stream() {
    let mut world = World::new().await;
    let mut client = world.connect().await;
    for _ in 0..2 {
        client.send("GET /short HTTP/1.1\r\nhost: x\r\n\r\n").await;
        client.until("short").await;
    }
    client.send("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();
    feeder.send("data");

    client.head().await;
    assert_eq!(client.chunk().await, "data");
    assert_eq!(world.load.streams(), 1);
}

#[tokio::test]
async fn requests_behind_a_stream_are_dropped_with_the_connection() {
    let mut world = World::new().await;
    let mut client = world.connect().await;
    let short = "GET /short HTTP/1.1\r\nhost: x\r\n\r\n";
    client.send(&format!("{short}GET /stream HTTP/1.1\r\nhost: x\r\n\r\n{short}")).await;
    let feeder = world.feeders.recv().await.unwrap();
    client.until("short").await;
    client.send(short).await;
    feeder.send("data");

    client.head().await;
    assert_eq!(client.chunk().await, "data");
    drop(feeder.frames);
    assert_eq!(client.rest().await, "0\r\n\r\n");
}

/// hyper answers one request after the other, each flushed before the next is read, also when an answer comes before the
/// end of its request's body and the socket is full. Taking the socket out relies on it.
#[tokio::test]
async fn a_stream_does_not_overtake_the_answer_before_it() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(2_048).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut world = World::on(socket.listen(8).unwrap(), Limits::default());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut client = Client(socket.connect(world.address).await.unwrap());

    let early = "POST /none HTTP/1.1\r\nhost: x\r\ncontent-length: 14\r\n\r\nthe whole body";
    client.send(&format!("{early}GET /stream HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    let feed = async { drop(world.feeders.recv().await.unwrap()) };
    let (answers, ()) = tokio::join!(client.rest(), feed);

    assert_eq!(answers.matches("x").count() / LONG, 1);
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 1);
    assert!(answers.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn a_client_that_goes_away_lets_its_source_go() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    client.head().await;

    drop(client);

    assert!(!feeder.dropped.await.unwrap(), "going away is not reading slowly");
    world.load.streams.close();
    world.load.streams.wait().await;
}

#[tokio::test]
async fn old_clients_and_head_requests_get_the_common_body() {
    let mut world = World::new().await;
    let mut old = world.connect().await;
    old.send("GET /stream HTTP/1.0\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();
    feeder.send("data");
    drop(feeder.frames);
    assert!(old.rest().await.ends_with("\r\n\r\ndata"));

    let mut head = world.connect().await;
    head.send("HEAD /stream HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();
    assert!(head.rest().await.contains("content-type: text/event-stream"));
    feeder.dropped.await.unwrap();
    assert_eq!(world.load.streams(), 0);
}
