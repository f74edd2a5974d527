//! One occurrence of an issue, in one shape whatever the source sent.
//!
//! Every field may be missing. Reading the shapes that sources send is [`mod@crate::explain::collect`]'s.

use serde::{Deserialize, Serialize};

use super::{Level, Timestamp};

/// One occurrence of an issue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// The event's id, usually 32 hex digits.
    pub id: Option<String>,
    /// The id of the issue it belongs to, where the source says it.
    pub issue_id: Option<String>,
    /// The project it belongs to, where the source says it.
    pub project_id: Option<String>,
    /// The title the source gave it.
    pub title: Option<String>,
    /// The logged message with its parameters filled in.
    pub message: Option<String>,
    /// Where it happened, as the source says it.
    pub culprit: Option<String>,
    /// How bad it is.
    pub level: Level,
    /// The language or runtime.
    pub platform: Option<String>,
    /// The logger that reported it.
    pub logger: Option<String>,
    /// The route or task that was running.
    pub transaction: Option<String>,
    /// The version of the program.
    pub release: Option<String>,
    /// `production`, `staging`…
    pub environment: Option<String>,
    /// The machine it happened on.
    pub server_name: Option<String>,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// Name and version of the SDK that sent it.
    pub sdk: Option<String>,
    /// The exceptions, root cause first, the one that reached the top last.
    pub exceptions: Vec<Exception>,
    /// Stacks that belong to no exception: of threads, or of the event itself.
    pub threads: Vec<Thread>,
    /// What happened before, oldest first.
    pub breadcrumbs: Vec<Breadcrumb>,
    /// The HTTP request being served.
    pub request: Option<Request>,
    /// What is known of the user: `id`, `email`, `ip_address`…
    pub user: Vec<(String, String)>,
    /// Tags, in the order given.
    pub tags: Vec<(String, String)>,
    /// Contexts (`os`, `runtime`, `trace`, own ones), each as flat `key: value` pairs.
    pub contexts: Vec<(String, Vec<(String, String)>)>,
    /// Further values the program attached.
    pub extra: Vec<(String, String)>,
    /// What a performance detector found (`occurrence.evidenceDisplay`), a CSP report, and the like.
    pub findings: Vec<(String, String)>,
    /// The grouping the program asked for.
    pub fingerprint: Vec<String>,
}

/// One exception of the chain.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exception {
    /// The class or code (`KeyError`, `SIGSEGV`).
    pub kind: Option<String>,
    /// The message.
    pub value: Option<String>,
    /// The module or package the class lives in.
    pub module: Option<String>,
    /// How it was caught.
    pub mechanism: Option<String>,
    /// Whether the program dealt with it; `None` when unknown.
    pub handled: Option<bool>,
    /// Whether it only groups others (`ExceptionGroup`, `AggregateError`).
    pub is_group: bool,
    /// Its frames, oldest call first, the frame that raised last.
    pub frames: Vec<Frame>,
}

/// One call on a stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// The function, as demangled as the source could.
    pub function: Option<String>,
    /// The module, class or package of the function.
    pub module: Option<String>,
    /// The file, relative where the source knows that.
    pub file: Option<String>,
    /// The file with its whole path.
    pub abs_path: Option<String>,
    /// The library or image it was loaded from.
    pub package: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
    /// The instruction address of native code (`0x…`).
    pub address: Option<String>,
    /// Whether it is the program's own code and not a library's; `None` when nobody said.
    pub in_app: Option<bool>,
    /// Source lines around the call, with their numbers, in order.
    pub context: Vec<(u32, String)>,
    /// Local variables by name, each as the text the source gave.
    pub locals: Vec<(String, String)>,
}

/// A thread's stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thread {
    /// Its name or number.
    pub name: Option<String>,
    /// Whether it is the one that crashed.
    pub crashed: bool,
    /// Whether it is the one that reported.
    pub current: bool,
    /// Its frames, oldest call first.
    pub frames: Vec<Frame>,
}

/// One thing that happened before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breadcrumb {
    /// When.
    pub timestamp: Option<Timestamp>,
    /// What kind of thing: `http`, `query`, `ui.click`…
    pub category: Option<String>,
    /// How bad, where that was said.
    pub level: Option<Level>,
    /// What happened.
    pub message: Option<String>,
    /// Further values, flat.
    pub data: Vec<(String, String)>,
}

/// The HTTP request being served.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// `GET`, `POST`…
    pub method: Option<String>,
    /// The URL without its query.
    pub url: Option<String>,
    /// The query, as sent.
    pub query: Option<String>,
    /// The body, as the source gave it.
    pub body: Option<String>,
    /// The headers, in the order given.
    pub headers: Vec<(String, String)>,
    /// The cookies, as sent.
    pub cookies: Option<String>,
    /// What the server told of itself.
    pub env: Vec<(String, String)>,
}

impl Frame {
    /// The best name of its file there is: the relative one, the absolute one, the module.
    pub fn place(&self) -> Option<&str> {
        let file = self.file.as_deref().or(self.abs_path.as_deref());
        file.or(self.module.as_deref()).or(self.package.as_deref())
    }
}
