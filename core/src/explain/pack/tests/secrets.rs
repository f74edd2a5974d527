//! Every kind of secret in every part of an event: none is left in the packed text, all come back.

use super::*;
use crate::domain::event::{Request, Thread};

/// The secret, and how it may stand in a text.
const SECRETS: &[(&str, &str)] = &[
    (
        "jane.doe@example.com",
        "mail to jane.doe@example.com failed",
    ),
    ("jane%40example.org", "GET /find?q=jane%40example.org"),
    ("203.0.113.77", "connect 203.0.113.77:5432"),
    (
        "2001:db8:85a3::8a2e:370:7334",
        "peer 2001:db8:85a3::8a2e:370:7334 gone",
    ),
    ("4000056655665556", "card 4000056655665556 declined"),
    ("5555 5555 5555 4444", "paid with 5555 5555 5555 4444"),
    (
        "FR1420041010050500013M02606",
        "to FR1420041010050500013M02606",
    ),
    ("219-09-9998", "ssn 219-09-9998"),
    ("+49 30 901820", "call +49 30 901820"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2ln",
        "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2ln",
    ),
    ("9f8a7b6c5d4e", "Authorization: Bearer 9f8a7b6c5d4e"),
    ("amFuZTpodW50ZXIy", "Basic amFuZTpodW50ZXIy"),
    ("sid=abc; theme=dark", "Cookie: sid=abc; theme=dark"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    (
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    ),
    (
        "github_pat_11ABCDEFG0123456789_abcdef",
        "github_pat_11ABCDEFG0123456789_abcdef",
    ),
    ("glpat-aBcDeFgHiJ1234567890", "glpat-aBcDeFgHiJ1234567890"),
    (
        "xoxb-123456789012-abcdefghij",
        "xoxb-123456789012-abcdefghij",
    ),
    (
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    ),
    (
        "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
        "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
    ),
    (
        "sk-proj-abcDEF1234567890abcDEF",
        "sk-proj-abcDEF1234567890abcDEF",
    ),
    (
        "sk-ant-api03-abcDEF1234567890",
        "sk-ant-api03-abcDEF1234567890",
    ),
    (
        "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
        "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
    ),
    ("sntryu_0123456789abcdef0123", "sntryu_0123456789abcdef0123"),
    (
        "npm_aB3dEfGhIjKlMnOpQrStUvWxYz0123456789",
        "npm_aB3dEfGhIjKlMnOpQrStUvWxYz0123456789",
    ),
    (
        "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZjAxMjM0NTY3ODkw",
        "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZjAxMjM0NTY3ODkw",
    ),
    ("hf_abcdefGHIJKL0123456789", "hf_abcdefGHIJKL0123456789"),
    (
        "AC0123456789abcdef0123456789abcdef",
        "AC0123456789abcdef0123456789abcdef",
    ),
    ("hunter22", "password=hunter22"),
    ("correct-horse", "{\"db_password\": \"correct-horse\"}"),
    ("5tr0ng", "postgres://app:5tr0ng@db.internal/shop"),
    ("0a1b2c3d", "?page=2&access_token=0a1b2c3d&x=1"),
    ("f00dbabe", "X-Api-Key: f00dbabe"),
    ("open-sesame", "{'clientSecret': 'open-sesame'}"),
    ("739184", "{\"otp\": \"739184\"}"),
    ("rosalind", "username=rosalind"),
    ("grace", "/home/grace/shop/app.py"),
    ("Ada L", r"C:\Users\Ada L\shop\app.cs"),
    (
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----",
    ),
];

fn pair(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

/// Events that hold a text, each in another part.
#[expect(clippy::too_many_lines, reason = "an event for each of its parts")]
fn with(text: &str) -> Vec<(&'static str, Event)> {
    let some = || Some(text.to_owned());
    let exception = |frame: Frame, value: Option<String>| {
        vec![Exception {
            value,
            frames: vec![frame],
            ..Exception::default()
        }]
    };
    let frame = Frame::default;
    let lines = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (number, format!("x = '''{line}'''")));
    let request = |request: Request| Event {
        request: Some(request),
        ..Event::default()
    };
    vec![
        (
            "title",
            Event {
                title: some(),
                ..Event::default()
            },
        ),
        (
            "message",
            Event {
                message: some(),
                ..Event::default()
            },
        ),
        (
            "exception",
            Event {
                exceptions: exception(frame(), some()),
                ..Event::default()
            },
        ),
        (
            "source",
            Event {
                exceptions: exception(
                    Frame {
                        context: lines.collect(),
                        ..frame()
                    },
                    None,
                ),
                ..Event::default()
            },
        ),
        (
            "locals",
            Event {
                exceptions: exception(
                    Frame {
                        locals: pair("x", text),
                        ..frame()
                    },
                    None,
                ),
                ..Event::default()
            },
        ),
        (
            "thread",
            Event {
                threads: vec![Thread {
                    frames: vec![Frame {
                        function: some(),
                        file: some(),
                        ..frame()
                    }],
                    ..Thread::default()
                }],
                ..Event::default()
            },
        ),
        (
            "breadcrumb",
            Event {
                breadcrumbs: vec![Breadcrumb {
                    message: some(),
                    data: pair("x", text),
                    ..Breadcrumb::default()
                }],
                ..Event::default()
            },
        ),
        (
            "url",
            request(Request {
                url: some(),
                ..Request::default()
            }),
        ),
        (
            "query",
            request(Request {
                query: some(),
                ..Request::default()
            }),
        ),
        (
            "body",
            request(Request {
                body: some(),
                ..Request::default()
            }),
        ),
        (
            "headers",
            request(Request {
                headers: pair("x", text),
                env: pair("y", text),
                ..Request::default()
            }),
        ),
        (
            "cookies",
            request(Request {
                cookies: some(),
                ..Request::default()
            }),
        ),
        (
            "user",
            Event {
                user: pair("x", text),
                ..Event::default()
            },
        ),
        (
            "tags",
            Event {
                tags: pair("x", text),
                ..Event::default()
            },
        ),
        (
            "contexts",
            Event {
                contexts: vec![("x".to_owned(), pair("x", text))],
                ..Event::default()
            },
        ),
        (
            "extra",
            Event {
                extra: pair(text, text),
                ..Event::default()
            },
        ),
        (
            "findings",
            Event {
                findings: pair("x", text),
                ..Event::default()
            },
        ),
    ]
}

#[test]
fn no_secret_is_left_in_any_part_of_an_event_and_all_come_back() {
    let mut left = Vec::new();
    for (secret, text) in SECRETS {
        for (part, event) in with(text) {
            let evidence = events::evidence(event, Some(0));
            let mut redactor = Redactor::new();
            let packed = pack(
                &evidence,
                &DataPolicy::OPEN,
                4000,
                &ApproximateTokens,
                &mut redactor,
            );
            if packed.text.contains(secret) {
                left.push(format!("{secret} in {part}: {}", packed.text));
            }
            let restored = redactor.restore(&packed.text);
            assert!(
                restored.contains(secret.lines().next().unwrap_or("")),
                "{part}: {restored}"
            );
            assert!(
                packed.redacted.values().sum::<u32>() > 0,
                "{part}: {restored}"
            );
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}
