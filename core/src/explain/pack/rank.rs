//! What is worth more: everything there is to tell, the most telling first.

use super::{
    Cut, Why,
    folds::{Fold, folds},
    render::Part,
};
use crate::domain::{DataClass, DataPolicy, Event, Evidence, EvidenceId, EvidenceKind};

/// One piece that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Header,
    Message,
    Exception(usize),
    /// A frame: with source and locals, or in one line.
    Frame {
        index: usize,
        whole: bool,
    },
    Fold(Fold),
    /// The breadcrumb with this index from the newest.
    Breadcrumb(usize),
    RequestLine,
    RequestPart(Part),
    Tag(usize),
    Context(usize),
}

/// A piece and what it may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) what: What,
    /// Hundredths of the budget it may take at most.
    pub(super) share: usize,
}

/// How many in-app frames near the culprit are told with source and locals.
const NEAR: usize = 6;
/// How many breadcrumbs come before what is told of the request.
const NEWEST: usize = 10;

/// Everything there is to tell and may be told, the most telling first, and how many of the first
/// have to be told.
pub(super) fn ranked(evidence: &Evidence, policy: DataPolicy) -> (Vec<Ask>, usize) {
    let event = &evidence.event;
    let folds = folds(evidence);
    let culprit = evidence
        .culprit
        .or(Some(0))
        .filter(|index| *index < evidence.frames.len());
    let roots = roots(event);
    let near = near(evidence, culprit, &folds);
    let message = has_message(evidence).then_some(What::Message);
    let alone = event.exceptions.is_empty();
    let told = |name: &str| policy.allows(DataClass::User) || !is_user(name);
    let whole = |index| What::Frame { index, whole: true };
    let line = |index| What::Frame {
        index,
        whole: false,
    };

    let mut asks = Asks(Vec::new());
    asks.add(40, culprit.map(whole));
    asks.add(20, roots.iter().copied().map(What::Exception));
    asks.add(30, message.filter(|_| alone));
    asks.add(12, [What::Header]);
    let must = asks.0.len();

    asks.add(8, near.iter().copied().map(whole));
    let others = (0..event.exceptions.len()).filter(|index| !roots.contains(index));
    asks.add(8, others.map(What::Exception));
    let crumbs = event.breadcrumbs.len();
    asks.add(4, (0..crumbs.min(NEWEST)).map(What::Breadcrumb));
    asks.add(5, event.request.iter().map(|_| What::RequestLine));
    let tags = event
        .tags
        .iter()
        .enumerate()
        .filter(|(_, (key, _))| told(key));
    asks.add(2, tags.map(|(index, _)| What::Tag(index)));
    asks.add(10, message.filter(|_| !alone));
    asks.add(2, folds.iter().copied().map(What::Fold));
    let others = unfolded(evidence, &folds).filter(|index| Some(*index) != culprit);
    asks.add(3, others.filter(|index| !near.contains(index)).map(line));
    let contexts = contexts(event)
        .enumerate()
        .filter(|(_, (name, _))| told(name));
    asks.add(5, contexts.map(|(index, _)| What::Context(index)));
    let parts = parts(event).filter(|part| policy.allows(part.class()));
    asks.add(10, parts.map(What::RequestPart));
    asks.add(2, (crumbs.min(NEWEST)..crumbs).map(What::Breadcrumb));
    (asks.0, must)
}

struct Asks(Vec<Ask>);

impl Asks {
    fn add(&mut self, share: usize, whats: impl IntoIterator<Item = What>) {
        self.0
            .extend(whats.into_iter().map(|what| Ask { what, share }));
    }
}

/// What the policy keeps back, of what there is.
pub(super) fn withheld(evidence: &Evidence, policy: DataPolicy) -> Vec<Cut> {
    let event = &evidence.event;
    let mut cut = Vec::new();
    let mut keep = |what: String, class| {
        if !policy.allows(class) {
            cut.push(Cut {
                what,
                why: Why::Policy(class),
            });
        }
    };
    let mut frames = (0..evidence.frames.len()).filter_map(|index| evidence.frame(index));
    if frames.any(|frame| !frame.locals.is_empty()) {
        keep("locals".to_owned(), DataClass::Locals);
    }
    if event.breadcrumbs.iter().any(|crumb| !crumb.data.is_empty()) {
        keep("breadcrumb data".to_owned(), DataClass::BreadcrumbData);
    }
    for part in parts(event) {
        keep(part.name().to_owned(), part.class());
    }
    for (index, (key, _)) in event.tags.iter().enumerate() {
        if is_user(key) {
            keep(What::Tag(index).name(), DataClass::User);
        }
    }
    for (index, (name, _)) in contexts(event).enumerate() {
        if is_user(name) {
            keep(What::Context(index).name(), DataClass::User);
        }
    }
    cut
}

/// What has numbers `C1`…: the contexts, then the user, then the values attached.
pub(super) fn contexts(event: &Event) -> impl Iterator<Item = (&str, &[(String, String)])> {
    let further = [(USER, &*event.user), ("extra", &*event.extra)];
    let contexts = event
        .contexts
        .iter()
        .map(|(name, values)| (&**name, &**values));
    contexts.chain(further.into_iter().filter(|(_, values)| !values.is_empty()))
}

