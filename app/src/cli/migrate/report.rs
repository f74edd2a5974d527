//! What a migration came to: a line for each kind, every record that needs attention, the verdict.

use explainer_core::services::{Mode, Problem, Tally};

use crate::cli::{Outcome, paint};

/// Prints it all; fails when the counts do not add up.
pub(super) fn print(tallies: &[Tally], settings: Option<&Tally>, mode: Mode) -> Outcome {
    let written = match mode {
        Mode::Real => "written",
        Mode::DryRun => "to write",
    };
    line("", ["read", written, "already there", "skipped"]);
    for tally in tallies {
        line(tally.name, counts(tally).each_ref().map(String::as_str));
    }
    if let Some(settings) = settings {
        // They go into their workspaces.
        let [read, joined, _, skipped] = counts(settings);
        line(settings.name, [&read, &joined, "", &skipped]);
    }
    let all = || tallies.iter().chain(settings);
    for tally in all() {
        tell("skipped", tally.name, &tally.skipped);
    }
    for tally in all() {
        tell("put right", tally.name, &tally.mended);
    }
    verdict(tallies, mode)
}

fn line(name: &str, [read, written, there, skipped]: [&str; 4]) {
    anstream::println!("{name:15}{read:>10}{written:>10}{there:>15}{skipped:>10}");
}

fn counts(tally: &Tally) -> [String; 4] {
    let skipped = tally.skipped.len() as u64;
    [tally.read, tally.written, tally.already_there, skipped].map(|count| count.to_string())
}

/// Every one of them: what is not told is lost.
fn tell(what: &str, name: &str, problems: &[Problem]) {
    if problems.is_empty() {
        return;
    }
    anstream::println!("\n{}", paint::quiet(&format!("{what}, {name}")));
    for Problem { id, text } in problems {
        anstream::println!("  {id}  {text}");
    }
}

fn verdict(tallies: &[Tally], mode: Mode) -> Outcome {
    if let Some(tally) = tallies.iter().find(|tally| !tally.adds_up()) {
        return Err(format!(
            "the counts of {} do not add up: {} were there at the start; was something else \
             writing? stop it and run this again",
            tally.name, tally.found
        )
        .into());
    }
    let text = match mode {
        Mode::Real => "Everything that was read is there, or named above with the reason.",
        Mode::DryRun => "Nothing was written. Run it without --dry-run to carry everything over.",
    };
    anstream::println!("\n{}", paint::good(text));
    Ok(())
}
