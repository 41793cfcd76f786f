//! What a client may not do to the server, how long anything may take, and an orderly end.

use super::*;

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    let limits = Limits { blocked_write: Duration::from_millis(50), ..Limits::default() };
    let mut world = World::with(limits).await;
    let (client, feeder) = world.open().await;

    feeder.send(vec![b'x'; 64 << 20]);

    assert!(feeder.dropped.await.unwrap(), "its source hears why");
    drop(client);
}

#[tokio::test]
async fn who_does_not_read_an_ordinary_answer_is_closed_as_well() {
    let limits = Limits { blocked_write: Duration::from_millis(50), ..Limits::default() };
    let world = World::with(limits).await;
    let mut client = world.connect().await;
    client.send("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await;
    client.until("HTTP/1.1 200 OK\r\n").await;

    world.load.connections.close();

    let closed = tokio::time::timeout(Duration::from_secs(30), world.load.connections.wait()).await;
    assert!(closed.is_ok(), "the answer is held for ever");
}

#[tokio::test]
async fn an_old_client_that_does_not_read_its_stream_is_closed() {
    let limits = Limits { blocked_write: Duration::from_millis(50), ..Limits::default() };
    let mut world = World::with(limits).await;
    let mut client = world.connect().await;
    client.send("GET /stream HTTP/1.0\r\n\r\n").await;
    let feeder = world.feeders.recv().await.unwrap();

    feeder.send(vec![b'x'; 64 << 20]);

    let dropped = tokio::time::timeout(Duration::from_secs(30), feeder.dropped).await;
    assert!(dropped.is_ok(), "the stream is held for ever");
}

#[tokio::test]
async fn a_client_that_floods_a_stream_is_closed() {
    let mut world = World::new().await;
    let (mut client, feeder) = world.open().await;
    client.head().await;

    let _ = client.0.write_all(&vec![b'x'; 1 << 20]).await;

    feeder.dropped.await.unwrap();
}

#[tokio::test]
async fn a_head_that_does_not_come_is_closed_without_an_answer() {
    let limits = Limits { header_read: Duration::from_millis(50), ..Limits::default() };
    let world = World::with(limits).await;
    for beginning in ["", "GET /short HT", "GET /short HTTP/1.1\r\nhost: x\r\n"] {
        let mut client = world.connect().await;
        client.send(beginning).await;
        assert_eq!(client.rest().await, "", "{beginning:?}");
    }
}

#[tokio::test]
async fn shutdown_finishes_requests_and_waits_for_streams_to_be_ended() {
    let mut world = World::new().await;
    let (mut streaming, feeder) = world.open().await;
    streaming.head().await;
    let mut idle = world.connect().await;
    idle.send("GET /short HTTP/1.1\r\nhost: x\r\n\r\n").await;
    idle.until("short").await;
    let mut slow = world.connect().await;
    slow.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let release = world.slow.recv().await.unwrap();

    world.stop.cancel();

    assert_eq!(idle.rest().await, "");
    release.send(()).unwrap();
    assert!(slow.rest().await.ends_with("slow"));
    assert!(!world.server.is_finished());
    feeder.send("retry: 500\n\n");
    drop(feeder.frames);
    assert_eq!(streaming.chunk().await, "retry: 500\n\n");
    assert_eq!(streaming.rest().await, "0\r\n\r\n");
    world.server.await.unwrap();
    assert!(TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let limits = Limits { drain: Duration::from_millis(50), ..Limits::default() };
    let mut world = World::with(limits).await;
    let (_client, _feeder) = world.open().await;

    world.stop.cancel();

    world.server.await.unwrap();
}

#[test]
fn an_error_of_one_connection_is_no_reason_to_pause() {
    let of_process = io::Error::from_raw_os_error(24);
    assert!(!is_of_one_connection(&of_process), "EMFILE");
    assert!(is_of_one_connection(&io::Error::from(io::ErrorKind::ConnectionAborted)));

    let mut pause = Pause::default();
    let pauses: Vec<_> = (0..12).map(|_| pause.next().as_millis()).collect();
    assert_eq!(pauses[..4], [5, 10, 20, 40]);
    assert_eq!(pauses[11], 1_000);
}
