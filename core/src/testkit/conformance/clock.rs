//! The suites of [`Clock`] and [`Ids`].

use std::collections::BTreeSet;

use super::{Case, Verdict};
use crate::{
    cases,
    domain::{AnalysisId, ExposeSecret},
    ensure,
    ports::{Clock, Ids},
};

/// How often each is asked.
const OFTEN: usize = 10_000;

/// Every promise of [`Clock`].
pub const CLOCK_CASES: &[Case<dyn Clock>] = cases![dyn Clock;
    "time is told to the millisecond" => time_is_told_to_the_millisecond,
    "a later reading is not earlier" => a_later_reading_is_not_earlier,
];

/// Every promise of [`Ids`].
pub const IDS_CASES: &[Case<dyn Ids>] = cases![dyn Ids;
    "no identifier is made twice" => no_identifier_is_made_twice,
    "every identifier is a valid one of the domain" =>
        every_identifier_is_a_valid_one_of_the_domain,
    "identifiers made later sort later" => identifiers_made_later_sort_later,
    "a secret is 256 bits of chance, and letters, digits, `-` and `_`" =>
        a_secret_is_256_bits_of_chance_and_letters_digits_and,
];

async fn time_is_told_to_the_millisecond(clock: &dyn Clock) -> Verdict {
    for _ in 0..OFTEN {
        let now = clock.now();
        ensure!(now.subsec_nanosecond() % 1_000_000 == 0, "it is {now}");
    }
    Ok(())
}

async fn a_later_reading_is_not_earlier(clock: &dyn Clock) -> Verdict {
    let mut last = clock.now();
    for _ in 0..OFTEN {
        let now = clock.now();
        ensure!(now >= last, "after {last} it is {now}");
        last = now;
    }
    Ok(())
}

async fn no_identifier_is_made_twice(ids: &dyn Ids) -> Verdict {
    let made: BTreeSet<String> = (0..OFTEN).map(|_| ids.next()).collect();
    ensure!(made.len() == OFTEN, "of {OFTEN} only {} differ", made.len());
    Ok(())
}

async fn every_identifier_is_a_valid_one_of_the_domain(ids: &dyn Ids) -> Verdict {
    for _ in 0..OFTEN {
        let made = ids.next();
        ensure!(made.parse::<AnalysisId>().is_ok(), "{made:?} is none");
    }
    Ok(())
}

async fn identifiers_made_later_sort_later(ids: &dyn Ids) -> Verdict {
    let mut last = ids.next();
    for _ in 0..OFTEN {
        let made = ids.next();
        ensure!(made > last, "{made} was made after {last}");
        last = made;
    }
    Ok(())
}

async fn a_secret_is_256_bits_of_chance_and_letters_digits_and(ids: &dyn Ids) -> Verdict {
    let mut made = BTreeSet::new();
    for _ in 0..1000 {
        let secret = ids.secret()?.expose_secret().to_owned();
        ensure!(
            secret.len() == 43,
            "{secret} has {} characters",
            secret.len()
        );
        ensure!(secret.parse::<AnalysisId>().is_ok(), "{secret:?}");
        made.insert(secret);
    }
    ensure!(made.len() == 1000, "only {} differ", made.len());
    Ok(())
}
