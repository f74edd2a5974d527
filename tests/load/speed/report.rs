//! The figures of all rounds, and the table that is printed of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Outcome, load::Measured, place::Store};

/// The rounds of every case, by case and server.
#[derive(Default)]
pub(crate) struct Report {
    rows: BTreeMap<(&'static str, String), Vec<Figures>>,
}

/// One round: what was measured, and what of the still server's speed that is.
struct Figures {
    values: [f64; 5],
    ratio: f64,
}

const STILL: &str = "limit";

impl Report {
    pub(crate) fn still(&mut self, case: &'static str, measured: &Measured) {
        self.push(case, STILL.to_owned(), measured, 1.0);
    }

    pub(crate) fn add(
        &mut self,
        case: &'static str,
        store: Store,
        measured: &Measured,
        still: &Measured,
    ) {
        let ratio = measured.requests_per_second / still.requests_per_second;
        self.push(case, store.to_string(), measured, ratio);
    }

    fn push(&mut self, case: &'static str, server: String, measured: &Measured, ratio: f64) {
        let values = [
            measured.requests_per_second,
            measured.p50,
            measured.p99,
            measured.cpu,
            measured.memory,
        ];
        let rounds = self.rows.entry((case, server)).or_default();
        rounds.push(Figures { values, ratio });
    }

    /// The medians of one case.
    pub(crate) fn print(&self, case: &str) {
        println!("\n{case}");
        println!(
            "  {:<10}{:>12}{:>10}{:>10}{:>12}{:>10}{:>10}",
            "", "requests/s", "p50 ms", "p99 ms", "cpu us/req", "MiB", "of limit"
        );
        for ((_, server), rounds) in self.rows.iter().filter(|((of, _), _)| *of == case) {
            let [speed, p50, p99, cpu, memory] = medians(rounds);
            let ratio = median(rounds.iter().map(|round| round.ratio).collect());
            let percent = ratio * 100.0;
            println!(
                "  {server:<10}{speed:>12.0}{p50:>10.2}{p99:>10.2}{cpu:>12.0}{memory:>10.1}{percent:>9.0}%"
            );
        }
    }

    /// Every median and every ratio.
    pub(crate) fn json(&self) -> Outcome<String> {
        let rows = self.rows.iter().map(|((case, server), rounds)| {
            let [speed, p50, p99, cpu, memory] = medians(rounds);
            let ratios: Vec<f64> = rounds.iter().map(|round| round.ratio).collect();
            json!({
                "case": case, "server": server, "requests_per_second": speed, "p50_ms": p50,
                "p99_ms": p99, "cpu_us_per_request": cpu, "memory_mib": memory,
                "ratio": median(ratios.clone()), "ratios": ratios,
            })
        });
        Ok(serde_json::to_string_pretty(&rows.collect::<Value>())?)
    }
}

fn medians(rounds: &[Figures]) -> [f64; 5] {
    std::array::from_fn(|at| median(rounds.iter().map(|round| round.values[at]).collect()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
