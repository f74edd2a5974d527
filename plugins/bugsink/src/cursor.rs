//! Pages of the size one asks for, cut out of Bugsink's, which are of one size.
//!
//! A cursor is a place in one of Bugsink's pages: `0.25.` is the 26th of the first one,
//! `0.25.cD0y` the 26th of the one that Bugsink's cursor `cD0y` leads to, `1.25.cD0y` the 25th
//! from its end.

use std::ops::Range;

use explainer_plugin_sdk::Error;

use crate::api::{Listed, cursor_of};

/// The longest cursor of Bugsink, in bytes.
const MAX_UPSTREAM: usize = 500;

/// A place in one of Bugsink's pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    upstream: Option<String>,
    place: usize,
    from_end: bool,
}

impl Cursor {
    pub(crate) fn read(text: Option<&str>) -> Result<Self, Error> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let read = || {
            let (end, rest) = text.split_once('.')?;
            let (place, upstream) = rest.split_once('.')?;
            let plain = |c: char| c.is_ascii_alphanumeric() || "%-_".contains(c);
            let is_cursor = upstream.len() <= MAX_UPSTREAM && upstream.chars().all(plain);
            is_cursor.then_some(Self {
                upstream: Some(upstream.to_owned()).filter(|it| !it.is_empty()),
                place: place.parse().ok().filter(|place| *place <= 10_000)?,
                from_end: match end {
                    "0" => false,
                    "1" => true,
                    _ => return None,
                },
            })
        };
        read().ok_or_else(foreign)
    }

    fn write(&self) -> String {
        let end = u8::from(self.from_end);
        let upstream = self.upstream.as_deref().unwrap_or_default();
        format!("{end}.{}.{upstream}", self.place)
    }

    /// Bugsink's own cursor.
    pub(crate) fn upstream(&self) -> Option<&str> {
        self.upstream.as_deref()
    }

    /// Which of the listed to show, and the cursors of the pages after and before.
    pub(crate) fn cut<T>(
        &self,
        listed: &Listed<T>,
        limit: u16,
    ) -> (Range<usize>, Option<String>, Option<String>) {
        let (length, limit) = (listed.results.len(), usize::from(limit));
        let start = if self.from_end {
            length.saturating_sub(self.place)
        } else {
            self.place.min(length)
        };
        let end = start.saturating_add(limit).min(length);
        let here = |place| Self {
            place,
            from_end: false,
            ..self.clone()
        };
        let there = |address: &Option<String>, place, from_end| {
            let upstream = address.as_deref().and_then(cursor_of);
            upstream.map(|upstream| Self {
                upstream: Some(upstream.to_owned()),
                place,
                from_end,
            })
        };
        let next = if end < length {
            Some(here(end))
        } else {
            there(&listed.next, 0, false)
        };
        let prev = if start > 0 {
            Some(here(start.saturating_sub(limit)))
        } else {
            there(&listed.previous, limit, true)
        };
        let write = |cursor: Option<Self>| cursor.map(|it| it.write());
        (start..end, write(next), write(prev))
    }
}

/// The error for a cursor of somebody else.
pub(crate) fn foreign() -> Error {
    Error::invalid(
        "could not go on in the list because the cursor is not one of ours; start again without one",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(length: u32, previous: Option<&str>, next: Option<&str>) -> Listed<u32> {
        let address = |cursor: &str| format!("https://a.example/issues/?x=1&cursor={cursor}");
        Listed {
            next: next.map(address),
            previous: previous.map(address),
            results: (0..length).collect(),
        }
    }

    #[test]
    fn pages_are_cut_out_of_larger_ones_and_lead_back() {
        let first = page(5, None, Some("n1"));
        let second = page(3, Some("p1"), None);
        let at = |cursor: &str| Cursor::read(Some(cursor)).unwrap();
        let text = |text: &str| Some(text.to_owned());

        let start = Cursor::read(None).unwrap();
        assert_eq!(start.cut(&first, 3), (0..3, text("0.3."), None));
        assert_eq!(
            at("0.3.").cut(&first, 3),
            (3..5, text("0.0.n1"), text("0.0."))
        );
        assert_eq!(at("0.0.n1").cut(&second, 3), (0..3, None, text("1.3.p1")));
        assert_eq!(
            at("1.3.p1").cut(&first, 3),
            (2..5, text("0.0.n1"), text("0.0.p1"))
        );
        assert_eq!(at("0.99.").cut(&second, 3).0, 3..3);
    }

    #[test]
    fn foreign_cursors_are_refused() {
        for bad in [
            "", ".", "0", "0.1", "2.1.", "0.x.", "0.-1.", "0.1.a b", "0.1.é", "0.99999.",
        ] {
            assert!(Cursor::read(Some(bad)).is_err(), "{bad}");
        }
    }
}
