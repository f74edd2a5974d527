//! Markdown that others wrote, made harmless: what is HTML in it becomes text, images become links,
//! and links lead to web pages or are none.
//!
//! A reader that finds what is dangerous tells where it is; there it is escaped, until the reader
//! finds nothing any more.

use std::borrow::Cow;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use super::inline;

/// What is read as Markdown, here and where HTML is made of it.
pub(super) const MARKDOWN: Options = Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH);

/// How often the text is read again: what is escaped may bring something else to light, such as
/// the link inside an image.
const ROUNDS: usize = 8;

/// The same text without anything that a page or a program would obey.
pub(super) fn harmless(markdown: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(markdown);
    for _ in 0..ROUNDS {
        let dangers = dangers(&text);
        if dangers.is_empty() {
            return text;
        }
        text = Cow::Owned(escaped(&text, &dangers));
    }
    // Whoever writes that has nothing to say in Markdown.
    Cow::Owned(inline::fence("", markdown))
}

/// Whether a link may lead there: an absolute address of the web or of mail.
pub(super) fn may_lead_to(address: &str) -> bool {
    let begins = |scheme: &str| {
        let start = address.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("https://") || begins("http://") || begins("mailto:")
}

/// Where a backslash takes the meaning from what follows, in order.
fn dangers(markdown: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(markdown, MARKDOWN).into_offset_iter() {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                let inside = markdown.get(range.clone()).unwrap_or_default();
                let tags = inside.match_indices('<');
                found.extend(tags.map(|(at, _)| range.start + at));
            }
            Event::Start(Tag::Image { .. }) => found.push(range.start),
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) if link_type != LinkType::Email && !may_lead_to(&dest_url) => {
                found.push(range.start);
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn escaped(markdown: &str, places: &[usize]) -> String {
    let mut out = String::with_capacity(markdown.len() + places.len());
    let mut done = 0;
    for &place in places {
        out.push_str(&markdown[done..place]);
        out.push('\\');
        done = place;
    }
    out.push_str(&markdown[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_stays_as_it_is() {
        for plain in [
            "",
            "a < b && c > d, `<b>` and Vec\\<T>",
            "```html\n<script>\n```",
            "[the docs](https://example.org/a_(b)?c=d \"title\")",
            "<https://example.org> <ada@example.org>",
            "| a | b |\n|---|---|\n| `c` | d |",
        ] {
            assert_eq!(harmless(plain), plain);
        }
    }

    #[test]
    fn html_becomes_text_and_links_lead_to_the_web_or_nowhere() {
        for (hostile, harmless_now) in [
            ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
            ("a <b onclick=x>c</b>", "a \\<b onclick=x>c\\</b>"),
            ("<!-- hidden -->", "\\<!-- hidden -->"),
            ("[a](javascript:alert(1))", "\\[a](javascript:alert(1))"),
            ("[a](java&#115;cript:x)", "\\[a](java&#115;cript:x)"),
            ("<javascript:alert(1)>", "\\<javascript:alert(1)>"),
            ("[a](//evil.example)", "\\[a](//evil.example)"),
            (
                "![a](https://evil.example/?q)",
                "\\![a](https://evil.example/?q)",
            ),
            ("![a](data:text/html,x)", "\\!\\[a](data:text/html,x)"),
            ("[a][b]\n\n[b]: vbscript:x", "\\[a]\\[b]\n\n[b]: vbscript:x"),
        ] {
            assert_eq!(harmless(hostile), harmless_now);
        }
    }

    #[test]
    fn nothing_dangerous_is_left_of_any_text() {
        use proptest::prelude::*;
        let pieces = prop::sample::select(vec![
            "<",
            ">",
            "[",
            "]",
            "(",
            ")",
            "!",
            "\\",
            "`",
            "\n",
            " ",
            "a",
            "/",
            ":",
            "*",
            "_",
            "-",
            "#",
            "&lt;",
            "javascript:x",
            "https://x",
            "<b>",
            "</b>",
            "<!--",
            "-->",
            "<a href='",
            "\"",
            "|",
            "```",
            "    ",
            "> ",
            "- ",
            "[a]: data:x",
            "<![CDATA[",
            "<?",
            "=",
            "~",
            "\t",
        ]);
        let text = prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat());
        proptest!(|(text in text)| {
            let left = harmless(&text).into_owned();
            prop_assert!(dangers(&left).is_empty(), "{left:?}");
        });
    }
}
