//! How models are asked: in which order, with which patience, at which prices.

use std::{sync::Arc, time::Duration};

use explainer_adapters::layers::{BreakerKind, BreakerRules};
use explainer_core::{
    ports::{Clock, LlmKind, Vault},
    services::{ModelRules, Models, Prices},
};

use crate::config::{Analysis, Config, Llm, price};

/// The catalog of models.
pub(super) fn catalog(
    config: &Config,
    kinds: &[Arc<dyn LlmKind>],
    vault: Arc<dyn Vault>,
    clock: &Arc<dyn Clock>,
) -> Models {
    let breaker = BreakerRules {
        failures: config.llm.breaker_failures,
        rest: Duration::from_secs(config.llm.breaker_seconds),
    };
    let with_breaker =
        |kind| -> Arc<dyn LlmKind> { Arc::new(BreakerKind::new(kind, breaker, clock.clone())) };
    let kinds = kinds.iter().cloned().map(with_breaker).collect();
    Models::new(kinds, rules(&config.llm, &config.analysis), vault)
}

fn rules(llm: &Llm, analysis: &Analysis) -> ModelRules {
    let prices = llm.prices.iter().filter_map(|line| price(line));
    let prices = prices.map(|(model, price)| (model.to_owned(), price));
    ModelRules {
        chain: llm.chain.clone(),
        prices: Prices(prices.collect()),
        allow_heuristics: llm.allow_heuristics,
        daily_spend_limit: Some(millionths(llm.daily_spend_usd)).filter(|limit| *limit > 0),
        when_spent: llm.when_spent,
        token_budget: analysis.token_budget,
        max_output_tokens: llm.max_output_tokens,
    }
}

/// An amount of dollars in millionths of one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the configuration bounds it"
)]
fn millionths(dollars: f64) -> u64 {
    (dollars * 1e6).round() as u64
}
