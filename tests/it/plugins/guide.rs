//! The guide for authors, followed command by command.

use std::{
    env, fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use super::support::folder;

/// Every command of the guide, in its order: what its `sh` blocks hold.
fn commands() -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/README.md");
    let guide = fs::read_to_string(guide).unwrap();
    let mut commands = String::new();
    let mut inside = false;
    for line in guide.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => commands = commands + line + "\n",
            _ => {}
        }
    }
    assert!(commands.contains("explainer plugin new"), "{commands}");
    commands
}

#[test]
fn who_follows_the_guide_has_a_source_that_lists_issues() {
    let place = folder();
    let bin = place.path().join("bin");
    let empty = place.path().join("empty");
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(&empty).unwrap();
    let explainer = env!("CARGO_BIN_EXE_explainer-under-test");
    std::os::unix::fs::symlink(explainer, bin.join("explainer")).unwrap();
    let paths = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let paths = env::join_paths([bin].into_iter().chain(paths)).unwrap();

    // The one thing that differs from the guide: a port that is free.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let port = free.port().to_string();
    let commands = commands().replace("8000", &port);
    let script =
        format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{commands}");
    let output = Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(&empty)
        .env("PATH", paths)
        .env("API_PORT", &port)
        .env("RUST_LOG", "warn")
        // Crates were fetched for this very build; a second one needs no network.
        .env("CARGO_NET_OFFLINE", "true")
        // What is compiled on the way is kept for the next run, away from what comes out.
        .env(
            "CARGO_BUILD_BUILD_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide"),
        )
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{commands}\n{told}\n{errors}");
    // What the last command of each way printed.
    assert!(
        told.contains("\"title\":\"KeyError: 'sku'\""),
        "{told}\n{errors}"
    );
    assert!(
        told.contains("\"title\":\"todo: FloodError: the cellar is under water\""),
        "{told}"
    );
}
