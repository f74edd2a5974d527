//! Where the neighbouring pages are: Sentry's `Link` header, and cursors that come back to us.
//!
//! `<uri&cursor=C>; rel="previous|next"; results="true|false"; cursor="C"`, joined by `, `, both
//! relations always there (`CURSOR_LINK_HEADER` in getsentry/sentry). `GlitchTip` wraps the whole in
//! `{'…'}` and leaves attributes out.

use explainer_core::{Error, ErrorKind, Result};

use super::ADAPTER;

/// The longest cursor there is.
const MAX_CURSOR: usize = 500;

/// The cursors of the pages beside one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Links {
    pub next: Option<String>,
    pub prev: Option<String>,
}

/// Reads the header; what cannot be understood is no link.
pub(super) fn read(header: &str) -> Links {
    let mut links = Links::default();
    // Commas may stand in addresses, so a link begins where its `<` does.
    for link in header.split('<').skip(1) {
        let Some((address, attributes)) = link.split_once('>') else {
            continue;
        };
        let attribute = |name: &str| {
            attributes.split(';').find_map(|part| {
                let (key, value) = part.trim().split_once('=')?;
                let value = value.trim_matches(|c: char| c.is_whitespace() || "\"',{}".contains(c));
                (key.trim() == name).then(|| value.to_owned())
            })
        };
        let in_address = || {
            let url = reqwest::Url::parse(address).ok()?;
            let mut pairs = url.query_pairs();
            let (_, cursor) = pairs.find(|(key, _)| key == "cursor")?;
            Some(cursor.into_owned())
        };
        if attribute("results").is_some_and(|results| results != "true") {
            continue;
        }
        let cursor = attribute("cursor").or_else(in_address);
        let cursor = cursor.filter(|cursor| is_cursor(cursor));
        match attribute("rel").as_deref() {
            Some("next") => links.next = cursor,
            Some("previous" | "prev") => links.prev = cursor,
            _ => {}
        }
    }
    links
}

/// A cursor that someone sends us, if it can be one of ours.
pub(super) fn checked(cursor: &str) -> Result<String> {
    if is_cursor(cursor) {
        return Ok(cursor.to_owned());
    }
    let message = "could not list the issues because the cursor is not one of ours; \
                   take it from a former page as it is, or leave it out";
    Err(Error::new(ErrorKind::Invalid, ADAPTER, "issues", message))
}

/// `value:offset:is_prev` as Sentry has it, or one opaque word of base 64.
fn is_cursor(text: &str) -> bool {
    if !(1..=MAX_CURSOR).contains(&text.len()) {
        return false;
    }
    if let [value, offset, prev] = text.split(':').collect::<Vec<_>>()[..] {
        let number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
        return number(value) && offset.parse::<i64>().is_ok() && matches!(prev, "0" | "1");
    }
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(next: Option<&str>, prev: Option<&str>) -> Links {
        let owned = |cursor: Option<&str>| cursor.map(str::to_owned);
        Links {
            next: owned(next),
            prev: owned(prev),
        }
    }

    #[test]
    fn links_are_read_in_every_shape_that_servers_send() {
        for (header, expected) in [
            (
                r#"<https://x/api/0/organizations/a/issues/?limit=25&cursor=176:0:1>; rel="previous"; results="false"; cursor="176:0:1", <https://x/?limit=25&cursor=175:0:0>; rel="next"; results="true"; cursor="175:0:0""#,
                links(Some("175:0:0"), None),
            ),
            (
                r#"<https://x/?&cursor=0:0:1>; rel="previous"; results="true"; cursor="0:0:1", <https://x/?&cursor=0:100:0>; rel="next"; results="false"; cursor="0:100:0""#,
                links(None, Some("0:0:1")),
            ),
            (
                r#"<https://x/?project=1,2&cursor=1.5:0:0>; rel="next"; results="true"; cursor="1.5:0:0""#,
                links(Some("1.5:0:0"), None),
            ),
            (
                r#"{'<https://x/?cursor=cD0yMDI2>; rel="next"; results="true"; cursor="cD0yMDI2"'}"#,
                links(Some("cD0yMDI2"), None),
            ),
            (
                r#"{'<https://x/?limit=1&cursor=cD0x%3D>; rel="next"'}"#,
                links(Some("cD0x="), None),
            ),
            (
                r#"<https://x/>; rel="next"; results="true"; cursor="""#,
                links(None, None),
            ),
            (
                r#"<https://x/>; rel="next"; results="true"; cursor="a b""#,
                links(None, None),
            ),
            ("<https://x/", links(None, None)),
            ("garbage", links(None, None)),
            ("", links(None, None)),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
    }
}
