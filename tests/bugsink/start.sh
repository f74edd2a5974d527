#!/usr/bin/env bash
# start.sh FOLDER: a real Bugsink on 127.0.0.1 with real errors in it, everything under FOLDER.
#
# Needs python3 with venv. Installs bugsink, gunicorn and sentry-sdk from PyPI the first time, makes
# a fresh database with two projects, has the Python SDK report errors into both, and serves in
# the foreground until it is killed. When it can be asked, FOLDER/ready holds
# BUGSINK_URL and BUGSINK_TOKEN. What goes wrong is in FOLDER/log.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1"
rm -rf ready data bugsink_conf.py *.sqlite3* log && mkdir data
[ -f venv/complete ] || {
  rm -rf venv
  python3 -m venv venv && venv/bin/pip install -q "bugsink>=2.6,<3" gunicorn "sentry-sdk>=2,<3" >>log 2>&1 && touch venv/complete
}
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

(cd data && ../venv/bin/bugsink-create-conf --template=local --host 127.0.0.1 --port "$port" >>../log 2>&1)
mv data/bugsink_conf.py .
# Nothing of this may be reported to anyone, and everything stays in this folder.
printf '\nBUGSINK["PHONEHOME"] = False\nBUGSINK["INGEST_STORE_BASE_DIR"] = "%s/data/ingest"\n' "$PWD" >>bugsink_conf.py
# HOME: gunicorn would keep a socket in the real one.
export HOME=$PWD PYTHONPATH=$PWD DJANGO_SETTINGS_MODULE=bugsink_conf
manage=$PWD/venv/bin/bugsink-manage
$manage migrate >>log 2>&1
$manage migrate snappea --database=snappea >>log 2>&1
token=$($manage create_auth_token 2>>log | tail -1)

trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
venv/bin/gunicorn --bind "127.0.0.1:$port" --workers 1 --threads 4 bugsink.wsgi >>log 2>&1 &
venv/bin/python "$here/report.py" "http://127.0.0.1:$port" "$token" >>log 2>&1
printf 'BUGSINK_URL=http://127.0.0.1:%s\nBUGSINK_TOKEN=%s\n' "$port" "$token" >ready.new
mv ready.new ready
wait
