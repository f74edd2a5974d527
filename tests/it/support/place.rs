//! Where a service keeps things, and what lies there afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use mongodb::{
    Client,
    bson::{Document, doc},
};
use tempfile::TempDir;

use super::{mongod, secrets};

/// Which kind of store a service keeps things in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Sqlite,
    Mongodb,
}

/// Whether the services of this program keep things in a file, which a test of this name opens
/// beside them; says so where they do not.
#[expect(clippy::print_stdout, reason = "what is not run is told of")]
pub(crate) fn in_a_file(test: &str) -> bool {
    let file = crate::STORE == Store::Sqlite;
    if !file {
        println!("{test}: not run, because it opens the SQLite file beside the service");
    }
    file
}

/// Where one service keeps things, over restarts.
#[derive(Clone)]
pub(super) struct Place {
    folder: Arc<TempDir>,
    database: Option<(Arc<mongod::Server>, String)>,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let database = (crate::STORE == Store::Mongodb).then(|| {
            let name = folder.path().file_name().unwrap().to_str().unwrap();
            let name = format!("explainer-it-{}", name.trim_start_matches('.'));
            (mongod::server(mongod::Topology::Standalone), name)
        });
        Self { folder, database }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn variables(&self) -> Vec<(&str, &str)> {
        let database = self.database.iter();
        let variables = database.map(|(server, name)| {
            [
                ("MONGODB_URI", server.uri.as_str()),
                ("DATABASE_NAME", name.as_str()),
            ]
        });
        variables.flatten().collect()
    }

    /// No secret that a test used lies in the store as it is.
    pub(super) fn refuse_secrets(&self) {
        if Arc::strong_count(&self.folder) > 1 {
            return; // The service was started again and goes on here.
        }
        for file in files(self.folder.path()) {
            // The installation's own key has to lie somewhere.
            if file.file_name().is_some_and(|name| name != "secret.key") {
                let content = fs::read(&file).unwrap_or_default();
                secrets::refuse_in(&file.display().to_string(), &content);
            }
        }
        if let Some((server, name)) = &self.database {
            let content = content(&server.uri, name);
            secrets::refuse_in(&format!("the database {name}"), content.as_bytes());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Everything in a database, as text.
fn content(uri: &str, database: &str) -> String {
    let read = async {
        let mut content = String::new();
        let database = Client::with_uri_str(uri).await.unwrap().database(database);
        for name in database.list_collection_names().await.unwrap() {
            let collection = database.collection::<Document>(&name);
            let mut all = collection.find(doc! {}).await.unwrap();
            while all.advance().await.unwrap() {
                content += &all.deserialize_current().unwrap().to_string();
            }
        }
        database.drop().await.unwrap();
        content
    };
    // Services end outside a runtime and inside one.
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(read)
        });
        reading.join().unwrap()
    })
}
