//! What is known of one issue, every piece with an id that a claim can name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    Event, Issue,
    event::{Exception, Frame},
};

/// What one explanation is made from: the issue and the event that tells most about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evidence {
    /// The issue.
    pub issue: Issue,
    /// The event explained.
    pub event: Event,
    /// Every frame of the event in reading order: root cause first, newest call first.
    /// The frame at index 0 is `F1`.
    pub frames: Vec<FramePlace>,
    /// The index in [`frames`](Self::frames) of the call a developer would look at first.
    pub culprit: Option<usize>,
}

/// Where in an event a frame stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramePlace {
    /// The stack it is on.
    pub stack: Stack,
    /// Its index in that stack's own order.
    pub frame: usize,
}

/// One of an event's stacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// The stack of the exception at this index.
    Exception(usize),
    /// The stack of the thread at this index.
    Thread(usize),
}

impl Evidence {
    /// The frame with the number `index + 1`.
    pub fn frame(&self, index: usize) -> Option<&Frame> {
        let place = self.frames.get(index)?;
        match place.stack {
            Stack::Exception(at) => self.event.exceptions.get(at)?.frames.get(place.frame),
            Stack::Thread(at) => self.event.threads.get(at)?.frames.get(place.frame),
        }
    }

    /// The call a developer would look at first.
    pub fn culprit(&self) -> Option<&Frame> {
        self.frame(self.culprit?)
    }

    /// The exception the chain began with.
    pub fn root_cause(&self) -> Option<&Exception> {
        let exceptions = &self.event.exceptions;
        exceptions
            .iter()
            .find(|exception| !exception.is_group)
            .or_else(|| exceptions.first())
    }
}

/// The id of one piece of evidence: `E1`, `F12`, `R1`…
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EvidenceId {
    /// What kind of piece it is.
    pub kind: EvidenceKind,
    /// Its number within the kind, from 1.
    pub number: u32,
}

/// The kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// `M1`: the logged message, or what a detector found.
    Message,
    /// `E1`…: exceptions, root cause first.
    Exception,
    /// `F1`…: frames, root cause first, newest call first.
    Frame,
    /// `B1`…: breadcrumbs, newest first.
    Breadcrumb,
    /// `R1`: the request.
    Request,
    /// `T1`…: tags, in the order given.
    Tag,
    /// `C1`…: contexts, the user and attached values among them.
    Context,
}

impl EvidenceKind {
    const ALL: [Self; 7] = [
        Self::Message,
        Self::Exception,
        Self::Frame,
        Self::Breadcrumb,
        Self::Request,
        Self::Tag,
        Self::Context,
    ];

    /// The letter ids of this kind begin with.
    pub fn letter(self) -> char {
        match self {
            Self::Message => 'M',
            Self::Exception => 'E',
            Self::Frame => 'F',
            Self::Breadcrumb => 'B',
            Self::Request => 'R',
            Self::Tag => 'T',
            Self::Context => 'C',
        }
    }

    /// The id of the piece at `index` (from 0) within this kind.
    pub fn id(self, index: usize) -> EvidenceId {
        EvidenceId {
            kind: self,
            number: u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1),
        }
    }
}

impl fmt::Display for EvidenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.letter(), self.number)
    }
}

/// Text that is not an evidence id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an evidence id is a letter of MEFBRTC and a number from 1")]
pub struct InvalidEvidenceId;

impl FromStr for EvidenceId {
    type Err = InvalidEvidenceId;

    fn from_str(text: &str) -> Result<Self, InvalidEvidenceId> {
        let mut rest = text.chars();
        let letter = rest.next().ok_or(InvalidEvidenceId)?;
        let kind = EvidenceKind::ALL
            .into_iter()
            .find(|kind| kind.letter() == letter);
        let number = rest.as_str().parse().ok().filter(|number| *number > 0);
        match (kind, number) {
            (Some(kind), Some(number)) => Ok(Self { kind, number }),
            _ => Err(InvalidEvidenceId),
        }
    }
}

impl TryFrom<String> for EvidenceId {
    type Error = InvalidEvidenceId;

    fn try_from(text: String) -> Result<Self, InvalidEvidenceId> {
        text.parse()
    }
}

impl From<EvidenceId> for String {
    fn from(id: EvidenceId) -> Self {
        id.to_string()
    }
}

/// Parts of an event that a workspace may keep from a remote model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataClass {
    /// Local variables of frames.
    Locals,
    /// Body, cookies and form data of the request.
    RequestBody,
    /// Headers of the request.
    Headers,
    /// What is known of the user.
    User,
    /// Values attached to breadcrumbs.
    BreadcrumbData,
}

impl DataClass {
    /// Every class.
    pub const ALL: [Self; 5] = [
        Self::Locals,
        Self::RequestBody,
        Self::Headers,
        Self::User,
        Self::BreadcrumbData,
    ];

    /// The word people configure it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Locals => "locals",
            Self::RequestBody => "request_body",
            Self::Headers => "headers",
            Self::User => "user",
            Self::BreadcrumbData => "breadcrumb_data",
        }
    }
}

/// Which data classes may leave. What belongs to no class always may, redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one switch for each class, as people configure it"
)]
pub struct DataPolicy {
    /// Local variables of frames.
    pub locals: bool,
    /// Body, cookies and form data of the request.
    pub request_body: bool,
    /// Headers of the request.
    pub headers: bool,
    /// What is known of the user.
    pub user: bool,
    /// Values attached to breadcrumbs.
    pub breadcrumb_data: bool,
}

impl DataPolicy {
    /// Everything may go: for a model on one's own machine.
    pub const OPEN: Self = Self {
        locals: true,
        request_body: true,
        headers: true,
        user: true,
        breadcrumb_data: true,
    };

    /// Whether `class` may go, to be changed.
    pub fn of(&mut self, class: DataClass) -> &mut bool {
        match class {
            DataClass::Locals => &mut self.locals,
            DataClass::RequestBody => &mut self.request_body,
            DataClass::Headers => &mut self.headers,
            DataClass::User => &mut self.user,
            DataClass::BreadcrumbData => &mut self.breadcrumb_data,
        }
    }

    /// The classes that may not go.
    pub fn withheld(&self) -> impl Iterator<Item = DataClass> + '_ {
        DataClass::ALL
            .into_iter()
            .filter(|class| !self.allows(*class))
    }

    /// Whether `class` may go.
    pub fn allows(&self, class: DataClass) -> bool {
        match class {
            DataClass::Locals => self.locals,
            DataClass::RequestBody => self.request_body,
            DataClass::Headers => self.headers,
            DataClass::User => self.user,
            DataClass::BreadcrumbData => self.breadcrumb_data,
        }
    }
}

impl Default for DataPolicy {
    /// What may go to a remote model unless a workspace says otherwise.
    fn default() -> Self {
        Self {
            locals: false,
            request_body: false,
            headers: true,
            user: false,
            breadcrumb_data: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evidence_id_reads_back_as_it_is_written() {
        for kind in EvidenceKind::ALL {
            let id = kind.id(11);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for bad in ["", "F", "F0", "X1", "1F", "F-1", "F1.5", "f1", "É1"] {
            assert_eq!(bad.parse::<EvidenceId>(), Err(InvalidEvidenceId), "{bad:?}");
        }
    }
}
