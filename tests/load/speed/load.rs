//! Closed-loop load: so many connections, each asking again as soon as it is answered.

use std::{
    fs,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{Outcome, service::Server};

/// The request of each number.
pub(crate) type Requests = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// These requests in turn.
pub(crate) fn in_turn(requests: Vec<Vec<u8>>) -> Requests {
    Arc::new(move |number| requests[number % requests.len()].clone())
}

/// How hard a server is asked.
pub(crate) struct Load {
    pub connections: usize,
    pub duration: Duration,
}

/// What came of it.
pub(crate) struct Measured {
    pub requests_per_second: f64,
    /// Milliseconds that half of the requests took at most.
    pub p50: f64,
    /// Milliseconds that all but one in a hundred took at most.
    pub p99: f64,
    /// Microseconds of processor time for each request.
    pub cpu: f64,
    /// Resident memory at the end, in MiB.
    pub memory: f64,
}

impl Load {
    /// Asks the requests by their numbers, from 0.
    pub(crate) async fn run(&self, server: &Server, requests: &Requests) -> Outcome<Measured> {
        let (begin, cpu) = (Instant::now(), processor_time(server.process.id())?);
        let mut connections = JoinSet::new();
        for connection in 0..self.connections {
            let (address, until) = (server.address, begin + self.duration);
            let requests = requests.clone();
            let numbers = (connection..).step_by(self.connections);
            connections.spawn(async move {
                let asked = ask(address, numbers.map(|number| requests(number)), until).await;
                asked.map_err(|error| error.to_string())
            });
        }
        let mut latencies = Vec::new();
        while let Some(asked) = connections.join_next().await {
            latencies.extend(asked??);
        }
        let seconds = begin.elapsed().as_secs_f64();
        let used = processor_time(server.process.id())?.saturating_sub(cpu);
        latencies.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let count = latencies.len() as f64;
        let share = |percent: usize| {
            let at = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
            latencies.get(at).map_or(0.0, |it| it.as_secs_f64() * 1e3)
        };
        Ok(Measured {
            requests_per_second: count / seconds,
            p50: share(50),
            p99: share(99),
            cpu: used.as_secs_f64() * 1e6 / count,
            memory: server.memory("VmRSS:")?,
        })
    }
}

/// One connection: how long each request took until the time was up.
async fn ask(
    address: SocketAddr,
    requests: impl Iterator<Item = Vec<u8>>,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let mut connection = Connection::open(address).await?;
    let mut took = Vec::new();
    for request in requests {
        let begin = Instant::now();
        if begin >= until {
            break;
        }
        connection.ask(&request).await?;
        took.push(begin.elapsed());
    }
    Ok(took)
}

/// A connection that is kept, and as little of a client as there can be.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::with_capacity(64 * 1024);
        Ok(Self { stream, buffer })
    }

    /// Sends a request and reads the body of its answer; one that is no success is an error.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Outcome<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let body = loop {
            self.read().await?;
            let end = |four: &[u8]| four == b"\r\n\r\n";
            if let Some(at) = self.buffer.windows(4).position(end) {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..body]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.unwrap_or("0").trim().parse()?;
        while self.buffer.len() < body + length {
            self.read().await?;
        }
        if !head.starts_with("http/1.1 2") {
            let answer = String::from_utf8_lossy(&self.buffer);
            return Err(format!("not a success: {answer}").into());
        }
        Ok(&self.buffer[body..])
    }

    async fn read(&mut self) -> Outcome {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let (headers, length) = (headers.collect::<String>(), body.len());
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// What a process has used of the processor, as Linux counts it: in hundredths of a second.
fn processor_time(process: u32) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|it| it.parse::<u64>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err("could not read the processor time of a server".into());
    };
    Ok(Duration::from_millis(10 * (user + system)))
}
