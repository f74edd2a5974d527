#!/usr/bin/env bash
# Whether a plugin that was built as debug, with another tokio, works in a release build of the service.
#
#     tests/other_tokio.sh [SERVICE]
#
# SERVICE is the program, by default target/release/explainer. `explainer plugin new` writes a plugin
# into a folder of its own, with a lock file of its own that has tokio $OTHER_TOKIO (1.47.1); cargo
# fetches what it lacks. It goes through `plugin check`, and in both ways of running plugins a service
# lists its issues. Not part of the test command. Everything is kept under target/other-tokio.
set -euo pipefail
cd "$(dirname "$0")/.."
service=$(realpath "${1:-target/release/explainer}")
other=${OTHER_TOKIO:-1.47.1}
place=$PWD/target/other-tokio
ours=$(grep -A1 '^name = "tokio"$' Cargo.lock | sed -n 's/^version = "\(.*\)"$/\1/p')

fail() { echo "$*" >&2; exit 1; }
step() { printf '\n== %s\n' "$*"; }

[ -x "$service" ] || fail "there is no $service; build it with: cargo build --release"
[ "$ours" != "$other" ] || fail "the service has tokio $ours too; set OTHER_TOKIO to another version"

step "a plugin with tokio $other, where the service has $ours"
mkdir -p "$place"
rm -rf "$place/plugin" "$place/run"
(cd "$place" && "$service" plugin new plugin)
cd "$place/plugin"
cargo update --quiet tokio --precise "$other"
CARGO_TARGET_DIR=$place/target cargo build --locked
library=$place/target/debug/libplugin.so
grep -aq "tokio-$other/src" "$library" || fail "there is no tokio $other in $library"

step "explainer plugin check"
"$service" plugin check "$library"

pid=
trap '[ -z "$pid" ] || kill "$pid"' EXIT
json='Content-Type: application/json'
for isolation in process in-process; do
  step "a service that runs it with plugins.isolation = \"$isolation\""
  run=$place/run/$isolation
  mkdir -p "$run"
  cd "$run"
  "$service" plugin allow "$library"
  env -i PATH="$PATH" API_PORT=0 EXPLAINER__LOG__FORMAT=json EXPLAINER__PLUGINS__ISOLATION="$isolation" \
    "$service" serve 2>log &
  pid=$!
  url=
  for _ in $(seq 100); do
    kill -0 "$pid" || fail "the service ended: $(cat log)"
    url=$(sed -n 's/.*"address":"\([^"]*\)".*/http:\/\/\1\/api\/v1/p' log | head -n 1)
    [ -z "$url" ] || break
    sleep 0.1
  done
  [ -n "$url" ] || fail "the service does not say where it is: $(cat log)"
  ask() { curl -sSf -H "$json" ${token:+-H "Authorization: Bearer $token"} "$@"; }
  token=
  token=$(ask "$url/auth/register" -d '{"username": "ada", "email": "ada@example.org", "password": "correct horse"}' |
    sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  ask "$url/workspaces/" -d '{"name": "ours"}' >/dev/null
  source='{"source": {"kind": "plugin", "settings": {"problems": ["OverflowError: tide", "it broke"]}}}'
  ask -X PUT "$url/workspaces/current" -d "$source" >/dev/null
  listed=$(ask "$url/issues/")
  grep -q 'OverflowError: tide' <<<"$listed" || fail "the issues are not listed: $listed"
  analyzed=$(ask -X POST "$url/issues/0/analyze" -d '{}')
  grep -q '"status":"completed"' <<<"$analyzed" || fail "the issue is not explained: $analyzed"
  children=$(pgrep -c -P "$pid" || true)
  [ "$isolation:$children" = process:1 ] || [ "$isolation:$children" = in-process:0 ] ||
    fail "the service has $children children"
  kill "$pid"
  wait "$pid" || fail "the service did not end well: $(cat log)"
  pid=
  echo "it lists the plugin's issues and explains one"
done
