//! What the rules look at, read off the evidence once.

use super::{
    call::{self, Call},
    failure::{self, CSP, Failure, finding, named},
    family::Family,
    source::{self, Origin},
    trail::{self, Step},
};
use crate::{
    domain::{
        Evidence, EvidenceId, EvidenceKind, Level, Stack,
        event::{Event, Exception},
    },
    explain::render::inline,
};

/// A place that stands this often on one stack calls itself.
const RECURSION: usize = 20;

/// Everything the rules need to know.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub evidence: &'a Evidence,
    pub event: &'a Event,
    pub family: Family,
    pub failure: Failure,
    /// The call to look at first.
    pub crash: Option<Call<'a>>,
    /// The call that raised, where that is another one than the crash (a library's).
    pub raised_in: Option<Call<'a>>,
    /// Own calls that led to the crash, the newest first, each place once.
    pub path: Vec<Call<'a>>,
    /// The function that calls itself.
    pub recursion: Option<Call<'a>>,
    pub trail: Vec<Step<'a>>,
    /// Every frame, in the evidence's order.
    calls: Vec<Call<'a>>,
}

impl<'a> Facts<'a> {
    pub(super) fn read(evidence: &'a Evidence) -> Self {
        let calls = call::read(evidence);
        let failure = Failure::read(evidence);
<<<<<<< HEAD
        let raised_in = failure
            .id
            .and_then(|id| newest_call(evidence, id))
            .or(calls.first().copied());
        let raised_in = raised_in.filter(|first| crash.is_some_and(|crash| crash.id != first.id));
        let places = distinct(&calls);
=======
        let crash = evidence.culprit.map(|at| EvidenceKind::Frame.id(at));
        let crash = calls.iter().find(|call| Some(call.id) == crash).copied();
        let on = |stack: Option<Stack>| calls.iter().filter(move |call| Some(call.stack) == stack);
        let newest = on(failure.id.and_then(stack_of)).next().copied();
        let on_stack: Vec<_> = on(crash.map(|crash| crash.stack)).copied().collect();
        let places = call::distinct(&on_stack);
>>>>>>> heuristics
        let deepest = places.iter().max_by_key(|call| call.times).copied();
        let deep = |call: &Call<'_>| call.times >= RECURSION && call.times * 4 >= on_stack.len();
        Self {
            evidence,
            event: &evidence.event,
            family: Family::of(evidence),
            raised_in: newest.filter(|newest| crash.is_some_and(|crash| crash.id != newest.id)),
            recursion: deepest.filter(|call| call.own && deep(call)),
            path: call::path(places, crash, &calls),
            trail: trail::read(&evidence.event),
            failure,
            crash,
<<<<<<< HEAD
            raised_in,
            path: with_callers(evidence, places),
            recursion: deepest
                .filter(|call| call.times >= RECURSION && call.times * 4 >= calls.len()),
            trail: trail::read(&evidence.event),
=======
            calls,
>>>>>>> heuristics
        }
    }

    /// Whether the crash is on the very stack of the failure, and not on one of an exception that reports it.
    pub(super) fn crash_is_its_own(&self) -> bool {
        self.crash.is_some_and(|crash| {
            self.failure
                .id
                .and_then(stack_of)
                .is_none_or(|own| own == crash.stack)
        })
    }

    /// Whether the failure is what a detector or a browser found, and nothing was raised or logged.
    pub(super) fn is_finding(&self) -> bool {
<<<<<<< HEAD
        self.event.exceptions.is_empty()
            && !self.event.findings.is_empty()
            && self.failure.kind.is_some()
=======
        let found = self.failure.kind.is_some() && !self.event.findings.is_empty();
        found
            && self.event.exceptions.is_empty()
            && (self.failure.message.is_none() || self.is_policy())
    }

    /// Whether it is a browser's report that a content security policy was broken.
    pub(super) fn is_policy(&self) -> bool {
        self.failure.kind.as_deref() == Some(CSP)
>>>>>>> heuristics
    }

    /// The exceptions that report the same failure further up, nearest first.
    pub(super) fn surfaced(&self) -> impl Iterator<Item = (EvidenceId, &'a Exception)> {
        let exceptions = self.event.exceptions.iter().enumerate();
        let root = self.failure.id;
        exceptions
            .map(|(at, exception)| (EvidenceKind::Exception.id(at), exception))
            .skip_while(move |(id, _)| Some(*id) != root)
            .skip(1)
    }

