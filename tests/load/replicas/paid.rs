//! What the model was asked: every question is paid for.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::issues;

/// How often the model was asked about each issue.
#[derive(Clone, Default)]
pub(crate) struct Paid(Arc<Mutex<BTreeMap<String, usize>>>);

impl Paid {
    pub(crate) fn question(&self, question: &str) {
        let issue = issues::asked_about(question);
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(issue).or_default() += 1;
    }
}

impl fmt::Display for Paid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = asked.values().sum();
        let again = all - asked.len();
        let issues = asked.len();
        write!(
            f,
            "model calls = {all} for {issues} issues; paid twice = {again}"
        )
    }
}
