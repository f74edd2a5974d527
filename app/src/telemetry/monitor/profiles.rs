//! Profiles: where the program spends its processor time while a profiled trace runs.
//!
//! The SDK has none. A thread looks at the whole program a hundred times a second as long as any
//! profiled trace runs, and tells what it saw as a chunk of Sentry's continuous profile; a trace
//! finds its part of it by the profile's id, the time, and the thread it began on.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use explainer_adapters::outbound;
use pprof::{Frames, ProfilerGuard, ProfilerGuardBuilder, Report, Symbol};
use sentry::{
    Client, Envelope, Transaction,
    protocol::TraceContext,
    types::{Uuid, random_uuid},
};
use serde_json::{Map, Value, json};

use super::stacks::is_ours;

/// Looks a second.
const FREQUENCY: i32 = 100;
/// A chunk covers no more than this.
const CHUNK: Duration = Duration::from_secs(10);
/// How many beginnings and ends may wait to be noticed; more are not profiled.
const QUEUE: usize = 256;
/// Libraries that cannot be unwound in a signal handler: a sample that falls into one is skipped.
const NOT_IN: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];

/// Who is told of chunks, and what they are said to be of.
pub(super) struct Chunks {
    pub client: Arc<Client>,
    pub release: String,
    pub environment: String,
}

/// Profiles the traces that are chosen.
pub(super) struct Profiler {
    id: Uuid,
    rate: f32,
    to_thread: SyncSender<Notice>,
}

enum Notice {
    Began,
    Ended,
    /// Tell what there is, and say so.
    Stop(SyncSender<()>),
}

/// A profile of a trace that runs, until this is dropped.
pub(super) struct Taking {
    profiler: Arc<Profiler>,
}

impl Profiler {
    /// Starts the thread; it looks at nothing until a profiled trace begins.
    pub(super) fn start(chunks: Chunks, rate: f32) -> Self {
        let id = random_uuid();
        let (to_thread, notices) = mpsc::sync_channel(QUEUE);
        let run = move || watch(&notices, &chunks, id);
        if let Err(error) = thread::Builder::new()
            .name("profiler".to_owned())
            .spawn(run)
        {
            tracing::warn!(%error, "nothing is profiled: could not start a thread");
        }
        Self {
            id,
            rate,
            to_thread,
        }
    }

    /// Begins to profile a trace that is sent, if it is one of those chosen.
    pub(super) fn take(self: &Arc<Self>, transaction: &Transaction) -> Option<Taking> {
        if !self.chooses(&transaction.get_trace_context()) {
            return None;
        }
        self.to_thread.try_send(Notice::Began).ok()?;
        transaction.set_data("thread.id", thread_id().into());
        let name = thread::current().name().unwrap_or_default().to_owned();
        transaction.set_data("thread.name", name.into());
        Some(Taking {
            profiler: self.clone(),
        })
    }

    /// Span ids are random: the share of them below a bound is the bound's.
    fn chooses(&self, context: &TraceContext) -> bool {
        let id = u32::from_str_radix(context.span_id.to_string().get(..6).unwrap_or("0"), 16);
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        let share = id.unwrap_or_default() as f32 / (1 << 24) as f32;
        share < self.rate
    }

    /// Tells what was seen so far, for at most `patience`. Blocks.
    pub(super) fn stop(&self, patience: Duration) {
        let (done, is_done) = mpsc::sync_channel(1);
        if self.to_thread.try_send(Notice::Stop(done)).is_ok() {
            let _ = is_done.recv_timeout(patience);
        }
    }
}

impl Taking {
    /// What a trace names the profile by.
    pub(super) fn profiler_id(&self) -> String {
        self.profiler.id.simple().to_string()
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        // Where the queue is full the thread looks a while longer than it must: `CHUNK` ends it.
        let _ = self.profiler.to_thread.try_send(Notice::Ended);
    }
}

/// What the thread does: nothing while no profiled trace runs, and else a chunk after the other.
fn watch(notices: &Receiver<Notice>, chunks: &Chunks, id: Uuid) {
    let mut running = 0_u32;
    while let Ok(notice) = notices.recv() {
        match notice {
            Notice::Began => running += 1,
            Notice::Ended => running = running.saturating_sub(1),
            Notice::Stop(done) => drop(done),
        }
        while running > 0 {
            let Some(looking) = look() else {
                running = 0;
                break;
            };
            let stopped = until_ended(notices, &mut running);
            if let Ok(report) = looking.report().build() {
                chunks.tell(&report, id);
            }
            drop(looking);
            if let Some(done) = stopped {
                running = 0;
                drop(done);
            }
        }
    }
}

