//! A Sentry that keeps every envelope it is sent.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// It stops when this is dropped.
pub(crate) struct Sentry {
    dsn: String,
    kept: Arc<Mutex<Vec<u8>>>,
    items: Arc<Mutex<Vec<Item>>>,
    _running: oneshot::Sender<()>,
}

/// One item of an envelope.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub kind: String,
    pub body: Value,
}

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// With this status, at once.
    Status(u16),
    /// Not at all, though it takes what it is sent.
    Silent,
}

impl Sentry {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dsn = format!("http://0123abcd@{}/1", listener.local_addr().unwrap());
        let (kept, items) = (Arc::<Mutex<_>>::default(), Arc::<Mutex<_>>::default());
        let keep = (kept.clone(), items.clone());
        let (running, stopped) = oneshot::channel::<()>();
        // A thread of its own: it answers while a test waits for the service to stop.
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(async {
                listener.set_nonblocking(true).unwrap();
                let listener = TcpListener::from_std(listener).unwrap();
                let mut connections = tokio::task::JoinSet::new();
                let serving = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        connections.spawn(serve(stream, manner, keep.0.clone(), keep.1.clone()));
                    }
                };
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            dsn,
            kept,
            items,
            _running: running,
        }
    }

    /// What the service must be told to send here.
    pub(crate) fn dsn(&self) -> &str {
        &self.dsn
    }

    /// Every byte it was sent, headers included.
    pub(crate) fn everything(&self) -> String {
        String::from_utf8_lossy(&self.kept.lock().unwrap()).into_owned()
    }

    /// The bodies of all items of a kind: `event`, `transaction`, `log`…
    pub(crate) fn items(&self, kind: &str) -> Vec<Value> {
        let items = self.items.lock().unwrap();
        let fit = items.iter().filter(|item| item.kind == kind);
        fit.map(|item| item.body.clone()).collect()
    }

    /// The first item of a kind that `fits`, as soon as it is there.
    pub(crate) async fn wait_for(&self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        super::until(kind, async || self.items(kind).into_iter().find(&fits)).await
    }
}

/// Takes one request after the other.
async fn serve(
    stream: TcpStream,
    manner: Manner,
    kept: Arc<Mutex<Vec<u8>>>,
    items: Arc<Mutex<Vec<Item>>>,
) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let before = head.len();
            let Ok(1..) = stream.read_line(&mut head).await else {
                return;
            };
            let line = head[before..].trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        kept.lock()
            .unwrap()
            .extend([head.as_bytes(), &body].concat());
        items.lock().unwrap().extend(read(&body));
        let Manner::Status(status) = manner else {
            tokio::time::sleep(Duration::from_secs(600)).await;
            return;
        };
        let answer = format!(
            "HTTP/1.1 {status} So\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The items of an envelope; it must be one.
fn read(envelope: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    let (header, mut rest) = line(envelope);
    assert!(serde_json::from_slice::<Value>(header).unwrap().is_object());
    while !rest.is_empty() {
        let (header, after) = line(rest);
        let header: Value = serde_json::from_slice(header).unwrap();
        let (body, after) = match header["length"].as_u64() {
            Some(length) => after.split_at(usize::try_from(length).unwrap()),
            None => line(after),
        };
        items.push(Item {
            kind: header["type"].as_str().unwrap().to_owned(),
            body: serde_json::from_slice(body).unwrap(),
        });
        rest = after.strip_prefix(b"\n").unwrap_or(after);
    }
    items
}

fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}
