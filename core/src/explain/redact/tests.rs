//! What is taken out, what stays, and that all of it comes back.

use proptest::prelude::*;

use super::*;

/// The text with its secrets, and what becomes of it.
const TAKEN: &[(&str, &str)] = &[
    // by form
    (
        "write to jane.doe+test@example.co.uk.",
        "write to <email-1>.",
    ),
    (
        "jörg@bücher.example and Jane <jane@example.com>",
        "<email-1> and Jane <<email-2>>",
    ),
    (
        "/find?email=jane%2Bx%40example.com&page=2",
        "/find?email=<email-1>&page=2",
    ),
    (
        "?next=%2Fto%2Fjane%40example.com%2Fx",
        "?next=%2Fto%2F<email-1>%2Fx",
    ),
    (r#"{"to":"jane\u0040example.com"}"#, r#"{"to":"<email-1>"}"#),
    (
        "from 203.0.113.7:4711 via 10.0.0.12",
        "from <ip-1>:4711 via <ip-2>",
    ),
    (
        "http://203.0.113.7/x (203.0.113.7)",
        "http://<ip-1>/x (<ip-1>)",
    ),
    (
        "peer [2001:db8::8a2e:370:7334]:443 down",
        "peer [<ip-1>]:443 down",
    ),
    (
        "fe80::1ff:fe23:4567:890a%eth0: timeout",
        "<ip-1>%eth0: timeout",
    ),
    ("::ffff:198.51.100.4", "::ffff:<ip-1>"),
    ("card 4242424242424242 declined", "card <card-1> declined"),
    (
        "4242 4242 4242 4242, 3782-822463-10005",
        "<card-1>, <card-2>",
    ),
    (
        "'5555555555554444' and 6011111111111117",
        "'<card-1>' and <card-2>",
    ),
    ("to DE89 3704 0044 0532 0130 00 now", "to <iban-1> now"),
    ("iban=GB29NWBK60161331926819", "iban=<iban-1>"),
    ("ssn 219-09-9999", "ssn <ssn-1>"),
    (
        "call +49 30 901820 or +1 (555) 123-4567.",
        "call <phone-1> or <phone-2>.",
    ),
    ("?tel=%2B15551234567", "?tel=<phone-1>"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "<token-1>",
    ),
    ("Bearer 9f8a7b6c5d", "Bearer <token-1>"),
    ("sent 'Basic amFuZTpodW50ZXIy'", "sent 'Basic <token-1>'"),
    ("AKIAIOSFODNN7EXAMPLE", "<key-1>"),
    (
        "key ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "key <token-1>",
    ),
    (
        "glpat-aBcDeFgHiJ1234567890 xoxb-123456789012-abcdef",
        "<token-1> <token-2>",
    ),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "<key-1>"),
    ("sk-ant-api03-abcDEF123456789012345", "<key-1>"),
    ("AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "<key-1>"),
    (
        "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",
        "<key-1>",
    ),
    ("npm_aB3dEfGhIjKlMnOpQrStUvWxYz0123456789", "<token-1>"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----\nafter",
        "<key-1>\nafter",
    ),
    (
        "  7 | -----BEGIN PRIVATE KEY-----\n  8 | MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n  9 | AgEAAo==\n 10 | return",
        "  7 | <key-1>\n 10 | return",
    ),
    (
        "postgres://app:p@ss/w#rd@db.internal:5432/shop",
        "postgres://<user-1>:<password-1>@db.internal:5432/shop",
    ),
    (
        "redis://:hunter2@cache:6379/0",
        "redis://:<password-1>@cache:6379/0",
    ),
    (
        "https://0a1b2c@errors.example.com/5",
        "https://<token-1>@errors.example.com/5",
    ),
    (
        "/home/alice/app.py, /Users/bob/x",
        "/home/<user-1>/app.py, /Users/<user-2>/x",
    ),
    (
        r"C:\Users\Jane Doe\app.cs file:///Users/bob",
        r"C:\Users\<user-1>\app.cs file:///Users/<user-2>",
    ),
    // by key
    ("password=hunter2", "password=<password-1>"),
    ("DB_PASSWORD: s3cr=t!", "DB_PASSWORD: <password-1>"),
    (
        "Server=db;User=sa;Password=p4ss;",
        "Server=db;User=<user-1>;Password=<password-1>;",
    ),
    (
        r#"{"password": "it's \"me\"", "n": 1}"#,
        r#"{"password": "<password-1>", "n": 1}"#,
    ),
    (
        r#"{"pin":1234,"otp":"998877"}"#,
        r#"{"pin":<password-1>,"otp":"<password-2>"}"#,
    ),
    (
        r#""body": "{\"token\": \"abc\", \"n\": 1}""#,
        r#""body": "{\"token\": \"<token-1>\", \"n\": 1}""#,
    ),
    ("{'clientSecret': 'abc'}", "{'clientSecret': '<key-1>'}"),
    (
        "<QueryDict: {'password': ['hunter2'], 'a': ['b']}>",
        "<QueryDict: {'password': [<password-1>], 'a': ['b']}>",
    ),
    (
        r#"[["X-Api-Key", "abc"], ["Accept", "*/*"]]"#,
        r#"[["X-Api-Key", "<key-1>"], ["Accept", "*/*"]]"#,
    ),
    (
        "a?access_token=abc.def&x=1#top",
        "a?access_token=<token-1>&x=1#top",
    ),
    (
        "to=%2Fx%3Ftoken%3Dabc%26y%3D1",
        "to=%2Fx%3Ftoken%3D<token-1>%26y%3D1",
    ),
    (
        "Authorization: Bearer abc",
        "Authorization: Bearer <token-1>",
    ),
    ("authorization=Token 5f", "authorization=Token <token-1>"),
    (
        "Cookie: sid=1; theme=\"dark\"\nHost: x",
        "Cookie: <cookie-1>\nHost: x",
    ),
    (
        "curl -H 'Cookie: a=b; c=d' -X POST",
        "curl -H 'Cookie: <cookie-1>' -X POST",
    ),
    ("API key: abc-def", "API key: <key-1>"),
    (
        "<password>hunter2</password>",
        "<password><password-1></password>",
    ),
    (
        "password 'hunter2' for user \"jane\"",
        "password '<password-1>' for user \"<user-1>\"",
    ),
    (
        "session 0f9a8b7c6d5e4f3a2b1c expired",
        "session <token-1> expired",
    ),
    (
        "SecretString(\"abc\") username=jane",
        "SecretString(\"<key-1>\") username=<user-1>",
    ),
    // literals in programs
    (
        "    password = \"hunter2\"",
        "    password = \"<password-1>\"",
    ),
    (
        "let token: &str = \"abc\";",
        "let token: &str = \"<token-1>\";",
    ),
    (
        "headers[\"X-Auth-Token\"] = f'abc'",
        "headers[\"X-Auth-Token\"] = f'<token-1>'",
    ),
    (
        "if password == 'hunter2':",
        "if password == '<password-1>':",
    ),
    ("'secret' => 'abc',", "'secret' => '<key-1>',"),
];

/// Texts without secrets, as events are full of them.
const KEPT: &[&str] = &[
    // at-signs
    "user@decorator",
    "@app.route('/login')",
    "git@github.com:acme/shop.git",
    "react@18.2.0",
    "/node_modules/.pnpm/next@14.2.3_react@18.2.0/x.js",
    "icon@2x.png",
    "render@bundle.js:1:5",
    "java.lang.Object@1b2c3d4e",
    "this@MainActivity.viewModel.load",
    "a@b.dot(c)",
    "shop@2.4.1",
    // numbers
    "version 1.2.3.4",
    "v1.2.3.4",
    "\"version\": \"10.0.19045.3693\"",
    "Chrome/120.0.6099.109",
    "foo==1.2.3.4",
    "lib-1.2.3.4.jar",
    "127.0.0.1:8000",
    "0.0.0.0",
    "::1",
    "::",
    "10.0.0.0/8",
    "1.0.0-rc.1+build.5",
    "2024-11-23T22:14:05.123456Z",
    "12:34:56.789",
    "at main.rs:42:13",
    "0x7f95428dab50",
    "0x00007ff8e2a41234",
    "4242424242424241",
    "1700000000000",
    "550e8400-e29b-41d4-a716-446655440000",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "93b1263",
    "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
    "{'order': 9917766554433}",
    "+0100",
    "x+12345678",
    "123-45-678",
    "000-12-3456",
    "3.14159265358979323846",
    "fingerprint aa:bb:cc:dd:ee:ff:00:11",
    // paths of programs
    "std::fe::dead",
    "core::option::Option<T>::unwrap",
    "crate::auth::token::verify",
    "a::b",
    "d3::b",
    "com.acme.auth.Token.verify(Token.java:42)",
    "App\\Http\\Kernel",
    "/srv/home/app/x",
    "https://example.com/home/page",
    "src/auth:12",
    "http://auth:8080/x",
    // keys without secrets
    "password = form.get(\"password\")",
    "password=password",
    "password=self.password",
    "token: str",
    "token: Optional[str] = None",
    "password: &str,",
    "token = None",
    "secret: [Filtered]",
    "password=***",
    "\"password\": \"[Filtered]\"",
    "password: null",
    "def login(username: str, password: str) -> User:",
    "fn check(password: &str, pin: u32)",
    "login(username=user.name, password=user.password)",
    "api_key = os.environ[\"API_KEY\"]",
    "const token = await getToken();",
    "token => verify(token)",
    "apiKey: process.env.API_KEY",
    "password=%s token=%(token)s secret=${SECRET} key={key}",
    "headers: { authorization: `Bearer ${token()}`, accept: x }",
    "WHERE password = ? AND token = $1",
    "password: must be at least 8 characters",
    "{\"password\": \"This field is required.\"}",
    "SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
    "Unexpected token: identifier",
    "max_tokens=4096",
    "token_type=bearer",
    "tokens: 12",
    "Basic authentication failed",
    "Bearer token is missing",
    "primary_key: 12345678",
    "(using password: YES)",
    "session: <Session object at 0x7f95428dab50>",
    "the user's password expired",
    "class Password(Field):",
    "csrf: true",
    // and the rest
    "🙂 naïve café — 日本語",
    "a { color: #ff8800; } /* 4px */",
    "%s: %d of %5.2f",
    "{} {:?} {0}",
    "KeyError: 'sku'",
    "SELECT email FROM users WHERE id = %s",
    "npm_config_cache",
    "hf_hub_download",
    "sk-circle-fade-dot",
    "-----BEGIN CERTIFICATE-----\nMIIB\n",
    "x <- y",
    "https://api.example.com/v1/charges?page=2&sort=key",
    "AC/DC",
    "Sg.",
    "key-value store",
];

#[test]
fn secrets_of_every_kind_are_taken_out_and_come_back() {
    for (text, redacted) in TAKEN {
        let mut redactor = Redactor::new();
        assert_eq!(redactor.redact(text), *redacted);
        assert_eq!(redactor.restore(redacted), *text);
        assert_eq!(Redactor::new().redact(redacted), *redacted, "a second time");
    }
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    let mut taken = Vec::new();
    for text in KEPT {
        taken.push((text, Redactor::new().redact(text)));
        taken.push((text, Redactor::new().redact_source(text)));
    }
    taken.retain(|(text, redacted)| redacted != *text);
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn a_text_without_secrets_is_not_copied() {
    assert!(matches!(
        Redactor::new().redact("KeyError: 'sku'"),
        Cow::Borrowed(_)
    ));
}

#[test]
fn names_in_a_program_are_variables() {
    let mut redactor = Redactor::new();
    for line in [
        "connect(user=name, password=hunter2)",
        "  pin: 12",
        "secret = derived",
    ] {
        assert_eq!(redactor.redact_source(line), line);
    }
    assert_eq!(
        redactor.redact_source("get(url, ['Cookie: a=b; c=d'])"),
        "get(url, ['Cookie: <cookie-1>'])"
    );
    assert_eq!(
        redactor.redact_source("API_KEY=9f8a7b6c5d4e3f2a1b0c\nPIN = 123456"),
        "API_KEY=<key-1>\nPIN = <password-1>"
    );
}

#[test]
fn the_value_of_a_known_pair_goes_as_a_whole() {
    let mut redactor = Redactor::new();
    let mut value = |key, value| redactor.redact_value(key, value).into_owned();
    assert_eq!(value("password", "correct horse, battery"), "<password-1>");
    assert_eq!(
        value("password", "'correct horse, battery'"),
        "'<password-1>'"
    );
    assert_eq!(value("Authorization", "Bearer x y"), "Bearer <token-1>");
    assert_eq!(value("Cookie", "a=1; b=2"), "<cookie-1>");
    assert_eq!(value("credentials", "{'a': ['b', {'c': 1}]}"), "<key-1>");
    for (key, kept) in [
        ("password", "None"),
        ("password", "''"),
        ("password", "[Filtered]"),
        ("session", "<Session object at 0x7f95428dab50>"),
        ("user", "{'id': 7, 'plan': 'pro'}"),
        ("user", "7"),
        ("n", "password"),
    ] {
        assert_eq!(value(key, kept), kept);
    }
    assert_eq!(
        value("user", "{'id': 7, 'mail': 'a@example.com'}"),
        "{'id': 7, 'mail': '<email-1>'}"
    );
}

#[test]
fn the_same_value_has_the_same_placeholder_and_counts_once() {
    let mut redactor = Redactor::new();
    assert_eq!(
        redactor.redact("a@example.com b@example.com a@example.com"),
        "<email-1> <email-2> <email-1>"
    );
    assert_eq!(
        redactor.redact("token=a@example.com ip 203.0.113.7"),
        "token=<email-1> ip <ip-1>"
    );
    assert_eq!(redactor.counts(), BTreeMap::from([("email", 2), ("ip", 1)]));
    assert!(!format!("{redactor:?}").contains("example"));
}

#[test]
fn text_like_a_placeholder_is_not_taken_for_ours() {
    let mut redactor = Redactor::new();
    assert_eq!(
        redactor.redact("<email-1> a@example.com"),
        "<email-1> <email-2>"
    );
    assert_eq!(
        redactor.redact("<email-2> b@example.com"),
        "<text-1> <email-3>"
    );
    assert_eq!(
        redactor.restore("<email-1> <email-2> <text-1> <email-3> <email-4> <email-03>"),
        "<email-1> a@example.com <email-2> b@example.com <email-4> <email-03>"
    );
}

/// Text of the kind that detectors look at, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        4 => proptest::sample::select(vec![
            "password", "token", "Cookie", "user", "key", "api_", "session", "Authorization",
            "Bearer ", "=", ": ", " ", "\"", "'", "\\\"", "\\", "(", ")", "[", "]", ", ", "&",
            "<", ">", "</", "\n", "@", "%40", "%3D", "%22", ".", "example.com", "a@example.com",
            "203.0.113.7", "4242424242424242", "+4930901820", "::", "2001:db8::1", "http://", "-",
            "db://", "/home/", "C:\\Users\\", "<email-1>", "<password-1>", "<token-2>", "<text-1>",
            "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "hunter2", "abc", "1",
            "eyJhbGciOiJIUzI1NiJ9.e30.x", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "None",
            "DE89370400440532013000", "é", "日", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
        ]).prop_map(str::to_owned),
        1 => ".{0,4}",
    ];
    proptest::collection::vec(fragment, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn restoring_gives_back_what_was_redacted(
        texts in proptest::collection::vec(fragments(), 1..4),
        key in "[a-z]{0,3}|password|user|session",
    ) {
        let mut redactor = Redactor::new();
        for text in texts {
            let prose = redactor.redact(&text).into_owned();
            prop_assert_eq!(redactor.restore(&prose), text.as_str());
            let source = redactor.redact_source(&text).into_owned();
            prop_assert_eq!(redactor.restore(&source), text.as_str());
            let value = redactor.redact_value(&key, &text).into_owned();
            prop_assert_eq!(redactor.restore(&value), text.as_str());
        }
    }

    #[test]
    fn a_redacted_text_is_left_as_it_is(text in fragments()) {
        let redacted = Redactor::new().redact(&text).into_owned();
        prop_assert_eq!(Redactor::new().redact(&redacted), redacted.as_str());
    }

    #[test]
    fn any_text_at_all_is_redacted_and_restored(text in any::<String>()) {
        let mut redactor = Redactor::new();
        let redacted = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.restore(&redacted), text);
    }
}
