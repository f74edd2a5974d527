//! What runs out: memory, stack, disk, files, ports, rights.

use super::{
    Advice, BLANK, Family,
    Work::{Deep, Quick},
};

pub(super) static ROWS: &[Advice] = &[
    Advice {
        kinds: &[
            "RecursionError",
            "StackOverflowError",
            "StackOverflowException",
            "SystemStackError",
            "EXCEPTION_STACK_OVERFLOW",
            "Stack Overflow",
        ],
        cause: "A function calls itself, directly or through others, without reaching an end.",
        fix: "Look at the condition that should end the recursion in {function}: is it reached for this input, and does each call come closer to it? Data that refers to itself needs a set of what was visited; legitimate depth needs a loop with a stack of its own.",
        test: "calls {function} with the smallest input, with a deep one, and with data that refers to itself",
        ..BLANK
    },
    Advice {
        message: r"(?i)Maximum call stack size exceeded|too much recursion|stack overflow|maximum recursion depth exceeded|stack level too deep|has overflowed its stack|goroutine stack exceeds",
        cause: "A function calls itself, directly or through others, without reaching an end.",
        fix: "Look at the condition that should end the recursion in {function}: is it reached for this input, and does each call come closer to it? Data that refers to itself needs a set of what was visited; legitimate depth needs a loop with a stack of its own.",
        test: "calls {function} with the smallest input, with a deep one, and with data that refers to itself",
        ..BLANK
    },
    Advice {
        message: r"(?i)heap out of memory|OutOfMemoryError|Java heap space|GC overhead limit|Allowed memory size of (?<limit>\d+) bytes exhausted|failed to allocate (?<size>\d+|a )|Cannot allocate memory|memory allocation of (?<bytes>\d+) bytes failed|out of memory",
        cause: "The process ran out of memory (limit in bytes: {limit|not in the message}). The line that failed is only the one that asked last; what fills the memory may be elsewhere.",
        open: "The evidence does not tell what holds the memory: a heap dump or a profile does.",
        fix: "Look for what grows with the data: a whole result or file read at once (read in pages or streams), a cache without bound, listeners that are never removed. Raise the limit only once you know the need.",
        test: "runs {function} over ten times the usual data under the production memory limit",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &[
            "MemoryError",
            "OutOfMemoryError",
            "OutOfMemoryException",
            "NoMemoryError",
        ],
        cause: "The process ran out of memory. The line that failed is only the one that asked last; what fills the memory may be elsewhere.",
        open: "The evidence does not tell what holds the memory: a heap dump or a profile does.",
        fix: "Look for what grows with the data: a whole result or file read at once (read in pages or streams), a cache without bound, images at full size. Raise the limit only once you know the need.",
        test: "runs {function} over ten times the usual data under the production memory limit",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r"(?i)No space left on device|ENOSPC|disk (is )?full|There is not enough space on the disk|database or disk is full",
        cause: "The disk is full.",
        fix: "Free space now (logs, temporary files, old images), then find what grows: rotate logs, delete temporary files in `finally`, and alert at 80 %. Let {function} fail without leaving half a file.",
        test: "runs {function} on a small full volume and expects no half-written file",
        ..BLANK
    },
    Advice {
        message: r"(?i)too many open files|EMFILE|ENFILE",
        cause: "The process has more files and sockets open than it may. Most likely something is opened and not closed on every path.",
        fix: "Close with `with`/`using`/`defer`/`finally`, reuse HTTP clients instead of making one for each call, and look at the open ones (`lsof -p`).",
        test: "calls {function} a thousand times and counts the open files before and after",
        ..BLANK
    },
    Advice {
        message: r"(?i)EADDRINUSE|address already in use[^\d]{0,20}(?<address>\S*:\d+)?|Only one usage of each socket address",
        cause: "The port {address|in the message} is taken: an older process still runs, or two of this one start at once.",
        fix: "End the older process on restart, take the port from the settings, and start the listener once.",
        test: "starts it twice and expects a clear message from the second",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &[
            "FileNotFoundError",
            "FileNotFoundException",
            "NoSuchFileException",
            "DirectoryNotFoundException",
            "ENOENT",
            "PathNotFoundException",
        ],
        cause: "A file is not where it is looked for: {path|the path is in the message}. Most likely it is not part of what is deployed, or the path is relative to another directory.",
        message: r#"(?i)(no such file or directory|could not find (a part of the path|file)|\(No such file or directory\)|Cannot open file)[^'"]*['"]?(?<path>[^'"]{1,160})?"#,
        fix: "Build the path from the program's own place or from a setting, put the file into the image, and say in {function} what its absence means.",
        test: "runs {function} without the file",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)ENOENT|no such file or directory|os error 2\b",
        cause: "A file is not where it is looked for. Most likely it is not part of what is deployed, or the path is relative to another directory.",
        fix: "Build the path from the program's own place or from a setting, put the file into the image, and say in {function} what its absence means; name the path in the error.",
        test: "runs {function} without the file",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)EACCES|EPERM|permission denied|Access to the path .* is denied|operation not permitted",
        cause: "The system refused access: the user the program runs as lacks the right to that file, directory or port.",
        fix: "Give that user the right (owner of the volume, `fsGroup`), or write to a directory that is meant for it; do not run as root.",
        test: "runs the image as its production user and writes there",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)can't start new thread|unable to create (new )?native thread|Resource temporarily unavailable|pthread_create",
        cause: "The system gives this process no more threads.",
        fix: "Use one bounded pool instead of a thread for each task, and look for pools that are created again and again.",
        test: "calls {function} a thousand times and counts the threads",
        ..BLANK
    },
    Advice {
        families: &[
            Family::Python,
            Family::Ruby,
            Family::Php,
            Family::JavaScript,
            Family::Other,
        ],
        message: r"(?i)worker (timeout|was sent SIGKILL)|Task timed out after (?<limit>[\d.]+) seconds|Function (invocation )?timed? ?out",
        cause: "The platform ended the work because it took too long (limit {limit|unknown}).",
        fix: "Find the slow step in the breadcrumbs, give outbound calls shorter timeouts than the platform's, and move long work into a queue.",
        test: "lets the slow step hang and expects an error before the limit",
        work: Deep,
        ..BLANK
    },
];
