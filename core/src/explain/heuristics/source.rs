//! Reading a line of source without knowing its grammar: which names it uses, what stands before
//! a call or an index, where a name was set, and whether the line throws by itself.
//!
//! All of it works on the few lines an event carries and is careful to say nothing rather than
//! something wrong.

/// A line longer than this is taken for generated code and not read.
pub(super) const READABLE: usize = 300;

/// The names a line uses, in order, strings and comments left out.
pub(super) fn names(line: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut quote: Option<char> = None;
    let mut start: Option<usize> = None;
    for (at, c) in line.char_indices() {
        if quote.is_none() && is_word(c) {
            start.get_or_insert(at);
            continue;
        }
        if let Some(begin) = start.take() {
            push_name(&mut names, line.get(begin..at));
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None if c == '#' || line.get(at..).is_some_and(|rest| rest.starts_with("//")) => {
                return names;
            }
            _ => {}
        }
    }
    if let (Some(begin), None) = (start, quote) {
        push_name(&mut names, line.get(begin..));
    }
    names
}

fn push_name<'a>(names: &mut Vec<&'a str>, name: Option<&'a str>) {
    if let Some(name) = name
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !names.contains(&name)
    {
        names.push(name);
    }
}

/// The expressions that stand right before each `needle` in `line` (`order.user` before `.name`).
pub(super) fn receivers<'a>(line: &'a str, needle: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices(needle).take(8) {
        let ends_word = needle.ends_with(is_word);
        let after = line.get(at + needle.len()..).unwrap_or_default();
        if ends_word && after.starts_with(is_word) {
            continue;
        }
        let before = line.get(..at).unwrap_or_default();
        let Some(expression) = trailing_expression(before) else {
            continue;
        };
        if !found.contains(&expression) {
            found.push(expression);
        }
    }
    found
}

/// The expression a text ends in: names joined by `.`, `?.`, `->`, `::`, with calls and indexes.
fn trailing_expression(text: &str) -> Option<&str> {
    let mut start = text.len();
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev().take(120) {
        let joins = match c {
            ')' | ']' => {
                depth += 1;
                true
            }
            '(' | '[' if depth > 0 => {
                depth -= 1;
                true
            }
            _ if depth > 0 => true,
            '.' | ':' | '$' | '@' | '?' | '!' => true,
            '>' => text.get(..at).is_some_and(|rest| rest.ends_with('-')),
            '-' => text.get(at..).is_some_and(|rest| rest.starts_with("->")),
            _ => is_word(c),
        };
        if !joins {
            break;
        }
        start = at;
    }
    let expression = text.get(start..)?;
    let expression = expression.trim_start_matches(['.', ':', '?', '!', '-', '>']);
    let complete = depth == 0 && expression.starts_with(|c| is_word(c) || matches!(c, '$' | '@'));
    (complete && !KEYWORDS.contains(&expression)).then_some(expression)
}

const KEYWORDS: [&str; 12] = [
    "return", "await", "in", "of", "if", "else", "not", "and", "or", "new", "yield", "throw",
];

/// The first name of an expression, without sigil: `order` of `order.user[0]`.
pub(super) fn first_name(expression: &str) -> &str {
    let bare = expression.trim_start_matches(['$', '@', '!', '*', '&']);
    bare.split(|c| !is_word(c)).next().unwrap_or_default()
}

/// Whether an expression is only names and dots, so that it can be tested without being run.
pub(super) fn is_path(expression: &str) -> bool {
    let rest = expression.replace("->", ".");
    rest.chars()
        .all(|c| is_word(c) || matches!(c, '.' | '$' | '@'))
}

/// The words a local variable is shown as when it holds nothing.
pub(super) fn is_null(value: &str) -> bool {
    const NULLS: [&str; 13] = [
        "None",
        "null",
        "undefined",
        "nil",
        "NULL",
        "nullptr",
        "<null>",
        "(null)",
        "<undefined>",
        "[undefined]",
        "[null]",
        "0x0",
        "Optional.empty",
    ];
    NULLS.contains(&value.trim())
}

/// Where a name got its value, as far as the lines before its use show.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// It was assigned there.
    Assigned {
        line: u32,
        text: &'a str,
        value: &'a str,
    },
    /// It is a parameter of the function.
    Parameter,
}

/// Looks upward from line `at` for where `name` was set, and stops where the function begins.
pub(super) fn origin<'a>(context: &'a [(u32, String)], at: u32, name: &str) -> Option<Origin<'a>> {
    if name.is_empty() || matches!(name, "self" | "this" | "super") {
        return None;
    }
    let above = context.iter().rev().skip_while(|(line, _)| *line >= at);
    for (line, text) in above.take(20) {
        if text.len() > READABLE {
            return None;
        }
        if opens_function(text) {
            return names(text).contains(&name).then_some(Origin::Parameter);
        }
        if let Some(value) = assigned(text, name) {
            let (line, text) = (*line, text.trim());
            return Some(Origin::Assigned { line, text, value });
        }
    }
    None
}

