//! A key-set server on loopback that remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore},
};

#[derive(Default)]
struct Script {
    body: Option<String>,
    paths: Vec<String>,
}

pub(super) struct KeyServer {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    /// Notified of each request.
    asked: Arc<Notify>,
    /// One permit for each answer that may leave.
    answers: Arc<Semaphore>,
}

type KeyFile = (&'static str, &'static [u8], Algorithm);

impl KeyServer {
    pub async fn start(keys: &[KeyFile]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (script, asked) = (Arc::<Mutex<Script>>::default(), Arc::<Notify>::default());
        let answers = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let server = Self { address, script: script.clone(), asked: asked.clone(), answers: answers.clone() };
        server.serve(keys);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, script.clone(), asked.clone(), answers.clone()));
            }
        });
        server
    }

    /// Holds all answers until it is released.
    pub fn hold(&self) {
        self.answers.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn release(&self) {
        self.answers.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Waits for a request.
    pub async fn is_asked(&self) {
        self.asked.notified().await;
    }

    pub fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub fn serve(&self, keys: &[KeyFile]) {
        let keys: Vec<_> = keys.iter().map(jwk).collect();
        // An unknown kind of key must not affect the others.
        let unknown = json!({"kty": "FUTURE", "kid": "x"});
        let keys = keys.into_iter().chain([unknown]).collect::<Vec<_>>();
        self.serve_text(json!({"keys": keys}).to_string());
    }

    pub fn serve_text(&self, text: String) {
        self.script.lock().unwrap().body = Some(text);
    }

    pub fn fail(&self) {
        self.script.lock().unwrap().body = None;
    }

    pub fn paths(&self) -> Vec<String> {
        self.script.lock().unwrap().paths.clone()
    }
}

fn jwk(&(kid, pem, algorithm): &KeyFile) -> serde_json::Value {
    let key = match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem).unwrap(),
        _ => EncodingKey::from_rsa_pem(pem).unwrap(),
    };
    let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
    jwk.common.key_id = Some(kid.to_owned());
    serde_json::to_value(jwk).unwrap()
}

async fn answer(mut socket: TcpStream, script: Arc<Mutex<Script>>, asked: Arc<Notify>, answers: Arc<Semaphore>) {
    let mut lines = BufReader::new(&mut socket).lines();
    let request = lines.next_line().await.unwrap().unwrap_or_default();
    while lines.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = {
        let mut script = script.lock().unwrap();
        script.paths.push(path);
        script.body.clone()
    };
    asked.notify_one();
    let _permit = answers.acquire().await.unwrap();
    let (status, body) = body.map_or(("503 Away", String::new()), |body| ("200 OK", body));
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let _ = socket.write_all(answer.as_bytes()).await;
}
