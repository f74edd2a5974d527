//! Test events: what there is to be sent, and how sending can fail. Sending is `monitor`'s.

use std::{collections::BTreeMap, num::ParseFloatError, str::Utf8Error};

use explainer_core::Error;

/// Which kind of event is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Something worth knowing.
    Info,
    /// Any of the three.
    Any,
}

/// An event that was told.
#[derive(Debug)]
pub(crate) struct Told {
    /// What it is found by.
    pub event_id: String,
    /// `error`, `warning` or `info`.
    pub kind: &'static str,
    /// The type of an error.
    pub error_type: Option<String>,
    /// What it says.
    pub message: String,
    /// What it happened to.
    pub context: BTreeMap<&'static str, &'static str>,
}

/// What a test event is made from.
#[derive(Debug)]
pub(crate) struct Template {
    /// `error`, `warning` or `info`.
    pub kind: &'static str,
    /// The type of an error, or the subject of a message.
    pub name: &'static str,
    /// What happened.
    pub message: &'static str,
    /// What it happened to.
    pub context: &'static [(&'static str, &'static str)],
    /// What raises it, if it is an error.
    pub raise: Option<fn() -> Result<(), Raised>>,
}

/// The errors that are raised, with what raised them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Raised {
    #[error("could not read the price of an order line")]
    UnreadablePrice(#[source] ParseFloatError),
    #[error("could not read the name of an uploaded file")]
    UnreadableFileName(#[source] Utf8Error),
    #[error("could not read the answer of the payment provider")]
    UnexpectedPaymentAnswer(#[source] serde_json::Error),
    #[error("could not reserve the stock")]
    StockReservationFailed(#[source] OutOfStock),
    #[error("could not fit the total into the ledger")]
    LedgerOverflow(#[source] std::num::TryFromIntError),
}

#[derive(Debug, thiserror::Error)]
#[error("asked for {asked} and there are {left}")]
pub(crate) struct OutOfStock {
    asked: u32,
    left: u32,
}

/// Every template there is.
pub(crate) const TEMPLATES: &[Template] = &[
    Template {
        kind: "error",
        name: "UnreadablePrice",
        message: "could not read the price of an order line",
        context: &[("operation", "checkout"), ("currency", "EUR")],
        raise: Some(|| {
            "12,90"
                .parse::<f64>()
                .map(drop)
                .map_err(Raised::UnreadablePrice)
        }),
    },
    Template {
        kind: "error",
        name: "UnreadableFileName",
        message: "could not read the name of an uploaded file",
        context: &[("operation", "upload"), ("encoding", "latin-1")],
        raise: Some(|| {
            let name = vec![b'M', 0xfc, b'l', b'l', b'e', b'r'];
            let read = String::from_utf8(name).map_err(|error| error.utf8_error());
            read.map(drop).map_err(Raised::UnreadableFileName)
        }),
    },
    Template {
        kind: "error",
        name: "UnexpectedPaymentAnswer",
        message: "could not read the answer of the payment provider",
        context: &[("operation", "capture"), ("provider", "example-pay")],
        raise: Some(|| {
            let answer = "<html>502 Bad Gateway</html>";
            let read = serde_json::from_str::<serde_json::Value>(answer);
            read.map(drop).map_err(Raised::UnexpectedPaymentAnswer)
        }),
    },
    Template {
        kind: "error",
        name: "StockReservationFailed",
        message: "could not reserve the stock",
        context: &[("operation", "reserve"), ("warehouse", "north")],
        raise: Some(|| {
            let (asked, left) = (3, 1);
            Err(Raised::StockReservationFailed(OutOfStock { asked, left }))
        }),
    },
    Template {
        kind: "error",
        name: "LedgerOverflow",
        message: "could not fit the total into the ledger",
        context: &[("operation", "book"), ("ledger", "2026")],
        raise: Some(|| {
            let total = 1_i64 << 40;
            i32::try_from(total)
                .map(drop)
                .map_err(Raised::LedgerOverflow)
        }),
    },
    Template {
        kind: "warning",
        name: "slow_query",
        message: "a query for the order list took 4.2 s, and 1 s is allowed",
        context: &[("operation", "list_orders"), ("table", "orders")],
        raise: None,
    },
    Template {
        kind: "warning",
        name: "retry",
        message: "the mail server answered at the third try",
        context: &[("operation", "send_mail"), ("attempts", "3")],
        raise: None,
    },
    Template {
        kind: "warning",
        name: "disk_nearly_full",
        message: "the disk for uploads is 91 % full",
        context: &[("operation", "upload"), ("mount", "/srv/uploads")],
        raise: None,
    },
    Template {
        kind: "info",
        name: "deployment",
        message: "the release is live on all machines",
        context: &[("operation", "deploy"), ("machines", "3")],
        raise: None,
    },
    Template {
        kind: "info",
        name: "import_finished",
        message: "the nightly import took in 1208 products",
        context: &[("operation", "import"), ("source", "supplier")],
        raise: None,
    },
];

/// Where the DSN comes from, and with it how far the server it names is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The operator's configuration.
    Application,
    /// A user of the service.
    Workspace {
        /// Whether users may name servers in private networks.
        private_networks: bool,
    },
}

/// Why test events did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// The DSN names no server, or one that must not be spoken to.
    #[error("could not send the events because of the DSN: {0}")]
    BadDsn(String),
    /// The server could not be asked.
    #[error("{0}")]
    Unreachable(#[from] Error),
    /// The server refused.
    #[error("could not send the events because {host} answered {status}; check the DSN")]
    Refused {
        /// The server.
        host: String,
        /// What it answered.
        status: u16,
    },
    /// This build cannot send any.
    #[cfg(not(feature = "telemetry-sentry"))]
    #[error(
        "could not send the events because this build has no `sentry` (feature telemetry-sentry); use a build with it"
    )]
    Absent,
}
