//! Tells text that gives orders to a model from text that tells what happened.
//!
//! No list of patterns finds every order. It need not: the prompt says that evidence is data, and
//! what an answer names and quotes is looked up. This only keeps an order from bearing out the
//! answer that obeys it; where it finds one too many, a claim more is shown as unverified.

use std::sync::LazyLock;

use regex::RegexSet;

static ORDERS: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"(?i)\b(ignore|disregard|forget|override|bypass)\b[^.]{0,40}\b(instructions?|prompts?|rules|guidelines|(everything|all|the) above)\b",
        r"(?i)\b(you are|act as|pretend to be|behave as|from now on)\b[^.]{0,40}\b(assistant|ai|model|chatbot|system|admin|developer mode|dan)\b",
        r"(?i)\b(system prompt|new instructions?|real instructions?|hidden instructions?|note to (the )?(ai|model|assistant|llm))\b",
        r"(?i)\b(respond|reply|answer|output)\b[^.]{0,25}\b(only|exactly|with the|with json|nothing else)\b",
        r"(?i)\b(set|say|state|write|report|claim|make)\b[^.]{0,25}\b(the )?(priority|severity|summary|root[ _]cause|suggested[ _]fix|related[ _]issues?)\b",
        r"(?i)\bthe (root[ _]cause|summary|suggested[ _]fix|priority) (is|must be|should be|shall be)\b",
        r"(?i)<\|?\s*(im_start|im_end|system|assistant|endoftext)\s*\|?>|\[/?INST\]|#{2,}\s*(system|instructions?|assistant)\b",
        r"(?i)\b(end of (the )?evidence|evidence ends here)\b|<<< *EVIDENCE|>>> *END",
    ])
    .expect("the patterns are valid")
});

/// Whether a text gives orders.
pub(super) fn are_in(text: &str) -> bool {
    ORDERS.is_match(text)
}
