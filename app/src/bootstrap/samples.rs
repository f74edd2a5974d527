//! The documents of `config/samples/`, built into the program.

macro_rules! sample {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../../config/samples/", $name)),
        )
    };
}
/// Name and content of every sample.
pub(super) const SAMPLES: &[(&str, &[u8])] = &[
    sample!("01-python-seat-taken-twice.json"),
    sample!("02-javascript-checkout-currency.json"),
    sample!("03-node-customs-socket-closed.json"),
    sample!("04-java-pool-starved.json"),
    sample!("05-go-nil-map-after-restore.json"),
    sample!("06-rust-poisoned-fare-cache.json"),
    sample!("07-csharp-dbcontext-race.json"),
    sample!("08-php-galley-deadlock.json"),
    sample!("09-ruby-passenger-list-timeout.json"),
    sample!("10-native-gate-segfault.json"),
    sample!("11-message-settled-twice.json"),
    sample!("12-csp-live-departures.json"),
    sample!("13-slow-query-departure-board.json"),
    sample!("14-python-fleet-sync-connections.json"),
    sample!("15-android-parcel-too-large.envelope"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/samples");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        names.sort();
        assert_eq!(
            SAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            names
        );
    }
}
