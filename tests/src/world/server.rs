//! The HTTP side of the scripted world: `POST /v1/chat/completions`, `GET /jwks.json`, and the paths of the networks, of the
//! feeds and of Resend.
//! `World::start` starts it on the run's own runtime.
//! It must never decide what to answer: scripts do.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use nix::sys::socket::{setsockopt, sockopt::Linger};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Answer, Call, End, Outcome, Script, State, channels, feeds, ledger::message, mail, script::markers, sections,
};
use crate::run::TestRun;

pub(super) type Body = BoxBody<Bytes, io::Error>;
/// A second handle on the connection's socket, by which a script can have it reset.
pub(super) type Socket = Arc<std::net::TcpStream>;

pub(super) fn start(state: Arc<State>, run: &TestRun) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let address = run.free_address();
    let listener = std::net::TcpListener::bind(address).context("listening as the world")?;
    listener.set_nonblocking(true).context("listening as the world")?;
    let _entered = run.handle().enter();
    let listener = TcpListener::from_std(listener).context("listening as the world")?;
    Ok((address, run.handle().spawn(accept(listener, state))))
}

/// Connections are children of this task: they end with it.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&state)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let stream = stream.into_std().ok()?;
    let socket: Socket = Arc::new(stream.try_clone().ok()?);
    let stream = TcpStream::from_std(stream).ok()?;
    state.channels.connected();
    let is_used = AtomicBool::new(false);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (state, socket) = (Arc::clone(&state), Arc::clone(&socket));
        if !is_used.swap(true, Ordering::Relaxed) && !channels::is_path(request.uri().path()) {
            state.channels.connected_elsewhere();
        }
        route(request, state, socket)
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await.ok()
}

/// An error means that the connection is to be closed without an answer.
async fn route(request: Request<Incoming>, state: Arc<State>, socket: Socket) -> io::Result<Response<Body>> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/chat/completions") => complete(request, state, socket).await,
        (&Method::GET, "/jwks.json") => key_set(&state),
        (&Method::GET, path) if feeds::is_path(path) => feeds::serve(request, state, socket).await,
        (_, path) if channels::is_path(path) => return channels::serve(request, state, socket).await,
        (_, path) if mail::is_path(path) => return mail::serve(request, state, socket).await,
        _ => whole(StatusCode::NOT_FOUND, &json!({"error": {"code": 404, "message": "no such place in this world"}})),
    })
}

fn key_set(state: &State) -> Response<Body> {
    state.key_reads.fetch_add(1, Ordering::Relaxed);
    if state.keys_down.load(Ordering::Relaxed) {
        return whole(StatusCode::SERVICE_UNAVAILABLE, &json!({"error": "down"}));
    }
    whole(StatusCode::OK, &state.jwks())
}

async fn complete(request: Request<Incoming>, state: Arc<State>, socket: Socket) -> Response<Body> {
    let (head, body) = request.into_parts();
    // A client that breaks off while sending has not made a call.
    let Ok(body) = body.collect().await else { return whole(StatusCode::BAD_REQUEST, &json!({})) };
    let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null);
    let task: Value = serde_json::from_str(message(&body, "user")).unwrap_or(Value::Null);
    // A calendar has no text; its markers stand in its constraints, a week's in its guidance, a synthesis' in its theme.
    let elsewhere = format!("{} {} {}", task["constraints"], task["guidance"], task["theme"]["description"]);
    let (key, words) = markers(task["source_text"].as_str().unwrap_or(&elsewhere));
    let key = key.or(words).unwrap_or_default().to_owned();
    let script = state.script(&key, words, state.ledger.of(&key).len(), &task);
    let number = state.ledger.open(Call {
        number: 0,
        key: key.clone(),
        at: Instant::now(),
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        authorized: head.headers.get(header::AUTHORIZATION).is_some(),
        headers: headers_without_key(&head.headers),
        task: task.clone(),
        body: body.clone(),
        cards_sent: 0,
        outcome: Outcome::Open,
    });
    let scene = Scene { state, key, number, socket };
    match script {
        Script::Status { code, retry_after } => scene.refuse(code, retry_after),
        Script::Repeating(code) => scene.repeat(code, &body),
        Script::Silence => scene.keep_silent().await,
        Script::Answer(answer) => scene.stream(answer, &body, &task),
    }
}

