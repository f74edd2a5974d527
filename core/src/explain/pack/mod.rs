//! Packs the evidence of one issue into a text for a model, within a budget of tokens.
//!
//! The text is Markdown in form. Every item begins a line with its id (`E1`, `F12`, `B3`…), and
//! its further lines are indented, so that a claim can name it and no text of an event can pass
//! for another item. What tells most is chosen first (`rank`): the culprit with source and
//! locals, the root exception, in-app calls around, the rest of the chain, the newest
//! breadcrumbs, the request, tags, then everything else; it is printed in reading order. What
//! does not fit is left out and noted in [`Packed::cut`]; an event is never too large.
//!
//! Only what can fit is rendered, so the time it takes is that of the budget and not of the event.
//!
//! What a [`DataPolicy`] keeps back is left out before anything else; all the rest of the
//! event's text goes through the [`Redactor`]. Fencing the text as untrusted data and saying what
//! is wanted of it is the prompt's.

mod clean;
mod folds;
mod rank;
mod render;
#[cfg(test)]
mod tests;
mod tokens;
mod writer;

use std::collections::BTreeMap;

pub use tokens::{ApproximateTokens, TokenCounter};

use crate::{
    domain::{DataClass, DataPolicy, Evidence, EvidenceId},
    explain::redact::Redactor,
};
use rank::{Ask, What, ranked, withheld};
use writer::Writer;

/// The evidence as a model gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The text.
    pub text: String,
    /// How many tokens it has by the counter's count; never more than the budget.
    pub tokens: usize,
    /// What is in it, in its order.
    pub sections: Vec<Section>,
    /// What is not in it.
    pub cut: Vec<Cut>,
    /// How many different values the redactor has taken out by now, by kind.
    pub redacted: BTreeMap<&'static str, u32>,
}

/// One item of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its id; `None` for the header and for notes on repeated calls.
    pub id: Option<EvidenceId>,
    /// How many tokens it has, the title of a chapter that begins with it included.
    pub tokens: usize,
}

/// Something that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What: ids (`F7..F30`) or a word for what has none (`locals`).
    pub what: String,
    /// Why.
    pub why: Why,
}

/// Why something was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There was no room.
    Budget,
    /// The workspace keeps data of this class back.
    Policy(DataClass),
    /// It repeats what is there.
    Repeated,
}

/// Packs `evidence` into at most `budget` tokens as `tokens` counts them.
///
/// From about a hundred tokens on, the culprit and the root exception are always in, shortened
/// as far as need be; of a smaller budget the text holds what it can.
pub fn pack(
    evidence: &Evidence,
    policy: &DataPolicy,
    budget: usize,
    tokens: &dyn TokenCounter,
    redactor: &mut Redactor,
) -> Packed {
    let (asks, must) = ranked(evidence, *policy);
    let mut packing = Packing {
        evidence,
        policy: *policy,
        budget,
        tokens,
        redactor,
        used: 0,
        items: Vec::new(),
    };
    let left_out = packing.add_all(&asks, must);
    // what is left of the budget goes to those that found their share too small
    let second: Vec<Ask> = left_out
        .iter()
        .map(|ask| Ask { share: 100, ..*ask })
        .collect();
    let left_out = packing.add_all(&second, 0);
    let folds = asks.iter().filter_map(|ask| match ask.what {
        What::Fold(fold) => Some(Cut {
            what: fold.name(),
            why: Why::Repeated,
        }),
        _ => None,
    });
    packing.finish(left_out, folds.collect())
}

struct Packing<'a> {
    evidence: &'a Evidence,
    policy: DataPolicy,
    budget: usize,
    tokens: &'a dyn TokenCounter,
    redactor: &'a mut Redactor,
    used: usize,
    /// In the order they were chosen.
    items: Vec<Item>,
}

struct Item {
    what: What,
    text: String,
    tokens: usize,
}

/// Characters that are taken to make a token when room is measured out; what is rendered is
/// counted all the same.
const CHARACTERS_PER_TOKEN: usize = 3;
/// An item with less room than this says nothing, in characters.
const LEAST_ROOM: usize = 40;
/// What an item may take of a budget however small, in tokens.
const LEAST_SHARE: usize = 40;

