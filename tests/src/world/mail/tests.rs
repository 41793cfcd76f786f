//! The fakes against plain clients: each behaviour is what Resend's documents and RFC 5321 say, or the script names.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::*;
use crate::World;

const ANNA: &str = "anna@mail.example";

fn email(subject: &str) -> Value {
    json!({
        "from": "Almanac <mail@almanac.example>", "to": [ANNA], "subject": subject, "html": "<p>Hi</p>", "text": "Hi",
        "headers": {"List-Unsubscribe": "<https://almanac.example/u/1>"},
        "tags": [{"name": "delivery_id", "value": "d-1"}],
    })
}

fn request(world: &World, key: &str, body: &Value) -> RequestBuilder {
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    let request = http.post(format!("{}/emails", world.resend_base_url(world.address())));
    request.bearer_auth(RESEND_KEY).header("user-agent", "test").header("idempotency-key", key).json(body)
}

async fn told(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("JSON");
    let field = if status == 200 { "id" } else { "name" };
    (status, body[field].as_str().expect("a field").to_owned())
}

async fn send(world: &World, key: &str, body: &Value) -> (u16, String) {
    told(request(world, key, body).send().await.expect("answer")).await
}

fn refusal(status: u16, name: &str) -> (u16, String) {
    (status, name.to_owned())
}

#[tokio::test]
async fn a_key_with_the_same_mail_sends_it_once() {
    let world = World::start().await.expect("world");

    let (status, id) = send(&world, "k1", &email("One")).await;
    assert_eq!(send(&world, "k1", &email("One")).await, (status, id.clone()));
    let conflict = refusal(409, "invalid_idempotent_request");
    assert_eq!(send(&world, "k1", &email("Two")).await, conflict);

    let mail = world.mail().ledger().the_only_mail(ANNA);
    assert_eq!((status, mail.id, mail.subject.as_str(), mail.key.as_deref()), (200, id, "One", Some("k1")));
    assert_eq!((mail.html.as_str(), mail.text.as_str(), mail.delivery.as_deref()), ("<p>Hi</p>", "Hi", Some("d-1")));
    assert_eq!((mail.from.as_str(), mail.tags["delivery_id"].as_str()), ("Almanac <mail@almanac.example>", "d-1"));
    assert_eq!(world.mail().ledger().requests_to(ANNA).len(), 3);
    send(&world, "k2", &email("One")).await;
    assert_eq!(world.mail().ledger().mails_of("d-1").len(), 2, "another key is another mail");
}

#[tokio::test]
async fn a_key_whose_first_request_runs_is_refused() {
    let world = World::start().await.expect("world");
    world.mail().play("d-1", [Script::Hold, Script::Ok]);
    let first = tokio::spawn(request(&world, "k1", &email("One")).send());
    world.mail().wait_until_holding(ANNA).await;

    assert_eq!(send(&world, "k1", &email("One")).await, refusal(409, "concurrent_idempotent_requests"));

    world.release(ANNA);
    let (status, id) = told(first.await.expect("task").expect("answer")).await;
    assert_eq!(status, 200);
    assert_eq!(send(&world, "k1", &email("One")).await, (200, id));
    world.mail().ledger().the_only_mail(ANNA);
}

#[tokio::test]
async fn a_request_that_ends_without_a_mail_gives_its_key_back() {
    let world = World::start().await.expect("world");
    world.mail().play(ANNA, [Script::Hold, Script::Ok]);
    let first = tokio::spawn(request(&world, "k1", &email("One")).send());
    world.mail().wait_until_holding(ANNA).await;
    first.abort();
    let ended = world.mail().wait_until_ended(ANNA, 1).await;

    assert!(ended.outcome == Outcome::ClosedByClient && ended.is_ambiguous());
    assert_eq!(send(&world, "k1", &email("Two")).await.0, 200);
    assert_eq!(world.mail().ledger().the_only_mail(ANNA).subject, "Two");
}