fn headers_without_key(headers: &http::HeaderMap) -> BTreeMap<String, String> {
    let kept = headers.iter().filter(|(name, _)| **name != header::AUTHORIZATION);
    kept.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

fn whole(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())).map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// One call being played.
struct Scene {
    state: Arc<State>,
    key: String,
    number: usize,
    socket: Socket,
}

/// The client has closed the connection.
struct Closed;

type Pieces = mpsc::Sender<io::Result<Frame<Bytes>>>;

impl Scene {
    fn refuse(&self, code: u16, retry_after: Option<u64>) -> Response<Body> {
        self.ended(Outcome::Refused(code));
        let body = json!({"error": {"code": code, "message": "scripted", "metadata": {}}});
        let mut response = whole(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &body);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// A refusal that repeats what was asked.
    fn repeat(&self, code: u16, asked: &Value) -> Response<Body> {
        self.ended(Outcome::Refused(code));
        let body = json!({"error": {"code": code, "message": repetition(asked)}});
        whole(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &body)
    }

    /// Hyper drops this future when the client goes.
    async fn keep_silent(self) -> Response<Body> {
        let _closing = OnDrop(self);
        std::future::pending().await
    }

    fn stream(self, answer: Answer, body: &Value, task: &Value) -> Response<Body> {
        let asked = task["count"].as_u64().and_then(|count| usize::try_from(count).ok());
        let slots = task["slots"].as_array().cloned().unwrap_or_else(|| sections::slots(task, answer.cards));
        let segments = answer.segments(message(body, "system"), asked, &slots);
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        let repeated = repetition(body);
        let (pieces, queued) = mpsc::channel(1);
        tokio::spawn(async move {
            let outcome = self.play(&answer, &segments, (&model, &repeated), &pieces).await;
            self.ended(outcome.unwrap_or(Outcome::ClosedByClient));
        });
        let mut response = Response::new(BodyExt::boxed(StreamBody::new(ReceiverStream::new(queued))));
        let kind = header::HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    async fn play(
        &self,
        answer: &Answer,
        segments: &[String],
        (model, repeated): (&str, &str),
        to: &Pieces,
    ) -> Result<Outcome, Closed> {
        send(to, ": SCRIPTED PROCESSING\n\n".to_owned()).await?;
        if !answer.silent.is_zero() {
            pause(to, answer.silent).await?;
        }
        let mut left = if let End::CutAfter(characters) = answer.end { characters } else { usize::MAX };
        let cards = segments.len().saturating_sub(2);
        // An end other than a proper one comes instead of the closing bracket.
        let closes = matches!(answer.end, End::Done | End::WithoutDone | End::CutAfter(_));
        let shown = if closes || cards == 0 { segments.len() } else { segments.len() - 1 };
        for (place, segment) in segments.iter().take(shown).enumerate() {
            left = self.say(answer, segment, left, model, to).await?;
            if (1..=cards).contains(&place) {
                self.state.ledger.update(self.number, |call| call.cards_sent = place);
            }
            if left == 0 {
                return Ok(Outcome::Broken);
            }
            if answer.hold_after == Some(place) {
                self.hold(model, to).await?;
            }
        }
        self.end(answer.end, segments, (model, repeated), to).await
    }

    /// One segment, piece by piece; returns how many characters may still be said.
    async fn say(&self, answer: &Answer, text: &str, left: usize, model: &str, to: &Pieces) -> Result<usize, Closed> {
        let allowed: Vec<char> = text.chars().take(left).collect();
        for piece in allowed.chunks(answer.piece.max(1)) {
            if !answer.gap.is_zero() {
                pause(to, answer.gap).await?;
            }
            send(to, delta(model, &piece.iter().collect::<String>())).await?;
        }
        Ok(left - allowed.len())
    }

    async fn hold(&self, model: &str, to: &Pieces) -> Result<(), Closed> {
        self.state.ledger.update(self.number, |call| call.outcome = Outcome::Holding);
        let gate = self.state.gate(&self.key);
        tokio::select! {
            released = gate.acquire() => released.map_err(|_| Closed)?.forget(),
            closed = drip(model, to) => return closed,
            () = to.closed() => return Err(Closed),
        }
        self.state.ledger.update(self.number, |call| call.outcome = Outcome::Open);
        Ok(())
    }

    async fn end(
        &self,
        end: End,
        segments: &[String],
        (model, repeated): (&str, &str),
        to: &Pieces,
    ) -> Result<Outcome, Closed> {
        match end {
            End::Done | End::WithoutDone | End::Length => {
                let reason = if end == End::Length { "length" } else { "stop" };
                send(to, chunk(model, &json!([{"index": 0, "delta": {"content": ""}, "finish_reason": reason}])))
                    .await?;
                send(to, usage(model, segments)).await?;
                if end != End::WithoutDone {
                    send(to, "data: [DONE]\n\n".to_owned()).await?;
                }
                Ok(Outcome::Completed)
            }
            End::CutAfter(_) => Ok(Outcome::Broken),
            End::Error(code) => {
                send(to, error(model, code, "Provider disconnected")).await?;
                Ok(Outcome::Broken)
            }
            End::Repeating(code) => {
                send(to, error(model, code, repeated)).await?;
                Ok(Outcome::Broken)
            }
            End::Reset => {
                // A socket that is closed with zero linger is reset; a failing body makes hyper close it.
                let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
                let _ = setsockopt(&self.socket.as_fd(), Linger, &at_once);
                let _ = to.send(Err(io::ErrorKind::ConnectionReset.into())).await;
                Ok(Outcome::Broken)
            }
            End::Hang => {
                to.closed().await;
                Err(Closed)
            }
            End::Drip => drip(model, to).await.map(|()| Outcome::Completed),
            End::Flood(bytes) => {
                let piece = delta(model, &"a".repeat(64 * 1024));
                for _ in 0..bytes.div_ceil(64 * 1024) {
                    send(to, piece.clone()).await?;
                }
                Ok(Outcome::Completed)
            }
        }
    }

    fn ended(&self, outcome: Outcome) {
        self.state.ledger.update(self.number, |call| call.outcome = outcome);
    }
}

struct OnDrop(Scene);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.ended(Outcome::ClosedByClient);
    }
}

