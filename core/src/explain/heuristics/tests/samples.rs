//! Evidence of many families, built by hand for the tests of the rules and of the document.

use crate::domain::{
    Event, Evidence, FramePlace, Issue, Level, Project, Stack, Timestamp,
    event::{Breadcrumb, Exception, Frame, Request},
};

/// Evidence of `event`, its frames numbered as collecting numbers them, the newest own frame the culprit.
pub(in crate::explain) fn evidence(event: Event) -> Evidence {
    let stacks = event.exceptions.iter().map(|one| &one.frames).enumerate();
    let frames: Vec<_> = stacks
        .flat_map(|(at, frames)| {
            let place = move |frame| FramePlace {
                stack: Stack::Exception(at),
                frame,
            };
            (0..frames.len()).rev().map(place)
        })
        .collect();
    let title = event.exceptions.last().map(|one| {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{}: {}", text(&one.kind), text(&one.value))
    });
    let issue = Issue {
        id: "4711".to_owned(),
        short_id: Some("SHOP-42".to_owned()),
        title: title
            .or_else(|| event.title.clone())
            .or_else(|| event.message.clone())
            .unwrap_or_default(),
        platform: event.platform.clone().unwrap_or_default(),
        project: Project {
            name: "Shop".to_owned(),
            ..Project::default()
        },
        count: 128,
        user_count: 12,
        first_seen: Some(at(0)),
        last_seen: Some(at(86_400 * 3)),
        permalink: Some("https://tracker.example/issues/4711".to_owned()),
        ..Issue::default()
    };
    let mut evidence = Evidence {
        issue,
        event,
        frames,
        culprit: None,
    };
    let own = |at: &usize| {
        evidence
            .frame(*at)
            .is_some_and(|frame| frame.in_app == Some(true))
    };
    let culprit = (0..evidence.frames.len()).find(own);
    evidence.culprit = culprit.or((!evidence.frames.is_empty()).then_some(0));
    evidence
}

/// So many seconds after a fixed moment.
pub(in crate::explain) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap_or_default()
}

pub(in crate::explain) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// An event that happened five minutes after the fixed moment, in production.
pub(in crate::explain) fn event(platform: &str) -> Event {
    Event {
        platform: Some(platform.to_owned()),
        environment: Some("production".to_owned()),
        release: Some("shop@3.1.0".to_owned()),
        timestamp: Some(at(300)),
        ..Event::default()
    }
}

pub(in crate::explain) fn exception(kind: &str, value: &str, frames: Vec<Frame>) -> Exception {
    Exception {
        kind: Some(kind.to_owned()),
        value: Some(value.to_owned()),
        frames,
        ..Exception::default()
    }
}

/// An own frame; `source` are the lines up to the one that ran, which is `line`.
pub(in crate::explain) fn own(function: &str, file: &str, line: u32, source: &[&str]) -> Frame {
    let first = (line + 1).saturating_sub(u32::try_from(source.len()).unwrap_or(0));
    Frame {
        function: Some(function.to_owned()),
        file: Some(file.to_owned()),
        line: Some(line),
        in_app: Some(true),
        context: (first..)
            .zip(source.iter().map(ToString::to_string))
            .collect(),
        ..Frame::default()
    }
}

pub(in crate::explain) fn library(function: &str, file: &str, line: u32) -> Frame {
    Frame {
        in_app: Some(false),
        ..own(function, file, line, &[])
    }
}

pub(in crate::explain) fn crumb(
    seconds: i64,
    category: &str,
    message: &str,
    data: &[(&str, &str)],
) -> Breadcrumb {
    Breadcrumb {
        timestamp: Some(at(seconds)),
        category: Some(category.to_owned()),
        message: (!message.is_empty()).then(|| message.to_owned()),
        data: pairs(data),
        ..Breadcrumb::default()
    }
}

pub(in crate::explain) fn request(method: Option<&str>, url: &str, query: Option<&str>) -> Request {
    Request {
        method: method.map(str::to_owned),
        url: Some(url.to_owned()),
        query: query.map(str::to_owned),
        ..Request::default()
    }
}

