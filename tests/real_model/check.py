"""Has the service explain the built-in samples with a model served by llama.cpp, and checks what
comes of it: python check.py SERVICE MODEL

Every analysis must complete, written by the model, which was held to the schema by the server.
What it says is nonsense, and the service must say so: nothing of it counts as verified.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SAMPLES = 4


def call(url, method, path, body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def start_model(model):
    script = Path(__file__).with_name("serve.py")
    server = subprocess.Popen(
        [sys.executable, script, model],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )
    for line in server.stdout:
        if line.startswith("listening on "):
            return server, line.split()[-1]
    raise SystemExit("the model server did not start")


def start_service(service, folder, address):
    environment = {
        "PATH": os.environ["PATH"],
        "API_PORT": "0",
        "EXPLAINER__LOG__FORMAT": "json",
        "OPENAI_BASE_URL": f"{address}/v1",
        "OPENAI_MODEL": "tiny",
    }
    process = subprocess.Popen(
        [Path(service).resolve()], cwd=folder, env=environment,
        stderr=open(Path(folder) / "log", "w+"),
    )
    log = open(Path(folder) / "log")
    for _ in range(600):
        for line in log:
            told = json.loads(line)
            if "address" in told:
                return process, f"http://{told['address']}"
        time.sleep(0.05)
    raise SystemExit("the service did not start")


def explain(url):
    account = {"username": "ada", "email": "ada@example.com", "password": "correct horse"}
    token = call(url, "POST", "/api/v1/auth/register", account)["access_token"]
    call(url, "POST", "/api/v1/workspaces/", {"name": "Real"}, token)
    issues = call(url, "GET", f"/api/v1/issues/?limit={SAMPLES}", token=token)["issues"]
    for issue in issues:
        begin = time.monotonic()
        ended = call(url, "POST", f"/api/v1/issues/{issue['id']}/analyze", {}, token)
        yield issue, ended, time.monotonic() - begin


def main(service, model):
    server, address = start_model(model)
    with tempfile.TemporaryDirectory() as folder:
        process, url = start_service(service, folder, address)
        try:
            checked = 0
            for issue, ended, seconds in explain(url):
                assert ended["status"] == "completed", ended
                analysis = ended["analysis"]
                assert analysis["written_by"] == "model", analysis
                assert analysis["summary"], analysis
                assert analysis["grounding"]["score"] == 0, analysis
                print(f"{seconds:6.2f} s  {issue['title']:.80}")
                print(f"          {analysis['summary']:.80}")
                print(f"          unverified: {'; '.join(analysis['grounding']['unverified']):.80}")
                checked += 1
            assert checked == SAMPLES, checked
            log = [json.loads(line) for line in open(Path(folder) / "log")]
            there = [told for told in log if told.get("message") == "model is there"]
            assert there and there[0]["context_window"] == 32768, there
        except BaseException:
            print((Path(folder) / "log").read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait()
            server.stdin.close()
            server.wait()
    print(f"{checked} analyses completed with llama.cpp")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
