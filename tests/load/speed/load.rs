//! Closed-loop load: so many connections, each asking again as soon as it is answered.

use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{Outcome, place::Place};

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
    /// Asks `place` the requests in turn.
    pub(crate) async fn run(&self, place: &Place, requests: &[Vec<u8>]) -> Outcome<Measured> {
        let (begin, cpu) = (Instant::now(), processor_time(place.process())?);
        let mut connections = JoinSet::new();
        for connection in 0..self.connections {
            let (address, until) = (place.address, begin + self.duration);
            let requests: Vec<Vec<u8>> = requests.to_vec();
            let step = self.connections;
            connections.spawn(async move {
                let turns = requests.iter().cycle().skip(connection).step_by(step);
                let asked = ask(address, turns, until).await;
                asked.map_err(|error| error.to_string())
            });
        }
        let mut latencies = Vec::new();
        while let Some(asked) = connections.join_next().await {
            latencies.extend(asked??);
        }
        let seconds = begin.elapsed().as_secs_f64();
        let used = processor_time(place.process())?.saturating_sub(cpu);
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
            memory: resident(place.process())?,
        })
    }
}

/// One connection: how long each request took until the time was up.
async fn ask<'a>(
    address: SocketAddr,
    requests: impl Iterator<Item = &'a Vec<u8>>,
    until: Instant,
) -> Outcome<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(64 * 1024);
    let mut took = Vec::new();
    for request in requests {
        let begin = Instant::now();
        if begin >= until {
            break;
        }
        stream.write_all(request).await?;
        answer(&mut stream, &mut buffer).await?;
        took.push(begin.elapsed());
    }
    Ok(took)
}

/// Reads one answer to its end; one that is not a success ends the measurement.
pub(crate) async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome {
    buffer.clear();
    let body = loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..body]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.unwrap_or("0").trim().parse()?;
    while buffer.len() < body + length {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection within an answer".into());
        }
    }
    if !head.starts_with("http/1.1 2") {
        return Err(format!("not a success: {}", String::from_utf8_lossy(buffer)).into());
    }
    Ok(())
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

/// The memory of a process, in MiB.
pub(crate) fn resident(process: u32) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    Ok(kib.ok_or("could not read the memory of a server")? / 1024.0)
}