/// A value that was `None`, found by a query, wrapped on the way up.
pub(in crate::explain) fn python_chain() -> Evidence {
    let mut load = own(
        "load_rate",
        "shop/pricing/rates.py",
        31,
        &[
            "def load_rate(db, currency):",
            "    rate = db.find_rate(currency)",
            "    return rate[\"factor\"]",
        ],
    );
    load.locals = pairs(&[
        ("rate", "None"),
        ("currency", "'CHF'"),
        ("db", "<Database at 0x7f>"),
    ]);
    let quote = own(
        "quote",
        "shop/pricing/quote.py",
        58,
        &["    try:", "        factor = load_rate(db, currency)"],
    );
    let raise = own(
        "quote",
        "shop/pricing/quote.py",
        60,
        &[
            "    except TypeError as error:",
            "        raise QuoteError(currency) from error",
        ],
    );
    let view = own(
        "create_order",
        "shop/orders/views.py",
        112,
        &["    price = quote(db, cart, currency)"],
    );
    let mut root = exception(
        "TypeError",
        "'NoneType' object is not subscriptable",
        vec![quote, load],
    );
    root.handled = Some(false);
    let wrapped = exception(
        "QuoteError",
        "CHF",
        vec![
            library("inner", "django/core/handlers/exception.py", 55),
            view,
            raise,
        ],
    );
    let mut request = request(
        Some("POST"),
        "https://shop.example/orders",
        Some("currency=CHF&coupon=x1"),
    );
    request.headers = pairs(&[("Content-Type", "application/json")]);
    request.body = Some("{\"items\":[1]}".to_owned());
    evidence(Event {
        exceptions: vec![root, wrapped],
        breadcrumbs: vec![
            crumb(
                298,
                "query",
                "SELECT factor FROM rates WHERE currency = %s",
                &[],
            ),
            crumb(
                299,
                "http",
                "",
                &[
                    ("url", "https://fx.example/latest?key=secret"),
                    ("method", "GET"),
                    ("status_code", "503"),
                ],
            ),
        ],
        request: Some(request),
        transaction: Some("/orders".to_owned()),
        server_name: Some("web-3".to_owned()),
        contexts: vec![(
            "runtime".to_owned(),
            pairs(&[("name", "CPython"), ("version", "3.12.1")]),
        )],
        sdk: Some("sentry.python 2.40.0".to_owned()),
        ..event("python")
    })
}

/// A click in a browser that reads a property of something that is not there.
pub(in crate::explain) fn browser_click() -> Evidence {
    let total = own(
        "renderTotal",
        "https://shop.example/static/src/cart/total.ts",
        20,
        &[
            "export function renderTotal(state: State) {",
            "  const cart = state.carts.find((c) => c.id === state.current);",
            "  return format(cart.total, cart.currency);",
        ],
    );
    let mut thrown = exception(
        "TypeError",
        "Cannot read properties of undefined (reading 'total')",
        vec![
            library(
                "commitWork",
                "https://shop.example/static/node_modules/react-dom/index.js",
                1,
            ),
            total,
        ],
    );
    thrown.handled = Some(false);
    evidence(Event {
        exceptions: vec![thrown],
        breadcrumbs: vec![
            crumb(280, "navigation", "", &[("from", "/"), ("to", "/cart")]),
            crumb(
                290,
                "fetch",
                "",
                &[
                    ("url", "/api/carts"),
                    ("method", "GET"),
                    ("status_code", "200"),
                ],
            ),
            crumb(299, "ui.click", "button#checkout > span", &[]),
        ],
        request: Some(request(None, "https://shop.example/cart", None)),
        tags: pairs(&[("browser", "Firefox 131.0"), ("os", "Windows 11")]),
        ..event("javascript")
    })
}

/// Two requests that insert the same row.
pub(in crate::explain) fn unique_violation() -> Evidence {
    let message = "duplicate key value violates unique constraint \"payment_order_id_key\"\nDETAIL:  Key (order_id)=(17) already exists.\n";
    let save = own(
        "record_payment",
        "shop/payment/store.py",
        44,
        &[
            "    session.add(Payment(order_id=order.id))",
            "    session.commit()",
        ],
    );
    let root = exception(
        "UniqueViolation",
        message,
        vec![library("execute", "site-packages/psycopg/cursor.py", 97)],
    );
    let above = exception(
        "IntegrityError",
        message,
        vec![
            save,
            library("commit", "site-packages/sqlalchemy/orm/session.py", 1_400),
        ],
    );
    let mut evidence = evidence(Event {
        exceptions: vec![
            Exception {
                module: Some("psycopg.errors".to_owned()),
                ..root
            },
            above,
        ],
        request: Some(request(
            Some("POST"),
            "https://shop.example/payment/confirm",
            None,
        )),
        ..event("python")
    });
    evidence.issue.count = 2_400;
    evidence
}

/// A helpful message of a recent JVM.
pub(in crate::explain) fn java_null() -> Evidence {
    let handler = Frame {
        module: Some("com.example.shop.CartController".to_owned()),
        ..own(
            "total",
            "CartController.java",
            71,
            &[
                "        Cart cart = carts.find(id);",
                "        return cart.getItems().size();",
            ],
        )
    };
    let message = "Cannot invoke \"com.example.shop.Cart.getItems()\" because \"cart\" is null";
    evidence(Event {
        exceptions: vec![exception(
            "NullPointerException",
            message,
            vec![library("invoke", "Method.java", 580), handler],
        )],
        request: Some(request(
            Some("GET"),
            "https://shop.example/carts/9/total",
            None,
        )),
        ..event("java")
    })
}