    /// The name of an exception further up; its message only where it says more than the root's.
    pub(super) fn name_above(&self, above: &Exception, max: usize) -> Option<String> {
        let root = self.failure.message.as_deref().unwrap_or_default();
<<<<<<< HEAD
        let said = above
            .value
            .as_deref()
            .map(|value| inline::line(value, MESSAGE));
=======
        let said = failure::message(above);
>>>>>>> heuristics
        let same = said
            .as_deref()
            .is_some_and(|said| !root.is_empty() && said.contains(root));
        let value = said.as_deref().filter(|_| !same || above.kind.is_none());
        named(above.kind.as_deref(), value, max)
    }

    /// Whether the failing line raises by itself, so that the message is the program's own words.
    pub(super) fn throws(&self) -> bool {
<<<<<<< HEAD
        self.raised_in.is_none()
            && self
                .crash
                .and_then(|crash| crash.source())
                .is_some_and(source::throws)
=======
        let line = self
            .crash
            .and_then(|crash| crash.source())
            .filter(|_| self.crash_is_its_own());
        let kind = self.failure.kind.as_deref().unwrap_or_default();
        let logged = self.event.exceptions.is_empty();
        !logged && self.raised_in.is_none() && line.is_some_and(|line| source::throws(line, kind))
>>>>>>> heuristics
    }

    /// Whether it happened in a web page, so that the request is the page and not what was served.
    pub(super) fn is_page(&self) -> bool {
        let browser =
            self.context("browser").is_some() || self.finding(&["document_uri"]).is_some();
        let sent = self
            .event
            .request
            .as_ref()
            .is_some_and(|request| request.method.is_some());
<<<<<<< HEAD
        self.family == Family::JavaScript && !sent && self.event.platform.as_deref() != Some("node")
            || browser && !sent
=======
        !sent && (browser || self.event.platform.as_deref() == Some("javascript"))
>>>>>>> heuristics
    }

    /// Whether words in the message may be taken for its cause: not where the program chose them to
    /// say something of its own, and not in a log line that tells of no error.
    pub(super) fn may_guess(&self) -> bool {
        let logged = self.event.exceptions.is_empty();
        let harmless = logged && self.event.level > Level::Error;
        !harmless && !self.throws()
    }

    /// The newest own call of an exception.
    pub(super) fn frame_of(&self, exception: EvidenceId) -> Option<Call<'a>> {
        let stack = stack_of(exception)?;
        let mut calls = self.calls.iter().filter(|call| call.stack == stack);
        calls
            .clone()
            .find(|call| call.own)
            .or_else(|| calls.next())
            .copied()
    }

    /// Whether nobody caught it: `None` when the evidence does not tell.
    pub(super) fn handled(&self) -> Option<bool> {
        let told = self
            .event
            .exceptions
            .iter()
            .filter_map(|exception| exception.handled);
        told.reduce(|all, one| all && one)
    }

    /// A tag's value and id.
    pub(super) fn tag(&self, name: &str) -> Option<(&'a str, EvidenceId)> {
        let tags = self.event.tags.iter();
        let at = tags
            .clone()
            .position(|(key, value)| key == name && !value.is_empty())?;
        let (_, value) = self.event.tags.get(at)?;
        Some((value, EvidenceKind::Tag.id(at)))
    }

    /// Name and version in a context (`CPython 3.11.7`), with its id.
    pub(super) fn context(&self, name: &str) -> Option<(String, EvidenceId)> {
        let at = self
            .event
            .contexts
            .iter()
            .position(|(key, _)| key == name)?;
        let (_, pairs) = self.event.contexts.get(at)?;
        let value = |wanted: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == wanted)
                .map(|(_, v)| v.as_str())
        };
        let title = value("name").or_else(|| value("model"))?;
        let version = value("version")
            .or_else(|| value("os_version"))
            .unwrap_or_default();
        let both = if title.contains(version) {
            title.to_owned()
        } else {
            format!("{title} {version}")
        };
        let both = inline::line(&both, 80);
        (!both.is_empty()).then(|| (both, EvidenceKind::Context.id(at)))
    }

    /// What a detector or a browser reported under one of these names, in any spelling.
    pub(super) fn finding(&self, names: &[&str]) -> Option<&'a str> {
        finding(self.event, names)
    }

    /// Where `name` got its value before the crash.
    pub(super) fn origin(&self, name: &str) -> Option<Origin<'a>> {
        let frame = self.crash?.frame;
        source::origin(&frame.context, frame.line?, name)
    }
}

