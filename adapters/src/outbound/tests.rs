//! What may be reached, what may not, and what comes back when it is tried.

use std::net::IpAddr;

use explainer_core::ErrorKind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

#[test]
fn addresses_are_told_apart_in_every_spelling() {
    use Forbidden::{Never, Private};
    for (address, class) in [
        ("8.8.8.8", None),
        ("172.15.0.1", None),
        ("172.32.0.1", None),
        ("100.63.255.255", None),
        ("127.0.0.1", Some(Private)),
        ("127.255.0.9", Some(Private)),
        ("10.1.2.3", Some(Private)),
        ("172.16.0.1", Some(Private)),
        ("172.31.255.255", Some(Private)),
        ("192.168.1.1", Some(Private)),
        ("100.64.0.1", Some(Private)),
        ("100.100.100.200", Some(Never)),
        ("169.254.169.254", Some(Never)),
        ("0.0.0.0", Some(Never)),
        ("0.1.2.3", Some(Never)),
        ("192.0.0.192", Some(Never)),
        ("198.18.0.1", Some(Never)),
        ("224.0.0.1", Some(Never)),
        ("255.255.255.255", Some(Never)),
        ("2606:4700::1111", None),
        ("::1", Some(Private)),
        ("fc00::1", Some(Private)),
        ("fdff::1", Some(Private)),
        ("fd00:ec2::254", Some(Never)),
        ("::", Some(Never)),
        ("fe80::1", Some(Never)),
        ("fec0::1", Some(Never)),
        ("ff02::1", Some(Never)),
        ("100::1", Some(Never)),
        ("2001:db8::1", Some(Never)),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Some(Never)),
        ("::ffff:8.8.8.8", None),
        ("::ffff:127.0.0.1", Some(Private)),
        ("::ffff:169.254.169.254", Some(Never)),
        ("::ffff:100.100.100.200", Some(Never)),
        ("::127.0.0.1", Some(Private)),
        ("::ffff:0:10.0.0.1", Some(Private)),
        ("64:ff9b::8.8.8.8", None),
        ("64:ff9b::169.254.169.254", Some(Never)),
        ("64:ff9b:1::10.0.0.1", Some(Never)),
        ("2002:808:808::1", None),
        ("2002:7f00:1::1", Some(Private)),
        ("2002:a9fe:a9fe::1", Some(Never)),
    ] {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(Networks::Public.check(parsed).err(), class, "{address}");
        let behind = Networks::Private.check(parsed).err();
        assert_eq!(behind, class.filter(|it| *it == Never), "{address}");
        assert_eq!(Networks::Any.check(parsed), Ok(()), "{address}");
    }
}

#[test]
fn what_a_user_enters_is_checked_and_what_the_operator_wrote_is_not() {
    // The address, and whether it is taken from a user, from a user of an installation that
    // allows private networks, and from the operator.
    for (address, taken) in [
        ("https://sentry.example.com", [true, true, true]),
        ("https://sentry.example.com/base/path", [true, true, true]),
        (" https://8.8.8.8:8443/ ", [true, true, true]),
        ("http://sentry.example.com", [false, true, true]),
        ("http://127.0.0.1:9000", [false, true, true]),
        ("https://localhost", [false, true, true]),
        ("https://sentry.localhost.", [false, true, true]),
        ("http://[::1]/", [false, true, true]),
        ("https://10.0.0.7", [false, true, true]),
        ("https://2130706433/", [false, true, true]),
        ("https://0x7f.1/", [false, true, true]),
        ("http://169.254.169.254/", [false, false, true]),
        ("https://[::ffff:169.254.169.254]/", [false, false, true]),
        ("https://me:secret@sentry.example.com", [false, false, true]),
        ("https://me@sentry.example.com", [false, false, true]),
        ("https://sentry.example.com/?a=b", [false, false, false]),
        ("https://sentry.example.com/#x", [false, false, false]),
        ("file:///etc/passwd", [false, false, false]),
        ("gopher://sentry.example.com", [false, false, false]),
        ("sentry.example.com", [false, false, false]),
        ("", [false, false, false]),
    ] {
        let found = [
            Target::of_user(address, false).is_ok(),
            Target::of_user(address, true).is_ok(),
            Target::of_operator(address).is_ok(),
        ];
        assert_eq!(found, taken, "{address:?}");
    }
    let secret = Target::of_operator("https://me:secret@example.com").unwrap();
    assert_eq!(format!("{secret:?}"), "Target(https://example.com, Any)");
}

