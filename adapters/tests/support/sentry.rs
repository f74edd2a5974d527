//! A server that answers like Sentry's documented Web API, errors and limits included, and keeps
//! book of what it was asked. It listens on 127.0.0.1 and stops when it is dropped.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

/// The organisation there is, and the token that may read it.
pub(crate) const ORGANIZATION: &str = "acme";
pub(crate) const TOKEN: &str = "sntryu_0123456789abcdef";

/// The running server.
pub(crate) struct ReplaySentry {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stopped: Arc<AtomicBool>,
}

/// What it holds, how it behaves, and what happened to it.
#[derive(Default)]
pub(crate) struct State {
    /// The most recently seen first.
    pub issues: Vec<Value>,
    /// Events by issue, the newest first.
    pub events: BTreeMap<String, Vec<Value>>,
    pub projects: Vec<Value>,
    /// Which issue now answers for which.
    pub merged: BTreeMap<String, String>,
    /// Rows of a page at most, however many are asked for.
    pub page: Option<usize>,
    /// Requests a second, announced and kept to.
    pub limit: Option<u64>,
    /// How long each answer takes.
    pub delay: Duration,
    /// Whether it is a `GlitchTip`: issues below their organisation are 405, their events 500, and
    /// the `Link` header is malformed.
    pub glitchtip: bool,
    pub region: String,
    /// What the next requests whose path ends so are answered with instead.
    pub upsets: VecDeque<(String, Answer)>,
    /// Every request, as `METHOD path?query`.
    pub asked: Vec<String>,
    /// Notes by issue.
    pub notes: Vec<(String, String)>,
    pub in_flight: usize,
    pub most_in_flight: usize,
    /// Requests above the announced limit.
    pub above_limit: usize,
    window: (u64, u64),
}

/// An answer as it goes out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn detail(status: u16, detail: &str) -> Self {
        Self::json(status, &json!({ "detail": detail }))
    }

    fn missing() -> Self {
        Self::detail(404, "The requested resource does not exist")
    }
}

impl ReplaySentry {
    /// With two projects and five issues, one of them with three events.
    pub(crate) fn start() -> Self {
        let shop = json!({"id": "11", "slug": "shop", "name": "Shop", "platform": "python"});
        let till = json!({"id": "12", "slug": "till", "name": "Till", "platform": "javascript"});
        let projects = vec![shop.clone(), till.clone()];
        let server = Self::empty(projects);
        for number in 1..=5 {
            let project = if number == 3 { &till } else { &shop };
            server.add(number, project, if number == 1 { 3 } else { 1 });
        }
        server
    }

    /// With these projects and no issue.
    pub(crate) fn empty(projects: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State {
            projects,
            ..State::default()
        }));
        let stopped = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&state), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (state, stop) = (Arc::clone(&shared), Arc::clone(&stop));
                thread::spawn(move || serve(&stream.unwrap(), address, &state, &stop));
            }
        });
        Self {
            address,
            state,
            stopped,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Adds the issue 1000 + `number`, seen at that second of an hour, with its events.
    pub(crate) fn add(&self, number: usize, project: &Value, events: usize) {
        let id = (1000 + number).to_string();
        let seen = format!(
            "2026-02-01T11:{:02}:{:02}.120000Z",
            number / 60 % 60,
            number % 60
        );
        let issue = json!({
            "id": id, "shareId": null, "shortId": format!("SHOP-{number}"),
            "title": format!("KeyError: 'sku-{number}'"), "culprit": null, "logger": null,
            "permalink": format!("{}/organizations/acme/issues/{id}/", self.url()),
            "level": "error", "status": "unresolved", "substatus": "new", "priority": "high",
            "platform": "python", "project": project, "type": "error",
            "metadata": {"type": "KeyError", "value": format!("'sku-{number}'"), "filename": null},
            "numComments": 0, "assignedTo": null, "annotations": [], "issueType": "error",
            "issueCategory": "error", "isUnhandled": true, "count": "1204", "userCount": 31,
            "firstSeen": seen, "lastSeen": seen, "stats": {"24h": [[1_770_000_000, 4]]},
        });
        let made: Vec<_> = (0..events)
            .map(|nth| event(&id, project, number, nth))
            .collect();
        let mut state = self.state();
        state.events.insert(id, made);
        state.issues.insert(0, issue);
    }

    /// Answers the next request whose path ends with `end` so.
    pub(crate) fn upset(&self, end: &str, answer: Answer) {
        self.state().upsets.push_back((end.to_owned(), answer));
    }

    /// How many requests had a path that ends so.
    pub(crate) fn asked(&self, end: &str) -> usize {
        let path = |line: &String| line.split('?').next().is_some_and(|it| it.ends_with(end));
        self.state().asked.iter().filter(|line| path(line)).count()
    }
}