<<<<<<< HEAD
impl<'a> Call<'a> {
    fn new(frame: &'a Frame, index: usize) -> Self {
        Self {
            frame,
            id: EvidenceKind::Frame.id(index),
            own: is_own(frame),
            times: 1,
        }
    }

    /// Names the function among all.
    fn function_key(&self) -> (Option<&'a str>, Option<&'a str>) {
        (self.frame.function.as_deref(), self.frame.place())
    }

    /// The line of source that was running, where it is there and readable.
    pub(super) fn source(&self) -> Option<&'a str> {
        let line = self.frame.line?;
        let (_, text) = self
            .frame
            .context
            .iter()
            .find(|(number, _)| *number == line)?;
        let text = text.trim();
        (!text.is_empty() && text.len() <= source::READABLE).then_some(text)
    }

    /// The function as a code span, with its class where the language files by class.
    pub(super) fn function(&self) -> Option<String> {
        let function = inline::line(self.frame.function.as_deref()?, 100);
        let anonymous = matches!(
            function.as_str(),
            "" | "?" | "<anonymous>" | "<unknown>" | "eval"
        );
        (!anonymous).then(|| inline::span(&function))
    }

    /// File and line as a code span.
    pub(super) fn place(&self) -> Option<String> {
        let file = inline::line(self.frame.place()?, 160);
        if file.is_empty() {
            return None;
        }
        let line = self.frame.line.filter(|line| *line > 0);
        Some(inline::span(&line.map_or_else(
            || file.clone(),
            |line| format!("{file}:{line}"),
        )))
    }

    /// Function and place, as far as they are known, with the id: «`load` at `a.py:3` (F1)».
    pub(super) fn cite(&self) -> String {
        format!("{} ({})", self.name(), self.id)
    }

    /// Function and place, as far as they are known.
    pub(super) fn name(&self) -> String {
        match (self.function(), self.place()) {
            (Some(function), Some(place)) => format!("{function} at {place}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => match &self.frame.address {
                Some(address) => format!("address {}", inline::code(address, 24)),
                None => "a frame without a name".to_owned(),
            },
        }
    }

    /// The locals that `line` uses, in the line's order, as Markdown: «`row` = `None`».
    pub(super) fn locals(&self, line: &str) -> Vec<String> {
        let locals = &self.frame.locals;
        let used = source::names(line).into_iter();
        let known = used.filter_map(|name| {
            let bare = |key: &str| key.trim_start_matches(['$', '@']) == name;
            locals.iter().find(|(key, _)| bare(key))
        });
        known
            .filter(|(_, value)| is_data(value))
            .map(|(name, value)| pair(name, value))
            .take(6)
            .collect()
    }

    /// The value of a local.
    pub(super) fn local(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.frame.locals.iter().find(|(key, _)| key == name)?;
        Some(value)
    }
}

/// The own calls among `places`, and after them those of the exceptions the failure surfaced as:
/// where every exception has a stack of its own, the root's ends where it was caught.
fn with_callers<'a>(evidence: &'a Evidence, places: Vec<Call<'a>>) -> Vec<Call<'a>> {
    let mut path: Vec<_> = places.into_iter().filter(|call| call.own).collect();
    let crash = evidence
        .culprit
        .and_then(|at| evidence.frames.get(at))
        .map(|place| place.stack);
    let above =
        evidence
            .frames
            .iter()
            .enumerate()
            .filter(|(_, place)| match (crash, place.stack) {
                (Some(Stack::Exception(crash)), Stack::Exception(at)) => at > crash,
                _ => false,
            });
    let mut seen: HashSet<_> = path.iter().map(Call::function_key).collect();
    for call in above.filter_map(|(at, _)| Some(Call::new(evidence.frame(at)?, at))) {
        if call.own && seen.insert(call.function_key()) {
            path.push(call);
        }
    }
    path
}

