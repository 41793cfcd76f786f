//! The fake mail server: as much of RFC 5321 as one plaintext mail needs. `World::start` starts it on the run's own runtime.
//! It must never decide what to answer: scripts do.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use super::{
    super::{Outcome, State},
    ledger::{MailRequest, SentMail, Site},
    mime::{Part, decoded_header},
    now,
    script::Script,
};
use crate::run::TestRun;

pub(in crate::world) fn start(state: Arc<State>, run: &TestRun) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let address = run.free_address();
    let listener = std::net::TcpListener::bind(address).context("listening as the mail server")?;
    listener.set_nonblocking(true).context("listening as the mail server")?;
    let _entered = run.handle().enter();
    let listener = TcpListener::from_std(listener).context("listening as the mail server")?;
    Ok((address, run.handle().spawn(accept(listener, state))))
}

/// Connections are children of this task: they end with it.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(converse(BufReader::new(stream), Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

/// The mail of a conversation from RCPT on.
struct Letter {
    state: Arc<State>,
    number: usize,
    to: String,
    script: Script,
    is_ended: bool,
}

impl Letter {
    fn new(state: &Arc<State>, to: String) -> Self {
        let script = state.mail.next_script(None, &to);
        let number = state.mail.ledger.open(MailRequest {
            number: 0,
            site: Site::Smtp,
            to: to.clone(),
            delivery: None,
            key: None,
            headers: BTreeMap::new(),
            body: String::new(),
            at: Instant::now(),
            script: script.clone(),
            outcome: Outcome::Open,
        });
        Self { state: Arc::clone(state), number, to, script, is_ended: false }
    }

    fn set(&mut self, outcome: Outcome) {
        self.is_ended = !matches!(outcome, Outcome::Open | Outcome::Holding);
        self.state.mail.ledger.set_outcome(self.number, outcome);
    }

    /// `None`: the connection is to be closed.
    fn reply_to_rcpt(&mut self) -> &'static str {
        let Script::Refuse { status, .. } = self.script else { return "250 ok" };
        self.set(Outcome::Refused(status));
        match status {
            450 => "450 4.2.1 try again later",
            451 => "451 4.3.0 try again later",
            550 => "550 5.1.1 no such mailbox",
            552 => "552 5.2.2 mailbox full",
            status if status < 500 => "421 4.3.2 not now",
            _ => "554 5.0.0 refused",
        }
    }

    /// `None`: the connection is to be closed.
    async fn reply_to_data(&mut self) -> Option<&'static str> {
        match self.script {
            Script::ResetBefore => {
                self.set(Outcome::Broken);
                None
            }
            Script::Hang => std::future::pending().await,
            _ => Some("354 go on"),
        }
    }

    /// `None`: the connection is to be closed.
    async fn reply_to_content(&mut self, content: &str) -> Option<String> {
        if self.script == Script::Hold {
            self.set(Outcome::Holding);
            if let Ok(permit) = self.state.gate(&self.to).acquire().await {
                permit.forget();
            }
            self.set(Outcome::Open);
        }
        self.state.mail.ledger.add(self.sent(content));
        match self.script {
            Script::AcceptThenReset => {
                self.set(Outcome::Broken);
                None
            }
            Script::AcceptThenHang => std::future::pending().await,
            Script::AcceptThenStatus(status) => {
                self.set(Outcome::Refused(status));
                Some(format!("{status} scripted"))
            }
            _ => {
                self.set(Outcome::Completed);
                Some("250 2.0.0 accepted".to_owned())
            }
        }
    }

    fn sent(&self, content: &str) -> SentMail {
        let message = Part::parse(content);
        let id = message.header("message-id").trim_matches(['<', '>']).to_owned();
        SentMail {
            site: Site::Smtp,
            delivery: id.split_once('@').map(|(delivery, _)| delivery.to_owned()),
            id,
            key: None,
            from: decoded_header(message.header("from")),
            to: self.to.clone(),
            subject: decoded_header(message.header("subject")),
            html: message.content("text/html"),
            text: message.content("text/plain"),
            headers: message.headers,
            tags: BTreeMap::new(),
            at: now(),
            request: self.number,
        }
    }
}

impl Drop for Letter {
    fn drop(&mut self) {
        if !self.is_ended {
            self.set(Outcome::ClosedByClient);
        }
    }
}

/// `None` when the connection is over.
async fn converse(mut stream: BufReader<TcpStream>, state: Arc<State>) -> Option<()> {
    let mut letter: Option<Letter> = None;
    say(&mut stream, "220 mail.test ESMTP").await?;
    loop {
        let line = read_line(&mut stream).await?;
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-mail.test\r\n250-8BITMIME\r\n250 SMTPUTF8").await?,
            "RCPT" => {
                let mut next = Letter::new(&state, address(&line));
                say(&mut stream, next.reply_to_rcpt()).await?;
                letter = Some(next);
            }
            "DATA" => {
                let Some(mut current) = letter.take() else {
                    say(&mut stream, "503 5.5.1 RCPT first").await?;
                    continue;
                };
                // A client that goes ends the wait.
                let reply = while_connected(&mut stream, current.reply_to_data()).await??;
                say(&mut stream, reply).await?;
                let content = read_content(&mut stream).await?;
                let reply = while_connected(&mut stream, current.reply_to_content(&content)).await??;
                say(&mut stream, &reply).await?;
            }
            "QUIT" => return say(&mut stream, "221 2.0.0 bye").await,
            "MAIL" | "RSET" | "NOOP" => say(&mut stream, "250 ok").await?,
            _ => say(&mut stream, "500 5.5.2 unknown command").await?,
        }
    }
}

/// `None` if the client closes the connection, or speaks out of turn, before the reply.
async fn while_connected<T>(stream: &mut BufReader<TcpStream>, reply: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        reply = reply => Some(reply),
        _ = stream.fill_buf() => None,
    }
}

async fn say(stream: &mut BufReader<TcpStream>, reply: &str) -> Option<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = stream.read_line(&mut line).await.ok()?;
    (length > 0).then(|| line.trim_end_matches("\r\n").to_owned())
}

/// Without the dots that transparency adds.
async fn read_content(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut content = String::new();
    loop {
        let line = read_line(stream).await?;
        if line == "." {
            return Some(content);
        }
        content.push_str(line.strip_prefix('.').unwrap_or(&line));
        content.push_str("\r\n");
    }
}

fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}