fn look() -> Option<ProfilerGuard<'static>> {
    let builder = ProfilerGuardBuilder::default().frequency(FREQUENCY);
    match builder.blocklist(&NOT_IN).build() {
        Ok(looking) => Some(looking),
        Err(error) => {
            tracing::warn!(%error, "nothing is profiled: could not start to");
            None
        }
    }
}

/// Waits until no profiled trace runs, the chunk is full, or somebody wants to stop.
fn until_ended(notices: &Receiver<Notice>, running: &mut u32) -> Option<SyncSender<()>> {
    let full = Instant::now() + CHUNK;
    while *running > 0 {
        match notices.recv_timeout(full.saturating_duration_since(Instant::now())) {
            Ok(Notice::Began) => *running += 1,
            Ok(Notice::Ended) => *running -= 1,
            Ok(Notice::Stop(done)) => return Some(done),
            // Ends that did not fit the queue are not waited for twice.
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => *running = 0,
        }
    }
    None
}

impl Chunks {
    fn tell(&self, report: &Report, id: Uuid) {
        let profile = Profile::of(report);
        if profile.samples.is_empty() {
            return;
        }
        let chunk = json!({
            "version": "2",
            "profiler_id": id.simple().to_string(),
            "chunk_id": random_uuid().simple().to_string(),
            "platform": "rust",
            "release": self.release,
            "environment": self.environment,
            "client_sdk": {"name": outbound::USER_AGENT, "version": env!("CARGO_PKG_VERSION")},
            "profile": {
                "samples": profile.samples,
                "stacks": profile.stacks,
                "frames": profile.frames,
                "thread_metadata": profile.threads,
            },
        });
        let chunk = chunk.to_string();
        let length = chunk.len();
        let raw = format!(
            "{{}}\n{{\"type\":\"profile_chunk\",\"platform\":\"rust\",\"length\":{length}}}\n{chunk}\n"
        );
        if let Ok(envelope) = Envelope::from_bytes_raw(raw.into_bytes()) {
            self.client.send_envelope(envelope);
        }
    }
}

/// What was seen, as Sentry wants it
/// (<https://develop.sentry.dev/sdk/telemetry/profiles/sample-format-v2/>).
#[derive(Default)]
struct Profile {
    samples: Vec<Value>,
    stacks: Vec<Vec<usize>>,
    frames: Vec<Value>,
    threads: Map<String, Value>,
    known: HashMap<(String, u32), usize>,
}

impl Profile {
    fn of(report: &Report) -> Self {
        let mut profile = Self::default();
        for (seen, count) in &report.data {
            profile.add(seen, *count);
        }
        let time = |sample: &Value| sample["timestamp"].as_f64().unwrap_or_default();
        profile.samples.sort_by(|a, b| time(a).total_cmp(&time(b)));
        profile
    }

    /// The profiler counts how often it saw the same, and remembers when it first did: the others
    /// are put after that, one beat apart.
    fn add(&mut self, seen: &Frames, count: isize) {
        let symbols: Vec<&Symbol> = seen.frames.iter().flatten().collect();
        let stack = symbols
            .into_iter()
            .map(|symbol| self.frame(symbol))
            .collect();
        let stack_id = self.stacks.len();
        self.stacks.push(stack);
        let thread = seen.thread_id.to_string();
        let first = seen.sample_timestamp.duration_since(UNIX_EPOCH);
        let first = first.unwrap_or_default().as_secs_f64();
        for beat in 0..count.clamp(0, 10_000) {
            #[expect(clippy::cast_precision_loss, reason = "no more than ten thousand")]
            let timestamp = first + beat as f64 / f64::from(FREQUENCY);
            self.samples
                .push(json!({"timestamp": timestamp, "stack_id": stack_id, "thread_id": thread}));
        }
        let name = json!({"name": seen.thread_name});
        self.threads.insert(thread, name);
    }

    fn frame(&mut self, symbol: &Symbol) -> usize {
        let function = symbol.name();
        let key = (function, symbol.lineno.unwrap_or_default());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let path = symbol
            .filename
            .as_ref()
            .map(|path| path.display().to_string());
        let file = path.as_deref().and_then(|path| path.rsplit('/').next());
        let ours = is_ours(&key.0, path.as_deref());
        let mut frame = json!({"function": key.0, "in_app": ours, "platform": "rust"});
        if let Some(file) = file {
            frame["filename"] = file.into();
            frame["abs_path"] = path.clone().into();
        }
        if let Some(line) = symbol.lineno {
            frame["lineno"] = line.into();
        }
        self.frames.push(frame);
        let index = self.frames.len() - 1;
        self.known.insert(key, index);
        index
    }
}

/// This thread as the profiler calls it.
fn thread_id() -> String {
    nix::sys::pthread::pthread_self().to_string()
}