/// Whether a local's value says something: code objects and modules do not.
fn is_data(value: &str) -> bool {
    const CODE: [&str; 7] = [
        "<module ",
        "<function ",
        "<class ",
        "<bound method",
        "[Function",
        "<built-in",
        "<method",
    ];
    !CODE.iter().any(|start| value.starts_with(start))
}

/// A named value as Markdown; values whose name says that they are secret are not shown.
pub(super) fn pair(name: &str, value: &str) -> String {
    const SECRET: [&str; 14] = [
        "password",
        "passwd",
        "secret",
        "token",
        "apikey",
        "api_key",
        "authorization",
        "cookie",
        "session",
        "credential",
        "card",
        "cvv",
        "ssn",
        "private",
    ];
    let lower = name.to_ascii_lowercase();
    let secret = !source::is_null(value) && SECRET.iter().any(|word| lower.contains(word));
    let value = inline::code(if secret { "***" } else { value }, 60);
    let value = if value.is_empty() { "nothing" } else { &value };
    format!("{} = {value}", inline::code(name, 60))
}

impl Failure {
    fn read(evidence: &Evidence) -> Self {
        let event = &evidence.event;
        let read = Self::violation(event).or_else(|| Self::finding(evidence));
        read.or_else(|| Self::exception(evidence))
            .unwrap_or_else(|| Self::message(evidence))
    }

    fn exception(evidence: &Evidence) -> Option<Self> {
        let root = evidence.root_cause()?;
        let at = evidence
            .event
            .exceptions
            .iter()
            .position(|one| std::ptr::eq(one, root))?;
        Some(Self {
            kind: text(root.kind.as_deref(), 120),
            message: text(root.value.as_deref(), MESSAGE),
            id: Some(EvidenceKind::Exception.id(at)),
        })
    }

    /// A report of a browser that a content security policy was broken.
    fn violation(event: &Event) -> Option<Self> {
        let directive = finding(event, &["effective_directive", "violated_directive"])?;
        let directive = directive.split_whitespace().next()?;
        let blocked = finding(event, &["blocked_uri"]).unwrap_or("inline");
        let blocked = if matches!(blocked, "" | "self") {
            "inline"
        } else {
            blocked
        };
        Some(Self {
            kind: Some("CSP violation".to_owned()),
            message: text(Some(&format!("{directive} blocked {blocked}")), MESSAGE),
            id: Some(EvidenceKind::Message.id(0)),
        })
    }

    /// What a performance detector found: its title names the problem.
    fn finding(evidence: &Evidence) -> Option<Self> {
        let event = &evidence.event;
        if event.findings.is_empty() || !event.exceptions.is_empty() || event.message.is_some() {
            return None;
        }
        let titles = [
            finding(event, &["title"]),
            event.title.as_deref(),
            Some(&*evidence.issue.title),
        ];
        Some(Self {
            kind: titles.into_iter().find_map(|title| text(title, 120)),
            message: None,
            id: Some(EvidenceKind::Message.id(0)),
        })
    }

    /// A logged message; one that begins like an exception («TypeError: …») is read as one.
    fn message(evidence: &Evidence) -> Self {
        let event = &evidence.event;
        let logged = text(event.message.as_deref(), MESSAGE);
        let id = logged.as_ref().map(|_| EvidenceKind::Message.id(0));
        let title = || text(event.title.as_deref(), MESSAGE);
        let issue = || text(Some(&evidence.issue.title), MESSAGE);
        let message = logged.or_else(title).or_else(issue);
        let split = message
            .as_deref()
            .and_then(|message| message.split_once(": "));
        match split {
            Some((kind, rest)) if is_kind(kind) => Self {
                kind: Some(kind.to_owned()),
                message: Some(rest.to_owned()),
                id,
            },
            _ => Self {
                kind: None,
                message,
                id,
            },
        }
    }

    /// Class and message as a code span.
    pub(super) fn name(&self) -> Option<String> {
        self.named(160)
    }

    /// Class and message as a code span of at most so many characters.
    pub(super) fn named(&self, max: usize) -> Option<String> {
        named(self.kind.as_deref(), self.message.as_deref(), max)
    }
}

/// Whether an exception only groups others.
pub(super) fn is_group(exception: &Exception) -> bool {
    const GROUPS: [&str; 4] = [
        "ExceptionGroup",
        "BaseExceptionGroup",
        "AggregateError",
        "AggregateException",
    ];
    exception.is_group
        || exception
            .kind
            .as_deref()
            .is_some_and(|kind| GROUPS.contains(&kind))
}

