"""The built service, serving from a folder of its own, for the checks beside it.

They run the binary that the test command builds, so that nothing is built twice.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BINARY = TARGET / "debug" / "explainer-under-test"


class Service:
    """Runs for as long as the block it is used in; `log` has all it said."""

    def __init__(self, **variables):
        self.variables = variables

    def __enter__(self):
        command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--quiet"]
        subprocess.run(command, cwd=ROOT, check=True)
        self.folder = tempfile.TemporaryDirectory()
        self.log_file = pathlib.Path(self.folder.name, "log")
        plain = {"API_PORT": "0", "EXPLAINER__LOG__FORMAT": "json", "RUST_BACKTRACE": "1"}
        with self.log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [BINARY], cwd=self.folder.name, env=plain | self.variables, stderr=log
            )
        self.url = self._address()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def _address(self):
        for _ in range(600):
            for line in self.log.splitlines():
                if '"address"' in line:
                    return "http://" + json.loads(line)["address"]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise SystemExit("the service did not start:\n" + self.log)

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def call(self, method, path, body=None, token=None):
        """The JSON of an answer that went well."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = "Bearer " + token
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def registered(self, name):
        """A token of a new account with a workspace of its own, which reads the samples."""
        account = {"username": name, "email": name + "@example.com", "password": "correct horse"}
        token = self.call("POST", "/api/v1/auth/register", account)["access_token"]
        self.call("POST", "/api/v1/workspaces/", {"name": "Ours"}, token)
        return token