impl Drop for ReplaySentry {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn event(issue: &str, project: &Value, number: usize, nth: usize) -> Value {
    let frame = |function: &str, in_app: bool| {
        json!({"function": function, "filename": "app/cart.py", "absPath": "/srv/app/cart.py",
            "module": "app.cart", "lineNo": 40 + number, "colNo": null, "inApp": in_app,
            "context": [[40 + number, "    return prices[sku]"]], "vars": {"sku": "'x'"}, "trust": null})
    };
    json!({
        "id": format!("{:032x}", number * 1000 + nth),
        "eventID": format!("{:032x}", number * 1000 + nth),
        "groupID": issue, "projectID": project["id"], "size": 4321,
        "title": format!("KeyError: 'sku-{number}'"), "message": "", "culprit": "app.cart in price",
        "location": "app/cart.py", "platform": "python", "type": "error",
        "dateCreated": format!("2026-02-01T11:00:{:02}Z", 50 - nth),
        "tags": [{"key": "environment", "value": "production"}, {"key": "browser", "value": "Firefox 147"},
            {"key": null, "value": "dropped"}],
        "user": null, "contexts": {"runtime": {"name": "CPython", "version": "3.13.1"}},
        "sdk": {"name": "sentry.python", "version": "2.20.0"}, "release": {"version": "shop@2.4.1"},
        "metadata": {"type": "KeyError"}, "errors": [], "occurrence": null, "_meta": {},
        "entries": [{"type": "exception", "data": {"values": [
            {"type": "KeyError", "value": format!("'sku-{number}'"), "module": null,
             "mechanism": {"type": "generic", "handled": false},
             "stacktrace": {"frames": [frame("serve", false), frame("price", true)]}, "rawStacktrace": null},
        ], "excOmitted": null, "hasSystemFrames": true}}],
    })
}

/// Answers the requests of one connection, one after the other.
fn serve(stream: &TcpStream, address: SocketAddr, state: &Mutex<State>, stop: &AtomicBool) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader) {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let delay = {
            let mut state = state.lock().unwrap();
            state.in_flight += 1;
            state.most_in_flight = state.most_in_flight.max(state.in_flight);
            state
                .asked
                .push(format!("{} {}", request.method, request.target));
            state.delay
        };
        thread::sleep(delay);
        let answer = {
            let mut state = state.lock().unwrap();
            let answer = state.answer(&request, address);
            state.in_flight -= 1;
            answer
        };
        if write(stream, &answer).is_err() {
            return;
        }
    }
}

