//! Native code: signals and what the C and C++ run times say before they end the process.

use super::{
    Advice, BLANK,
    Work::{Deep, Quick},
};

pub(super) static ROWS: &[Advice] = &[
    Advice {
        kinds: &[
            "SIGSEGV",
            "EXC_BAD_ACCESS",
            "EXCEPTION_ACCESS_VIOLATION",
            "EXCEPTION_ACCESS_VIOLATION_READ",
            "EXCEPTION_ACCESS_VIOLATION_WRITE",
        ],
        message: r"(?i)null pointer|\b0x0{0,15}[0-9a-f]{1,3}\b|SEGV_MAPERR.*\b0x0\b",
        null: true,
        cause: "Memory near address 0 was touched. Most likely a null pointer was dereferenced, with a small offset if it was a field of it.",
        fix: "Check in {function} which pointer may be null ({line|the line is not in the evidence}), and handle it where it is obtained.",
        test: "calls {function} with that pointer null, under AddressSanitizer",
        ..BLANK
    },
    Advice {
        kinds: &[
            "SIGSEGV",
            "EXC_BAD_ACCESS",
            "EXCEPTION_ACCESS_VIOLATION",
            "EXCEPTION_ACCESS_VIOLATION_READ",
            "EXCEPTION_ACCESS_VIOLATION_WRITE",
            "SIGBUS",
        ],
        cause: "The process touched memory that is not its own: most likely a pointer to something already freed, an index beyond a buffer, or a stack that overflowed.",
        open: "The place of the crash is where the damage showed, which need not be where it was done.",
        fix: "Run this path under AddressSanitizer (and ThreadSanitizer if threads share the object): it names the allocation and the free. Then correct the lifetime: who owns the object that {function} uses?",
        test: "runs this path under AddressSanitizer in CI",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &["SIGABRT", "EXC_CRASH", "abort"],
        message: r"(?i)double free|corrupt|invalid pointer|free\(\)",
        cause: "The allocator found its own data damaged: something was freed twice or written beyond its end, earlier than this stack shows.",
        fix: "Run under AddressSanitizer, which stops at the first wrong access; give the object one owner (`unique_ptr`).",
        test: "runs this path under AddressSanitizer in CI",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &["SIGABRT", "EXC_CRASH", "abort"],
        cause: "The process ended itself: an assertion, an uncaught exception or a check of a library failed. The frame that called `abort` and the last line of the log say which.",
        fix: "Read the message printed before the abort; handle the condition in {function}, or catch the exception at the thread's border.",
        test: "brings about the condition and expects an error instead of an abort",
        ..BLANK
    },
    Advice {
        kinds: &["SIGFPE", "EXC_ARITHMETIC", "EXCEPTION_INT_DIVIDE_BY_ZERO"],
        cause: "An integer calculation has no result: a division by zero, or the smallest number divided by -1.",
        fix: "Check the divisor in {function}.",
        test: "calls {function} with zero",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &[
            "SIGILL",
            "SIGTRAP",
            "EXC_BAD_INSTRUCTION",
            "EXCEPTION_ILLEGAL_INSTRUCTION",
        ],
        cause: "The processor met an instruction that ends the process: a trap the compiler placed (unreachable code, a failed check), or code built for another processor.",
        fix: "Look at the check before the trap in {function}; if it happens on some machines only, lower the target processor of the build.",
        test: "runs the build on the oldest supported processor",
        ..BLANK
    },
    Advice {
        kinds: &["SIGKILL", "SIGTERM"],
        cause: "The process was ended from outside: by the system for its memory, by a watchdog, or by a deployment.",
        open: "A process that is killed cannot say why: the system's log and the memory graph can.",
        fix: "Compare the time with deployments and with memory use; bound what the process keeps.",
        test: "runs the work under the memory limit of production",
        work: Deep,
        ..BLANK
    },
    Advice {
        message: r"std::bad_alloc|std::length_error",
        cause: "An allocation failed; more often the size is wrong (negative, or read from damaged input) than memory is short.",
        fix: "Check the size that {function} asks for before allocating, and bound what comes from outside.",
        test: "feeds {function} a damaged size",
        ..BLANK
    },
    Advice {
        message: r"std::out_of_range|vector::_M_range_check|basic_string::\w+: __pos",
        cause: "`at()` or a substring was asked for beyond the end.",
        fix: "Check the size in {function} before reading.",
        test: "calls {function} with empty input",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"pure virtual (method|function) call",
        cause: "A virtual method was called on an object under construction or already destroyed.",
        fix: "Do not call virtual methods in constructors and destructors, and stop threads that use the object before it goes.",
        test: "destroys the object while it is in use, under ThreadSanitizer",
        work: Deep,
        ..BLANK
    },
];
