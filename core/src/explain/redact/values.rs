//! Whether the value of a key that says "secret" can be one.
//!
//! Programs and logs are full of such keys with other values: `None`, `[Filtered]`, `%s`, a type,
//! a variable, a call, a sentence («password: must be at least 8 characters»). When in doubt it
//! is a secret: what is taken out wrongly comes back in the answer, what is left in does not.

use super::{
    keys::{Says, Trust, says},
    kind::Kind,
    placeholders::Name,
    text::{Text, is_word},
};

/// How a value stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotation marks, or to the end of its line.
    Quoted,
    /// As the whole value of a pair, whatever is in it.
    Pair,
    /// `key=value`
    Bare,
    /// `key: value`, as sentences also begin.
    Spaced,
    /// Without quotation marks in a line of a program.
    Source,
}

/// Whether `value`, which stands before the byte `next`, can be what its key says.
pub(super) fn is_literal(value: &str, next: u8, says: Says, form: Form) -> bool {
    if is_constant(value) || is_mask(value) || is_template(value, next) || is_prose(value, form) {
        return false;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return is_secret_number(value.len(), says.kind, form);
    }
    if says.trust == Trust::Weak && !has_substance(value) {
        return false;
    }
    match form {
        Form::Quoted => true,
        Form::Pair => !(is_printed(value) || says.kind == Kind::User && is_structure(value)),
        Form::Bare | Form::Spaced => {
            value.len() >= 2 && !is_expression(value, next) && !is_name(value)
        }
        Form::Source => is_random(value) && !is_expression(value, next),
    }
}