impl Packing<'_> {
    /// Adds the pieces that fit, the first `must` of them as short as need be, and gives back the
    /// others.
    fn add_all(&mut self, asks: &[Ask], must: usize) -> Vec<Ask> {
        let mut left_out = Vec::new();
        let mut full = None;
        for (index, ask) in asks.iter().enumerate() {
            // once one of its rank has found no room, what is worth less need not try
            let rank = (std::mem::discriminant(&ask.what), ask.share);
            if full == Some(rank) || !self.add(ask, index < must) {
                full = Some(rank);
                left_out.push(*ask);
            }
        }
        left_out
    }

    /// Adds a piece if it fits, with less and less room for its parts until it does.
    fn add(&mut self, ask: &Ask, must: bool) -> bool {
        let left = self.budget.saturating_sub(self.used);
        let title = self.title(ask.what);
        let title_tokens = if title.is_empty() {
            0
        } else {
            self.tokens.count(title)
        };
        let share = (self.budget / 100)
            .saturating_mul(ask.share)
            .max(LEAST_SHARE);
        let allowed = share.min(left.saturating_sub(title_tokens));
        let mut room = allowed.saturating_mul(CHARACTERS_PER_TOKEN);
        while must || room >= LEAST_ROOM {
            let mut writer = Writer::new(room, self.redactor);
            render::render(&mut writer, ask.what, self.evidence, self.policy);
            let text = writer.finish();
            let tokens = title_tokens + self.tokens.count(&text);
            let fits = tokens <= allowed + title_tokens || room == 0 && tokens <= left;
            if fits {
                self.used += tokens;
                self.items.push(Item {
                    what: ask.what,
                    text,
                    tokens,
                });
                return true;
            }
            if room == 0 {
                return false;
            }
            room /= 2;
        }
        false
    }

    /// The title a piece brings with it as the first of its chapter.
    fn title(&self, what: What) -> &'static str {
        let chapter = what.place().0;
        let there = self.items.iter().any(|item| item.what.place().0 == chapter);
        if there { "" } else { chapter.title() }
    }

    fn finish(mut self, mut left_out: Vec<Ask>, repeated: Vec<Cut>) -> Packed {
        let (text, tokens, sections) = loop {
            let (text, sections) = self.print();
            let tokens = self.tokens.count(&text);
            // a counter may take a whole for more than its parts
            match self.items.pop_if(|_| tokens > self.budget) {
                Some(item) => left_out.push(Ask {
                    what: item.what,
                    share: 0,
                }),
                None => break (text, tokens, sections),
            }
        };
        let mut cut = withheld(self.evidence, self.policy);
        cut.extend(repeated);
        cut.extend(without_room(
            left_out.into_iter().map(|ask| ask.what).collect(),
        ));
        Packed {
            text,
            tokens,
            sections,
            cut,
            redacted: self.redactor.counts(),
        }
    }

    fn print(&self) -> (String, Vec<Section>) {
        let mut order: Vec<&Item> = self.items.iter().collect();
        order.sort_by_key(|item| item.what.place());
        let mut text = String::new();
        let mut sections: Vec<Section> = Vec::new();
        let mut chapter = None;
        for item in order {
            let place = item.what.place().0;
            if chapter.replace(place) != Some(place) {
                text.push_str(place.title());
            }
            text.push_str(&item.text);
            let id = item.what.id();
            match sections
                .last_mut()
                .filter(|last| id.is_some() && last.id == id)
            {
                Some(last) => last.tokens += item.tokens,
                None => sections.push(Section {
                    id,
                    tokens: item.tokens,
                }),
            }
        }
        // It is kept for as long as a model is asked.
        text.shrink_to_fit();
        (text, sections)
    }
}

/// What did not fit, neighbours together.
fn without_room(mut left_out: Vec<What>) -> impl Iterator<Item = Cut> {
    left_out.sort_by_key(|what| what.place());
    let mut runs: Vec<(String, Option<EvidenceId>, Option<EvidenceId>)> = Vec::new();
    for what in left_out {
        let id = what.id().filter(|_| !matches!(what, What::RequestPart(_)));
        let follows = |last: &EvidenceId| {
            id.is_some_and(|id| id.kind == last.kind && id.number == last.number.saturating_add(1))
        };
        match runs.last_mut() {
            Some((_, _, last)) if last.as_ref().is_some_and(follows) => *last = id,
            _ => runs.push((what.name(), id, id)),
        }
    }
    runs.into_iter().map(|(name, first, last)| Cut {
        what: match last.filter(|_| first != last) {
            Some(last) => format!("{name}..{last}"),
            None => name,
        },
        why: Why::Budget,
    })
}