fn write(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut head = format!(
        "HTTP/1.1 {} -\r\ncontent-length: {}\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes())?;
    stream.write_all(&answer.body)
}

struct Request {
    method: String,
    target: String,
    path: String,
    query: Vec<(String, String)>,
    token: Option<String>,
    body: Value,
}

impl Request {
    fn read(reader: &mut BufReader<&TcpStream>) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let (method, target) = line.trim_end().strip_suffix(" HTTP/1.1")?.split_once(' ')?;
        let (mut length, mut token) = (0, None);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "authorization" => token = value.trim().strip_prefix("Bearer ").map(str::to_owned),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let url = reqwest::Url::parse(&format!("http://x{target}")).ok()?;
        let pairs = url.query_pairs();
        Some(Self {
            method: method.to_owned(),
            target: target.to_owned(),
            path: url.path().to_owned(),
            query: pairs
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
            token,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }

    fn query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl State {
    fn answer(&mut self, request: &Request, address: SocketAddr) -> Answer {
        let limits = self.count();
        let upset = self
            .upsets
            .iter()
            .position(|(end, _)| request.path.ends_with(end));
        let answer = match upset.and_then(|at| self.upsets.remove(at)) {
            Some((_, answer)) => answer,
            None if limits.as_ref().is_some_and(|it| it.above) => Answer::detail(
                429,
                "You are attempting to use this endpoint too frequently. Limit is N requests in 1 seconds",
            ),
            None => self.route(request, address),
        };
        let Some(limits) = limits else { return answer };
        let name = |end: &str| format!("X-Sentry-Rate-Limit-{end}");
        answer
            .with(&name("Limit"), &limits.limit.to_string())
            .with(&name("Remaining"), &limits.left.to_string())
            .with(&name("Reset"), &limits.reset.to_string())
            .with(&name("ConcurrentLimit"), "10")
            .with(&name("ConcurrentRemaining"), "7")
            .with("Date", &date(limits.reset - 1))
    }

    /// Counts a request in the present second.
    fn count(&mut self) -> Option<Limits> {
        let limit = self.limit?;
        let now = now();
        if self.window.0 != now {
            self.window = (now, 0);
        }
        self.window.1 += 1;
        let above = self.window.1 > limit;
        self.above_limit += usize::from(above);
        Some(Limits {
            limit,
            left: limit.saturating_sub(self.window.1),
            reset: now + 1,
            above,
        })
    }

    fn route(&mut self, request: &Request, address: SocketAddr) -> Answer {
        match request.token.as_deref() {
            None => return Answer::detail(401, "Authentication credentials were not provided."),
            Some(token) if token != TOKEN => return Answer::detail(401, "Invalid token"),
            Some(_) => {}
        }
        let parts: Vec<_> = request.path.trim_matches('/').split('/').collect();
        let Some(parts) = parts.strip_prefix(&["api", "0"]) else {
            return Answer {
                status: 404,
                headers: vec![("content-type".into(), "text/html".into())],
                body: b"<!DOCTYPE html><title>404</title>".to_vec(),
            };
        };
        match *parts {
            ["issues", id] if self.glitchtip => self.issue(id),
            ["issues", id, "events"] if self.glitchtip => self.list_events(id, request),
            ["issues", id, "events", "latest"] if self.glitchtip => self.event(id),
            ["issues", id, "comments"] if self.glitchtip => {
                let text = request.body.pointer("/data/text");
                self.note(id, text)
            }
            ["organizations", ORGANIZATION, ref rest @ ..] => match *rest {
                [] => Answer::json(
                    200,
                    &json!({"id": "77", "slug": ORGANIZATION, "name": "Acme Inc.",
                        "links": {"organizationUrl": "", "regionUrl": self.region}}),
                ),
                ["projects"] => Answer::json(200, &json!(self.projects)),
                ["issues"] => self.list_issues(request, address),
                ["issues", _] if self.glitchtip => Answer::detail(405, "Method Not Allowed"),
                ["issues", ..] if self.glitchtip => Answer::detail(500, "Internal Error"),
                ["issues", id] => self.issue(id),
                ["issues", id, "events"] => self.list_events(id, request),
                ["issues", id, "events", "latest" | "recommended"] => self.event(id),
                ["issues", id, "notes"] if request.method == "POST" => {
                    self.note(id, request.body.get("text"))
                }
                _ => Answer::missing(),
            },
            _ => Answer::missing(),
        }
    }

    /// The issue that now answers to `id`, numeric or short.
    fn find(&self, id: &str) -> Option<&Value> {
        let id = self.merged.get(id).map_or(id, String::as_str);
        let is_it = |issue: &&Value| issue["id"] == id || issue["shortId"] == id;
        self.issues.iter().find(is_it)
    }

    fn issue(&self, id: &str) -> Answer {
        self.find(id)
            .map_or_else(Answer::missing, |it| Answer::json(200, it))
    }

    fn events_of(&self, id: &str) -> Option<&[Value]> {
        let issue = self.find(id)?["id"].as_str()?;
        Some(self.events.get(issue).map_or(&[], Vec::as_slice))
    }

    fn event(&self, id: &str) -> Answer {
        match self.events_of(id) {
            None => Answer::missing(),
            Some([newest, ..]) => Answer::json(200, newest),
            Some([]) => Answer::detail(
                404,
                "No matching event found, try changing the environments, date range, or query.",
            ),
        }
    }

    fn list_events(&self, id: &str, request: &Request) -> Answer {
        let Some(events) = self.events_of(id) else {
            return Answer::missing();
        };
        let most = request.query("per_page").and_then(|it| it.parse().ok());
        let full = request.query("full") == Some("true");
        let rows = events.iter().take(most.unwrap_or(100)).cloned();
        let rows = rows.map(|mut event| {
            if let (false, Some(event)) = (full, event.as_object_mut()) {
                event.remove("entries");
            }
            event
        });
        Answer::json(200, &rows.collect())
    }

    fn note(&mut self, id: &str, text: Option<&Value>) -> Answer {
        let Some(text) = text.and_then(Value::as_str) else {
            return Answer::json(400, &json!({"text": ["This field is required."]}));
        };
        let note = (id.to_owned(), text.to_owned());
        if self.notes.contains(&note) {
            return Answer::detail(400, "You have already posted that comment.");
        }
        self.notes.push(note);
        Answer::json(201, &json!({"id": "1", "type": "note"}))
    }

    fn list_issues(&self, request: &Request, address: SocketAddr) -> Answer {
        let projects: Vec<_> = request
            .query
            .iter()
            .filter(|(key, _)| key == "project")
            .collect();
        if projects
            .iter()
            .any(|(_, id)| self.projects.iter().all(|it| it["id"] != id.as_str()))
        {
            return Answer::detail(400, "Invalid project parameter. Values must be numbers.");
        }
        let Some(query) = request.query("query") else {
            return Answer::detail(400, "these tests want the query to be sent always");
        };
        if query.contains('"') {
            return Answer::detail(400, "Error parsing search query");
        }
        if request
            .query("environment")
            .is_some_and(|it| it != "production")
        {
            return Answer::detail(404, "The requested resource does not exist");
        }
        let period = request.query("statsPeriod").map(is_period);
        if period == Some(false) {
            return Answer::detail(400, "Invalid statsPeriod: 'x'");
        }
        let (offset, back) = match request.query("cursor").map(cursor) {
            None => (0, false),
            Some(Some(place)) => place,
            Some(None) => return Answer::detail(400, "Invalid cursor parameter."),
        };
        let limit = request
            .query("limit")
            .and_then(|it| it.parse().ok())
            .unwrap_or(100);
        let size = limit.min(self.page.unwrap_or(100)).min(100);
        let start = if back {
            offset.saturating_sub(size)
        } else {
            offset
        };
        let of_project = |issue: &&Value| {
            projects.is_empty()
                || projects
                    .iter()
                    .any(|(_, id)| issue["project"]["id"] == id.as_str())
        };
        let found: Vec<_> = self.issues.iter().filter(of_project).collect();
        let rows: Vec<_> = found.iter().skip(start).take(size).collect();
        let next = start + size;
        let one = |rel: &str, to: usize, prev: u8, results: bool| {
            format!(
                "<http://{address}/api/0/organizations/acme/issues/?limit={limit}&cursor=0:{to}:{prev}>; \
                 rel=\"{rel}\"; results=\"{results}\"; cursor=\"0:{to}:{prev}\""
            )
        };
        let both = [
            one("previous", start, 1, start > 0),
            one("next", next, 0, next < found.len()),
        ];
        let links = match (self.glitchtip, next < found.len()) {
            (false, _) => both.join(", "),
            (true, true) => format!("{{'{}'}}", both[1]),
            (true, false) => "{''}".to_owned(),
        };
        Answer::json(200, &json!(rows)).with("Link", &links)
    }
}

struct Limits {
    limit: u64,
    left: u64,
    reset: u64,
    above: bool,
}

/// What Sentry takes for a period: `\d+[smhdw]`.
fn is_period(text: &str) -> bool {
    let count = text.strip_suffix(['s', 'm', 'h', 'd', 'w']);
    count.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where `0:offset:is_prev` leads.
fn cursor(text: &str) -> Option<(usize, bool)> {
    let [_, offset, prev] = text.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    Some((offset.parse().ok()?, prev == "1"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server counts in seconds of the real clock"
)]
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// A `Date` header.
fn date(second: u64) -> String {
    let (days, rest) = (second / 86_400, second % 86_400);
    let weekday =
        ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    // Civil from days, after Howard Hinnant.
    let z = days + 719_468;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let names = [
        "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
    ];
    let year = year_of_era + z / 146_097 * 400 + u64::from(month >= 10);
    format!(
        "{weekday}, {day:02} {} {year} {:02}:{:02}:{:02} GMT",
        names[usize::try_from(month).unwrap()],
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}
