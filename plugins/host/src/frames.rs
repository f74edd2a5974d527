//! What host and library say to each other, and how it is written to a pipe.
//!
//! The same values go in one process and between two. A frame is a fixed head of 32 bytes, little
//! endian, then a short text, then a body.

use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::MAX_ANSWER;

/// The size of the head, in bytes.
const HEAD: usize = 32;
/// The longest short text, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The largest body, in bytes: an answer of the largest size fits.
const MAX_BODY: usize = MAX_ANSWER;

/// From the host to a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Open an instance, to be called by this number from now on.
    Create {
        id: u64,
        instance: u64,
        settings: Vec<u8>,
    },
    /// Begin a call.
    Call {
        id: u64,
        instance: u64,
        method: String,
        timeout_ms: u32,
        payload: Vec<u8>,
    },
    /// Nobody waits for this call any more.
    Cancel { id: u64, instance: u64 },
    /// End an instance.
    Destroy { instance: u64 },
    /// The answer to a request of [`Report::Http`].
    HttpDone {
        request: u64,
        status: i32,
        head: Vec<u8>,
        body: Vec<u8>,
    },
}

/// From a library to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    /// The library is loaded; its capabilities and its manifest.
    Hello {
        capabilities: u64,
        manifest: Vec<u8>,
    },
    /// The library cannot be loaded, for this reason; the number is an error kind's code.
    Refused { code: i32, why: String },
    /// A call has ended.
    Complete {
        id: u64,
        status: i32,
        payload: Vec<u8>,
    },
    /// A line for the log.
    Log {
        level: i32,
        call: u64,
        target: String,
        message: Vec<u8>,
    },
    /// Please send this HTTP request.
    Http {
        request: u64,
        call: u64,
        head: Vec<u8>,
        body: Vec<u8>,
    },
}

/// A frame as it is written.
#[derive(Default)]
struct Frame<'a> {
    kind: u8,
    number: i32,
    id: u64,
    other: u64,
    text: &'a [u8],
    body: &'a [u8],
}

impl Frame<'_> {
    fn write(&self) -> Vec<u8> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEAD + self.text.len() + self.body.len());
        bytes.extend_from_slice(&length(self.body).to_le_bytes());
        bytes.extend_from_slice(&length(self.text).to_le_bytes());
        bytes.extend_from_slice(&[self.kind, 0, 0, 0]);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.other.to_le_bytes());
        bytes.extend_from_slice(self.text);
        bytes.extend_from_slice(self.body);
        bytes
    }
}

/// The head of a frame that is being read.
struct Head {
    body: usize,
    text: usize,
    kind: u8,
    number: i32,
    id: u64,
    other: u64,
}

impl Head {
    fn read(bytes: &[u8; HEAD]) -> io::Result<Self> {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let eight = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(eight)
        };
        let length = |at: usize| u32::from_le_bytes(four(at)) as usize;
        let head = Self {
            body: length(0),
            text: length(4),
            kind: bytes[8],
            number: i32::from_le_bytes(four(12)),
            id: eight(16),
            other: eight(24),
        };
        if head.text > MAX_TEXT || head.body > MAX_BODY {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a frame is too large",
            ));
        }
        Ok(head)
    }

    fn rest(&self) -> usize {
        self.text + self.body
    }

    fn command(self, mut text: Vec<u8>) -> io::Result<Command> {
        let body = text.split_off(self.text.min(text.len()));
        let (id, instance) = (self.id, self.other);
        Ok(match self.kind {
            1 => Command::Create {
                id,
                instance,
                settings: body,
            },
            2 => Command::Call {
                id,
                instance,
                method: lossy(text),
                timeout_ms: self.number.unsigned_abs(),
                payload: body,
            },
            3 => Command::Cancel { id, instance },
            4 => Command::Destroy { instance },
            5 => Command::HttpDone {
                request: id,
                status: self.number,
                head: text,
                body,
            },
            _ => return Err(unknown()),
        })
    }

    fn report(self, mut text: Vec<u8>) -> io::Result<Report> {
        let body = text.split_off(self.text.min(text.len()));
        Ok(match self.kind {
            1 => Report::Hello {
                capabilities: self.id,
                manifest: body,
            },
            2 => Report::Refused {
                code: self.number,
                why: lossy(body),
            },
            3 => Report::Complete {
                id: self.id,
                status: self.number,
                payload: body,
            },
            4 => Report::Log {
                level: self.number,
                call: self.id,
                target: lossy(text),
                message: body,
            },
            5 => Report::Http {
                request: self.id,
                call: self.other,
                head: text,
                body,
            },
            _ => return Err(unknown()),
        })
    }
}

fn lossy(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into())
}

fn unknown() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame is of no known kind")
}

impl Command {
    /// The frame of this command.
    pub(crate) fn write(&self) -> Vec<u8> {
        let frame = match self {
            Self::Create {
                id,
                instance,
                settings,
            } => Frame {
                kind: 1,
                id: *id,
                other: *instance,
                body: settings,
                ..Frame::default()
            },
            Self::Call {
                id,
                instance,
                method,
                timeout_ms,
                payload,
            } => Frame {
                kind: 2,
                number: i32::try_from(*timeout_ms).unwrap_or(i32::MAX),
                id: *id,
                other: *instance,
                text: method.as_bytes(),
                body: payload,
            },
            Self::Cancel { id, instance } => Frame {
                kind: 3,
                id: *id,
                other: *instance,
                ..Frame::default()
            },
            Self::Destroy { instance } => Frame {
                kind: 4,
                other: *instance,
                ..Frame::default()
            },
            Self::HttpDone {
                request,
                status,
                head,
                body,
            } => Frame {
                kind: 5,
                number: *status,
                id: *request,
                text: head,
                body,
                ..Frame::default()
            },
        };
        frame.write()
    }

    /// Reads the next command; `None` at the end of the pipe.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD];
        match from.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let head = Head::read(&head)?;
        let mut rest = vec![0; head.rest()];
        from.read_exact(&mut rest)?;
        head.command(rest).map(Some)
    }
}

impl Report {
    fn frame(&self) -> Frame<'_> {
        match self {
            Self::Hello {
                capabilities,
                manifest,
            } => Frame {
                kind: 1,
                id: *capabilities,
                body: manifest,
                ..Frame::default()
            },
            Self::Refused { code, why } => Frame {
                kind: 2,
                number: *code,
                body: why.as_bytes(),
                ..Frame::default()
            },
            Self::Complete {
                id,
                status,
                payload,
            } => Frame {
                kind: 3,
                number: *status,
                id: *id,
                body: payload,
                ..Frame::default()
            },
            Self::Log {
                level,
                call,
                target,
                message,
            } => Frame {
                kind: 4,
                number: *level,
                id: *call,
                text: target.as_bytes(),
                body: message,
                ..Frame::default()
            },
            Self::Http {
                request,
                call,
                head,
                body,
            } => Frame {
                kind: 5,
                id: *request,
                other: *call,
                text: head,
                body,
                ..Frame::default()
            },
        }
    }

    /// Writes this report as one frame.
    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&self.frame().write())
    }

    /// Reads the next report; `None` at the end of the pipe.
    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD];
        match from.read_exact(&mut head).await {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let head = Head::read(&head)?;
        let mut rest = vec![0; head.rest()];
        from.read_exact(&mut rest).await?;
        head.report(rest).map(Some)
    }
}
