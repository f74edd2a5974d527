//! Holds an answer against the evidence it was made from.
//!
//! Each claim must name ids that were sent, and what it quotes must occur there. Every text, the
//! claims' included, may name only files, functions and issues that the evidence knows: a fix may
//! call functions that are not there yet, but names no other files or issues. What stands only in
//! a passage of the evidence that gives orders to the reader bears nothing out.
//!
//! The score is the share of claims and names that could be verified. Nothing is taken out of the
//! text for it, but for ids of related issues that were not offered.

mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{
    domain::{Claim, EvidenceId, Grounding},
    explain::{
        answer::{Answer, Cited, Field},
        prompt::{Known, plain},
    },
};
use names::{Name, names};

/// The shortest quote that shows anything, in characters.
const SHORTEST_QUOTE: usize = 2;
/// How much of a quote or claim is told in a complaint, in characters.
const EXCERPT: usize = 120;

/// Looks up what the answer names and quotes. Related issues that were not offered are taken out
/// of it.
pub fn ground(answer: &mut Answer, known: &Known) -> (Vec<Claim>, Grounding) {
    let mut report = Report::default();
    let strangers = answer.sort_out(Field::RelatedIssues, |id| known.offers(id));
    for id in strangers {
        let why = format!(
            "related_issues: `{}` was not offered as a candidate",
            excerpt(&id)
        );
        report.fails(why);
    }
    let claims: Vec<Claim> = answer
        .claims
        .iter()
        .map(|cited| report.claim(cited, known))
        .collect();
    if claims.is_empty() {
        report.fails("claims: the model named nothing that its text rests on".to_owned());
    }
    report.prose(answer, known);
    (claims, report.finish())
}

#[derive(Default)]
struct Report {
    checked: u32,
    good: u32,
    unverified: Vec<String>,
    /// The names that were looked up, so that each counts once.
    seen: BTreeSet<String>,
}

impl Report {
    fn claim(&mut self, cited: &Cited, known: &Known) -> Claim {
        let doubt = doubt(cited, known);
        let verified = doubt.is_none();
        match doubt {
            None => self.passes(),
            Some(doubt) => self.fails(format!("claim «{}» {doubt}", excerpt(&cited.text))),
        }
        Claim {
            text: cited.text.clone(),
            evidence: cited.evidence.clone(),
            quotes: cited.quotes.clone(),
            verified,
        }
    }

    /// Looks up every name in the texts, each once.
    fn prose(&mut self, answer: &Answer, known: &Known) {
        for (field, text) in answer.prose() {
            if matches!(field, Field::CodeExamples | Field::RelatedIssues) {
                continue;
            }
            for name in names(text) {
                // what is to be written need not be there
                let new = field == Field::SuggestedFix && matches!(name, Name::Function(_));
                if new || !self.seen.insert(name.text().to_owned()) {
                    continue;
                }
                match stranger(&name, known) {
                    None => self.passes(),
                    Some(doubt) => self.fails(format!("{}: {doubt}", field.name())),
                }
            }
        }
    }

    fn passes(&mut self) {
        self.checked += 1;
        self.good += 1;
    }

    fn fails(&mut self, why: String) {
        self.checked += 1;
        self.unverified.push(why);
    }

    fn finish(self) -> Grounding {
        let share = f64::from(self.good) / f64::from(self.checked.max(1));
        Grounding {
            score: (share * 100.0).round() / 100.0,
            unverified: self.unverified,
        }
    }
}

/// Why a claim is not borne out.
fn doubt(cited: &Cited, known: &Known) -> Option<String> {
    if cited.evidence.is_empty() {
        return Some("names no evidence".to_owned());
    }
    for written in &cited.evidence {
        let bare = written.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let id = bare.parse::<EvidenceId>().ok();
        if !id.is_some_and(|id| known.has_id(id)) {
            return Some(format!(
                "names `{}`, which is no id of the evidence",
                excerpt(written)
            ));
        }
    }
    let mut quotes = cited.quotes.iter();
    let invented = quotes.find_map(|quote| misquote(quote, known));
    invented.or_else(|| {
        names(&cited.text)
            .iter()
            .find_map(|name| stranger(name, known))
    })
}

/// Why a quote is none. An omission (`…`) parts it into pieces that each must occur.
fn misquote(quote: &str, known: &Known) -> Option<String> {
    let quote = plain(quote);
    let bare = quote.trim_matches(['"', '\'', '`', ' ']);
    let occurs = |part: &str| part.chars().count() < SHORTEST_QUOTE || known.has_passage(part);
    if occurs(bare) || occurs(&quote) {
        return None;
    }
    let parts = || {
        bare.split("...")
            .flat_map(|part| part.split('…'))
            .map(str::trim)
    };
    if parts().count() > 1 && parts().all(occurs) {
        return None;
    }
    let ordered =
        parts().any(|part| part.chars().count() >= SHORTEST_QUOTE && known.has_order(part));
    let why = if ordered {
        "which stands only in text of the evidence that gives orders to the reader"
    } else {
        "which is not in the evidence"
    };
    Some(format!("quotes «{}», {why}", excerpt(bare)))
}

/// Why a name is not the evidence's.
fn stranger(name: &Name, known: &Known) -> Option<String> {
    let (is_known, what) = match name {
        Name::File(path) => (known.has_file(path), "the file"),
        Name::Function(function) => {
            let last = function
                .rsplit(|c: char| !(c.is_alphanumeric() || c == '_'))
                .find(|part| !part.is_empty());
            let last = last.unwrap_or(function);
            (known.has_name(last), "the function")
        }
        Name::Issue(id) => (known.has_issue(id), "the issue"),
    };
    if is_known {
        return None;
    }
    let name = name.text();
    let why = if known.has_order(&plain(name)) {
        "which stands only in text of the evidence that gives orders to the reader"
    } else {
        "which is not in the evidence"
    };
    Some(format!("names {what} `{}`, {why}", excerpt(name)))
}

fn excerpt(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(EXCERPT) {
        line.truncate(end);
        line.push('…');
    }
    line
}
