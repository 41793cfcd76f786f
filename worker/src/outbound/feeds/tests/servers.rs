//! What servers do with a request for a feed.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::outbound::channels::vendor::{Act, Vendor, answer};

const XML: &str = "content-type: application/rss+xml\r\n";

fn feeds() -> Feeds {
    Feeds::new(Guard::new(vec!["127.0.0.1/32".parse().unwrap()]).unwrap())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn source(vendor: &Vendor) -> Source {
    Source { url: format!("{}/feed", vendor.base_url()), ..Source::default() }
}

fn feed() -> String {
    rss_text("<item><title>a</title><link>/1</link></item>")
}

async fn fetch(act: Act) -> Result<Fetched, FeedError> {
    let vendor = Vendor::start([act]).await;
    feeds().fetch(&source(&vendor), now(), soon()).await
}

async fn fault(act: Act) -> FeedFault {
    fetch(act).await.unwrap_err().code
}

fn items(fetched: Fetched) -> Vec<FeedItem> {
    match fetched {
        Fetched::Changed { items, .. } => items,
        Fetched::Unchanged => panic!("unchanged"),
    }
}

#[tokio::test]
async fn an_unchanged_feed_is_known_by_its_validators() {
    let validators = "etag: W/\"1\"\r\nlast-modified: Mon, 09 Mar 2026 10:00:00 GMT\r\n";
    let vendor = Vendor::start([answer(200, validators, feed()), answer(304, "", "")]).await;

    let first = feeds().fetch(&source(&vendor), now(), soon()).await.unwrap();
    let Fetched::Changed { etag, last_modified, items } = first else { panic!("unchanged") };
    let known = Source { etag, last_modified, items, ..source(&vendor) };
    let second = feeds().fetch(&known, now(), soon()).await.unwrap();

    assert_eq!(second, Fetched::Unchanged);
    let [first, second] = &vendor.seen()[..] else { panic!("not two requests") };
    assert_eq!((first.header("if-none-match"), first.header("if-modified-since")), (None, None));
    assert_eq!(first.header("accept-encoding"), Some("identity"));
    assert_eq!(second.header("if-none-match"), Some("W/\"1\""));
    assert_eq!(second.header("if-modified-since"), Some("Mon, 09 Mar 2026 10:00:00 GMT"));
}

#[tokio::test]
async fn validators_of_more_than_a_kilobyte_are_not_kept() {
    let headers = format!("etag: \"{}\"\r\nlast-modified: {}\r\n", "a".repeat(1_022), "b".repeat(1_025));
    let Ok(Fetched::Changed { etag, last_modified, .. }) = fetch(answer(200, &headers, feed())).await else {
        panic!("no feed")
    };
    assert_eq!((etag.map(|etag| etag.len()), last_modified), (Some(1_024), None));
}

#[tokio::test]
async fn an_answer_that_is_no_feed_is_explained_to_the_owner() {
    let (html, xml) = ("content-type: text/html\r\n", feed());
    for (act, expected) in [
        (answer(304, "", ""), FeedFault::UnexpectedAnswer),
        (answer(204, "", ""), FeedFault::UnexpectedAnswer),
        (answer(206, "", xml.clone()), FeedFault::UnexpectedAnswer),
        (answer(404, "", xml.clone()), FeedFault::NotFound),
        (answer(410, "", ""), FeedFault::NotFound),
        (answer(403, "", ""), FeedFault::AccessDenied),
        (answer(429, "retry-after: 60\r\n", ""), FeedFault::RateLimited),
        (answer(500, "", "secret"), FeedFault::ServerError),
        (answer(503, "", ""), FeedFault::ServerError),
        (answer(200, html, "<!doctype html><html><p>secret</html>"), FeedFault::WebPage),
        (answer(200, XML, ""), FeedFault::NotAFeed),
        (answer(200, XML, "secret"), FeedFault::NotAFeed),
        (answer(200, "content-encoding: gzip\r\n", xml.clone()), FeedFault::UnexpectedAnswer),
        (answer(200, "content-encoding: br, identity\r\n", xml), FeedFault::UnexpectedAnswer),
        (Act::Close, FeedFault::Unreachable),
    ] {
        let error = fetch(act).await.unwrap_err();
        assert_eq!(error.code, expected, "{error}");
        assert!(error.message.ends_with('.') && !error.message.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_feed_with_another_content_type_is_read() {
    for headers in ["content-type: text/html\r\n", "content-type: image/png\r\n", "content-encoding: identity\r\n", ""]
    {
        assert_eq!(items(fetch(answer(200, headers, feed())).await.unwrap()).len(), 1, "{headers}");
    }
    let latin = b"<rss><channel><item><title>\xe9</title></item></channel></rss>".to_vec();
    let fetched = fetch(answer(200, "content-type: text/xml; Charset=\"iso-8859-1\"\r\n", latin)).await.unwrap();
    assert_eq!(titles(&items(fetched)), ["é"]);
}

#[tokio::test]
async fn links_are_resolved_against_the_address_after_redirects() {
    let moved = answer(301, "location: /elsewhere/feed\r\n", "");
    let relative = rss_text("<item><title>a</title><link>1</link></item>");
    let vendor = Vendor::start([moved, answer(200, XML, relative)]).await;
    let items = items(feeds().fetch(&source(&vendor), now(), soon()).await.unwrap());
    assert_eq!(items[0].url, Some(format!("{}/elsewhere/1", vendor.base_url())));
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    for location in ["http://169.254.169.254/latest/meta-data", "https://10.0.0.1/feed", "file:///etc/passwd"] {
        let act = answer(302, &format!("location: {location}\r\n"), "");
        assert_eq!(fault(act).await, FeedFault::AddressRefused, "{location}");
    }
    let private = Source { url: "https://192.168.0.1/feed".to_owned(), ..Source::default() };
    let error = feeds().fetch(&private, now(), soon()).await.unwrap_err();
    assert_eq!(error.message, "The address is not on the public internet.");
    let hops = vec![answer(302, "location: /feed\r\n", ""); 4];
    let vendor = Vendor::start(hops).await;
    assert_eq!(feeds().fetch(&source(&vendor), now(), soon()).await.unwrap_err().code, FeedFault::AddressRefused);
}

#[tokio::test]
async fn a_body_of_more_than_ten_mebibytes_is_refused() {
    let padded = |bytes: usize| {
        let feed = feed();
        format!("{feed}{}", " ".repeat(bytes - feed.len())).into_bytes()
    };
    assert_eq!(items(fetch(answer(200, XML, padded(10 << 20))).await.unwrap()).len(), 1);
    let unnamed = Act::Answer("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned(), padded((10 << 20) + 1).into());
    // The vendor cannot send what is not read.
    let vendor = Vendor::start([unnamed]).await;
    assert_eq!(feeds().fetch(&source(&vendor), now(), soon()).await.unwrap_err().code, FeedFault::TooLarge);
    let named = Act::Answer("HTTP/1.1 200 OK\r\ncontent-length: 10485761\r\n\r\n".to_owned(), "".into());
    assert_eq!(fault(named).await, FeedFault::TooLarge);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_read() {
    let act = Act::Answer("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n".to_owned(), feed().into());
    assert_eq!(fault(act).await, FeedFault::Unreachable);
}

#[tokio::test]
async fn a_silent_server_is_left_at_the_deadline() {
    let vendor = Vendor::start([Act::Hang]).await;
    let deadline = Instant::now() + Duration::from_millis(100);
    let error = feeds().fetch(&source(&vendor), now(), deadline).await.unwrap_err();
    assert_eq!(error.code, FeedFault::Timeout);

    let vendor = Vendor::start([]).await;
    let past = feeds().fetch(&source(&vendor), now(), Instant::now()).await.unwrap_err();
    assert_eq!((past.code, vendor.seen().len()), (FeedFault::Timeout, 0), "no request after the deadline");
}

/// A server that sends a feed byte by byte, and never its end.
async fn dripping() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4_096]).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n<rss>").await;
        while socket.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    url
}

#[tokio::test]
async fn a_slow_drip_does_not_extend_the_deadline() {
    let source = Source { url: dripping().await, ..Source::default() };
    let started = Instant::now();
    let error = feeds().fetch(&source, now(), soon()).await.unwrap_err();
    assert_eq!(error.code, FeedFault::Timeout);
    assert!((5..10).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[tokio::test]
async fn many_feeds_are_fetched_in_their_order() {
    let vendor = Vendor::start(vec![answer(200, XML, feed()); 20]).await;
    let mut sources = vec![source(&vendor); 20];
    sources.insert(3, Source { url: "nonsense".to_owned(), ..Source::default() });

    let results = feeds().fetch_all(sources, now(), soon()).await;

    let refused: Vec<_> = results.iter().map(|result| result.as_ref().err().map(|error| error.code)).collect();
    assert_eq!((refused.len(), refused[3]), (21, Some(FeedFault::AddressRefused)));
    assert_eq!(refused.iter().flatten().count(), 1);
}

#[tokio::test]
async fn feeds_that_are_not_done_at_the_deadline_time_out() {
    let vendor = Vendor::start(vec![Act::Hang; 20]).await;
    let deadline = Instant::now() + Duration::from_secs(2);

    let results = feeds().fetch_all(vec![source(&vendor); 20], now(), deadline).await;

    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.code == FeedFault::Timeout)));
    assert_eq!(results.len(), 20);
    assert!(vendor.seen().len() <= 8, "eight at a time");
}
