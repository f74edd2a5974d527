//! How much of a model's context a text takes.

use std::fmt::Debug;

/// Counts tokens as some model does, or never fewer.
pub trait TokenCounter: Send + Sync + Debug {
    /// The number of tokens in a text.
    fn count(&self, text: &str) -> usize;
}

/// A count for models whose tokenizer is not known: an estimate from above.
///
/// A token of the usual byte-pair tokenizers is a word or a part of one with the space before it,
/// some digits, some signs, or a run of spaces. Counted here are
/// - one for every four letters begun, and one for every two in capitals; a word ends where
///   capitals follow small letters or digits letters, so that random text counts nearly by letter;
/// - one for every two digits begun, and one for every sign;
/// - one for every eight spaces begun, but none for a single space before a word;
/// - one for every line end, tab and control character;
/// - one for every byte of other scripts and of emoji, which no tokenizer over bytes exceeds.
///
/// The count of two texts is that of both together where the first ends with a line end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ApproximateTokens;

impl TokenCounter for ApproximateTokens {
    fn count(&self, text: &str) -> usize {
        let mut tokens = 0;
        let mut run = 0_u32;
        let mut before = Class::Line;
        for byte in text.bytes() {
            let class = class(byte);
            let goes_on = class == before || before == Class::Upper && class == Class::Lower;
            let word_after_space = before == Class::Space && run == 1 && class.is_letter();
            tokens -= usize::from(word_after_space);
            // a capital that begins a word is part of it and not of a run of capitals
            run = if goes_on { run + 1 } else { 1 };
            tokens += usize::from((run - 1).is_multiple_of(class.per_token()));
            before = class;
        }
        tokens
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Digit,
    Space,
    /// Whatever is a token of its own.
    Line,
}

impl Class {
    fn is_letter(self) -> bool {
        matches!(self, Self::Lower | Self::Upper)
    }

    /// How many bytes in a row one token holds at most.
    fn per_token(self) -> u32 {
        match self {
            Self::Lower => 4,
            Self::Upper | Self::Digit => 2,
            Self::Space => 8,
            Self::Line => 1,
        }
    }
}

fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        b' ' => Class::Space,
        _ => Class::Line,
    }
}