#[tokio::test]
async fn a_lost_answer_is_found_again_by_the_key() {
    let world = World::start().await.expect("world");
    let scripts = [Script::AcceptThenReset, Script::AcceptThenStatus(500), Script::ResetBefore, Script::Ok];
    world.mail().play(ANNA, scripts);

    assert!(request(&world, "k1", &email("One")).send().await.is_err());
    assert_eq!(send(&world, "k1", &email("One")).await, refusal(500, "application_error"));
    assert!(request(&world, "k1", &email("One")).send().await.is_err());
    let (status, id) = send(&world, "k1", &email("One")).await;

    assert_eq!((status, id), (200, world.mail().ledger().the_only_mail(ANNA).id));
    let outcomes: Vec<Outcome> = world.mail().ledger().requests().iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Outcome::Broken, Outcome::Refused(500), Outcome::Broken, Outcome::Completed]);
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_a_mail_or_none() {
    let world = World::start().await.expect("world");
    world.mail().play(ANNA, [Script::Hang, Script::AcceptThenHang]);
    for count in [0, 1] {
        let hanging = tokio::spawn(request(&world, &format!("k{count}"), &email("One")).send());
        world.mail().wait_for_request(ANNA, count + 1).await;
        if count == 1 {
            world.mail().wait_for_mail(ANNA, 1).await;
        }
        hanging.abort();
        world.mail().wait_until_ended(ANNA, count + 1).await;
        assert_eq!(world.mail().ledger().mails_to(ANNA).len(), count);
    }
}

#[tokio::test]
async fn limits_are_told_in_headers() {
    let world = World::start().await.expect("world");
    world.mail().play(ANNA, [Script::too_many(Some(7)), Script::Ok]);

    let refused = request(&world, "k1", &email("One")).send().await.expect("answer");
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"7".parse().expect("value")));
    world.mail().set_rate(2);
    let accepted = request(&world, "k1", &email("One")).send().await.expect("answer");
    let policy = |response: &Response| response.headers()["ratelimit-policy"].to_str().map(str::to_owned).ok();
    assert_eq!((accepted.status().as_u16(), policy(&accepted).as_deref()), (200, Some("2;w=1")));
    world.mail().set_rate(0);
    assert_eq!(send(&world, "k2", &email("One")).await, refusal(429, "rate_limit_exceeded"));
}

#[tokio::test]
async fn an_outage_refuses_every_mail_and_uses_up_no_script() {
    let world = World::start().await.expect("world");
    world.mail().play(ANNA, [Script::status(422), Script::Ok]);

    world.mail().answer_everything(Some(Script::status(500)));
    assert_eq!(send(&world, "k1", &email("One")).await, refusal(500, "application_error"));
    world.mail().answer_everything(None);

    assert_eq!(send(&world, "k1", &email("One")).await, refusal(422, "invalid_parameter"));
    assert_eq!(send(&world, "k1", &email("One")).await.0, 200);
}

#[tokio::test]
async fn a_request_is_checked_by_the_schema() {
    let world = World::start().await.expect("world");
    let with = |field: &str, value: Value| {
        let mut body = email("One");
        body[field] = value;
        body
    };
    let without = |fields: &[&str]| {
        let mut body = email("One");
        body.as_object_mut().expect("an object").retain(|name, _| !fields.contains(&name.as_str()));
        body
    };
    for (body, status, name) in [
        (json!([]), 400, "validation_error"),
        (without(&["subject"]), 422, "missing_required_field"),
        (without(&["html", "text"]), 422, "missing_required_field"),
        (with("sender", json!("x")), 422, "invalid_parameter"),
        (with("html", json!(1)), 422, "invalid_parameter"),
        (with("to", json!([])), 422, "validation_error"),
        (with("to", json!("anna")), 422, "validation_error"),
        (with("from", json!("almanac")), 422, "invalid_from_address"),
        (with("from", json!("mail@other.example")), 403, "validation_error"),
        (with("headers", json!({"X": 1})), 422, "invalid_parameter"),
        (with("tags", json!([{"name": "a b", "value": "c"}])), 422, "invalid_parameter"),
    ] {
        assert_eq!(send(&world, "k1", &body).await, refusal(status, name), "{body}");
    }
    assert!(world.mail().ledger().mails().is_empty());
}

#[tokio::test]
async fn a_request_is_checked_by_its_head() {
    let world = World::start().await.expect("world");
    let url = format!("{}/emails", world.resend_base_url(world.address()));
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("client");
    let post = || http.post(&url).json(&email("One"));
    let named = || post().header("user-agent", "test");
    for (request, status, name) in [
        (post().bearer_auth(RESEND_KEY), 403, "forbidden"),
        (named(), 401, "missing_api_key"),
        (named().bearer_auth("re_other"), 403, "invalid_api_key"),
        (named().bearer_auth(RESEND_KEY).header("idempotency-key", "x".repeat(257)), 400, "invalid_idempotency_key"),
        (http.get(&url).header("user-agent", "test"), 405, "method_not_allowed"),
        (http.post(format!("{url}/batch")).header("user-agent", "test"), 404, "not_found"),
    ] {
        assert_eq!(told(request.send().await.expect("answer")).await, refusal(status, name));
    }
}