async fn send(to: &Pieces, text: String) -> Result<(), Closed> {
    to.send(Ok(Frame::data(Bytes::from(text)))).await.map_err(|_| Closed)
}

/// A space a second, until the client disconnects.
async fn drip(model: &str, to: &Pieces) -> Result<(), Closed> {
    loop {
        pause(to, Duration::from_secs(1)).await?;
        send(to, delta(model, " ")).await?;
    }
}

async fn pause(to: &Pieces, pause: Duration) -> Result<(), Closed> {
    tokio::select! {
        () = tokio::time::sleep(pause) => Ok(()),
        () = to.closed() => Err(Closed),
    }
}

fn chunk(model: &str, choices: &Value) -> String {
    let head = r#""id":"gen-scripted","object":"chat.completion.chunk","created":1,"provider":"Scripted""#;
    format!("data: {{{head},\"model\":{},\"choices\":{choices}}}\n\n", Value::from(model))
}

fn delta(model: &str, content: &str) -> String {
    chunk(model, &json!([{"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": null}]))
}

/// One token per four characters, a hundred-thousandth of a dollar per token: numbers a test can foretell.
fn usage(model: &str, segments: &[String]) -> String {
    let output = segments.iter().map(|segment| segment.chars().count()).sum::<usize>() / 4;
    let cost = f64::from(u32::try_from(300 + output).unwrap_or(u32::MAX)) / 100_000.0;
    let usage = json!({"prompt_tokens": 300, "completion_tokens": output, "total_tokens": 300 + output, "cost": cost});
    let head = r#""id":"gen-scripted","object":"chat.completion.chunk","created":1"#;
    format!("data: {{{head},\"model\":{},\"choices\":[],\"usage\":{usage}}}\n\n", Value::from(model))
}

/// Only what passes is named as such; a status that says enough by itself stands alone.
fn error(model: &str, code: u16, message: &str) -> String {
    let metadata = if code < 500 { json!({}) } else { json!({"error_type": "provider_unavailable"}) };
    let error = json!({"code": code, "message": message, "metadata": metadata});
    let choices = json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]);
    format!(
        "data: {{\"id\":\"gen-scripted\",\"model\":{},\"error\":{error},\"choices\":{choices}}}\n\n",
        Value::from(model)
    )
}

/// An error message that quotes the request, the system message first.
fn repetition(asked: &Value) -> String {
    format!("Invalid request: {}", asked["messages"])
}
