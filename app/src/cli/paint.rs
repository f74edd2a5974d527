//! Colour for terminals. Everything goes out through `anstream`, which drops it where it does not belong.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

const HEADING: Style = AnsiColor::BrightBlue.on_default().bold();
const CODE: Style = AnsiColor::Cyan.on_default();
const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// A heading.
pub(super) fn heading(text: &str) -> String {
    painted(HEADING, text)
}

/// Text that says something failed.
pub(super) fn bad(text: &str) -> String {
    painted(AnsiColor::Red.on_default().bold(), text)
}

/// Text that says something went well.
pub(super) fn good(text: &str) -> String {
    painted(AnsiColor::Green.on_default(), text)
}

/// Text that is there for those who look.
pub(super) fn quiet(text: &str) -> String {
    painted(QUIET, text)
}

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Markdown with its headings, code and strong words made visible.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut fenced = false;
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        if fence || fenced {
            let _ = write!(out, "{CODE}{line}{CODE:#}");
            fenced ^= fence;
        } else if line.starts_with('#') {
            let _ = write!(out, "{HEADING}{line}{HEADING:#}");
        } else {
            inline(&mut out, line);
        }
        out.push('\n');
    }
    out
}

/// Paints `code` and **strong** within one line; an odd marker at the end paints nothing.
fn inline(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some(start) = rest.find(['`', '*']) {
        let marker = if rest[start..].starts_with("**") {
            "**"
        } else {
            &rest[start..=start]
        };
        let inner = start + marker.len();
        let Some(length) = rest[inner..].find(marker).filter(|_| marker != "*") else {
            let (before, after) = rest.split_at(inner);
            out.push_str(before);
            rest = after;
            continue;
        };
        let end = inner + length + marker.len();
        let style = if marker == "`" { CODE } else { BOLD };
        let _ = write!(
            out,
            "{}{style}{}{style:#}",
            &rest[..start],
            &rest[start..end]
        );
        rest = &rest[end..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_changes_no_letter() {
        let text = "# T `x`\n\na `b` **c** * d ** e ` f\n```rust\nlet *x = `1`;\n```\nend **\n";
        let plain = anstream::adapter::strip_str(&markdown(text)).to_string();
        assert_eq!(plain, text);
        assert!(markdown(text).len() > text.len());
    }
}