/// A conversation with the mail server.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn new(world: &World) -> Self {
        let address = world.smtp_url().trim_start_matches("smtp://").to_owned();
        let mut client = Self(BufReader::new(TcpStream::connect(address).await.expect("a connection")));
        assert!(client.reply().await.starts_with("220 "));
        client
    }

    /// The last line of a reply; empty if the connection is closed.
    async fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 || line.as_bytes().get(3) == Some(&b' ') {
                return line;
            }
        }
    }

    async fn say(&mut self, text: &str) -> String {
        self.0.write_all(format!("{text}\r\n").as_bytes()).await.expect("writing");
        self.reply().await
    }

    /// The replies to a mail, up to the first that is not 250 or 354.
    async fn send(&mut self, to: &str) -> String {
        const CONTENT: &str = "Message-ID: <d-1@almanac.example>\r\nFrom: mail@almanac.example\r\n\
            Subject: Caf\r\n =?utf-8?b?w6k=?= =?utf-8?q?_=C3=A9?=\r\nContent-Type: multipart/alternative;\r\n boundary=\"b\"\r\n\r\n\
            --b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nH=C3=AF =\r\nyou\r\n..\r\n\
            --b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+SGk8\r\nL3A+\r\n--b--\r\n.";
        for line in ["EHLO test", "MAIL FROM:<mail@almanac.example>", &format!("RCPT TO:<{to}>"), "DATA", CONTENT] {
            let reply = self.say(line).await;
            if !reply.starts_with("250") && !reply.starts_with("354") {
                return reply;
            }
        }
        "250".to_owned()
    }
}

#[tokio::test]
async fn the_mail_server_takes_a_mail_apart() {
    let world = World::start().await.expect("world");
    let mut client = Client::new(&world).await;

    assert_eq!(client.send(ANNA).await, "250");
    assert!(client.say("QUIT").await.starts_with("221"));

    let mail = world.mail().ledger().the_only_mail(ANNA);
    assert_eq!((mail.site, mail.delivery.as_deref()), (Site::Smtp, Some("d-1")));
    assert_eq!((mail.subject.as_str(), mail.header("From")), ("Caf \u{e9} \u{e9}", Some("mail@almanac.example")));
    assert_eq!((mail.text.as_str(), mail.html.as_str()), ("H\u{ef} you\n.", "<p>Hi</p>"));
    assert_eq!(world.mail().wait_until_ended(ANNA, 1).await.outcome, Outcome::Completed);
}

#[tokio::test]
async fn the_mail_server_fails_where_its_script_says() {
    let world = World::start().await.expect("world");
    for (script, reply, mails) in [
        (Script::status(451), "451", 0),
        (Script::status(550), "550", 0),
        (Script::ResetBefore, "", 0),
        (Script::AcceptThenReset, "", 1),
        (Script::AcceptThenStatus(451), "451", 1),
    ] {
        let to = format!("{}@mail.example", uuid::Uuid::new_v4().simple());
        world.mail().play(&to, [script.clone()]);
        let found = Client::new(&world).await.send(&to).await;
        assert_eq!(found.get(..reply.len().max(found.len().min(3))), Some(reply), "{script:?}: {found}");
        assert_eq!(world.mail().ledger().mails_to(&to).len(), mails, "{script:?}");
    }
    world.mail().play(ANNA, [Script::AcceptThenHang]);
    let mut client = Client::new(&world).await;
    tokio::select! {
        _ = client.send(ANNA) => panic!("a reply"),
        _ = world.mail().wait_for_mail(ANNA, 1) => {}
    }
    drop(client);
    assert_eq!(world.mail().wait_until_ended(ANNA, 1).await.outcome, Outcome::ClosedByClient);
}

#[tokio::test]
async fn a_webhook_is_signed_over_what_it_sends() {
    let webhook = ResendWebhook::bounced("d-1", "Permanent").with("email_id", json!("e-1"));

    let (headers, body) = webhook.signed();

    let event: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&event["type"], &event["data"]["bounce"]["type"]), (&json!("email.bounced"), &json!("Permanent")));
    assert_eq!((&event["data"]["tags"]["delivery_id"], &event["data"]["email_id"]), (&json!("d-1"), &json!("e-1")));
    assert_eq!(headers[0], ("svix-id", webhook.id.clone()));
    let other = ResendWebhook { secret: "whsec_b3RoZXI=".to_owned(), ..webhook };
    assert_ne!(other.signed().0[2], headers[2]);
}
