//! Which addresses are public, and what the guard fetches from a server on this host.

use std::time::Duration;

use proptest::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

#[test]
fn only_the_public_internet_is_public() {
    for address in [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450::1",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address}");
    }
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:2::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(address.parse().unwrap()), "{address}");
    }
}

proptest! {
    /// Judged in another way: by the standard library's own names for ranges.
    #[test]
    fn no_local_address_of_ipv4_is_public_in_any_spelling(bits in any::<u32>(), low in any::<u64>()) {
        let address = Ipv4Addr::from(bits);
        let is_local = address.is_private()
            || address.is_loopback()
            || address.is_link_local()
            || address.is_unspecified()
            || address.is_broadcast()
            || address.is_multicast()
            || address.is_documentation();
        prop_assert!(!(is_local && is_public(address.into())));
        let (high, bits) = (u128::from(bits), bits);
        let embedded = [
            u128::from(address.to_ipv6_mapped()),
            u128::from(bits),
            (0x64_ff9b << 96) | high,
            (0x2002 << 112) | (high << 80) | u128::from(low),
            (0x2001_0000 << 96) | (high << 64) | u128::from(low),
        ];
        for address in embedded {
            prop_assert!(!is_public(Ipv6Addr::from(address).into()), "{}", Ipv6Addr::from(address));
        }
    }

    #[test]
    fn public_addresses_of_ipv6_are_global_unicast(bits in any::<u128>()) {
        let address = Ipv6Addr::from(bits);
        prop_assert!(!is_public(address.into()) || bits >> 125 == 1);
    }
}

/// A server that answers the requests of one test with these texts, in turn, and gives its address.
async fn serve(answers: Vec<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\r\n\r\n") {
                if socket.read_buf(&mut bytes).await.unwrap() == 0 {
                    break;
                }
            }
            let request = String::from_utf8(bytes).unwrap().to_lowercase();
            assert!(!request.contains("authorization") && !request.contains("cookie"), "{request}");
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn found(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

async fn get(guard: &Guard, url: &str) -> Result<String, GuardError> {
    let response = guard.get(url, &HeaderMap::new(), Instant::now() + Duration::from_secs(5)).await?;
    response.text().await.map_err(GuardError::Network)
}

fn guard(allowed: &[&str]) -> Guard {
    Guard::new(allowed.iter().map(|range| range.parse().unwrap()).collect()).unwrap()
}

fn refusal(result: Result<String, GuardError>) -> &'static str {
    match result {
        Err(GuardError::Refused(rule)) => rule,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_private_address_is_fetched_only_if_the_operator_allows_it() {
    let port = serve(vec![ok("hi"), ok("hi")]).await.port();
    let allowing = guard(&["127.0.0.0/8"]);

    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{port}/a.png");
        assert_eq!(refusal(get(&guard(&[]), &url).await), "The address is not https.");
        assert_eq!(get(&allowing, &url).await.unwrap(), "hi");
    }
}

#[tokio::test]
async fn local_hosts_are_refused_in_all_spellings() {
    let guard = guard(&[]);
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "0", "localhost"] {
        assert_eq!(
            refusal(get(&guard, &format!("https://{host}:1/")).await),
            "The address is not on the public internet.",
            "{host}"
        );
    }
}

#[tokio::test]
async fn addresses_of_another_form_are_refused() {
    let guard = guard(&["127.0.0.0/8"]);
    for (url, rule) in [
        ("http://anna:secret@127.0.0.1:1/", "The address holds a login."),
        ("http://anna@127.0.0.1:1/", "The address holds a login."),
        ("ftp://127.0.0.1/a", "The address is not https."),
        ("file:///etc/passwd", "The address is not https."),
        ("a.png", "The address cannot be read."),
        (&format!("http://127.0.0.1:1/{}", "a".repeat(3_000)), "The address is too long."),
    ] {
        assert_eq!(refusal(get(&guard, url).await), rule, "{url}");
    }
}

#[tokio::test]
async fn three_redirects_are_followed() {
    let port = serve(vec![found("/1"), found("/2"), found("/3"), ok("hi")]).await.port();
    assert_eq!(get(&guard(&["127.0.0.1/32"]), &format!("http://127.0.0.1:{port}/")).await.unwrap(), "hi");

    let port = serve(vec![found("/1"), found("/2"), found("/3"), found("/4")]).await.port();
    let rule = refusal(get(&guard(&["127.0.0.1/32"]), &format!("http://127.0.0.1:{port}/")).await);
    assert_eq!(rule, "The address redirects more than three times.");
}

#[tokio::test]
async fn each_redirect_is_checked_again() {
    for (location, rule) in [
        ("http://169.254.169.254/latest/meta-data", "The address is not https."),
        ("https://10.0.0.1/", "The address is not on the public internet."),
        ("http://a:b@127.0.0.1/", "The address holds a login."),
        ("ftp://127.0.0.1/", "The address is not https."),
        ("http://", "The address redirects to nowhere."),
    ] {
        let port = serve(vec![found(location)]).await.port();
        let result = get(&guard(&["127.0.0.1/32"]), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(refusal(result), rule, "{location}");
    }
}

#[tokio::test]
async fn no_answer_in_time_and_no_connection_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let guard = guard(&["127.0.0.1/32"]);

    let soon = Instant::now() + Duration::from_millis(50);
    assert!(matches!(guard.get(&url, &HeaderMap::new(), soon).await, Err(GuardError::Timeout)));
    drop(listener);
    assert!(matches!(get(&guard, &url).await, Err(GuardError::Network(_))));
}
