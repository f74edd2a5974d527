//! The lines of `llm.prices`.

use explainer_core::services::Price;

/// A model and what a million of its tokens cost: `gpt-4o-mini 0.15 0.075 0.60`, the prices being
/// those of a prompt, of a cached prompt and of an answer. `None` when the line is not like that.
pub fn price(line: &str) -> Option<(&str, Price)> {
    let mut words = line.split_whitespace();
    let model = words.next()?;
    let mut dollars = || {
        let amount: f64 = words.next()?.parse().ok()?;
        (amount.is_finite() && amount >= 0.0).then_some(amount)
    };
    let price = Price {
        input: dollars()?,
        cached: dollars()?,
        output: dollars()?,
    };
    words.next().is_none().then_some((model, price))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_model_and_three_prices() {
        let (model, price) = price("gpt-4o-mini  0.15 0.075 0.6").unwrap();
        assert_eq!(model, "gpt-4o-mini");
        assert_eq!(
            (price.input, price.cached, price.output),
            (0.15, 0.075, 0.6)
        );
        for bad in [
            "",
            "x",
            "x 1 2",
            "x 1 2 3 4",
            "x 1 2 -3",
            "x 1 2 NaN",
            "x a b c",
        ] {
            assert!(super::price(bad).is_none(), "{bad:?}");
        }
    }
}
