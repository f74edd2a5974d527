//! Findings of performance detectors: nothing failed, something is slow.

use super::{Advice, BLANK, Work::Deep};

pub(super) static ROWS: &[Advice] = &[
    Advice {
        kinds: &["N+1 Query"],
        cause: "One query found a list, and then one more query ran for each element of it: {repeating_spans|see the finding}. Time grows with the number of rows.",
        fix: "Load the related rows in one query: `select_related`/`prefetch_related` (Django), `includes` (Rails), `joinedload`/`selectinload` (SQLAlchemy), `join fetch` (Hibernate), `Include` (Entity Framework), `with` (Laravel), or one `WHERE id IN (…)`.",
        test: "counts the queries of {transaction|this transaction} for one and for twenty rows and expects the same number",
        ..BLANK
    },
    Advice {
        kinds: &["Slow DB Query", "Slow Database Query"],
        cause: "One query takes a noticeable part of the transaction's time.",
        open: "The finding does not hold the query's plan: it may lack an index, read too many rows, or wait for a lock.",
        fix: "Run `EXPLAIN (ANALYZE, BUFFERS)` on it with production data. A sequential scan with a selective filter wants an index on the filtered (and sorted) columns; many rows want a limit; a wait wants shorter transactions.",
        test: "runs the query over a realistic amount of data within a time limit",
        ..BLANK
    },
    Advice {
        kinds: &["Consecutive DB Queries", "Consecutive DB"],
        cause: "Independent queries run one after the other, and their times add up.",
        fix: "Run the independent ones at the same time, or merge them into one query.",
        test: "measures {transaction|the transaction} with a delay in each query",
        ..BLANK
    },
    Advice {
        kinds: &["N+1 API Call", "Consecutive HTTP"],
        cause: "Requests to a service run one after the other, often one for each element of a list.",
        fix: "Ask for all in one request if the service can, else send them at the same time with a bound; cache what repeats.",
        test: "counts the requests for one and for twenty elements",
        ..BLANK
    },
    Advice {
        kinds: &[
            "File IO on Main Thread",
            "DB on Main Thread",
            "JSON Decoding on Main Thread",
            "Image Decoding on Main Thread",
            "Regex on Main Thread",
            "Frame Drop",
            "Function Regression",
        ],
        cause: "Work ran on the main thread and kept the screen from being drawn.",
        fix: "Move it to a background thread and show the result when it is there.",
        test: "runs the screen with strict mode (or the main-thread checker) on",
        ..BLANK
    },
    Advice {
        kinds: &[
            "Large HTTP payload",
            "Uncompressed Asset",
            "Large Render Blocking Asset",
            "Render Blocking Asset",
        ],
        cause: "Something large is sent before the page can be shown.",
        fix: "Compress it, split it, load it later (`defer`, lazy routes), and cache it with a hashed name.",
        test: "measures the page's first paint with a slow network",
        ..BLANK
    },
    Advice {
        kinds: &[
            "Endpoint Regression",
            "Slow Transaction",
            "Transaction Duration Regression",
        ],
        cause: "A transaction became slower than it was.",
        open: "The finding does not tell which change did it.",
        fix: "Compare the spans before and after the change point, and look at what was deployed then.",
        test: "measures {transaction|the transaction} in CI against a budget",
        work: Deep,
        ..BLANK
    },
];
