//! A model that takes its time: it speaks Chat Completions and always says the same.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Starts it and tells its address; it ends with the program. `asked` is told of every question.
pub(crate) fn start(
    pace: Duration,
    asked: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> std::io::Result<String> {
    // All may come at once.
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let listener = socket.listen(4096)?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, pace, asked.clone()));
        }
    });
    Ok(format!("http://{address}/v1"))
}

async fn serve(mut stream: TcpStream, pace: Duration, asked: impl Fn(&str)) -> std::io::Result<()> {
    let answer = answer();
    let mut bytes = Vec::new();
    while let Some(request) = read(&mut stream, &mut bytes).await? {
        if let Some(question) = request {
            asked(&question);
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            stream.write_all(answer.as_bytes()).await?;
        } else {
            let none = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(none.as_bytes()).await?;
        }
    }
    Ok(())
}

/// Reads one request, and of a question its body.
async fn read(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
) -> std::io::Result<Option<Option<String>>> {
    loop {
        if let Some(head) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|it| it.trim().parse().ok()).unwrap_or(0);
            if bytes.len() >= head + 4 + length {
                let body = &bytes[head + 4..head + 4 + length];
                let question = String::from_utf8_lossy(body).into_owned();
                bytes.drain(..head + 4 + length);
                return Ok(Some(text.starts_with("post ").then_some(question)));
            }
        }
        let mut buffer = vec![0; 16 << 10];
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&buffer[..read]);
    }
}

/// The stream of an answer as it should be, in pieces of a few words.
fn answer() -> String {
    let text = json!({
        "claims": [{"text": "The shelf is missing.", "evidence": ["E1", "F1"], "quotes": ["KeyError"]}],
        "insufficient_evidence": null,
        "summary": "Placing a parcel on a shelf that is not there fails.",
        "root_cause": "The row has no such shelf.",
        "technical_description": "The shelf is taken from the row without a look.",
        "reproduction_steps": ["Place a parcel on a shelf that is not in its row."],
        "suggested_fix": "Add the shelf to the row where it is missing.",
        "code_examples": null,
        "priority": "high",
        "estimated_effort": "1-2 hours",
        "affected_components": ["depot"],
        "related_issues": null,
    })
    .to_string();
    let event = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        format!(
            "data: {}\n\n",
            json!({"id": "1", "model": "slow", "choices": [choice]})
        )
    };
    let characters: Vec<char> = text.chars().collect();
    let mut body: String = characters
        .chunks(40)
        .map(|piece| {
            event(
                json!({"content": piece.iter().collect::<String>()}),
                Value::Null,
            )
        })
        .collect();
    body += &event(json!({}), json!("stop"));
    let usage = json!({"id": "1", "model": "slow", "choices": [],
        "usage": {"prompt_tokens": 900, "completion_tokens": 200}});
    let _ = write!(body, "data: {usage}\n\ndata: [DONE]\n\n");
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
