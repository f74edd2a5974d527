//! A mail server that keeps what it is given, and refuses what it is told to (RFC 5321).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// All of it, as it was sent.
    pub text: String,
}

/// A running server; it stops when this is dropped.
pub(crate) struct Mailbox {
    port: String,
    kept: Kept,
    serving: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Kept {
    refusals: Arc<Mutex<VecDeque<u16>>>,
    mails: Arc<Mutex<Vec<Received>>>,
    logins: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    /// One that answers the first recipients with these codes, and takes all others.
    pub(crate) async fn start(refusals: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let kept = Kept::default();
        kept.refusals.lock().unwrap().extend(refusals);
        let keep = kept.clone();
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let talk = talk(stream, keep.clone());
                connections.spawn(async move {
                    let _ = talk.await;
                });
            }
        });
        Self {
            port,
            kept,
            serving,
        }
    }

    /// The variables of a service that sends its mail here.
    pub(crate) fn variables(&self) -> [(&str, &str); 3] {
        [
            ("SMTP_HOST", "127.0.0.1"),
            ("SMTP_PORT", &self.port),
            ("SMTP_TLS", "none"),
        ]
    }

    /// What it was given to let somebody in.
    pub(crate) fn logins(&self) -> Vec<String> {
        self.kept.logins.lock().unwrap().clone()
    }

    /// So many mails at least, once they are there.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        super::until(&format!("{count} mails came in"), async || {
            let mails = self.kept.mails.lock().unwrap().clone();
            (mails.len() >= count).then_some(mails)
        })
        .await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Received {
    /// The value of a header, its folded lines as one; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    }
}

async fn talk(stream: TcpStream, kept: Kept) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test ready\r\n").await?;
    let mut to = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let answer = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME".to_owned(),
            "AUTH" => {
                kept.logins.lock().unwrap().push(line.to_owned());
                "235 welcome".to_owned()
            }
            "RCPT" => match kept.refusals.lock().unwrap().pop_front() {
                Some(code) if code != 250 => format!("{code} not now"),
                _ => {
                    to.push(line["RCPT TO:<".len()..line.len() - 1].to_owned());
                    "250 fine".to_owned()
                }
            },
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let text = text(&mut stream).await?;
                let to = std::mem::take(&mut to);
                kept.mails.lock().unwrap().push(Received { to, text });
                "250 taken".to_owned()
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 fine".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// Up to the line that holds a dot alone.
async fn text(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if line == ".\r\n" || line.is_empty() {
            return Ok(text);
        }
        text += line.strip_prefix('.').unwrap_or(&line);
    }
}
