//! Which family of languages an event comes from, and what follows from that.

use crate::domain::{Evidence, event::Frame};

/// A family of languages whose failures read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Python,
    /// JavaScript and TypeScript, in browsers and on servers.
    JavaScript,
    /// Java, Kotlin, Scala, Android.
    Jvm,
    Dotnet,
    Go,
    Rust,
    Php,
    Ruby,
    /// C, C++ and whatever else dies by a signal.
    Native,
    /// Swift and Objective-C.
    Apple,
    /// Elixir and Erlang.
    Beam,
    Dart,
    Other,
}

/// File extensions with the family and the word for a code fence.
const EXTENSIONS: [(&str, Family, &str); 36] = [
    ("py", Family::Python, "python"),
    ("pyx", Family::Python, "python"),
    ("js", Family::JavaScript, "js"),
    ("mjs", Family::JavaScript, "js"),
    ("cjs", Family::JavaScript, "js"),
    ("jsx", Family::JavaScript, "jsx"),
    ("ts", Family::JavaScript, "ts"),
    ("mts", Family::JavaScript, "ts"),
    ("tsx", Family::JavaScript, "tsx"),
    ("vue", Family::JavaScript, "js"),
    ("svelte", Family::JavaScript, "js"),
    ("java", Family::Jvm, "java"),
    ("kt", Family::Jvm, "kotlin"),
    ("kts", Family::Jvm, "kotlin"),
    ("scala", Family::Jvm, "scala"),
    ("groovy", Family::Jvm, "groovy"),
    ("cs", Family::Dotnet, "csharp"),
    ("fs", Family::Dotnet, "fsharp"),
    ("vb", Family::Dotnet, "vb"),
    ("cshtml", Family::Dotnet, "csharp"),
    ("go", Family::Go, "go"),
    ("rs", Family::Rust, "rust"),
    ("php", Family::Php, "php"),
    ("rb", Family::Ruby, "ruby"),
    ("erb", Family::Ruby, "erb"),
    ("c", Family::Native, "c"),
    ("h", Family::Native, "c"),
    ("cc", Family::Native, "cpp"),
    ("cpp", Family::Native, "cpp"),
    ("cxx", Family::Native, "cpp"),
    ("hpp", Family::Native, "cpp"),
    ("m", Family::Apple, "objc"),
    ("mm", Family::Apple, "objc"),
    ("swift", Family::Apple, "swift"),
    ("ex", Family::Beam, "elixir"),
    ("dart", Family::Dart, "dart"),
];

/// Words in the SDK's or the platform's name, the more telling first.
const NAMES: [(&str, Family); 25] = [
    ("dart", Family::Dart),
    ("flutter", Family::Dart),
    ("rust", Family::Rust),
    ("python", Family::Python),
    ("java", Family::Jvm),
    ("kotlin", Family::Jvm),
    ("android", Family::Jvm),
    ("csharp", Family::Dotnet),
    ("dotnet", Family::Dotnet),
    ("unity", Family::Dotnet),
    ("golang", Family::Go),
    ("sentry.go", Family::Go),
    ("php", Family::Php),
    ("ruby", Family::Ruby),
    ("elixir", Family::Beam),
    ("erlang", Family::Beam),
    ("cocoa", Family::Apple),
    ("swift", Family::Apple),
    ("objc", Family::Apple),
    ("apple", Family::Apple),
    ("native", Family::Native),
    ("node", Family::JavaScript),
    ("deno", Family::JavaScript),
    ("bun", Family::JavaScript),
    ("c", Family::Native),
];

impl Family {
    /// Reads the family off the culprit's file, else off the SDK's and the platform's names.
    pub(super) fn of(evidence: &Evidence) -> Self {
        let event = &evidence.event;
        let by_file = evidence
            .culprit()
            .and_then(|frame| Some(extension(frame)?.1));
        by_file
            .or_else(|| Self::named(event.sdk.as_deref()?))
            .or_else(|| Self::named(event.platform.as_deref()?))
            .or_else(|| Self::named(&evidence.issue.platform))
            .unwrap_or(Self::Other)
    }

    fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.contains("javascript") || name.contains("react") {
            return Some(Self::JavaScript);
        }
        if name == "go" {
            return Some(Self::Go);
        }
        NAMES
            .iter()
            .find(|(word, _)| name == *word || (word.len() > 1 && name.contains(word)))
            .map(|(_, family)| *family)
    }

    /// The word for a code fence where the file does not tell.
    fn fence(self) -> &'static str {
        let entry = EXTENSIONS.iter().find(|(_, family, _)| *family == self);
        entry.map_or("text", |(_, _, fence)| fence)
    }

    /// The word for a code fence around source of `frame`.
    pub(super) fn fence_of(self, frame: &Frame) -> &'static str {
        extension(frame).map_or(self.fence(), |(_, _, fence)| fence)
    }
}

fn extension(frame: &Frame) -> Option<&'static (&'static str, Family, &'static str)> {
    let file = frame.file.as_deref().or(frame.abs_path.as_deref())?;
    let file = file.split(['?', '#']).next()?;
    let (_, ending) = file.rsplit_once('.')?;
    EXTENSIONS
        .iter()
        .find(|(known, _, _)| ending.eq_ignore_ascii_case(known))
}
