//! Networks, TLS and the answers of other services.

use super::{Advice, BLANK, Work::Quick};

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"(?i)(ECONNREFUSED|connection refused|actively refused|connect: refused)[^\d]{0,40}(?<target>[\w.-]*:?\d{1,3}(\.\d{1,3}){3}(:\d+)?|\S+:\d+)?",
        cause: "Nothing listened at {target|the address}: the service is down or restarting, the port is wrong, or inside of a container `localhost` is the container itself.",
        fix: "Check address and port in the settings of this environment and whether that service runs; let {function} retry with growing pauses and give up with a clear error.",
        test: "points {function} at a closed port and expects a retry and then a clear error",
        ..BLANK
    },
    Advice {
        message: r"(?i)ECONNRESET|connection reset|socket hang up|forcibly closed|other side closed|ConnectionAborted|Connection aborted|RemoteDisconnected|Premature close|connection closed before message completed",
        cause: "The other side closed the connection in the middle. Most likely a kept-alive connection had gone stale, a proxy cut it, or that service crashed.",
        fix: "Retry once on a fresh connection when the request is idempotent; keep idle connections for a shorter time than the server does.",
        test: "closes the connection after the request and expects one retry",
        ..BLANK
    },
    Advice {
        message: r"(?i)EPIPE|broken pipe|ClientAbortException|client disconnected|Connection was closed by the client",
        cause: "The client went away before the answer was written. Usually not a defect of the server.",
        fix: "Do not report it; if clients leave often at this route, look at how long it takes.",
        test: "closes the connection half-way and expects no event",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)(ENOTFOUND|EAI_AGAIN|getaddrinfo( failed)?|Name or service not known|nodename nor servname|no such host|UnknownHostException|Temporary failure in name resolution|Could not resolve host|Failed host lookup|Unable to resolve host)[ :]*(ENOTFOUND|EAI_AGAIN)?[ :'\x22]*(?<host>[\w-]+(\.[\w-]+)+)?",
        cause: "The name {host|of the service} could not be resolved: misspelt or empty in the settings, or the resolver was unreachable for a moment.",
        fix: "Check the name in the settings of this environment; for passing faults retry with a pause and cache names in the node.",
        test: "uses a name that does not resolve and expects a clear error that holds it",
        ..BLANK
    },
    Advice {
        message: r"(?i)certificate (has expired|verify failed: certificate has expired|expired)|CERT_HAS_EXPIRED|certificate is not yet valid|x509: certificate has expired",
        cause: "The certificate of the other side has expired (or this machine's clock is wrong).",
        fix: "Renew it, and watch the date from outside. If it is not yours, tell its owner; do not switch verification off.",
        test: "checks the certificate's date daily",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)certificate verify failed|unable to (verify|get local issuer)|self[- ]signed certificate|SSLHandshakeException|PKIX path|x509: certificate|SSL: \w+|UNABLE_TO_VERIFY|HandshakeException|tls: |SSL routines|WRONG_VERSION_NUMBER|The SSL connection could not be established",
        cause: "The TLS handshake failed: the certificate is of an unknown issuer or another name, a link of its chain is missing, or one side speaks no TLS on that port.",
        fix: "Let the server send its whole chain, install the issuer's certificate where this program runs, and check name and port. Do not switch verification off.",
        test: "connects with the production trust store",
        ..BLANK
    },
    Advice {
        message: r"(?i)\b429\b.{0,30}|too many requests|rate.?limit(ed)? exceeded|RateLimitError|ThrottlingException|quota exceeded",
        cause: "The other service takes no more requests for now: its rate limit is reached.",
        fix: "Wait as long as `Retry-After` says, send fewer and larger requests from {function}, spread jobs over time, and cache what does not change.",
        test: "answers 429 with `Retry-After: 2` and expects one later retry",
        ..BLANK
    },
    Advice {
        message: r"(?i)(status( code)?:? ?|HTTP[ /\d.]*|error:? )(?<status>50[0234])\b|\b(?<code>50[234]) (Bad Gateway|Service (Temporarily )?Unavailable|Gateway Time-?out|Server Error)|Internal Server Error",
        cause: "Another service answered {status|{code|with a server error}}. The failure is on its side or on the way to it.",
        fix: "Retry with growing pauses if the request is idempotent, break the circuit when it goes on, and let {function} work without it where possible. Put address and body of the answer into the error.",
        test: "lets that service answer {status|503} and expects a degraded but defined outcome",
        ..BLANK
    },
    Advice {
        message: r"(?i)(status( code)?:? ?|HTTP[ /\d.]*|error:? )(?<status>40[13])\b|\b(?<code>40[13]) (Client Error|Unauthorized|Forbidden)|invalid_grant|InvalidClientTokenId|token expired",
        cause: "Another service refused the credentials ({status|{code|unauthorised}}): expired, revoked, of another environment, or without the needed right.",
        fix: "Renew the token before it runs out and once after a 401 in {function}; check which account and rights this environment uses.",
        test: "lets the service refuse the token once and expects a renewal and one retry",
        ..BLANK
    },
    Advice {
        message: r"(?i)(status( code)?:? ?|HTTP[ /\d.]*|error:? )(?<status>4\d\d)\b|\b(?<code>4\d\d) (Client Error|Bad Request|Not Found|Conflict|Unprocessable)|Http failure response for (?<url>\S+): 4",
        cause: "Another service refused the request ({status|{code|a client error}}): this program asked for something that is not there, or in a form it does not take.",
        fix: "Log address and body of the answer in {function}, treat 404 as «nothing» where that is legitimate, and validate before sending.",
        test: "lets that service answer {status|{code|404}}",
        ..BLANK
    },
    Advice {
        message: r"(?i)DEADLINE_EXCEEDED|Deadline Exceeded",
        cause: "A remote call took longer than its deadline.",
        fix: "Find out whether the service was slow or unreachable; pass the caller's remaining time on, and retry only what is idempotent.",
        test: "lets the service hang and expects {function} to end in time",
        ..BLANK
    },
    Advice {
        message: r"(?i)StatusCode\.UNAVAILABLE|code = Unavailable|rpc error",
        cause: "A remote call failed because the service could not be reached or refused it.",
        fix: "Retry `UNAVAILABLE` with growing pauses, set a deadline, and check service discovery.",
        test: "stops the service and calls {function}",
        ..BLANK
    },
    Advice {
        message: r"(?i)too many redirects|redirect loop|Exceeded \d+ redirects",
        cause: "An address redirects for ever; usually http and https, or with and without a slash, send to each other.",
        fix: "Ask for the final address, and correct the redirect in the proxy.",
        test: "follows the redirects by hand and expects at most one",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)\b413\b|payload too large|request entity too large|PayloadTooLargeError|exceeds the maximum (allowed )?size",
        cause: "A body was larger than the receiver takes.",
        fix: "Send less (pages, an upload by parts), or raise the limit on every hop knowingly; tell users the limit before they send.",
        test: "sends a body just above the limit",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)card (was |has been )?declined|card_declined|insufficient[_ ]funds|CardError",
        cause: "The payment provider declined the card. That is an answer of business, not a failure of the program.",
        fix: "Catch it in {function}, show the provider's reason, and do not report it as an error; make sure that the order stays unpaid and can be paid again.",
        test: "pays with the provider's declining test card",
        ..BLANK
    },
    Advice {
        message: r"NoSuchKey|NoSuchBucket|AccessDenied.*(S3|Bucket|arn:)",
        cause: "The object or bucket is not there, or this role may not read it (storage answers «denied» for absent keys without the right to list).",
        fix: "Check bucket, key and region in the settings and the role's policy; treat an absent object as «nothing» in {function} where legitimate.",
        test: "asks for a key that does not exist",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)SMTP|mailbox unavailable|Recipient address rejected",
        cause: "A mail could not be handed over: the server refused the login, the sender or the recipient.",
        fix: "Send mail from a queue with retries; treat refused recipients as final and the rest as passing.",
        test: "lets the mail server refuse the recipient",
        ..BLANK
    },
    Advice {
        message: r"(?i)ETIMEDOUT|\bread timed out|\bconnect(ion|ing)? ?(attempt )?timed out|dial tcp (?<target>\S+): i/o timeout|\bi/o timeout|\boperation timed out|Net::(Read|Open)Timeout|timeout of \d+ ?ms exceeded",
        cause: "Another service ({target|named in the message or by the call above}) did not answer in time: it was slow, or could not be reached and nobody said so.",
        open: "A timeout while connecting points at the network, a firewall or a wrong address; one while reading at the service itself.",
        fix: "Set a short timeout for connecting and one for reading that {function} can afford, retry with growing pauses what is idempotent, and name the service in the error.",
        test: "lets that service accept the connection and say nothing, and expects {function} to end in time",
        ..BLANK
    },
];