fn opens_function(line: &str) -> bool {
    const OPENERS: [&str; 8] = [
        "def ",
        "defp ",
        "fn ",
        "func ",
        "fun ",
        "function ",
        "async function ",
        "class ",
    ];
    let line = line.trim_start();
    let line = [
        "pub ",
        "public ",
        "private ",
        "protected ",
        "static ",
        "export ",
        "async ",
    ]
    .iter()
    .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    OPENERS.iter().any(|opener| line.starts_with(opener))
}

/// The right side of an assignment to `name` in `line`.
fn assigned<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (at, _) = line
        .match_indices(name)
        .find(|(at, _)| stands_alone(line, *at, name))?;
    if line.get(..at)?.matches('(').count() > line.get(..at)?.matches(')').count() {
        return None; // a keyword argument of a call
    }
    let mut rest = line.get(at + name.len()..)?.trim_start();
    if rest.starts_with([',', '}', ']']) {
        rest = rest.trim_start_matches(|c: char| is_word(c) || ", }])".contains(c));
    }
    if let Some(typed) = rest.strip_prefix(':').filter(|rest| !rest.starts_with('=')) {
        rest = typed.get(typed.find('=')?..)?;
    }
    let rest = rest.strip_prefix(":=").or_else(|| rest.strip_prefix('='))?;
    let value = rest.trim();
    let compares = rest.starts_with(['=', '>', '~']);
    (!compares && !value.is_empty()).then(|| value.trim_end_matches(';'))
}

/// Whether `name` at `at` is a name of its own and not a member or a part of a longer one.
fn stands_alone(line: &str, at: usize, name: &str) -> bool {
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    let after = line
        .get(at + name.len()..)
        .and_then(|text| text.chars().next());
    !before.is_some_and(|c| is_word(c) || matches!(c, '.' | '>')) && !after.is_some_and(is_word)
}

/// Whether the line raises by itself, or makes an exception of class `kind`, so that the message
/// is the program's own words.
pub(super) fn throws(line: &str, kind: &str) -> bool {
    const WORDS: [&str; 12] = [
        "raise ",
        "raise(",
        "throw ",
        "panic!(",
        "panic(",
        "abort(",
        "unreachable!(",
        "bail!(",
        "fatalError(",
        "log.Fatal",
        "trigger_error(",
        "Kernel.raise",
    ];
    let line = line.trim_start();
    let makes = |before: &str| !kind.is_empty() && line.contains(&format!("{before}{kind}("));
    WORDS.iter().any(|word| line.starts_with(word)) || ["raise ", "new "].into_iter().any(makes)
}

/// The nearest line above `at` that decides whether the line is reached (`if`, `case`, `catch`…).
pub(super) fn condition(context: &[(u32, String)], at: u32) -> Option<(u32, &str)> {
    const WORDS: [&str; 16] = [
        "if ",
        "if(",
        "elif ",
        "else if",
        "} else if",
        "unless ",
        "case ",
        "when ",
        "switch",
        "except",
        "rescue",
        "catch",
        "} catch",
        "match ",
        "guard ",
        "while ",
    ];
    let own = context
        .iter()
        .find(|(line, _)| *line == at)
        .map(|(_, text)| indent(text))?;
    let mut depth = own;
    let above = context.iter().rev().skip_while(|(line, _)| *line >= at);
    for (line, text) in above.take(10) {
        if opens_function(text) {
            return None;
        }
        let word = text.trim_start();
        if word.is_empty() || indent(text) >= depth || text.len() > READABLE {
            continue;
        }
        if WORDS.iter().any(|start| word.starts_with(start)) {
            return Some((*line, text.trim()));
        }
        depth = indent(text);
    }
    None
}

/// The nearest statement before `at` that by its name starts something, and throws away what that
/// could be awaited by.
pub(super) fn not_awaited(context: &[(u32, String)], at: u32) -> Option<(u32, &str)> {
    let before = context.iter().rev().filter(|(line, _)| *line < at);
    let mut statements = before.map(|(line, text)| (*line, text.trim()));
    statements.find(|(_, statement)| {
        let call = statement.strip_prefix("_ = ").unwrap_or(statement);
        let called = call.split_once("Async(").map(|(called, _)| called);
        called.is_some_and(|called| is_path(called) && called.starts_with(is_word))
            && statement.ends_with(';')
            && statement.len() <= READABLE
    })
}

