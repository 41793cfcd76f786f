//! What becomes of a mail wherever a conversation with a mail server ends.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use almanac_shared::platform::config::SmtpCredentials;
use secrecy::SecretString;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{
    super::tests::{DELIVERY, budget, mail, not_sent, rejected},
    *,
};

/// What a server does when it has read a verb, `GREETING` for none and `.` for the content.
#[derive(Clone, Copy)]
enum Act {
    Reply(&'static str),
    Close,
    Hang,
}

/// A mail server that does one thing out of the ordinary. It keeps all lines that it read.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<String>>,
}

impl Server {
    async fn start(at: &'static str, act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = server.seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = converse(stream, (at, act), &seen).await;
            }
        });
        server
    }

    fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }

    fn mailer(&self) -> Smtp {
        let server = SmtpServer {
            host: "127.0.0.1".to_owned(),
            port: self.address.port(),
            security: SmtpSecurity::Plain,
            credentials: None,
            hello: Some("almanac.test".to_owned()),
        };
        let from = "Almanac <mail@almanac.example>".parse().unwrap();
        Smtp { timeout: Duration::from_millis(400), ..Smtp::new(server, from).unwrap() }
    }
}

async fn converse(stream: TcpStream, (at, act): (&str, Act), seen: &Mutex<String>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut verb = "GREETING".to_owned();
    loop {
        let usual = match verb.as_str() {
            "GREETING" => "220 mail.test",
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let reply = match act {
            Act::Reply(reply) if verb == at => reply,
            Act::Close if verb == at => return None,
            Act::Hang if verb == at => std::future::pending().await,
            _ => usual,
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        let is_content = reply.starts_with("354");
        let mut line = String::new();
        while stream.read_line(&mut line).await.ok().filter(|length| *length > 0)? > 0 {
            seen.lock().unwrap().push_str(&line);
            if !is_content || line == ".\r\n" {
                break;
            }
            line.clear();
        }
        verb = line.split_whitespace().next()?.to_owned();
    }
}

async fn send(at: &'static str, act: Act) -> Sent {
    let sent = Server::start(at, act).await.mailer().send(&mail(), budget()).await;
    assert!(!format!("{sent:?}").contains("canary"), "{sent:?}");
    sent
}

#[tokio::test]
async fn a_message_has_both_parts_and_the_headers_of_a_list() {
    let server = Server::start("", Act::Close).await;
    let mailer = server.mailer();
    assert_eq!((mailer.name(), mailer.resend_is_safe()), ("smtp", false));

    assert_eq!(mailer.send(&mail(), budget()).await, Sent::Accepted { provider_ref: None });

    let seen = server.seen();
    for part in [
        "EHLO almanac.test\r\nMAIL FROM:<mail@almanac.example>\r\nRCPT TO:<canary@example.com>\r\nDATA\r\n",
        "From: Almanac <mail@almanac.example>\r\n",
        "To: canary@example.com\r\n",
        "Subject: Canary =?utf-8?",
        &format!("Message-ID: <{DELIVERY}@almanac.example>\r\n"),
        "Date: ",
        "List-Unsubscribe: <https://almanac.example/u/t0ken?x=1>\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "\r\n.\r\n",
    ] {
        assert!(seen.contains(part), "{part:?} is not in\n{seen}");
    }
    assert!(seen.is_ascii() && !seen.contains("\r\n.\r\n..\r\n"), "a dot in the text does not end it:\n{seen}");
}

#[tokio::test]
async fn a_reply_of_4xx_is_no_mail_yet() {
    for (at, step) in [
        ("GREETING", "connect"),
        ("EHLO", "connect"),
        ("MAIL", "sender"),
        ("RCPT", "recipient"),
        ("DATA", "data"),
        (".", "content"),
    ] {
        let sent = send(at, Act::Reply("451 4.3.0 canary@example.com later")).await;
        assert_eq!(not_sent(sent), ("EMAIL_UNAVAILABLE", json!({"step": step, "status": 451})));
    }
}

#[tokio::test]
async fn a_reply_of_5xx_rejects_a_recipient_and_a_content() {
    for (at, step) in [("RCPT", "recipient"), ("DATA", "data"), (".", "content")] {
        let sent = send(at, Act::Reply("550-5.1.1 canary@example.com\r\n550 unknown")).await;
        assert_eq!(rejected(sent), json!({"step": step, "status": 550}));
    }
}

#[tokio::test]
async fn a_refused_sender_or_login_is_a_fault_of_the_installation() {
    let sent = send("MAIL", Act::Reply("550 not your domain")).await;
    assert_eq!(not_sent(sent), ("EMAIL_NOT_CONFIGURED", json!({"step": "sender", "status": 550})));
    let sent = send("RCPT", Act::Reply("530 5.7.0 authenticate first")).await;
    assert_eq!(not_sent(sent), ("EMAIL_NOT_CONFIGURED", json!({"step": "recipient", "status": 530})));
    let sent = send("GREETING", Act::Reply("554 no service")).await;
    assert_eq!(not_sent(sent), ("EMAIL_UNAVAILABLE", json!({"step": "connect", "status": 554})));

    let server = Server::start("AUTH", Act::Reply("535 wrong")).await;
    let mut mailer = server.mailer();
    let [user, password] = ["canary", "canary"].map(SecretString::from);
    mailer.server.credentials = Some(SmtpCredentials { user, password });
    let sent = mailer.send(&mail(), budget()).await;
    assert_eq!(not_sent(sent), ("EMAIL_NOT_CONFIGURED", json!({"step": "login", "status": 535})));

    mailer.server.security = SmtpSecurity::StartTls;
    let sent = mailer.send(&mail(), budget()).await;
    assert_eq!(not_sent(sent), ("EMAIL_NOT_CONFIGURED", json!({"step": "connect", "reason": "not_supported"})));
}

#[tokio::test]
async fn a_connection_that_ends_before_the_content_is_no_mail() {
    for (at, reason) in [
        ("GREETING", json!({"step": "connect", "reason": "no_connection"})),
        ("MAIL", json!({"step": "sender", "reason": "connection_lost"})),
        ("RCPT", json!({"step": "recipient", "reason": "connection_lost"})),
        ("DATA", json!({"step": "data", "reason": "connection_lost"})),
    ] {
        assert_eq!(not_sent(send(at, Act::Close).await), ("EMAIL_UNAVAILABLE", reason));
        assert_eq!(not_sent(send(at, Act::Hang).await).1, json!({"reason": "timeout"}), "{at}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_after_the_content_leaves_the_outcome_unknown() {
    for (act, reason) in
        [(Act::Close, "connection_lost"), (Act::Hang, "timeout"), (Act::Reply("what?"), "connection_lost")]
    {
        let why = json!({"step": "content", "reason": reason});
        assert_eq!(send(".", act).await, Sent::Unknown { can_resend: false, why });
    }
}

#[tokio::test]
async fn a_spent_budget_sends_no_content() {
    let server = Server::start("", Act::Close).await;
    let sent = server.mailer().send(&mail(), SendBudget::until(Instant::now())).await;

    assert_eq!(not_sent(sent).0, "EMAIL_UNAVAILABLE");
    assert!(!server.seen().contains("Subject:"));
}

#[tokio::test]
async fn an_address_that_the_server_cannot_take_is_rejected() {
    for (to, part) in [("canary", "address"), ("a@b@c", "address"), ("caf\u{e9}@example.com", "smtputf8")] {
        let mail = Outgoing { to: SecretString::from(to), ..mail() };
        let sent = Server::start("", Act::Close).await.mailer().send(&mail, budget()).await;
        assert_eq!(rejected(sent), json!({"reason": "malformed", "part": part}));
    }
}
