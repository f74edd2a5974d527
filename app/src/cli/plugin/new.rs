//! `explainer plugin new`: a crate with a source that works, to be changed into another.
//!
//! The SDK comes along as a copy, so that the crate builds anywhere and fits the program that
//! wrote it; `--sdk` names another one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Outcome;

macro_rules! sdk {
    ($($file:literal),+ $(,)?) => {
        /// Every file of the SDK that a crate needs, by its path in it.
        const SDK: &[(&str, &str)] = &[
            $(($file, include_str!(concat!("../../../../plugins/sdk/", $file)))),+
        ];
    };
}

sdk![
    "Cargo.toml",
    "examples/c/notes.c",
    "include/explainer_plugin.h",
    "src/abi.rs",
    "src/delivery.rs",
    "src/error.rs",
    "src/export.rs",
    "src/host.rs",
    "src/http.rs",
    "src/instance.rs",
    "src/lib.rs",
    "src/log.rs",
    "src/messages.rs",
    "src/no_abort.rs",
    "src/paging.rs",
    "src/runtime.rs",
    "src/signal.rs",
    "src/source.rs",
    "src/testing.rs",
];

const SOURCE: &str = include_str!("../../../../plugins/template/src/lib.rs");
const TESTS: &str = include_str!("../../../../plugins/template/tests/source.rs");

/// What to write.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of the plugin: lower-case letters, digits and `-`; also the kind of its source
    #[arg(value_parser = name)]
    name: String,

    /// The folder of the plugin SDK to depend on [default: a copy, in the plugin's own folder]
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
    if starts && !text.ends_with('-') && text.len() <= 40 && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(
        "a name is up to 40 lower-case letters, digits and `-`, and begins with a letter"
            .to_owned(),
    )
}

/// Writes the crate into a new folder called like the plugin.
pub(super) fn run(args: &Args) -> Outcome {
    let folder = Path::new(&args.name);
    fs::create_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "could not make the folder {} because there is one; choose another name",
            args.name
        ),
        _ => format!("could not make the folder {} because {error}", args.name),
    })?;
    let sdk = if let Some(sdk) = &args.sdk {
        std::path::absolute(sdk)?.display().to_string()
    } else {
        for (file, text) in SDK {
            write(&folder.join("sdk").join(file), text)?;
        }
        "sdk".to_owned()
    };
    let own = |text: &str| {
        text.replace("explainer_plugin_template", &args.name.replace('-', "_"))
            .replace("\"template\"", &format!("{:?}", args.name))
            .replace("Template", &type_name(&args.name))
    };
    write(&folder.join("Cargo.toml"), &manifest(&args.name, &sdk))?;
    write(&folder.join("src/lib.rs"), &own(SOURCE))?;
    write(&folder.join("tests/source.rs"), &own(TESTS))?;
    write(&folder.join(".gitignore"), "/target\n")?;
    anstream::println!(
        "wrote {0}; see that it works with `cd {0} && cargo test`",
        args.name
    );
    Ok(())
}

fn write(file: &Path, text: &str) -> Outcome {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text)
        .map_err(|error| format!("could not write {} because {error}", file.display()).into())
}

fn manifest(name: &str, sdk: &str) -> String {
    format!(
        "[package]\n\
         name = {name:?}\n\
         version = \"0.1.0\"\n\
         edition = \"2024\"\n\
         \n\
         [lib]\n\
         # The library to load, and one for the tests.\n\
         crate-type = [\"cdylib\", \"lib\"]\n\
         \n\
         [dependencies]\n\
         explainer-plugin-sdk = {{ path = {sdk:?} }}\n\
         schemars = \"1\"\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\
         \n\
         # A package of its own, wherever it lies.\n\
         [workspace]\n"
    )
}

/// `my-tracker` as `MyTracker`.
fn type_name(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_sdk_comes_along() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/sdk");
        for part in ["src", "include", "examples/c"] {
            for entry in fs::read_dir(folder.join(part)).unwrap() {
                let file = format!("{part}/{}", entry.unwrap().file_name().to_str().unwrap());
                assert!(SDK.iter().any(|(known, _)| *known == file), "{file}");
            }
        }
    }

    #[test]
    fn names_become_types() {
        assert_eq!(type_name("my-tracker2"), "MyTracker2");
        for bad in ["", "A", "2x", "a_b", "a-", "é", &"a".repeat(41)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
