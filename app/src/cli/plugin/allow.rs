//! `explainer plugin allow`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use explainer_plugin_host::Allowed;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::{Outcome, as_it_is, load_alone};
use crate::{bootstrap, config::Config};

/// Which plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shared library
    library: PathBuf,
}

/// Writes the library's digest into the configuration file in force: `--config`, else
/// `EXPLAINER_CONFIG`, else `explainer.toml`. One that cannot be loaded is not allowed.
pub(super) async fn run(args: Args, config: Config, config_file: Option<PathBuf>) -> Outcome {
    let plugin = load_alone(&args.library, bootstrap::plugins::options(&config)?).await?;
    let allowed = as_it_is(&args.library)?;
    let named = config_file.or_else(|| env::var_os("EXPLAINER_CONFIG").map(Into::into));
    let file = named.unwrap_or_else(|| "explainer.toml".into());
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(unwritable(&file, &error).into()),
    };
    let text = with_entry(&text, &allowed)?;
    fs::write(&file, text).map_err(|error| unwritable(&file, &error))?;
    anstream::println!(
        "allowed the source `{}` of {} in {}",
        plugin.kind(),
        allowed.path.display(),
        file.display()
    );
    Ok(())
}

fn unwritable(file: &Path, error: &io::Error) -> String {
    let file = file.display();
    format!("could not change {file} because {error}; name another file with --config")
}

/// The text of a configuration file with `allowed` in its list, in the place of an older entry
/// for the same file. Everything else stays as it is written.
fn with_entry(text: &str, allowed: &Allowed) -> Outcome<String> {
    let mut document: DocumentMut = text.parse()?;
    let plugins = document
        .entry("plugins")
        .or_insert(Item::Table(Table::new()));
    let plugins = plugins
        .as_table_like_mut()
        .ok_or("`plugins` is not a table")?;
    let list = plugins.entry("allow").or_insert(value(Array::new()));
    let list = list.as_array_mut().ok_or("`plugins.allow` is not a list")?;
    list.retain(|entry| {
        let entry = entry.as_str().and_then(|it| it.parse::<Allowed>().ok());
        entry.is_none_or(|it| it.path != allowed.path)
    });
    list.push(allowed.to_string());
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_added_once_for_each_file_and_nothing_else_changes() {
        let allowed = |digit: &str, path: &str| -> Allowed {
            format!("sha256:{} {path}", digit.repeat(64))
                .parse()
                .unwrap()
        };
        let text =
            with_entry("# mine\n[server]\nport = 1 # one\n", &allowed("a", "/a.so")).unwrap();
        let text = with_entry(&text, &allowed("b", "/b.so")).unwrap();
        let text = with_entry(&text, &allowed("c", "/a.so")).unwrap();
        assert!(
            text.starts_with("# mine\n[server]\nport = 1 # one\n"),
            "{text}"
        );
        let read: toml::Table = toml::from_str(&text).unwrap();
        let list = read["plugins"]["allow"].as_array().unwrap();
        let list: Vec<_> = list.iter().filter_map(toml::Value::as_str).collect();
        assert_eq!(
            list,
            [
                allowed("b", "/b.so").to_string(),
                allowed("c", "/a.so").to_string()
            ]
        );
        assert!(with_entry("plugins = 1", &allowed("a", "/a.so")).is_err());
    }
}