#[test]
fn a_server_moves_us_only_to_itself_and_below() {
    for (from, to, follows) in [
        ("https://sentry.io", "https://us.sentry.io", true),
        ("https://sentry.io", "https://sentry.io/x", true),
        ("https://sentry.io", "http://us.sentry.io", false),
        ("https://sentry.io", "https://a:b@us.sentry.io", false),
        ("https://sentry.io", "https://notsentry.io", false),
        ("https://sentry.io", "https://sentry.io.example.com", false),
        ("https://us.sentry.io", "https://de.sentry.io", false),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", true),
        ("http://127.0.0.1:1", "http://169.254.169.254", false),
        ("https://sentry.io", "", false),
    ] {
        let moved = Target::of_operator(from).unwrap().moved(to);
        assert_eq!(moved.is_some(), follows, "{from} -> {to}");
    }
}

#[test]
fn path_segments_are_escaped() {
    let target = Target::of_operator("https://example.com/base").unwrap();
    assert_eq!(
        target.at(&["a/../b?c#d", "e f", "100%"]).as_str(),
        "https://example.com/base/a%2F..%2Fb%3Fc%23d/e%20f/100%25"
    );
}

/// Answers each request with `answer`, as it stands, and then hangs up.
async fn server(answer: &[u8]) -> String {
    serve(answer.to_vec(), false).await
}

/// The same, and leaves the connection open.
async fn slow_server(answer: &[u8]) -> String {
    serve(answer.to_vec(), true).await
}

async fn serve(answer: Vec<u8>, hold: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut streams = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
            if hold {
                streams.push(stream);
            }
        }
    });
    format!("http://{address}/")
}

async fn get(address: &str, limit: usize) -> Result<Vec<u8>> {
    let target = Target::of_operator(address).unwrap();
    let patience = Patience {
        read: Duration::from_millis(200),
        ..Patience::default()
    };
    let client = client(&target, patience, "test")?;
    let request = client.get(target.at(&["x"])).query(&[("key", "hidden")]);
    let response = request.send().await;
    let response = response.map_err(|error| fault(error, target.host(), "test", "get"))?;
    read_capped(response, limit, "test", "get").await
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_whatever_it_unpacks_to() {
    let plain = server(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd").await;
    assert_eq!(get(&plain, 4).await.unwrap(), b"abcd");
    let error = get(&plain, 3).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);

    let mut bomb = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n".to_vec();
    bomb.extend(zeros_in_gzip());
    let error = get(&server(&bomb).await, 1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    assert!(error.message().contains("larger than"), "{error}");
}

#[tokio::test]
async fn failures_keep_their_meaning_and_hold_no_address() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab";
    let not_gzip = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nab";
    for (address, kind) in [
        (closed, ErrorKind::Unavailable),
        (server(b"").await, ErrorKind::Unavailable),
        (server(begun).await, ErrorKind::Unavailable),
        (slow_server(b"").await, ErrorKind::Timeout),
        (slow_server(begun).await, ErrorKind::Timeout),
        (
            server(b"SSH-2.0-OpenSSH_9.6\r\n").await,
            ErrorKind::Unavailable,
        ),
        (server(not_gzip).await, ErrorKind::Protocol),
    ] {
        let error = get(&address, 100).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let moved =
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 2\r\n\r\nno";
    assert_eq!(get(&server(moved).await, 10).await.unwrap(), b"no");
}

#[tokio::test]
async fn a_name_that_resolves_into_a_private_network_is_refused() {
    let refused = resolve("localhost", 80, Networks::Public)
        .await
        .unwrap_err();
    assert_eq!(refused.downcast::<Forbidden>().unwrap(), Forbidden::Private);
    assert!(resolve("localhost", 80, Networks::Private).await.is_ok());

    // The name passed the check of its spelling; what it resolves to is checked as well.
    let target = Target::of_user("https://example.com", false).unwrap();
    let client = client(&target, Patience::default(), "test").unwrap();
    let error = client.get("http://localhost:9/").send().await.unwrap_err();
    let error = fault(error, "localhost", "test", "get");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    assert!(error.message().contains("private network"), "{error}");
}

/// 8 MiB of zeros, deflated by hand: one stored block is not enough of a bomb, so a block with
/// fixed codes repeats its first byte 258 at a time.
fn zeros_in_gzip() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3);
    bits.put_code(0b0011_0000, 8);
    for _ in 0..(8 << 20) / 258 {
        bits.put_code(0b1100_0101, 8);
        bits.put_code(0, 5);
    }
    bits.put_code(0, 7);
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(bits.bytes);
    gzip
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    /// Lowest bit first, as deflate packs numbers.
    fn put(&mut self, value: u32, length: u32) {
        for at in 0..length {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let bit = u8::try_from(value >> at & 1).unwrap();
            *self.bytes.last_mut().unwrap() |= bit << self.used;
            self.used = (self.used + 1) % 8;
        }
    }

    /// Highest bit first, as deflate packs codes.
    fn put_code(&mut self, code: u32, length: u32) {
        for at in (0..length).rev() {
            self.put(code >> at & 1, 1);
        }
    }
}
