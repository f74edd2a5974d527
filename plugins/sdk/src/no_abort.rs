//! A plugin must be able to catch its panics; one that cannot would take its host down.

#[cfg(panic = "abort")]
compile_error!(
    "a plugin cannot be built with panic = \"abort\" because a panic would then end its host; \
     remove that line from the profile in Cargo.toml"
);
