//! The lines of a body that comes in pieces: whole, however the pieces were cut, and never more
//! than an answer may have.

use reqwest::Response;

/// The most bytes that are read of one answer, and of any one line. Around each token of text
/// there are up to some hundred bytes of protocol.
const LIMIT: usize = 16 << 20;

/// A body, read line by line.
pub(super) struct Lines {
    response: Response,
    buffer: Vec<u8>,
    /// How much of the buffer is known to hold no line end.
    searched: usize,
    /// How much may still be read.
    left: usize,
    ended: bool,
}

/// Why there is no next line.
#[derive(Debug)]
pub(super) enum Broken {
    /// There is no end to it.
    TooLong,
    /// The connection was lost.
    Lost(reqwest::Error),
}

impl Lines {
    /// Those of an answer, which ends some day.
    pub(super) fn of(response: Response) -> Self {
        Self::up_to(LIMIT, response)
    }

    /// Those of a report on something that takes as long as it takes.
    #[cfg(feature = "llm-ollama")]
    pub(super) fn without_end(response: Response) -> Self {
        Self::up_to(usize::MAX, response)
    }

    fn up_to(left: usize, response: Response) -> Self {
        Self {
            response,
            buffer: Vec::new(),
            searched: 0,
            left,
            ended: false,
        }
    }

    /// Whether the body has ended: a line that was given after that had no end of its own.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The next line without its end; `None` once there is no more.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        loop {
            let fresh = &self.buffer[self.searched..];
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(self.searched + end + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                self.searched = 0;
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            self.searched = self.buffer.len();
            if self.ended {
                self.searched = 0;
                let last = std::mem::take(&mut self.buffer);
                return Ok((!last.is_empty()).then_some(last));
            }
            match self.response.chunk().await.map_err(Broken::Lost)? {
                Some(piece) => {
                    let fits = self.left >= piece.len() && self.buffer.len() <= LIMIT;
                    if !fits {
                        return Err(Broken::TooLong);
                    }
                    self.left -= piece.len();
                    self.buffer.extend_from_slice(&piece);
                }
                None => self.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use reqwest::Body;

    use super::*;

    async fn lines_of(pieces: &[&'static str]) -> Vec<String> {
        let pieces = pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece));
        let body = Body::wrap_stream(stream::iter(pieces.collect::<Vec<_>>()));
        let mut lines = Lines::of(http::Response::new(body).into());
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(String::from_utf8(line).unwrap());
        }
        found
    }

    #[tokio::test]
    async fn lines_are_whole_however_they_were_cut() {
        assert_eq!(
            lines_of(&["a\nb", "b\r", "\n\nc"]).await,
            ["a", "bb", "", "c"]
        );
        assert_eq!(lines_of(&["", "\n"]).await, [""]);
        assert_eq!(lines_of(&[]).await, [""; 0]);
    }

    #[tokio::test]
    async fn a_body_without_end_is_given_up() {
        let forever = stream::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1 << 16)));
        let mut lines = Lines::of(http::Response::new(Body::wrap_stream(forever)).into());
        assert!(matches!(lines.next().await, Err(Broken::TooLong)));
    }
}
