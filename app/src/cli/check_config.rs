//! `explainer check-config`.

use super::paint;
use crate::{bootstrap, config::Loaded};

/// Shows every key, its value with secrets masked, and where it came from. A configuration with
/// mistakes never gets here: they have been told all together.
pub(super) fn run(loaded: &Loaded) {
    let width = loaded
        .settings
        .iter()
        .map(|shown| shown.key.len())
        .max()
        .unwrap_or_default();
    for shown in &loaded.settings {
        let origin = paint::quiet(&format!("({})", shown.origin));
        anstream::println!("{:width$}  {}  {origin}", shown.key, shown.value);
    }
    for told in bootstrap::without_effect(&loaded.config) {
        anstream::println!("\n{}: {told}", paint::bad("note"));
    }
    anstream::println!("\n{}", paint::good("the configuration can be used"));
}
