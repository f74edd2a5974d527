//! What can be said of a failure nobody wrote a row for, by the words in its class and message.
//!
//! The patterns are tried in this order over the class, split into words, then over the message.

use super::{
    Advice, BLANK,
    Work::{Deep, Quick},
};

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"(?i)\btime[ds]?[ -]?out|\bdeadline|ETIMEDOUT|took too long",
        cause: "Something took longer than it may. Most likely a service, a query or a lock it waited for was slow.",
        open: "The evidence does not tell why it was slow.",
        fix: "Find the slow step (the breadcrumbs and the trace tell), give it a timeout of its own, retry only what is idempotent, and say in the error which step it was.",
        test: "lets that step hang and expects {function} to end in time with a clear error",
        ..BLANK
    },
    Advice {
        message: r"(?i)\bunauthori[sz]ed|\bforbidden|\bpermission|\baccess ?denied|\bnot allowed|\bauthenticat|\bcredential|\bcsrf",
        cause: "Something was refused for lack of a right: credentials that are missing, expired or of another account, or a check of the program's own.",
        fix: "Check who {function} acts for and which right it needs; answer 401 or 403 where a user caused it, and renew credentials where the program did.",
        test: "calls {function} without the right and expects a clear refusal",
        ..BLANK
    },
    Advice {
        message: r"(?i)\bdeadlock|\brace\b|\bconcurren|\block(ed)?\b|\bconflict|\bstale\b",
        cause: "Two things happened at once that exclude each other.",
        open: "The evidence shows one side of it.",
        fix: "Find what else touches the same data; take locks in one order, keep them short, or retry from a fresh read.",
        test: "runs {function} twice in parallel",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bnot ?found|\bmissing\b|\bno such\b|\bdoes ?n.t exist|\bunknown\b|\bundefined\b",
        null: true,
        cause: "Something that was looked for is not there. Most likely it was never created, was deleted, or is looked for under another name.",
        fix: "Say in {function} what its absence means: a 404, a default, or an error that names what was looked for and where.",
        test: "calls {function} while it is absent",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bpars(e|er|ing)\b|\bdecod|\bdeserial|\bunmarshal|\bsyntax|\bmalformed|\bformat\b|\bunexpected (token|char|end)|\bjson\b|\bxml\b|\byaml\b|\bencoding\b",
        cause: "Text or bytes have another form than the reader expects.",
        open: "Unless it is in the message, the evidence does not hold the text that was read.",
        fix: "Validate where the data comes in, and report its source, length and beginning in the error of {function}.",
        test: "feeds {function} empty, cut-off and foreign input",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bnull\b|\bnil\b|\bnone ?type|\boptional\b|\bunwrap",
        null: true,
        cause: "{subject|A value} was absent where the code takes it for granted.",
        fix: "Find where the value is obtained and handle its absence there; let {function} return early or raise an error that names it.",
        test: "calls {function} without the value",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bindex\b|\bbounds\b|\b(out of )?range\b|\btoo (short|long|large|small)\b|\boverflow|\blength\b",
        subject: &["["],
        cause: "A number or an index is outside of what is allowed.",
        fix: "Check the bounds in {function} where the number is computed or comes in; empty collections are the usual case.",
        test: "calls {function} with nothing, with one, and with the most",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bmemory\b|\bheap\b|\balloc",
        cause: "The process was short of memory.",
        open: "The evidence does not tell what holds the memory.",
        fix: "Look for what grows with the data, and bound it.",
        test: "runs {function} over ten times the usual data",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bconnect|\bsocket\b|\bnetwork\b|\bunreachable\b|\bhost\b|\bdns\b|\btls\b|\bssl\b|\bhttp\b|\bfetch\b|\bgateway\b|\bupstream\b|\bunavailable\b",
        cause: "Another service could not be reached, or did not answer as expected.",
        fix: "Check its address and state; retry with growing pauses what is idempotent, and let {function} end with an error that names the service.",
        test: "takes that service away and expects a defined outcome",
        ..BLANK
    },
    Advice {
        message: r"(?i)\b(in)?valid|\bconstraint\b|\bmust (be|have)\b|\brequired\b|\billegal ?arg|\bbad ?(arg|request|param)|\bargument\b",
        cause: "A value was refused because it breaks a rule.",
        fix: "Find where the value comes from: check it at the border and name the field and the rule, so that {function} only sees good values.",
        test: "passes the refused value and expects a validation error",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\btype\b|\bcast\b|\bconvert|\binstance\b|\bcoerc",
        cause: "A value was of another type than expected.",
        fix: "Check or convert it where it enters, so that {function} sees one type.",
        test: "passes the other type to {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bstate\b|\balready\b|\bnot (yet |been )?(ready|initiali[sz]ed|started|open)\b|\bclosed\b|\bdisposed\b|\bcancel|\babort|\binterrupt",
        cause: "Something was used before it was ready or after it had ended.",
        fix: "Make the order certain: await the start, stop users before the end, and refuse the call with a clear error in between.",
        test: "calls {function} before the start and after the end",
        ..BLANK
    },
    Advice {
        message: r"(?i)\bconfig|\bsetting\b|\benvironment variable|\bsecret\b",
        cause: "A setting is absent or wrong in this environment.",
        fix: "Read and check all settings at start, and stop there with a message that names the setting.",
        test: "starts the program without that setting",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\bI/?O\b|\bfile\b|\bdisk\b|\b(read|write)\b|\bstream\b|\bpipe\b",
        cause: "Reading or writing failed.",
        fix: "Name the file or stream in the error, close it on every path, and decide in {function} what a half-done write means.",
        test: "lets the read or write fail half-way",
        ..BLANK
    },
];
