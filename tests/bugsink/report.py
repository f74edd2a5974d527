"""report.py URL TOKEN: makes two projects in a Bugsink, and reports errors to both as programs do."""

import json
import sys
import time
import urllib.request

import sentry_sdk

url, token = sys.argv[1:]


def api(path, body=None):
    request = urllib.request.Request(
        f"{url}/api/canonical/0/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def wait_until(what, condition, seconds=60):
    for _ in range(seconds * 10):
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"gave up waiting until {what}")


def charge(order):
    return order["total"] / order["seats"]


def lookup(cart, sku):
    return cart[sku]


def report(dsn, calls):
    sentry_sdk.init(dsn=dsn, release="shop@1.4.2", environment="staging", traces_sample_rate=0)
    for call in calls:
        try:
            call()
        except Exception as error:
            sentry_sdk.set_tag("region", "eu")
            sentry_sdk.capture_exception(error)
    sentry_sdk.flush(20)


wait_until("the server answers", lambda: api("projects/"))
team = api("teams/", {"name": "web"})["id"]
projects = [api("projects/", {"team": team, "name": name})["id"] for name in ("Shop Front", "billing")]
listed = {str(project["slug"]): project["id"] for project in api("projects/")["results"]}
front, billing = listed["shop-front"], listed["billing"]

report(
    api(f"projects/{front}/")["dsn"],
    [
        lambda: lookup({}, "sku-1"),
        lambda: lookup({}, "sku-1"),
        lambda: int("twelve"),
        lambda: "text" + 1,
    ],
)
report(
    api(f"projects/{billing}/")["dsn"],
    [lambda: charge({"total": 12, "seats": 0}), lambda: [][3]],
)
wait_until(
    "every error has arrived",
    lambda: sum(issue["digested_event_count"] for issue in api("issues/?state=all")["results"]) >= 6,
)
