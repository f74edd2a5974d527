//! A receiver of webhooks that checks signatures by itself, and misbehaves as it is told to.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How a request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// With this status and a page.
    Status(u16),
    /// With this status and this header.
    With(u16, String),
    /// Not at all; the connection stays.
    Silent,
    /// Not at all; the connection is reset.
    Reset,
    /// 200, and a body that never ends.
    Endless,
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub path: String,
    headers: HashMap<String, String>,
    body: String,
}

/// A running receiver; it stops when this is dropped.
pub(crate) struct Receiver {
    url: String,
    script: Arc<Mutex<VecDeque<Manner>>>,
    posts: Arc<Mutex<Vec<Post>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// One that answers the first requests as `script` says, and all others with 200.
    pub(crate) async fn start(script: &[Manner]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?key=value", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(script.iter().cloned().collect()));
        let posts = Arc::<Mutex<Vec<Post>>>::default();
        let (manners, kept) = (script.clone(), posts.clone());
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, manners.clone(), kept.clone()));
            }
        });
        Self {
            url,
            script,
            posts,
            serving,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From now on the next requests are answered like this.
    pub(crate) fn then(&self, script: &[Manner]) {
        *self.script.lock().unwrap() = script.iter().cloned().collect();
    }

    /// Everything that came in, in order.
    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    /// So many requests at least, once they are there.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Post> {
        super::until(&format!("{count} requests came in"), async || {
            let posts = self.posts();
            (posts.len() >= count).then_some(posts)
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Post {
    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The JSON it carries, if it was signed with `secret` a moment ago.
    pub(crate) fn signed(&self, secret: &str) -> Value {
        assert!(self.is_signed(secret), "{self:?} is not signed with it");
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn is_signed(&self, secret: &str) -> bool {
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let age = now() - timestamp.parse::<i64>().unwrap();
        assert!(!id.is_empty() && (0..60).contains(&age), "{self:?}");
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.unwrap());
        let signed = format!("{id}.{timestamp}.{}", self.body);
        self.header("webhook-signature").split(' ').any(|one| {
            let tag = one.strip_prefix("v1,").map(|tag| STANDARD.decode(tag));
            let Some(Ok(tag)) = tag else { return false };
            hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a receiver goes by its own clock, as others do"
)]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

async fn serve(
    stream: TcpStream,
    script: Arc<Mutex<VecDeque<Manner>>>,
    posts: Arc<Mutex<Vec<Post>>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(post) = read(&mut stream).await {
        posts.lock().unwrap().push(post);
        let manner = script.lock().unwrap().pop_front();
        let answer = match manner.unwrap_or(Manner::Status(200)) {
            Manner::Status(status) => answer(status, "x-nothing: 1"),
            Manner::With(status, header) => answer(status, &header),
            Manner::Silent => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                return;
            }
            Manner::Reset => {
                let _ = stream.get_ref().set_zero_linger();
                return;
            }
            Manner::Endless => {
                let head = "HTTP/1.1 200 So\r\ncontent-length: 9000000000\r\n\r\n";
                let mut sent = stream.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = stream.write_all(&[b'x'; 4096]).await;
                }
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(status: u16, header: &str) -> String {
    let page = "<html>hello</html>";
    let length = page.len();
    format!(
        "HTTP/1.1 {status} So\r\n{header}\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{page}"
    )
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Post> {
    let mut line = String::new();
    stream
        .read_line(&mut line)
        .await
        .ok()
        .filter(|it| *it > 0)?;
    assert!(line.starts_with("POST "), "{line}");
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        stream
            .read_line(&mut line)
            .await
            .ok()
            .filter(|it| *it > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).unwrap();
    Some(Post {
        path,
        headers,
        body,
    })
}
