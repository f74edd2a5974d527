#!/usr/bin/env python3
"""How many instructions the service needs for a request, as valgrind's callgrind counts them.

    python3 tests/load/instructions.py target/release/explainer [CASE …]

Times are noisy on a busy machine; these counts are the same each time to one in a hundred. They are of the
program alone: what the kernel does for it is not in them. Each case is printed beside `health`, which does
next to nothing. The profiles stay in target/callgrind, for `callgrind_annotate target/callgrind/CASE.1`.
Needs valgrind and Python 3.9.
"""

import http.client
import http.server
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

PROFILES = pathlib.Path(__file__).resolve().parents[2] / "target" / "callgrind"
ANSWER = {
    "claims": [{"text": "The key is missing.", "evidence": ["E1"], "quotes": []}],
    "insufficient_evidence": None,
    "summary": "Reading a key that is not there fails.",
    "root_cause": "The table has no such key.",
    "technical_description": "The key is read without a look whether it is there.",
    "reproduction_steps": ["Read the key."],
    "suggested_fix": "Look first.",
    "code_examples": None,
    "priority": "high",
    "estimated_effort": "1-2 hours",
    "affected_components": ["table"],
    "related_issues": None,
}


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    PROFILES.mkdir(parents=True, exist_ok=True)
    model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    still = None
    print(f"{'':24}{'instructions':>14}{'of health':>12}")
    for name, count in (("health", 200), ("me", 200), ("stored", 200), ("list", 50), ("analyze", 50)):
        if wanted and name not in wanted and name != "health":
            continue
        counted = count_of(binary, f"http://127.0.0.1:{model.server_port}/v1", name, count)
        still = still or counted
        print(f"{name:24}{counted:>14,}{counted / still:>12.1f}", flush=True)


def count_of(binary, model, name, count):
    """The instructions of one request, the mean of so many."""
    for former in PROFILES.glob(f"{name}*"):
        former.unlink()
    with tempfile.TemporaryDirectory() as folder:
        profile = PROFILES / name
        service = subprocess.Popen(
            ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={profile}", binary],
            cwd=folder,
            env={"API_PORT": "0", "EXPLAINER__LOG__FORMAT": "json", "OPENAI_BASE_URL": model, "OPENAI_MODEL": "quick"},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            client = Client(address_in(service.stderr))
            # Read on, so that the service never waits for room in the pipe.
            threading.Thread(target=service.stderr.read, daemon=True).start()
            ask = client.case(name)
            for number in range(20):
                ask(number)
            control("--zero", service)
            for number in range(20, 20 + count):
                ask(number)
            control("--dump", service)
        finally:
            service.kill()
            service.wait()
    totals = re.search(r"^(?:totals|summary): (\d+)", pathlib.Path(f"{profile}.1").read_text(), re.M)
    return int(totals.group(1)) // count


def address_in(log):
    for line in log:
        if '"address"' in line:
            return json.loads(line)["address"]
    raise SystemExit("the service did not start; does it run without valgrind?")


def control(what, service):
    subprocess.run(["callgrind_control", what, str(service.pid)], check=True, capture_output=True)


class Client:
    """An account with a workspace that reads the samples, over one connection."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=300)
        self.headers = {"Content-Type": "application/json"}
        account = {"username": "load", "email": "load@example.com", "password": "correct horse"}
        token = self.ask("POST", "/auth/register", account)["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"
        self.ask("POST", "/workspaces/", {"name": "Load"})
        self.issues = [issue["id"] for issue in self.ask("GET", "/issues/")["issues"]]

    def case(self, name):
        analyze = lambda issue, **options: self.ask("POST", f"/issues/{issue}/analyze", options)
        if name == "analyze":
            return lambda number: analyze(self.issues[number % len(self.issues)], force=True)
        paths = {"health": "/health", "me": "/auth/me", "list": "/issues/processed/?limit=25"}
        if name in ("stored", "list"):
            stored = [analyze(issue)["id"] for issue in self.issues]
            paths["stored"] = f"/issues/processed/{stored[0]}"
        # An address of its own for each, or the service would give the answer that it has just given.
        mark = "&" if "?" in paths[name] else "?"
        return lambda number: self.ask("GET", f"{paths[name]}{mark}number={number}")

    def ask(self, method, path, body=None):
        body = None if body is None else json.dumps(body)
        self.connection.request(method, "/api/v1" + path, body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {text.decode()}")
        return json.loads(text)


class Model(http.server.BaseHTTPRequestHandler):
    """Streams the same answer to every question, in pieces of a few words."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        text = json.dumps(ANSWER)
        pieces = [{"delta": {"content": text[at : at + 24]}, "finish_reason": None} for at in range(0, len(text), 24)]
        events = [{"choices": [{"index": 0, **piece}]} for piece in pieces]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        events.append({"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 200}})
        lines = [json.dumps({"id": "1", "model": "quick", **event}) for event in events] + ["[DONE]"]
        body = "".join(f"data: {line}\n\n" for line in lines).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    main()
