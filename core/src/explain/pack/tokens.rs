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
        let quarters = quarters(text.as_bytes());
        let together = quarters.iter().map(|part| part.len()).min().unwrap_or(0);
        let mut counts = [Count::default(); 4];
        // Each byte waits for the one before it, so four counts side by side take the time of one.
        for at in 0..together {
            for (count, part) in counts.iter_mut().zip(quarters) {
                count.take(part[at]);
            }
        }
        let rest = counts.into_iter().zip(quarters);
        rest.map(|(count, part)| count.finish(&part[together..]))
            .sum()
    }
}

/// A text in four parts of about the same length, each but the last ending with a line end.
fn quarters(text: &[u8]) -> [&[u8]; 4] {
    let mut from = 0;
    let mut next = |share: usize| {
        let near = (text.len() / 4 * share).max(from);
        let line = text[near..].iter().position(|byte| *byte == b'\n');
        let end = line.map_or(text.len(), |at| near + at + 1);
        let part = &text[from..end];
        from = end;
        part
    };
    let [first, second, third] = [next(1), next(2), next(3)];
    [first, second, third, &text[from..]]
}

/// How far a text is counted.
#[derive(Clone, Copy, Default)]
struct Count {
    state: u8,
    tokens: usize,
}

impl Count {
    fn take(&mut self, byte: u8) {
        let class = CLASSES[usize::from(byte)];
        let step = STEPS[usize::from(self.state) % STATES][class as usize];
        self.state = step.next;
        self.tokens += usize::from(step.tokens);
    }

    /// The tokens of all, `rest` being what has not been taken yet.
    fn finish(mut self, rest: &[u8]) -> usize {
        for byte in rest {
            self.take(*byte);
        }
        self.tokens + usize::from(self.state == SPACE)
    }
}

/// What a byte is to the count.
#[derive(Clone, Copy)]
enum Class {
    Lower,
    Upper,
    Digit,
    Space,
    /// Whatever is a token of its own.
    Other,
}

/// The state after a byte and the tokens it began.
#[derive(Clone, Copy)]
struct Step {
    next: u8,
    tokens: u8,
}

// What came before: for each kind of run, how far its token is filled.
const OTHER: u8 = 0;
const LOWER_FIRST: u8 = 1;
const LOWER_THIRD: u8 = 3;
/// One capital, which small letters after it join.
const CAPITAL: u8 = 5;
const UPPER_FULL: u8 = 6;
const UPPER_FIRST: u8 = 7;
const DIGIT_FIRST: u8 = 8;
const DIGIT_FULL: u8 = 9;
/// One space, not counted yet: a word after it takes it along.
const SPACE: u8 = 10;
const SPACES_FIRST: u8 = 11;
const SPACES_SEVENTH: u8 = 17;
const SPACES_EIGHTH: u8 = 18;
const STATES: usize = 32;

const fn step(state: u8, class: Class) -> Step {
    let alone = if state == SPACE { 1 } else { 0 };
    let (next, tokens) = match (class, state) {
        (Class::Lower, LOWER_FIRST..=LOWER_THIRD) => (state + 1, 0),
        (Class::Lower, CAPITAL) => (LOWER_FIRST + 1, 0),
        (Class::Lower, _) => (LOWER_FIRST, 1),
        (Class::Upper, CAPITAL | UPPER_FIRST) => (UPPER_FULL, 0),
        (Class::Upper, UPPER_FULL) => (UPPER_FIRST, 1),
        (Class::Upper, _) => (CAPITAL, 1),
        (Class::Digit, DIGIT_FIRST) => (DIGIT_FULL, 0),
        (Class::Digit, _) => (DIGIT_FIRST, 1 + alone),
        (Class::Space, SPACE) => (SPACES_FIRST + 1, 1),
        (Class::Space, SPACES_FIRST..=SPACES_SEVENTH) => (state + 1, 0),
        (Class::Space, SPACES_EIGHTH) => (SPACES_FIRST, 1),
        (Class::Space, _) => (SPACE, 0),
        (Class::Other, _) => (OTHER, 1 + alone),
    };
    Step { next, tokens }
}

static STEPS: [[Step; 5]; STATES] = steps();

const fn steps() -> [[Step; 5]; STATES] {
    let classes = [
        Class::Lower,
        Class::Upper,
        Class::Digit,
        Class::Space,
        Class::Other,
    ];
    let mut steps = [[Step {
        next: OTHER,
        tokens: 0,
    }; 5]; STATES];
    let mut state = 0;
    while state < STATES {
        let mut class = 0;
        while class < 5 {
            #[expect(clippy::cast_possible_truncation, reason = "there are 32 states")]
            let before = state as u8;
            steps[state][class] = step(before, classes[class]);
            class += 1;
        }
        state += 1;
    }
    steps
}

static CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z' => Class::Lower,
            b'A'..=b'Z' => Class::Upper,
            b'0'..=b'9' => Class::Digit,
            b' ' => Class::Space,
            _ => Class::Other,
        };
        byte += 1;
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_digits_signs_and_spaces_are_counted_by_their_lengths() {
        for (text, tokens) in [
            ("", 0),
            ("word", 1),
            ("words", 2),
            ("a word", 2),
            ("A Word", 2),
            ("camelCaseHTTP", 5),
            ("12345", 3),
            ("a 1", 3),
            ("a  b", 3),
            (" ", 1),
            ("    return x;\n", 6),
            ("f(x)", 4),
            ("é日🙂", 9),
        ] {
            assert_eq!(ApproximateTokens.count(text), tokens, "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_for_themselves() {
        let lines = [
            "F1 shop/users.py:17 in load\n",
            "\n",
            "  > 17 | return 1 \n",
            "## Tags\n",
        ];
        let sum: usize = lines.iter().map(|line| ApproximateTokens.count(line)).sum();
        assert_eq!(ApproximateTokens.count(&lines.concat()), sum);
    }
}
