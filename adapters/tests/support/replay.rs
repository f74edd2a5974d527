//! A server that replays what real ones answer, byte by byte, and remembers what it was asked.
//!
//! It speaks plain HTTP on 127.0.0.1, one request to a connection, and stops with its owner. The
//! file stands alone, so that other test programs can have it by its path.

use std::{
    collections::HashMap,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A running server; it stops when this is dropped.
pub(crate) struct Replay {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    script: HashMap<String, Vec<Reply>>,
    asked: Vec<Asked>,
    /// Requests being answered, and the most there were at once.
    busy: usize,
    most: usize,
}

/// One request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub path: String,
    /// The head as it came, in lower case.
    pub head: String,
    /// The body; null where there was none.
    pub body: Value,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub pieces: Vec<Vec<u8>>,
    /// How long before the status.
    pub before: Duration,
    /// How long between two pieces.
    pub between: Duration,
    pub end: End,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As it should.
    Well,
    /// Before it began: the connection is closed without a word.
    Mute,
    /// The connection is gone before the body is whole.
    Cut,
    /// Nothing more comes, and the connection stays.
    Silence,
    /// The last piece comes again and again.
    Never,
}

impl Reply {
    /// These pieces with this status and content type.
    pub(crate) fn new(status: u16, content_type: &str, pieces: &[&str]) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            pieces: pieces
                .iter()
                .map(|piece| piece.as_bytes().to_vec())
                .collect(),
            before: Duration::ZERO,
            between: Duration::ZERO,
            end: End::Well,
        }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", &[&body.to_string()])
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// The same bytes, sent one by one.
    pub(crate) fn byte_by_byte(mut self) -> Self {
        self.pieces = self.pieces.concat().chunks(1).map(<[u8]>::to_vec).collect();
        self
    }

    pub(crate) fn slow(mut self, before: Duration, between: Duration) -> Self {
        (self.before, self.between) = (before, between);
        self
    }
}

impl Replay {
    /// A server that knows nothing yet: every path is a 404 without a body.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self {
            address,
            state,
            serving,
        }
    }

    /// From now on `path` is answered with these in turn; the last one stays.
    pub(crate) fn on(&self, path: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        self.state
            .lock()
            .unwrap()
            .script
            .insert(path.to_owned(), replies);
    }

    /// Where it answers: `http://127.0.0.1:…`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How many requests it had to answer at the same time, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().most
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    let reply = {
        let mut state = state.lock().unwrap();
        state.asked.push(asked.clone());
        state.busy += 1;
        state.most = state.most.max(state.busy);
        match state.script.get_mut(&asked.path) {
            Some(replies) if replies.len() > 1 => replies.remove(0),
            Some(replies) => replies[0].clone(),
            None => Reply::new(404, "text/plain", &[]),
        }
    };
    // Whoever asked may be gone.
    let _ = answer(&mut stream, reply).await;
    state.lock().unwrap().busy -= 1;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut buffer = vec![0; 16 << 10];
        let read = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |it| it.trim().parse().unwrap());
            bytes.drain(..end + 4);
            break (head, length);
        }
    };
    while bytes.len() < length {
        let mut buffer = vec![0; 16 << 10];
        let read = stream
            .read(&mut buffer)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Some(Asked { path, head, body })
}

async fn answer(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    tokio::time::sleep(reply.before).await;
    if reply.end == End::Mute {
        return stream.shutdown().await;
    }
    let mut head = format!("HTTP/1.1 {} Replayed\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("transfer-encoding: chunked\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    for (number, piece) in reply.pieces.iter().enumerate() {
        if number > 0 {
            tokio::time::sleep(reply.between).await;
        }
        send(stream, piece).await?;
    }
    match reply.end {
        End::Well => stream.write_all(b"0\r\n\r\n").await?,
        End::Cut | End::Mute => {}
        End::Silence => {
            // Until the other side has gone.
            while stream.read(&mut [0; 64]).await? > 0 {}
        }
        End::Never => loop {
            send(stream, reply.pieces.last().map_or(b"x", Vec::as_slice)).await?;
        },
    }
    stream.shutdown().await
}

async fn send(stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
    if piece.is_empty() {
        return Ok(());
    }
    let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
    chunk.extend_from_slice(piece);
    chunk.extend_from_slice(b"\r\n");
    stream.write_all(&chunk).await?;
    stream.flush().await
}