/// Whether a statement can be put in front of line `at`: it is no continuation of the line above,
/// no branch of one, and brings in no names of its own that the statement would have to know.
pub(super) fn takes_guard(context: &[(u32, String)], at: u32) -> bool {
    const BRANCHES: [&str; 14] = [
        "else", "elif", "elsif", "except", "rescue", "catch", "finally", "ensure", "case", "when",
        "default", "and ", "or ", "->",
    ];
    const BINDERS: [&str; 6] = ["=>", "->{", "lambda ", " for ", "foreach", "fn("];
    let text = |line: u32| {
        let found = context.iter().find(|(number, _)| *number == line);
        found.map(|(_, text)| text.trim())
    };
    let Some(line) = text(at) else { return false };
    let begins = line.starts_with(|c| is_word(c) || matches!(c, '$' | '@' | '_'));
    let branch = BRANCHES.iter().any(|word| line.starts_with(word));
    let binds = BINDERS.iter().any(|word| line.contains(word));
    let above = at.checked_sub(1).and_then(text).unwrap_or_default();
    let several = line.trim_end_matches(';').contains(';');
    let continues = above.ends_with(['(', ',', '[', '\\', '=', '+', '&', '|', '?', '.']);
    begins && !branch && !binds && !several && !continues
}

/// How far a line is indented, a tab counted as four.
pub(super) fn indent(line: &str) -> usize {
    let blank = line.chars().take_while(|c| c.is_whitespace());
    blank.map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(lines: &[&str]) -> Vec<(u32, String)> {
        (1..).zip(lines.iter().map(ToString::to_string)).collect()
    }

    #[test]
    fn names_are_those_outside_of_strings_and_comments() {
        assert_eq!(names("return row[\"email\"] # row of x"), ["return", "row"]);
        assert_eq!(names("a.b(c, 12, 'd') // e"), ["a", "b", "c"]);
        assert_eq!(names(""), Vec::<&str>::new());
    }

    #[test]
    fn what_is_started_and_not_waited_for_is_found() {
        let lines = context(&[
            "await audit.WriteAsync(user);",
            "_ = audit.RecordAsync(user, id);",
            "var rows = db.RowsAsync(id);",
            "var name = await db.Names",
            "    .FirstAsync(ct);",
            "return db.ShipsAsync(",
        ]);
        let found = Some((2, "_ = audit.RecordAsync(user, id);"));
        assert_eq!(not_awaited(&lines, 6), found);
        assert_eq!(not_awaited(&lines, 2), None);
    }

    #[test]
    fn the_expression_before_an_access_is_found() {
        assert_eq!(receivers("return user.profile.name", ".profile"), ["user"]);
        assert_eq!(
            receivers("x = repo.find(id, f(y)).name", ".name"),
            ["repo.find(id, f(y))"]
        );
        assert_eq!(
            receivers("$o->getUser()->name", "->name"),
            ["$o->getUser()"]
        );
        assert_eq!(receivers("a.name + b.name", ".name"), ["a", "b"]);
        assert_eq!(receivers("a.names", ".name"), Vec::<&str>::new());
        assert_eq!(receivers("return [1, 2]", "["), Vec::<&str>::new());
        assert_eq!(receivers("load(x)[0]", "["), ["load(x)"]);
        assert_eq!(receivers(".name", ".name"), Vec::<&str>::new());
    }

    #[test]
    fn a_name_is_traced_to_its_assignment_or_its_parameter() {
        let lines = context(&[
            "def f(db, uid):",
            "    row = db.get(uid)",
            "    return row[0]",
        ]);
        let row = origin(&lines, 3, "row");
        assert!(matches!(
            row,
            Some(Origin::Assigned {
                line: 2,
                value: "db.get(uid)",
                ..
            })
        ));
        assert_eq!(origin(&lines, 3, "uid"), Some(Origin::Parameter));
        assert_eq!(origin(&lines, 3, "other"), None);
        let typed = context(&[
            "const user: User = find(id);",
            "if (user == null) {",
            "user.x",
        ]);
        let user = origin(&typed, 3, "user");
        assert!(matches!(
            user,
            Some(Origin::Assigned {
                value: "find(id)",
                ..
            })
        ));
        let several = context(&["user, err := repo.Find(id)", "log(user=1)", "user.x"]);
        let user = origin(&several, 3, "user");
        assert!(matches!(
            user,
            Some(Origin::Assigned {
                value: "repo.Find(id)",
                ..
            })
        ));
    }

    #[test]
    fn a_throw_is_seen_with_its_condition() {
        let lines = context(&["if total < 0:", "    log()", "    raise ValueError(total)"]);
        assert!(throws(&lines[2].1, ""));
        assert!(throws("reject(new SoldOut(sku))", "SoldOut"));
        assert_eq!(condition(&lines, 3), Some((1, "if total < 0:")));
        assert!(!throws("rethrow_count = 1", "KeyError"));
        let caught = context(&[
            "except KeyError:",
            "    log()",
            "try:",
            "    raise ValueError(1)",
        ]);
        assert_eq!(condition(&caught, 4), None);
    }
}