/// Class and message of an exception as one code span.
pub(super) fn named(kind: Option<&str>, message: Option<&str>, max: usize) -> Option<String> {
    let filled = |text: Option<&str>| {
        text.map(|text| inline::line(text, max))
            .filter(|t| !t.is_empty())
    };
    let both = match (filled(kind), filled(message)) {
        (Some(kind), Some(message)) => inline::line(&format!("{kind}: {message}"), max),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    Some(inline::span(&both))
}

fn text(value: Option<&str>, max: usize) -> Option<String> {
    value
        .map(|value| inline::line(value, max))
        .filter(|value| !value.is_empty())
}

fn is_kind(word: &str) -> bool {
    let plain = word.len() <= 80
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || "._\\:".contains(c));
    plain
        && ["Error", "Exception", "Fault", "Timeout"]
            .iter()
            .any(|end| word.ends_with(end))
}

fn finding<'a>(event: &'a Event, names: &[&str]) -> Option<&'a str> {
    let same = |key: &str, name: &str| key.replace(['-', ' '], "_").eq_ignore_ascii_case(name);
    names.iter().find_map(|name| {
        let found = event.findings.iter().find(|(key, _)| same(key, name));
        found.map(|(_, value)| value.as_str())
    })
}

/// The calls on an exception's own stack, newest first.
fn calls_of(evidence: &Evidence, exception: EvidenceId) -> impl Iterator<Item = Call<'_>> + Clone {
    let index = usize::try_from(exception.number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let stack = index
        .filter(|_| exception.kind == EvidenceKind::Exception)
        .map(Stack::Exception);
    let places = evidence.frames.iter().enumerate();
    places
        .filter(move |(_, place)| Some(place.stack) == stack)
        .filter_map(|(at, _)| Some(Call::new(evidence.frame(at)?, at)))
}

fn newest_call(evidence: &Evidence, exception: EvidenceId) -> Option<Call<'_>> {
    calls_of(evidence, exception).next()
}

/// The calls of the stack the crash is on, newest first.
fn crash_stack(evidence: &Evidence) -> Vec<Call<'_>> {
    let places = &evidence.frames;
    let Some(crash) = evidence.culprit.and_then(|at| places.get(at)) else {
        return Vec::new();
    };
    let numbered = places.iter().enumerate();
    numbered
        .filter(|(_, place)| place.stack == crash.stack)
        .filter_map(|(index, _)| Some(Call::new(evidence.frame(index)?, index)))
        .collect()
}

/// The same calls, each place once, with how often it stood there.
fn distinct<'a>(calls: &[Call<'a>]) -> Vec<Call<'a>> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut places: Vec<Call<'a>> = Vec::new();
    for call in calls {
        let frame = call.frame;
        let key = (
            frame.function.as_deref(),
            frame.place(),
            frame.line,
            frame.address.as_deref(),
        );
        match seen.get(&key).and_then(|at| places.get_mut(*at)) {
            Some(place) => place.times += 1,
            None => {
                seen.insert(key, places.len());
                places.push(*call);
            }
        }
    }
    places
}

/// Whether a frame is the program's own code: as the source says, else by where its file lies.
fn is_own(frame: &Frame) -> bool {
    const NEVER: [&str; 5] = [
        "<anonymous>",
        "[native code]",
        "chrome-extension:",
        "moz-extension:",
        "safari-web-extension:",
    ];
    const LIBRARIES: [&str; 9] = [
        "site-packages/",
        "dist-packages/",
        "node_modules/",
        "/vendor/",
        "/usr/",
        "/rustc/",
        "/.cargo/",
        "/gems/",
        "<frozen",
    ];
    let place = frame.place().unwrap_or_default();
    let within = |parts: &[&str]| parts.iter().any(|part| place.contains(part));
    let own = frame
        .in_app
        .unwrap_or_else(|| frame.file.is_some() && !within(&LIBRARIES));
    own && !within(&NEVER)
=======
/// The stack of the exception with this id.
fn stack_of(exception: EvidenceId) -> Option<Stack> {
    let index = usize::try_from(exception.number).ok()?.checked_sub(1)?;
    (exception.kind == EvidenceKind::Exception).then_some(Stack::Exception(index))
>>>>>>> heuristics
}