/// A panic with an index that is too large.
pub(in crate::explain) fn go_index() -> Evidence {
    let pick = own(
        "pickWarehouse",
        "internal/stock/pick.go",
        27,
        &[
            "\tcandidates := filter(all, sku)",
            "\tbest := candidates[0]",
        ],
    );
    let mut panic = exception(
        "runtime.boundsError",
        "index out of range [0] with length 0",
        vec![own("Serve", "internal/http/serve.go", 90, &[]), pick],
    );
    panic.handled = Some(false);
    evidence(Event {
        exceptions: vec![panic],
        level: Level::Fatal,
        ..event("go")
    })
}

/// A panic on an absent value.
pub(in crate::explain) fn rust_unwrap() -> Evidence {
    let run = own(
        "shop::config::load",
        "src/config.rs",
        18,
        &[
            "    let home = env::home(&name);",
            "    let path = home.unwrap().join(\"shop.toml\");",
        ],
    );
    let mut panic = exception(
        "panic",
        "called `Option::unwrap()` on a `None` value",
        vec![own("shop::main", "src/main.rs", 9, &[]), run],
    );
    panic.handled = Some(false);
    evidence(Event {
        exceptions: vec![panic],
        sdk: Some("sentry.rust 0.49".to_owned()),
        level: Level::Fatal,
        ..event("native")
    })
}

/// A crash of which only addresses and function names are known.
pub(in crate::explain) fn native_crash() -> Evidence {
    let decode = Frame {
        function: Some("codec::Decoder::next".to_owned()),
        package: Some("/opt/player/libcodec.so".to_owned()),
        address: Some("0x7f3a10".to_owned()),
        in_app: Some(true),
        ..Frame::default()
    };
    let mut crash = exception("SIGSEGV", "SEGV_MAPERR @ 0x18", vec![decode]);
    crash.handled = Some(false);
    evidence(Event {
        exceptions: vec![crash],
        level: Level::Fatal,
        contexts: vec![(
            "os".to_owned(),
            pairs(&[("name", "Android"), ("version", "15")]),
        )],
        ..event("native")
    })
}

/// A report of a browser about a policy.
pub(in crate::explain) fn policy_report() -> Evidence {
    evidence(Event {
        message: Some("Blocked 'script' from 'cdn.metrics.example'".to_owned()),
        findings: pairs(&[
            ("document_uri", "https://shop.example/welcome?ref=mail"),
            ("effective_directive", "script-src-elem"),
            ("blocked_uri", "https://cdn.metrics.example/track.js"),
            ("violated_directive", "script-src 'self'"),
        ]),
        ..event("javascript")
    })
}

/// What a performance detector found.
pub(in crate::explain) fn repeated_queries() -> Evidence {
    evidence(Event {
        title: Some("N+1 Query".to_owned()),
        transaction: Some("GET /orders".to_owned()),
        level: Level::Info,
        findings: pairs(&[
            ("Transaction", "GET /orders"),
            ("Parent Span", "SELECT * FROM orders"),
            ("Repeating Spans", "SELECT * FROM customers WHERE id = ?"),
        ]),
        ..event("ruby")
    })
}

/// A log line and nothing else.
pub(in crate::explain) fn message_only() -> Evidence {
    evidence(Event {
        message: Some("Stock level of 3 products is negative".to_owned()),
        level: Level::Warning,
        logger: Some("shop.stock".to_owned()),
        server_name: Some("worker-1".to_owned()),
        ..event("python")
    })
}

/// A function that calls itself until the stack is full.
pub(in crate::explain) fn recursion() -> Evidence {
    let visit = own(
        "visit",
        "shop/categories/tree.py",
        14,
        &[
            "def visit(node):",
            "    return [visit(child) for child in node.children]",
        ],
    );
    let mut frames = vec![own(
        "rebuild",
        "shop/categories/tasks.py",
        5,
        &["    visit(root)"],
    )];
    frames.extend(std::iter::repeat_n(visit, 999));
    evidence(Event {
        exceptions: vec![exception(
            "RecursionError",
            "maximum recursion depth exceeded",
            frames,
        )],
        transaction: Some("rebuild_categories".to_owned()),
        ..event("python")
    })
}

/// An exception of the program's own that no rule knows.
pub(in crate::explain) fn own_throw() -> Evidence {
    let reserve = own(
        "Reserve",
        "src/Stock/Reservation.php",
        40,
        &[
            "    public function reserve(int $amount): void",
            "    {",
            "        if ($amount > $this->left) {",
            "            throw new SoldOut($this->sku);",
        ],
    );
    let mut thrown = exception("SoldOut", "SKU-9", vec![reserve]);
    thrown.handled = Some(true);
    evidence(Event {
        exceptions: vec![thrown],
        ..event("php")
    })
}