/// Words that stand for no value, or for the type of one.
fn is_constant(value: &str) -> bool {
    const LONGEST: usize = 9;
    const WORDS: [&str; 47] = [
        "none",
        "null",
        "nil",
        "undefined",
        "nan",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "empty",
        "unset",
        "missing",
        "present",
        "absent",
        "default",
        "invalid",
        "required",
        "optional",
        "filtered",
        "redacted",
        "removed",
        "hidden",
        "masked",
        "str",
        "string",
        "int",
        "integer",
        "number",
        "bool",
        "boolean",
        "bytes",
        "object",
        "any",
        "void",
        "unknown",
        "never",
        "await",
        "async",
        "new",
        "lambda",
        "text",
        "varchar",
        "char",
        "function",
        "array",
    ];
    value.len() <= LONGEST && WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// `***`, `xxxx`, `…`, `[Filtered]`, `<hidden>`.
fn is_mask(value: &str) -> bool {
    let covered = |letter: char| matches!(letter, '*' | 'x' | 'X' | '.' | '•' | '●' | '…' | '-');
    let label = |open, close| {
        let inside = value
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        inside.is_some_and(|inside: &str| {
            inside
                .chars()
                .all(|letter| letter.is_ascii_alphabetic() || matches!(letter, ' ' | '_'))
        })
    };
    value.chars().all(covered) || label('[', ']') || label('<', '>')
}

/// A place where a value goes: `%s`, `%(token)s`, `${TOKEN}`, `${token()}`, `$TOKEN`, `{token}`, `:token`, `?`.
fn is_template(value: &str, next: u8) -> bool {
    let name = |name: &str| {
        name.bytes()
            .all(|byte| is_word(byte) && !byte.is_ascii_digit() || b".:!-".contains(&byte))
    };
    let mut letters = value.chars();
    match letters.next() {
        Some('%' | '$') if value.len() <= 3 => true,
        Some('%') => value.starts_with("%(") && value.len() < 40,
        Some('$' | ':' | '@') if name(letters.as_str()) => true,
        Some('?') => value.len() == 1,
        Some('{' | '$' | '#') => {
            let inside = value.trim_start_matches(['$', '#', '{']);
            let inside = inside.trim_end_matches('}').trim();
            let called = inside.strip_suffix("()").unwrap_or(inside);
            (value.ends_with('}') || next == b'}') && name(called)
        }
        _ => false,
    }
}

/// The beginning of a sentence, as messages about a key have it.
fn is_prose(value: &str, form: Form) -> bool {
    const WORDS: [&str; 40] = [
        "a",
        "an",
        "and",
        "are",
        "can",
        "cannot",
        "could",
        "did",
        "does",
        "enter",
        "expected",
        "expired",
        "failed",
        "field",
        "for",
        "has",
        "if",
        "in",
        "incorrect",
        "invalid",
        "is",
        "mismatch",
        "missing",
        "must",
        "no",
        "not",
        "or",
        "please",
        "required",
        "should",
        "the",
        "this",
        "too",
        "unexpected",
        "unknown",
        "user",
        "was",
        "will",
        "wrong",
        "your",
    ];
    let first = value.split(' ').next().unwrap_or("");
    let sentence = match form {
        Form::Spaced => first.len() == value.len(),
        Form::Quoted | Form::Pair => first.len() < value.len(),
        Form::Bare | Form::Source => false,
    };
    sentence && WORDS.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Whether a number of so many digits is a secret and not a count or an index.
fn is_secret_number(digits: usize, kind: Kind, form: Form) -> bool {
    match (kind, form) {
        (Kind::User, _) => false,
        (Kind::Password | Kind::Ssn | Kind::Card | Kind::Phone, Form::Source) => digits >= 4,
        (Kind::Password | Kind::Ssn | Kind::Card | Kind::Phone, _) => digits >= 3,
        _ => digits >= 6,
    }
}

/// Whether there is enough to a value for a key that is not to be trusted alone. What
/// placeholders are made of does not count, so that a text reads the same with and without them.
fn has_substance(value: &str) -> bool {
    let text = Text::new(value);
    let (mut at, mut digits, mut letters) = (0, 0, 0);
    while at < value.len() {
        if let Some((_, end)) = Name::read(text, at) {
            at = end;
            continue;
        }
        digits += usize::from(text.byte(at).is_ascii_digit());
        letters += 1;
        at += 1;
    }
    letters >= 4 && digits > 0 || letters >= 20 && !value.contains(' ')
}

/// Whether a value without quotation marks in a program is no name anyone would give.
fn is_random(value: &str) -> bool {
    let snake = value.contains('_') && value.bytes().all(is_word);
    value.len() >= 16 && !snake && value.bytes().any(|byte| byte.is_ascii_digit())
}

/// `form.get("x")`, `config[key]`, `Secret::new()`, `Option<String>`, `&str`, `user->token`.
fn is_expression(value: &str, next: u8) -> bool {
    let value = value.trim_start_matches(['&', '*', '!']);
    let chain = value
        .bytes()
        .take_while(|byte| is_word(*byte) || *byte == b'.')
        .count();
    let rest = value.get(chain..).unwrap_or("");
    let starts_as_name =
        value.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let opens = match rest.as_bytes().first() {
        None => matches!(next, b'<' | b'(' | b'['),
        Some(b'(' | b'[' | b'{') => true,
        Some(b'?') => rest.starts_with("?."),
        Some(b':') => rest.starts_with("::"),
        Some(b'-') => rest.starts_with("->"),
        Some(_) => false,
    };
    chain > 0 && starts_as_name && opens
}

/// The name of a variable: one that says what it holds (`user.password`, `pwd`, `authToken`), or
/// a part of something that holds values (`self.value`, `process.env.X`, `&str`).
fn is_name(value: &str) -> bool {
    const HOLDERS: [&str; 20] = [
        "self", "this", "cls", "req", "request", "config", "settings", "os", "process", "env",
        "params", "args", "kwargs", "options", "ctx", "form", "user", "account", "data", "body",
    ];
    let name = value.trim_start_matches('&');
    let word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| is_word(byte) && !byte.is_ascii_digit())
    };
    let mut parts = name.split('.');
    let head = parts.clone().next().unwrap_or("");
    let of_holder = name.len() > head.len() && HOLDERS.contains(&head);
    let said = says(parts.next_back().unwrap_or("")).is_some();
    name.split('.').all(word) && (of_holder || said || name.len() < value.len())
}

/// What a program prints for an object: `<Session object at 0x7f…>`, `<class 'str'>`.
fn is_printed(value: &str) -> bool {
    let kinds = ["<class ", "<function ", "<module ", "<bound ", "<built-in "];
    value.starts_with('<')
        && value.ends_with('>')
        && (value.contains(" at 0x") || kinds.into_iter().any(|kind| value.starts_with(kind)))
}

/// A list, a dictionary, an object with its fields.
fn is_structure(value: &str) -> bool {
    value.starts_with(['{', '[', '(']) || is_expression(value, 0)
}
