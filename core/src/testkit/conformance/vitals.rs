//! The suite of [`Vitals`].

use super::{Case, Verdict};
use crate::{cases, ports::Vitals};

/// Every promise of [`Vitals`].
pub const CASES: &[Case<dyn Vitals>] = cases![dyn Vitals;
    "a store that can be used answers" => a_store_that_can_be_used_answers,
];

async fn a_store_that_can_be_used_answers(store: &dyn Vitals) -> Verdict {
    Ok(store.ping().await?)
}
