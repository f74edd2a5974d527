//! What may be wrong with a library before anything is asked of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use explainer_core::{ErrorKind, ports::IssueSource as _};
use explainer_plugin_host::{Allowed, Digest, Isolation, Plugin};
use serde_json::json;

use super::support::{allowed, folder, isolations, library, load, options, runtime};

/// A copy of the rogue in which every `from` is overwritten by `to`, which is as long.
fn patched(folder: &Path, name: &str, from: &[u8], to: &[u8]) -> PathBuf {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(library("rogue")).unwrap();
    let places: Vec<_> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at] == from[0] && bytes[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    let path = folder.join(format!("{}.so", name.replace(' ', "-")));
    fs::write(&path, bytes).unwrap();
    path
}

/// The rogue with its mark saying what to do wrong while loading.
fn marked(folder: &Path, wrong: &str) -> PathBuf {
    let dots = ".".repeat(32);
    let mark = format!("explainer-rogue:{wrong}{}", &dots[wrong.len()..]);
    let blank = format!("explainer-rogue:{dots}");
    patched(folder, wrong, blank.as_bytes(), mark.as_bytes())
}

#[test]
fn a_library_that_is_no_plugin_of_this_version_is_refused() {
    let folder = folder();
    let text = folder.path().join("text.so");
    fs::write(&text, "#!/bin/sh\n").unwrap();
    let other_symbol = patched(
        folder.path(),
        "symbol",
        b"explainer_plugin_v1",
        b"explainer_plugin_v9",
    );
    let marked = |wrong| marked(folder.path(), wrong);
    let rows = [
        (text, "is not a library"),
        (other_symbol, "does not export `explainer_plugin_v1`"),
        (marked("no table"), "gave no table"),
        (marked("magic"), "does not begin as one of a plugin"),
        (marked("major"), "speaks version 2.0 of the plugin boundary"),
        (
            marked("needs newer"),
            "needs version 1.7 of the plugin boundary",
        ),
        (marked("short"), "has 64 bytes and a plugin's has 80"),
        (marked("no call"), "has no `call`"),
        (marked("no manifest"), "manifest cannot be read"),
        (marked("manifest"), "kind is not 1 to 40 lower-case letters"),
    ];
    runtime().block_on(async {
        for isolation in isolations() {
            for (library, told) in &rows {
                let error = load(library, &isolation).await.unwrap_err();
                let good = error.kind() == ErrorKind::Unsupported
                    && (error.message().contains(told)
                        || *told == "is not a library"
                            && error.message().contains("it is not a library"));
                assert!(good, "{isolation:?} {told}: {error:?}");
            }
            let newer = load(&marked("newer minor"), &isolation).await.unwrap();
            newer.source(&json!({})).check().await.unwrap();
        }
    });
}

#[test]
fn a_library_that_dies_while_loading_is_an_error() {
    let folder = folder();
    let whole = fs::read(library("rogue")).unwrap();
    let truncated = folder.path().join("truncated.so");
    fs::write(&truncated, &whole[..256 * 1024]).unwrap();
    let [isolation, _] = isolations();
    runtime().block_on(async {
        for (library, told) in [
            (truncated, "could not load"),
            (marked(folder.path(), "exit"), "exited with code 0"),
            (marked(folder.path(), "abort"), "signal 6"),
            (marked(folder.path(), "hang"), "was not loaded within"),
        ] {
            let error = load(&library, &isolation).await.unwrap_err();
            let kinds = [ErrorKind::Unavailable, ErrorKind::Unsupported];
            assert!(
                kinds.contains(&error.kind()) && error.message().contains(told),
                "{error:?}"
            );
        }
    });
}

#[test]
fn only_the_very_bytes_that_were_allowed_are_loaded() {
    let folder = folder();
    let whole = fs::read(library("template")).unwrap();
    let path = folder.path().join("flipped.so");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    fs::write(&path, flipped).unwrap();
    runtime().block_on(async {
        for isolation in isolations() {
            let allowed = Allowed {
                digest: Digest::of(&whole),
                path: path.clone(),
            };
            let error = Plugin::load(allowed, options(&isolation))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Forbidden, "{error:?}");
            assert!(
                error.message().contains("not the file that was allowed"),
                "{error:?}"
            );
            let absent = Allowed {
                digest: Digest::of(b""),
                path: folder.path().join("absent.so"),
            };
            let error = Plugin::load(absent, options(&isolation)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
        }
    });
}

#[test]
fn a_library_that_is_overwritten_while_loaded_goes_on_as_it_was() {
    runtime().block_on(async {
        for isolation in isolations() {
            let folder = folder();
            let path = folder.path().join("plugin.so");
            fs::copy(library("template"), &path).unwrap();
            let plugin = Plugin::load(allowed(&path), options(&isolation))
                .await
                .unwrap();
            let open = plugin.source(&json!({}));
            open.check().await.unwrap();
            // In place, as `cp` and careless installers do it.
            fs::write(&path, vec![0xcc; 12 * 1024 * 1024]).unwrap();
            open.check().await.unwrap();
            // What would have to be loaded again is refused, and says so.
            let other = plugin.source(&json!({"problems": ["A: b"]})).check().await;
            match isolation {
                Isolation::InProcess => assert!(other.is_ok(), "{other:?}"),
                Isolation::Process(_) => {
                    let error = other.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error:?}");
                }
            }
        }
    });
}