/// The stack trace as text, where there are no frames to show instead.
pub(super) fn trace_as_text(evidence: &Evidence) -> Option<&str> {
    let trace = evidence.issue.stack_trace.as_deref();
    trace.filter(|trace| evidence.frames.is_empty() && !trace.is_empty())
}

impl What {
    /// Where it is printed: chapters in order, and in them by number.
    pub(super) fn place(self) -> (Chapter, usize, usize) {
        match self {
            Self::Header => (Chapter::Header, 0, 0),
            Self::Message => (Chapter::Message, 0, 0),
            Self::Exception(index) => (Chapter::Exceptions, index, 0),
            Self::Frame { index, .. } => (Chapter::Stack, index, 0),
            Self::Fold(fold) => (Chapter::Stack, fold.first, 0),
            Self::Breadcrumb(index) => (Chapter::Breadcrumbs, index, 0),
            Self::RequestLine => (Chapter::Request, 0, 0),
            Self::RequestPart(part) => (Chapter::Request, 0, 1 + part as usize),
            Self::Tag(index) => (Chapter::Tags, index, 0),
            Self::Context(index) => (Chapter::Contexts, index, 0),
        }
    }

    /// What it is called where it is left out.
    pub(super) fn name(self) -> String {
        match (self, self.id()) {
            (Self::RequestPart(part), _) => part.name().to_owned(),
            (Self::Fold(fold), _) => fold.name(),
            (_, Some(id)) => id.to_string(),
            (_, None) => "header".to_owned(),
        }
    }

    /// The id a claim can name it by.
    pub(super) fn id(self) -> Option<EvidenceId> {
        match self {
            Self::Header | Self::Fold(_) => None,
            Self::Message => Some(EvidenceKind::Message.id(0)),
            Self::Exception(index) => Some(EvidenceKind::Exception.id(index)),
            Self::Frame { index, .. } => Some(EvidenceKind::Frame.id(index)),
            Self::Breadcrumb(index) => Some(EvidenceKind::Breadcrumb.id(index)),
            Self::RequestLine | Self::RequestPart(_) => Some(EvidenceKind::Request.id(0)),
            Self::Tag(index) => Some(EvidenceKind::Tag.id(index)),
            Self::Context(index) => Some(EvidenceKind::Context.id(index)),
        }
    }
}

/// The chapters of the packed text, in reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Chapter {
    Header,
    Message,
    Exceptions,
    Stack,
    Breadcrumbs,
    Request,
    Tags,
    Contexts,
}

impl Chapter {
    /// The line it begins with.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Header => "",
            Self::Message => "\n## Message\n",
            Self::Exceptions => "\n## Exceptions, root cause first\n",
            Self::Stack => "\n## Stack, newest call first\n",
            Self::Breadcrumbs => "\n## Breadcrumbs, newest first\n",
            Self::Request => "\n## Request\n",
            Self::Tags => "\n## Tags\n",
            Self::Contexts => "\n## Contexts\n",
        }
    }
}

const USER: &str = "user";

fn has_message(evidence: &Evidence) -> bool {
    let event = &evidence.event;
    let message = event
        .message
        .as_deref()
        .is_some_and(|message| !message.is_empty());
    message || !event.findings.is_empty() || trace_as_text(evidence).is_some()
}

/// The exception the chain began with, and `E1` where that is only a group of others.
fn roots(event: &Event) -> Vec<usize> {
    let root = event
        .exceptions
        .iter()
        .position(|exception| !exception.is_group);
    match (root, event.exceptions.len()) {
        (_, 0) => Vec::new(),
        (None | Some(0), _) => vec![0],
        (Some(root), _) => vec![root, 0],
    }
}

/// The in-app frames nearest to the culprit; where none is in-app, the calls that led to it.
fn near(evidence: &Evidence, culprit: Option<usize>, folds: &[Fold]) -> Vec<usize> {
    let Some(culprit) = culprit else {
        return Vec::new();
    };
    let in_app = |index: usize| {
        evidence
            .frame(index)
            .is_some_and(|frame| frame.in_app == Some(true))
    };
    let others = || unfolded(evidence, folds).filter(|index| *index != culprit);
    let mut near: Vec<usize> = others().filter(|index| in_app(*index)).collect();
    if near.is_empty() {
        near = others().filter(|index| *index > culprit).take(2).collect();
    }
    near.sort_by_key(|index| index.abs_diff(culprit));
    near.truncate(NEAR);
    near
}

/// The frames that are not folded away.
fn unfolded<'e>(evidence: &'e Evidence, folds: &'e [Fold]) -> impl Iterator<Item = usize> + 'e {
    let mut folds = folds.iter().peekable();
    (0..evidence.frames.len()).filter(move |index| {
        while folds.next_if(|fold| fold.last < *index).is_some() {}
        folds.peek().is_none_or(|fold| *index < fold.first)
    })
}

/// Whether a tag or a context tells of the user: `user`, `user.email`…
fn is_user(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or("");
    first.eq_ignore_ascii_case(USER)
}

fn parts(event: &Event) -> impl Iterator<Item = Part> + '_ {
    let parts = [Part::Body, Part::Headers, Part::Cookies, Part::Environment];
    let request = event.request.as_ref();
    parts
        .into_iter()
        .filter(move |part| request.is_some_and(|request| part.is_in(request)))
}
