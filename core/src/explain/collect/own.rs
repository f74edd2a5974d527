//! Tells the program's own code from libraries and runtimes, for sources that do not say.
//!
//! A path decides where one is known, because names lie (a test called `sentry` is not the SDK);
//! without a path the module, the package and the function's name decide.

use crate::domain::event::Frame;

/// Whose code a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The program's.
    Own,
    /// A library's or framework's; with luck the one that was called wrongly.
    Library,
    /// The machinery that raises, reports or carries calls: never what a developer looks for,
    /// even where an SDK counts it as the program's.
    Machinery,
}

/// Judges by names alone; what the source says in [`Frame::in_app`] is for the caller to weigh.
pub(super) fn judge(frame: &Frame) -> Code {
    let path = frame
        .abs_path
        .as_deref()
        .or(frame.file.as_deref())
        .unwrap_or_default();
    let path = normal(path);
    let function = frame.function.as_deref().unwrap_or_default();
    if is_machinery(&path, function) || is_nameless(frame) {
        return Code::Machinery;
    }
    let package = normal(frame.package.as_deref().unwrap_or_default());
    let image = package.contains('/').then_some(package);
    let file = frame.file.as_deref().map(normal).unwrap_or_default();
    let library = [&path, &file]
        .into_iter()
        .chain(&image)
        .any(|path| is_library_path(path));
    if library {
        return Code::Library;
    }
    let has_folder = path.trim_start_matches("./").contains('/') && !path.starts_with("http");
    let names = [
        frame.module.as_deref(),
        frame.package.as_deref(),
        Some(function),
    ];
    let foreign = |name: &str| LIBRARY_NAMES.iter().any(|start| name.starts_with(start));
    // A file name without a folder says nothing (`Looper.java`); the names around it do.
    if (!has_folder || path.ends_with(".java") || path.ends_with(".kt") || path.ends_with(".scala"))
        && (names.into_iter().flatten().any(foreign) || is_flutter_file(&path))
    {
        return Code::Library;
    }
    Code::Own
}

fn normal(path: &str) -> std::borrow::Cow<'_, str> {
    if path.contains('\\') {
        return path.replace('\\', "/").into();
    }
    path.into()
}

/// Nothing that could lead anyone anywhere.
fn is_nameless(frame: &Frame) -> bool {
    let built_in = |file: &str| matches!(file, "<anonymous>" | "native" | "[native code]");
    let file = frame.file.as_deref().filter(|file| !built_in(file));
    let file = file.or(frame.abs_path.as_deref().filter(|path| !built_in(path)));
    let module = frame.module.as_deref().filter(|module| !built_in(module));
    let is_built_in = frame.file.as_deref().is_some_and(built_in);
    file.is_none()
        && module.is_none()
        && (frame.function.is_none() || is_built_in)
        && (frame.package.is_none() || frame.address.is_none())
}

fn is_machinery(path: &str, function: &str) -> bool {
    MACHINERY_PATHS.iter().any(|part| path.contains(part))
        || MACHINERY_STARTS
            .iter()
            .any(|start| function.trim_start_matches('<').starts_with(start))
        || MACHINERY_NAMES.contains(&function)
}

fn is_library_path(path: &str) -> bool {
    let starts = |start: &&str| path.starts_with(*start);
    LIBRARY_FOLDERS
        .iter()
        .any(|folder| contains_folder(path, folder))
        || LIBRARY_ROOTS.iter().any(starts)
        || (path.contains("/lib/python3") || path.contains("/lib/python2"))
}

/// Whether `folder` (which ends in `/`) is at the start of `path` or after a `/`.
fn contains_folder(path: &str, folder: &str) -> bool {
    path.match_indices(folder)
        .any(|(at, _)| at == 0 || path.as_bytes().get(at - 1) == Some(&b'/'))
}

fn is_flutter_file(path: &str) -> bool {
    // A Flutter web build serves every file from one folder.
    let name = path.rsplit('/').next().unwrap_or_default();
    FLUTTER_FILES.contains(&name)
}

/// Parts of paths of code that raises, reports or starts.
const MACHINERY_PATHS: &[&str] = &[
    "/rustc/",
    "/.cargo/registry/",
    "node:internal",
    "internal/modules/cjs",
    "internal/process/task_queues",
    "webpack/bootstrap",
    "webpack/runtime",
    "webpack-internal:///(webpack)",
    "/sentry_sdk/",
    "/node_modules/@sentry/",
    "/node_modules/raven",
    "/sysdeps/",
    "/nptl/",
    "/csu/",
    "<frozen ",
    "/sentry/sentry/src/",
    "/sentry-ruby/",
    "/sentry-raven",
    "Sentry.framework/",
    "org-dartlang-sdk:",
];

/// How functions of runtimes begin, once generics (`<`) are taken off.
const MACHINERY_STARTS: &[&str] = &[
    "core::",
    "std::",
    "alloc::",
    "__rust",
    "rust_begin_unwind",
    "rust_panic",
    "_rust_",
    "_<std..",
    "_<core..",
    "_<alloc..",
    "backtrace::",
    "sentry_core::",
    "sentry_panic::",
    "sentry_backtrace::",
    "sentry_anyhow::",
    "sentry_tracing::",
    "runtime.",
    "runtime/debug.",
    "testing.tRunner",
    "github.com/getsentry/sentry-go",
    "Sentry\\",
    "-[Sentry",
    "+[Sentry",
    "[Sentry",
    "_pthread_",
    "__pthread_",
    "pthread_",
    "__libc_",
    "__GI_",
    "_Unwind_",
    "__cxa_",
];

