//! A server that keeps what it is sent: every byte, and what can be read out of it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// It stops when this is dropped.
pub(crate) struct Capture<T> {
    address: SocketAddr,
    kept: Arc<Mutex<Vec<u8>>>,
    items: Arc<Mutex<Vec<T>>>,
    _running: oneshot::Sender<()>,
}

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// With this status, at once.
    Status(u16),
    /// Not at all, though it takes what it is sent.
    Silent,
}

impl<T: Clone + Send + 'static> Capture<T> {
    /// `read` takes the items out of the body of a request.
    pub(crate) fn start(manner: Manner, read: fn(&[u8]) -> Vec<T>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
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
                        let keep = (keep.0.clone(), keep.1.clone());
                        connections.spawn(serve(stream, manner, read, keep.0, keep.1));
                    }
                };
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            kept,
            items,
            _running: running,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every byte it was sent, headers included.
    pub(crate) fn everything(&self) -> String {
        String::from_utf8_lossy(&self.kept.lock().unwrap()).into_owned()
    }

    /// All that was read so far.
    pub(crate) fn items(&self) -> Vec<T> {
        self.items.lock().unwrap().clone()
    }
}

/// Takes one request after the other.
async fn serve<T>(
    stream: TcpStream,
    manner: Manner,
    read: fn(&[u8]) -> Vec<T>,
    kept: Arc<Mutex<Vec<u8>>>,
    items: Arc<Mutex<Vec<T>>>,
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
