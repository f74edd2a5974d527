//! Which requests and jobs are traced.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use sentry::{
    Envelope,
    protocol::{Context, DynamicSamplingContext, EnvelopeHeaders, EnvelopeItem},
    types::Dsn,
};

/// How many traces of requests are sent in a second at most: one costs more than many a request,
/// and of a busy service a small share is still many.
const A_SECOND: f64 = 20.0;
/// So many at once after a rest.
const AT_ONCE: f64 = 100.0;

/// Chooses the requests and jobs that are traced.
pub(super) struct Sampling {
    /// The share of those of which nobody has decided before, 0 to 1. At 0 nothing is traced.
    rate: f32,
    random: RandomState,
    asked: AtomicU64,
    left: Mutex<(f64, Instant)>,
}

impl Sampling {
    pub(super) fn at(rate: f32) -> Self {
        Self {
            rate,
            random: RandomState::new(),
            asked: AtomicU64::new(0),
            left: Mutex::new((AT_ONCE, Instant::now())),
        }
    }

    /// Whether a request is traced whose caller has decided so, if it has.
    pub(super) fn chooses(&self, decided: Option<bool>) -> bool {
        self.chooses_job(decided) && self.takes(Instant::now())
    }

    /// Whether a job is traced that was asked for in a trace of which this was decided.
    pub(super) fn chooses_job(&self, decided: Option<bool>) -> bool {
        self.rate > 0.0 && decided.unwrap_or_else(|| self.by_chance())
    }

    fn by_chance(&self) -> bool {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        let share = (self.random.hash_one(number) >> 40) as f32 / (1 << 24) as f32;
        share < self.rate
    }

    /// Takes one of those that are left.
    fn takes(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, at) = *left;
        let grown = now.saturating_duration_since(at).as_secs_f64() * A_SECOND;
        let there = (before + grown).min(AT_ONCE);
        let takes = there >= 1.0;
        *left = (if takes { there - 1.0 } else { there }, now);
        takes
    }
}

/// Tells the server which share of the traces that begin here it gets, from which it works out how
/// many there were. The SDK would tell it of a choice of its own, and leaves that to us.
pub(super) fn with_rate(envelope: Envelope, rate: f32, dsn: &Dsn) -> Envelope {
    let begun_here = envelope.items().find_map(|item| match item {
        EnvelopeItem::Transaction(transaction) => match transaction.contexts.get("trace") {
            Some(Context::Trace(trace)) if trace.parent_span_id.is_none() => Some(trace.trace_id),
            _ => None,
        },
        _ => None,
    });
    let Some(trace_id) = begun_here else {
        return envelope;
    };
    let context = DynamicSamplingContext::new()
        .with_trace_id(trace_id)
        .with_public_key(dsn.public_key().to_owned())
        .with_sample_rate(rate)
        .with_sampled(true);
    envelope.with_headers(EnvelopeHeaders::new().with_trace(context))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_busy_service_sends_no_more_than_so_many_a_second() {
        let sampling = Sampling::at(1.0);
        let begun = Instant::now();
        let moments = (0..10_000).map(|it| begun + Duration::from_millis(it));
        let sent = moments.filter(|now| sampling.takes(*now)).count();
        assert!((295..=300).contains(&sent), "{sent}");
    }

    #[test]
    fn a_share_is_chosen_where_nobody_has_decided() {
        let sampling = Sampling::at(0.25);
        let chosen = (0..4_000).filter(|_| sampling.chooses_job(None)).count();
        // Fewer than 800 or more than 1,200 of 4,000 come once in a billion runs.
        assert!((800..=1_200).contains(&chosen), "{chosen}");
        assert!(sampling.chooses(Some(true)) && !sampling.chooses(Some(false)));
        assert!(!Sampling::at(0.0).chooses(Some(true)));
    }
}
