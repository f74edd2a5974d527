//! A Sentry that the service tells what it does, in the manner that is asked for.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{Outcome, service::Variable};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Manner {
    /// It takes everything at once.
    Takes,
    /// It takes what it is sent and does not answer.
    Silent,
    /// It has enough: 429.
    Full,
    /// It is not there.
    Gone,
}

/// Starts one on the current runtime; gives back the variables that have the service use it, with
/// a tenth of the requests traced.
pub(crate) async fn start(manner: Manner) -> Outcome<Vec<Variable>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    if manner != Manner::Gone {
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, manner));
            }
        });
    }
    Ok(vec![
        ("APP_SENTRY_DSN", format!("http://key@{address}/1")),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "0.1".to_owned()),
    ])
}

async fn serve(stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or_default();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = (&mut stream).take(length);
        tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
        let status = match manner {
            Manner::Takes => 200,
            Manner::Full => 429,
            Manner::Silent | Manner::Gone => std::future::pending().await,
        };
        let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(answer.as_bytes()).await?;
    }
}
