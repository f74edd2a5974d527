#!/usr/bin/env python3
"""How fast webhooks are answered while the workers are busy, and whether one is lost by `kill -9`.

    python3 tests/load/webhooks.py target/release/explainer [RATE [SECONDS]]

Starts the service in a folder of its own, with a server beside it that answers like Sentry, and
delivers RATE (500) alerts a second, each about another issue, for SECONDS (10). Then it goes on,
kills the service in the middle, starts it again over the same folder, and looks for the analysis of
every delivery that had been answered. Exits with 1 when one is lost or the 99th percentile is over
100 ms. Needs Python 3.9 and nothing else.
"""

import asyncio
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

SECRET = "whsec_of_the_load_test"
CONNECTIONS = 32
GOAL = 0.100


def main():
    binary = os.path.abspath(sys.argv[1])
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    with tempfile.TemporaryDirectory() as folder:
        sentry = subprocess.Popen([sys.executable, __file__, "--sentry"], stdout=subprocess.PIPE, text=True)
        try:
            good = run(binary, folder, sentry.stdout.readline().strip(), rate, seconds)
        finally:
            sentry.kill()
    sys.exit(0 if good else 1)


def run(binary, folder, sentry, rate, seconds):
    service, url = start(binary, folder, sentry)
    try:
        token, path = prepare(url)
        times, answered = asyncio.run(deliver(url, path, rate, seconds, 0))
        fast = report(times, answered, rate, seconds)
        done = len(analyses(url, token, "completed"))
        print(f"the workers completed {done} analyses meanwhile")

        first = rate * seconds
        killer = lambda: service.send_signal(signal.SIGKILL)
        _, late = asyncio.run(deliver(url, path, rate, 2, first, (1.0, killer)))
        service.wait()
        print(f"killed after {len(late)} more were answered")
        service, url = start(binary, folder, sentry)
        kept = analyses(url, token)
        lost = (answered | late) - kept
        print(f"{len(answered | late)} answered, {len(kept)} kept, {len(lost)} lost")
        return fast and not lost and len(answered) == first
    finally:
        service.kill()
        service.wait()


def start(binary, folder, sentry):
    environment = {
        "API_PORT": "0", "EXPLAINER__LOG__FORMAT": "json", "RUST_LOG": "info,explainer=info",
        "SENTRY_BASE_URL": sentry, "EXPLAINER__SOURCES__POLL_SECONDS": "0",
    }
    log = open(os.path.join(folder, "log"), "w+")
    service = subprocess.Popen([binary], cwd=folder, env=environment, stderr=log)
    for _ in range(500):
        time.sleep(0.02)
        log.seek(0)
        for line in log.read().splitlines():
            if "address" in line:
                return service, "http://" + json.loads(line)["address"]
    service.kill()
    raise SystemExit("the service did not start")


def call(method, url, body=None, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = "Bearer " + token
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def prepare(url):
    account = {"username": "load", "email": "load@example.com", "password": "correct horse"}
    token = call("POST", url + "/api/v1/auth/register", account)["access_token"]
    workspace = call("POST", url + "/api/v1/workspaces/", {"name": "Load"}, token)["workspace"]
    call("PUT", url + "/api/v1/workspaces/current", {
        "sentry_api_token": "token", "sentry_organization": "acme", "sentry_client_secret": SECRET,
    }, token)
    call("PUT", url + "/api/v1/settings/", {"auto_analyze": True}, token)
    return token, "/api/v1/webhooks/sentry/" + workspace["id"]


def analyses(url, token, status=None):
    """The issues that have an analysis."""
    found, skip = set(), 0
    only = "&status=" + status if status else ""
    while True:
        page = call("GET", f"{url}/api/v1/issues/processed/?limit=100&skip={skip}{only}", token=token)
        found.update(one["sentry_issue_id"] for one in page)
        skip += len(page)
        if len(page) < 100:
            return found


def delivery(path, number):
    """One request, ready to be sent."""
    frames = [{"function": f"step_{depth}", "filename": f"app/part_{depth}.py", "lineno": depth,
               "in_app": True, "context_line": "    return carry(on)"} for depth in range(20)]
    body = json.dumps({"action": "triggered", "installation": {"uuid": "load"}, "data": {
        "event": {"event_id": f"{number:032x}", "issue_id": str(number), "project": 1, "level": "error",
                  "platform": "python", "timestamp": 1770000000 + number, "title": "LoadError: heavy",
                  "exception": {"values": [{"type": "LoadError", "value": "heavy", "stacktrace": {"frames": frames}}]}},
        "triggered_rule": "load"}}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (f"POST {path} HTTP/1.1\r\nhost: load\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nrequest-id: {number:032x}\r\nsentry-hook-resource: event_alert\r\n"
            f"sentry-hook-timestamp: 1770000000\r\nsentry-hook-signature: {signature}\r\n\r\n")
    return head.encode() + body


async def deliver(url, path, rate, seconds, first, at=None):
    """Sends at fixed times, late or not; a time counts from when its delivery was due."""
    numbers = range(first, first + rate * seconds)
    ready = [delivery(path, number) for number in numbers]
    host, port = url.removeprefix("http://").split(":")
    queue, times, answered = asyncio.Queue(), [], set()

    async def connection():
        reader, writer = await asyncio.open_connection(host, int(port))
        while True:
            number, due, request = await queue.get()
            try:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
            except (OSError, asyncio.IncompleteReadError):
                return
            if head.startswith(b"HTTP/1.1 200"):
                answered.add(str(number))
                times.append(time.perf_counter() - due)

    senders = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    begin = time.perf_counter()
    for index, request in enumerate(ready):
        due = begin + index / rate
        await asyncio.sleep(max(0, due - time.perf_counter()))
        if at and due - begin >= at[0]:
            at[1]()
            at = None
        queue.put_nowait((first + index, due, request))
    for _ in range(200):
        if len(answered) == len(ready) or all(sender.done() for sender in senders):
            break
        await asyncio.sleep(0.05)
    for sender in senders:
        sender.cancel()
    return times, answered


def report(times, answered, rate, seconds):
    times = sorted(times) or [float("inf")]
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))] * 1000
    print(f"{rate}/s for {seconds} s: {len(answered)} of {rate * seconds} answered with 200; "
          f"p50 {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, p99 {at(0.99):.1f} ms, slowest {times[-1] * 1000:.1f} ms")
    return at(0.99) < GOAL * 1000


async def be_sentry():
    """Knows an organisation, and of every issue one event."""
    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                parts = head.split(b" ", 2)[1].split(b"?")[0].strip(b"/").split(b"/")
                body = b'{"id": "1", "slug": "acme", "name": "Acme", "links": {}}'
                if len(parts) >= 6:
                    issue = parts[5].decode()
                    body = json.dumps({"id": issue, "title": "LoadError: heavy", "count": "1",
                                       "project": {"id": "1", "slug": "load"}}).encode()
                status = "200 OK"
                if b"events" in parts:
                    status, body = "404 Not Found", b'{"detail": "No matching event found"}'
                writer.write(f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
                             f"content-length: {len(body)}\r\n\r\n".encode() + body)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print("http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["--sentry"]:
        asyncio.run(be_sentry())
    elif len(sys.argv) < 2:
        raise SystemExit(__doc__)
    else:
        main()
