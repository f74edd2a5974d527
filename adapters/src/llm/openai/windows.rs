//! The context windows of models that do not tell them: OpenAI's list of models has names alone.

/// Beginnings of names, the longer ones first where one begins with another, and the windows
/// OpenAI's model pages give (2026-11).
const WINDOWS: [(&str, u32); 12] = [
    ("gpt-5", 400_000),
    ("gpt-4.1", 1_047_576),
    ("gpt-4.5", 128_000),
    ("gpt-4o", 128_000),
    ("gpt-4-turbo", 128_000),
    ("gpt-4-32k", 32_768),
    ("gpt-4", 8_192),
    ("gpt-3.5-turbo", 16_385),
    ("o1-mini", 128_000),
    ("o1", 200_000),
    ("o3", 200_000),
    ("o4", 200_000),
];
/// What nearly every model in use has at least.
const USUAL: u32 = 8_192;

/// The window of a model by its name.
pub(super) fn by_name(model: &str) -> u32 {
    // Proxies put the maker before the name.
    let name = model.rsplit('/').next().unwrap_or(model);
    let known = WINDOWS.iter().find(|(begin, _)| name.starts_with(begin));
    known.map_or(USUAL, |(_, window)| *window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_by_their_beginning() {
        assert_eq!(by_name("gpt-4o-mini"), 128_000);
        assert_eq!(by_name("gpt-4-0613"), 8_192);
        assert_eq!(by_name("openai/gpt-4.1-nano"), 1_047_576);
        assert_eq!(by_name("mistral-small"), USUAL);
    }
}
