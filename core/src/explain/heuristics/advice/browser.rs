//! What only browsers do: content security policies, chunks, hydration, cross-origin rules, the DOM.

use super::{Advice, BLANK, Family, Work::Quick};

const JS: &[Family] = &[Family::JavaScript];
const CSP: &[&str] = &["CSP violation"];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        kinds: CSP,
        message: r"^(?<directive>\S+) blocked (?<blocked>\S*(extension|safari-web)[^\s]*|about\S*|\S+:about)",
        cause: "The page's policy ({directive}) blocked something that a browser extension or the browser itself put into the page. It is not the site's own code.",
        fix: "Leave the policy as it is. Filter reports whose blocked address belongs to an extension, so that real violations stand out.",
        test: "sends such a report and expects it to be filtered",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: CSP,
        message: r"^(?<directive>\S+) blocked (?<blocked>inline|eval|wasm-eval)$",
        cause: "The page ran {blocked} code that its policy ({directive}) forbids: a `<script>` or `style=` in the markup, an `onclick=` attribute, or code made from text.",
        fix: "Move the inline code into a file, or give it a nonce or a hash that the policy names in {directive}. Do not add `'unsafe-inline'` or `'unsafe-eval'`: that gives the protection up.",
        open: "A report does not tell whether the code is the site's own, an extension's, or an injection: compare the page's source with what you deployed.",
        test: "loads the page under the enforced policy and expects no report",
        ..BLANK
    },
    Advice {
        kinds: CSP,
        message: r"^frame-ancestors blocked",
        cause: "Another site tried to show this page in a frame, and the policy (`frame-ancestors`) forbids that.",
        fix: "Add the embedding site to `frame-ancestors` only if you want to be embedded there; otherwise the policy did its work.",
        test: "embeds the page in a frame of another origin and expects it to be refused",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: CSP,
        message: r"^(?<directive>\S+) blocked (?<blocked>\S+)",
        cause: "The page asked for {blocked}, which its policy does not allow in {directive}. Most likely a resource was added to the page without adding its origin to the policy, or something foreign was injected.",
        fix: "If {blocked} is meant to be there, add its origin to {directive} (only this origin, not `*`). If not, find what puts it into the page and remove it.",
        open: "A report does not tell whether the page itself or an extension asked for it: look whether your own markup names it.",
        test: "loads the page under the policy and expects no report",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ChunkLoadError"],
        message: r"Loading (CSS )?chunk (?<chunk>\S+) failed",
        cause: "A part of the application ({chunk}) could not be loaded. Most likely a new version was deployed while the page was open and the old file is gone; a lost connection or a blocker looks the same.",
        fix: "Keep the files of former deployments for some time, reload the page once when a chunk is missing, and serve `index.html` without caching.",
        test: "removes the chunk on the server while the page is open and expects one reload",
        ..BLANK
    },
    Advice {
        message: r"(?i)Failed to fetch dynamically imported module|Importing a module script failed|error loading dynamically imported module|Loading (CSS )?chunk \S+ failed",
        cause: "A part of the application could not be loaded. Most likely a new version was deployed while the page was open and the old file is gone; a lost connection or a blocker looks the same.",
        fix: "Keep the files of former deployments for some time, reload the page once when an import fails, and serve `index.html` without caching.",
        test: "removes the file on the server while the page is open and expects one reload",
        ..BLANK
    },
    Advice {
        message: r"(?i)hydrat(ion|ing)|Text content does not match server|Minified React error #(418|419|421|422|423|425)\b",
        cause: "What the server rendered is not what the browser rendered first. Typical reasons: dates and locales, random values, `window` or storage read while rendering, invalid nesting of tags, extensions that change the page.",
        fix: "Make the first render depend on the same data on both sides; move what only the browser knows into an effect (or `suppressHydrationWarning` for a single timestamp).",
        open: "The event does not hold the two renderings: the development build prints the difference.",
        test: "renders the component on the server and hydrates it in a browser of another time zone",
        ..BLANK
    },
    Advice {
        message: r"Minified React error #(?<number>\d+)",
        cause: "React stopped with its error number {number}; the production build leaves the text out.",
        fix: "Look the number up at react.dev/errors, reproduce with the development build, and upload source maps so that the next event names component and line.",
        test: "renders the component with the state from this event",
        ..BLANK
    },
    Advice {
        message: r"Rendered (more|fewer) hooks than|Invalid hook call|Rules of Hooks",
        cause: "Hooks ran in another order than in the render before: one stands behind a condition, in a loop or after an early return.",
        fix: "Call every hook at the top of the component, unconditionally; the lint rule `react-hooks/rules-of-hooks` finds the place.",
        test: "renders the component in both states, one after the other",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Too many re-renders|Maximum update depth exceeded",
        cause: "A component sets state on every render, so that it renders for ever. Most likely an effect lacks its dependencies, or a handler is called instead of passed (`onClick={f()}`).",
        fix: "Set state only in handlers and effects with complete dependencies, and keep objects in them stable (`useMemo`).",
        test: "mounts the component and counts its renders",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Objects are not valid as a React child",
        cause: "An object was put where React expects text or elements; often a date, an error or an answer that is an error object.",
        fix: "Render a field of it, and check the shape of the answer first.",
        test: "renders the component with the failing answer",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)blocked by CORS|Cross-Origin Request Blocked|Access-Control-Allow-Origin|cross-origin frame",
        cause: "The browser refused an answer of another origin because that server does not allow this page to read it.",
        fix: "Let that server send `Access-Control-Allow-Origin` with this page's origin (also on error answers, and for the preflight `OPTIONS`), or call it through your own backend.",
        test: "sends the preflight of this request and checks its headers",
        ..BLANK
    },
    Advice {
        families: JS,
        message: r"^(Failed to fetch( \(.*)?$|Load failed|NetworkError when attempting to fetch resource|Network Error|Network request failed|cancelled)|^TypeError: (Failed to fetch|Load failed)|Http failure response for (?<url>\S+?):? 0 ",
        cause: "A request did not get through to {url|the server} at all: offline, blocked by an extension, refused for its origin or certificate, or cut off when the page was left.",
        fix: "Handle it in {function}: retry what is idempotent, tell the user, do not report what ends with the page. If many users meet it at once, look at the server and at its CORS headers.",
        open: "Browsers do not tell which of these it was.",
        test: "lets the request fail without an answer and expects a message instead of an exception",
        ..BLANK
    },
    Advice {
        families: JS,
        message: r"ResizeObserver loop",
        cause: "A resize handler changed the layout within the same frame. Browsers report it; nothing breaks.",
        fix: "Defer the change with `requestAnimationFrame`, or ignore this message in the SDK.",
        test: "resizes the element and expects no event",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        message: r"^Script error\.?$",
        cause: "A script of another origin failed, and the browser hides the details.",
        fix: "Load your own scripts with `crossorigin=\"anonymous\"` and the matching CORS header; filter the event if no script of yours is involved.",
        open: "The evidence does not tell which script it was.",
        test: "throws from a script on the CDN and expects a full stack",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["QuotaExceededError"],
        cause: "The browser's storage is full, or private browsing allows none.",
        fix: "Catch it where {function} writes, drop old entries and go on without the cache.",
        test: "fills the storage first and expects {function} to go on",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["NotFoundError", "DOMException", "HierarchyRequestError"],
        message: r"removeChild|insertBefore|appendChild",
        cause: "The document was changed behind the framework's back: by a translator (Google Translate), an extension, or code that moves nodes.",
        fix: "Wrap text that changes in its own element, do not mix manual DOM changes with the framework's, and mark parts with `translate=\"no\"` if they break.",
        test: "moves the node by hand and lets the component update",
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["AbortError", "CanceledError"],
        cause: "An operation was aborted, most likely because the page was left or a newer request replaced it. Usually not a defect.",
        fix: "Ignore aborts of your own (`error.name === \"AbortError\"`) in {function}.",
        test: "aborts the request and expects no event",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["NotAllowedError", "SecurityError"],
        cause: "The browser refused something that needs a permission or a user gesture (playing sound, clipboard, storage in a frame).",
        fix: "Ask for it inside of a click handler, catch the refusal in {function}, and go on without it.",
        test: "refuses the permission and expects {function} to go on",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"ExpressionChangedAfterItHasBeenChecked|NG0?100",
        cause: "A value changed while Angular was checking it.",
        fix: "Change it before the view is checked (`ngOnInit`, signals) or in the next tick.",
        test: "renders the component with change detection run twice",
        work: Quick,
        ..BLANK
    },
];
