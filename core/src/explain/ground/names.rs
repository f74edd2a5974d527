//! Finds the names of files, functions and issues in a text.
//!
//! A file is a word with the ending of a source or configuration file; a function a name with
//! parentheses after it, or one in backticks that is written as only programs write names; an
//! issue a short id like `SHOP-42`. Words of the language are none of these.

/// A name in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    File(String),
    Function(String),
    Issue(String),
}

impl Name {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::File(text) | Self::Function(text) | Self::Issue(text) => text,
        }
    }
}

/// Endings of files that programs are made of.
const ENDINGS: [&str; 58] = [
    "py", "pyx", "js", "jsx", "mjs", "cjs", "ts", "tsx", "vue", "svelte", "java", "kt", "kts",
    "groovy", "gradle", "scala", "clj", "go", "rs", "rb", "erb", "rake", "php", "twig", "cs", "fs",
    "vb", "cshtml", "razor", "cpp", "cc", "cxx", "hpp", "hxx", "c", "h", "m", "mm", "swift",
    "dart", "ex", "exs", "erl", "hs", "lua", "pl", "pm", "sh", "sql", "html", "css", "yaml", "yml",
    "toml", "json", "xml", "ini", "cfg",
];
/// What is written like a file and is none.
const PRODUCTS: [&str; 12] = [
    "node.js",
    "vue.js",
    "next.js",
    "nuxt.js",
    "react.js",
    "express.js",
    "three.js",
    "d3.js",
    "ember.js",
    "backbone.js",
    "angular.js",
    "asp.net",
];
/// What is written like the id of an issue and is none.
const STANDARDS: [&str; 24] = [
    "UTF", "ISO", "SHA", "AES", "RSA", "HTTP", "HTTPS", "RFC", "CVE", "CWE", "GHSA", "TLS", "SSL",
    "IEEE", "ASCII", "MD", "UCS", "GB", "KOI", "PEP", "JSR", "EU", "GMT", "UTC",
];

/// Every name in `text`, in its order.
pub(super) fn names(text: &str) -> Vec<Name> {
    let mut names = Vec::new();
    let mut in_ticks = false;
    for (index, part) in text.split('`').enumerate() {
        // a fence is three ticks: the empty parts between them change nothing
        in_ticks = index % 2 == 1 && !part.is_empty() || in_ticks && part.is_empty();
        let alone = in_ticks && !part.contains(char::is_whitespace);
        words(part, |word, next| {
            if let Some(name) = name(word, next, alone) {
                names.push(name);
            }
        });
    }
    names
}

/// Calls `found` with every word and the byte that follows it. A word is what paths, qualified
/// names and ids are written with.
fn words(text: &str, mut found: impl FnMut(&str, u8)) {
    let is_part = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '\\' | '-' | ':' | '$' | '@' | '#')
    };
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        rest = &rest[start..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let bare = word.trim_matches(['.', ':', '-', '#', '@']);
        if !bare.is_empty() {
            found(bare, after.bytes().next().unwrap_or(b' '));
        }
        rest = after;
    }
}

/// What a word names. `alone`: it stands in backticks by itself.
fn name(word: &str, next: u8, alone: bool) -> Option<Name> {
    if word.contains("://") || word.len() > 300 {
        return None;
    }
    if next == b'(' {
        return is_function(word).then(|| Name::Function(word.to_owned()));
    }
    let path = without_line(word);
    if is_file(path) {
        return Some(Name::File(path.to_owned()));
    }
    if is_issue(word) {
        return Some(Name::Issue(word.to_owned()));
    }
    let is_code = alone && is_function(word) && reads_like_code(word);
    is_code.then(|| Name::Function(word.to_owned()))
}

/// `shop/cart.py:17:4` without the line and the column.
fn without_line(word: &str) -> &str {
    let mut path = word;
    while let Some((before, number)) = path.rsplit_once(':') {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        path = before;
    }
    path
}

fn is_file(word: &str) -> bool {
    let Some((stem, ending)) = word.rsplit_once('.') else {
        return false;
    };
    let name = stem.rsplit(['/', '\\']).next().unwrap_or_default();
    // `x.c` may be a field
    let long = name.len() > 1 || stem.len() > name.len();
    let product = PRODUCTS
        .iter()
        .any(|product| word.eq_ignore_ascii_case(product));
    long && !product
        && name.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && ENDINGS.contains(&ending)
}

/// `SHOP-42`, but not `UTF-8`.
fn is_issue(word: &str) -> bool {
    let Some((project, number)) = word.rsplit_once('-') else {
        return false;
    };
    let is_project = project.starts_with(|c: char| c.is_ascii_uppercase())
        && project.len() > 1
        && project.bytes().all(|byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        });
    let first = project.split('-').next().unwrap_or_default();
    let is_number =
        (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    is_project && is_number && !STANDARDS.contains(&first)
}

/// Whether a word is an identifier, maybe a qualified one.
fn is_function(word: &str) -> bool {
    let last = word
        .rsplit(['.', ':', '#', '$', '/', '\\', '-'])
        .next()
        .unwrap_or_default();
    let starts = last.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts && last.len() > 1 && last.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Whether a word is written as programs write names: `two_words`, `twoWords`, `a.b`, `a::b`.
fn reads_like_code(word: &str) -> bool {
    let inner = word.trim_matches('_');
    let capital_inside = inner.char_indices().skip(1).any(|(_, c)| c.is_uppercase())
        && inner.chars().any(char::is_lowercase);
    inner.contains('_') || inner.contains("::") || inner.contains('.') || capital_inside
}
