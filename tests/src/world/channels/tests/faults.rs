//! Scripts: what is executed, what is answered, and how a connection ends.

use super::*;

#[tokio::test]
async fn each_fault_answers_and_executes_what_it_says() {
    let client = Client::new().await;
    let (channels, ledger) = (client.channels(), client.channels().ledger());
    for (script, answer, is_made, outcome) in [
        (Script::Ok, Some(200), true, Outcome::Completed),
        (Script::Delay(Duration::from_millis(5)), Some(200), true, Outcome::Completed),
        (Script::Hang, None, false, Outcome::ClosedByClient),
        (Script::ResetBefore, None, false, Outcome::Broken),
        (Script::AcceptThenHang, None, true, Outcome::ClosedByClient),
        (Script::AcceptThenReset, None, true, Outcome::Broken),
        (Script::AcceptThenStatus(500), Some(500), true, Outcome::Refused(500)),
        (Script::too_many(None), Some(429), false, Outcome::Refused(429)),
        (Script::graph(368), Some(403), false, Outcome::Refused(403)),
        (Script::SlowHead(Duration::from_millis(30)), Some(200), true, Outcome::Completed),
        (Script::Truncated, Some(200), true, Outcome::Broken),
        (Script::ErrorIn200, Some(200), false, Outcome::Completed),
        (Script::ExpireToken, Some(401), false, Outcome::Refused(401)),
        (Script::CutAfter(5), None, false, Outcome::Broken),
        (Script::Keep(5), Some(200), true, Outcome::Completed),
    ] {
        let page = channels.account(Site::Facebook);
        channels.play(&page.account, Step::Publish, [script.clone()]);

        let request = tokio::spawn(client.post_facebook(&page, "feed", &json!({ "message": "It" })).send());
        channels.wait_for_request(&page.account, Step::Publish, 1).await;

        let answered = patient(request, answer.is_some()).await;

        assert_eq!(answered, answer, "{script:?}");
        let exchange = channels.wait_until_ended(&page.account, Step::Publish, 1).await;
        assert_eq!((exchange.outcome, exchange.post.is_some()), (outcome, is_made), "{script:?}");
        assert_eq!(ledger.posts(&page.account).len(), usize::from(is_made), "{script:?}");
    }
}

#[tokio::test]
async fn an_error_comes_with_the_wait_that_it_asks_for() {
    let client = Client::new().await;
    let page = client.channels().account(Site::Facebook);
    client.channels().play(&page.account, Step::Publish, [Script::too_many(Some(7)), Script::OkAtUsage(95)]);

    let post = || client.post_facebook(&page, "feed", &json!({ "message": "Hi" }));
    let (refused, taken) = (sent(post()).await, sent(post()).await);

    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()), (429, &b"7"[..]));
    let usage: Value = serde_json::from_slice(taken.headers()["x-app-usage"].as_bytes()).expect("JSON");
    assert_eq!((taken.status().as_u16(), &usage["call_count"]), (200, &json!(95)));
}

#[tokio::test]
async fn a_held_request_waits_for_its_release_before_or_after() {
    let client = Client::new().await;
    for (script, is_made) in [(Script::Hold, 0), (Script::AcceptThenHold, 1)] {
        let page = client.channels().account(Site::Facebook);
        client.channels().play(&page.account, Step::Publish, [script]);
        let request = client.post_facebook(&page, "feed", &json!({ "message": "Held" }));

        let answer = tokio::spawn(request.send());
        client.channels().wait_until_holding(&page.account).await;
        assert_eq!(client.channels().ledger().posts(&page.account).len(), is_made);
        client.world.release(&page.account);

        assert_eq!(answer.await.expect("a task").expect("an answer").status().as_u16(), 200);
        client.channels().ledger().the_only_post(&page.account, "Held");
    }
}

#[tokio::test]
async fn connections_to_networks_are_counted_apart() {
    let client = Client::new().await;
    sent(client.http.get(client.world.jwks_url())).await;
    let idle = tokio::net::TcpStream::connect(client.world.address()).await.expect("a connection");
    // A later connection is accepted after it.
    let other = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    sent(other.get(client.world.jwks_url())).await;

    assert_eq!(client.channels().connections(), 1, "one that has sent nothing");
    drop(idle);
    let last = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    sent(last.get(format!("http://{}/media/a.jpg", client.world.address()))).await;
    assert_eq!(client.channels().connections(), 2);
}

#[tokio::test]
async fn each_network_has_an_error_inside_a_200() {
    let client = Client::new().await;
    for site in Site::NETWORKS {
        let grant = client.channels().account(site);
        let (path, step) = match site {
            Site::Linkedin => (format!("/linkedin/rest/posts?q=author&author={}", grant.account), Step::LookUp),
            Site::Youtube => ("/youtube/youtube/v3/videos?part=status&id=x".to_owned(), Step::Status),
            Site::Tiktok => ("/tiktok/v2/post/publish/creator_info/query/".to_owned(), Step::Quota),
            _ => (format!("/{}/v23.0/{}/media", site.name(), grant.account), Step::LookUp),
        };
        let path = if site == Site::Facebook { path.replace("media", "published_posts") } else { path };
        let method = if site == Site::Tiktok { Method::POST } else { Method::GET };
        client.channels().play(&grant.account, step, [Script::ErrorIn200]);
        let request = client.request(method, &path).bearer_auth(&grant.access_token);

        let answer = sent(request.header("linkedin-version", "202607").json(&json!({}))).await;

        let (code, body): (u16, Value) = (answer.status().as_u16(), answer.json().await.expect("JSON"));
        let is_error =
            body["error"]["code"].is_i64() || body["error"]["code"] == "internal_error" || body["status"] == 500;
        assert!(code == 200 && is_error, "{site:?}: {code} {body}");
    }
}

#[tokio::test]
async fn a_slow_answer_arrives_whole_and_a_cut_one_does_not() {
    let client = Client::new().await;
    for (script, is_whole) in [
        (Script::SlowHead(Duration::from_millis(40)), true),
        (Script::SlowBody(Duration::from_millis(40)), true),
        (Script::Truncated, false),
    ] {
        let page = client.channels().account(Site::Facebook);
        client.channels().play(&page.account, Step::Publish, [script.clone()]);
        let before = Instant::now();

        let answer = sent(client.post_facebook(&page, "feed", &json!({ "message": "Hi" }))).await;

        let status = answer.status().as_u16();
        let body = answer.json::<Value>().await;
        let id = client.channels().ledger().the_only_post(&page.account, "Hi").id;
        assert_eq!((status, body.is_ok()), (200, is_whole), "{script:?}");
        if is_whole {
            assert_eq!(body.expect("JSON")["id"], json!(id));
            assert!(before.elapsed() >= Duration::from_millis(40), "{script:?}: {:?}", before.elapsed());
        }
    }
}
