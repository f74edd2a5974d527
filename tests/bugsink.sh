#!/usr/bin/env bash
# A real Bugsink, with SQLite, on a free port of 127.0.0.1, for the tests that want one.
#
#     tests/bugsink.sh FOLDER [VENV]
#
# It runs in the foreground and keeps everything under FOLDER; once it answers, FOLDER/ready holds
# BUGSINK_URL, BUGSINK_TOKEN, BUGSINK_PROJECT and BUGSINK_DSN, one a line. VENV is where Bugsink is
# installed from PyPI, unless it is there already (default: FOLDER/venv).
#
# Where it cannot run it ends with status 69 and one line on standard error that says why.
set -euo pipefail

unavailable() { echo "Bugsink cannot run here: $*" >&2; exit 69; }

[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 64; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
venv=${2:-$folder/venv}
rm -f "$folder/ready"

command -v python3 >/dev/null || unavailable "there is no python3"
mkdir -p "$(dirname "$venv")"
# Two tests may want it at once: the first installs, the other waits.
exec 9>"$venv.lock"
flock 9 2>/dev/null || unavailable "there is no flock"
if [ ! -e "$venv/complete" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" >&2 || unavailable "python3 makes no virtual environments; install python3-venv"
  "$venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 20 'bugsink>=2,<3' gunicorn >&2 ||
    unavailable "PyPI gave no bugsink"
  touch "$venv/complete"
fi
flock -u 9

cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
rm -f bugsink_conf.py
"$venv/bin/bugsink-create-conf" --template=local --host 127.0.0.1 --port "$port" >/dev/null
# It must call nobody: not its makers, and no mail server.
cat >>bugsink_conf.py <<'CONF'

BUGSINK["PHONEHOME"] = False
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
CONF
export PYTHONPATH=$folder DJANGO_SETTINGS_MODULE=bugsink_conf
manage=$venv/bin/bugsink-manage
{
  "$manage" migrate
  "$manage" migrate snappea --database=snappea
} >log 2>&1
token=$("$manage" create_auth_token 2>>log | tail -1)

# Waits until it answers, makes a team and a project, and says where everything is.
python3 - "http://127.0.0.1:$port" "$token" >ready.new <<'SETUP' &
import json, sys, time, urllib.request

url, token = sys.argv[1:]

def call(path, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{url}/api/canonical/0/{path}", data, headers)
    return json.load(urllib.request.urlopen(request, timeout=10))

for _ in range(300):
    try:
        call("projects/")
        break
    except OSError:
        time.sleep(0.1)
team = call("teams/", {"name": "team"})
project = call("projects/", {"team": team["id"], "name": "demo"})
dsn = call(f"projects/{project['id']}/")["dsn"]
print(f"BUGSINK_URL={url}\nBUGSINK_TOKEN={token}\nBUGSINK_PROJECT={project['id']}\nBUGSINK_DSN={dsn}")
SETUP
setup=$!
( wait_for() { while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; }; wait_for $setup; [ -s ready.new ] && mv ready.new ready ) &
exec "$venv/bin/gunicorn" --bind "127.0.0.1:$port" --workers 1 --threads 4 bugsink.wsgi >>log 2>&1