/// Functions of runtimes, whole.
const MACHINERY_NAMES: &[&str] = &[
    "abort",
    "raise",
    "gsignal",
    "__assert_fail",
    "panic",
    "_start",
    "start",
    "start_thread",
    "clone",
    "clone3",
    "thread_start",
    "BaseThreadInitThunk",
    "RtlUserThreadStart",
    "KiUserExceptionDispatcher",
    "RaiseException",
    "_CxxThrowException",
    "JSON.parse",
    "Array.forEach",
    "Array.map",
    "new Promise",
    "Promise.then",
    "throw_",
    "lambda_method",
];

/// Folders that hold what others wrote.
const LIBRARY_FOLDERS: &[&str] = &[
    "node_modules/",
    "bower_components/",
    "site-packages/",
    "dist-packages/",
    "vendor/",
    "gems/",
    "Pods/",
    "Carthage/",
    "pkg/mod/",
    "go/src/runtime/",
    "libexec/src/",
    ".pub-cache/",
    "deps/",
    "wp-includes/",
    "wp-admin/",
    "jspm_packages/",
];

/// Where paths of what others wrote begin.
const LIBRARY_ROOTS: &[&str] = &[
    "/usr/lib",
    "/usr/local/lib",
    "/usr/include",
    "/System/Library/",
    "/Library/",
    "/lib/",
    "/lib64/",
    "/opt/homebrew/",
    "/apex/",
    "/system/",
    "C:/Windows/",
    "C:/Program Files/dotnet/",
    "/usr/local/go/",
    "package:flutter/",
    "dart:",
    "node:",
    "chrome-extension://",
    "moz-extension://",
    "safari-extension://",
    "safari-web-extension://",
    "app:///node_modules/",
    "webpack-internal:///./node_modules/",
    "/_/",
    "jdk.internal",
    "java.base",
];

/// How modules, packages and functions of frameworks begin.
const LIBRARY_NAMES: &[&str] = &[
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "jakarta.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "groovy.",
    "akka.",
    "clojure.",
    "android.",
    "androidx.",
    "com.android.",
    "dalvik.",
    "com.google.android.",
    "org.springframework.",
    "org.apache.",
    "org.hibernate.",
    "org.eclipse.",
    "org.jboss.",
    "org.junit.",
    "org.slf4j.",
    "ch.qos.logback.",
    "io.netty.",
    "reactor.",
    "io.sentry.",
    "com.fasterxml.",
    "com.zaxxer.",
    "okhttp3.",
    "retrofit2.",
    "rx.",
    "io.reactivex.",
    "System.",
    "Microsoft.",
    "Sentry.",
    "mscorlib",
    "UnityEngine",
    "UnityEditor",
    "Mono.",
    "Newtonsoft.",
    "FSharp.",
    "NHibernate.",
    "sentry_sdk.",
    "raven.",
    "django.",
    "flask.",
    "werkzeug.",
    "celery.",
    "sqlalchemy.",
    "asyncio.",
    "concurrent.futures",
    "net/http.",
    "encoding/",
    "database/sql",
    "reflect.",
    "sync.",
    "syscall.",
    "testing.",
    "gen_server",
    "gen_statem",
    "gen_event",
    "proc_lib",
    "supervisor",
    "erlang",
    "Elixir.Plug.",
    "Elixir.Phoenix.",
    "Elixir.Ecto.",
    "Elixir.Task.",
    "Elixir.Enum",
    "Elixir.GenServer",
    "cowboy",
    "ranch",
    "tokio::",
    "futures::",
    "futures_util::",
    "hyper::",
    "rayon::",
    "test::",
    "UIKit",
    "Foundation",
    "CoreFoundation",
    "QuartzCore",
    "libdispatch",
    "libsystem",
    "GraphicsServices",
    "SwiftUI",
    "libswift",
    "ntdll",
    "kernel32",
    "KERNELBASE",
    "ucrtbase",
    "user32",
    "libc.so",
    "libpthread",
    "ld-linux",
];

/// Files of Dart's and Flutter's own libraries that show up in stacks.
const FLUTTER_FILES: &[&str] = &[
    "errors.dart",
    "operations.dart",
    "js_allow_interop_patch.dart",
    "js_primitives.dart",
    "async_patch.dart",
    "zone.dart",
    "future.dart",
    "future_impl.dart",
    "stream_impl.dart",
    "iterable.dart",
    "list.dart",
    "linked_hash_map.dart",
    "native_typed_data.dart",
    "pointer_binding.dart",
    "platform_dispatcher.dart",
    "engine.dart",
    "binding.dart",
    "framework.dart",
    "object.dart",
    "box.dart",
    "pointer_router.dart",
    "recognizer.dart",
    "tap.dart",
    "monodrag.dart",
    "arena.dart",
    "ink_well.dart",
    "scaffold.dart",
    "navigator.dart",
    "routes.dart",
    "basic.dart",
    "gesture_detector.dart",
    "scroll_position.dart",
    "scrollable.dart",
    "ticker.dart",
    "animation_controller.dart",
    "change_notifier.dart",
    "layout_builder.dart",
    "proxy_box.dart",
    "flex.dart",
    "message_codecs.dart",
    "platform_channel.dart",
    "assertions.dart",
    "theme.dart",
    "media_query.dart",
    "inherited_model.dart",
];
