"""Tests run with one BLAS thread, as the command does (set OPENBLAS_NUM_THREADS for more), and without a time limit.

Hypothesis counts a slow machine as a failure unless it is told not to, and draws the same examples every time unless
`--hypothesis-profile=deep` has it search. The site of `refvae book` and a browser are made once.
"""

import json
import os
import shutil
import subprocess
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

import refvae.cli  # noqa: F401  sets the threads, before anything loads NumPy

settings.register_profile("everyday", deadline=None, derandomize=True, database=None, print_blob=True,
                          suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", settings.get_profile("everyday"), derandomize=False, max_examples=2000)
settings.load_profile("everyday")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The whole site, with the evidence of one statement."""
    missing = [name for name in ("markdown_it", "math_core", "mdit_py_plugins", "pygments") if not find_spec(name)]
    if missing:
        pytest.skip(f"the extra `book` is not installed: no {', '.join(missing)}")
    from refvae.book import site
    from refvae.evidence import run
    from refvae.statements import evidence_module

    results = [run(entry) for entry in evidence_module("vae").ledger.entries if entry.eq == "3.7"]
    return {path.name: path for path in site.build(tmp_path_factory.mktemp("book"), results)}


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A browser without a window."""
    if CHROMIUM is None or os.name != "posix":
        pytest.skip("no Chromium: the pages are not looked at in a browser")
    browser = Chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


class Chromium:
    """Chromium, spoken to through two pipes in its own debugging protocol: no driver, no port, no library."""

    def __init__(self, profile):
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--hide-scrollbars",
                 "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}")
        shell = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        words = ["bash", "-c", shell, CHROMIUM, *quiet, "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(words, pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.rest, self.count, self.events, self.session = b"", 0, [], {}
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = {"sessionId": self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """The result of a command; what is heard meanwhile is kept in `events`."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params, **self.session}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while (heard := self.hear()).get("id") != self.count:
            self.events.append(heard)
        assert "error" not in heard, (method, heard["error"])
        return heard["result"]

    def hear(self):
        """The next message."""
        while b"\0" not in self.rest:
            piece = os.read(self.into, 1 << 20)
            assert piece, "Chromium ended"
            self.rest += piece
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def open(self, address, width=1280, dark=False):
        """Show a page in a window of this width, and wait until it is loaded."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                  mobile=width < 600)
        self.send("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.send("Page.navigate", url="about:blank")
        assert self.wait("location.href === 'about:blank'")
        self.events.clear()
        self.send("Page.navigate", url=address)
        assert self.wait(f"location.href === {json.dumps(address)} && document.readyState === 'complete'"), address

    def run(self, script):
        """The value of an expression on the page, awaited if it is a promise."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script):
        """The value of an expression as soon as it is true, or of its last try."""
        for _ in range(200):
            if value := self.run(script):
                return value
            self.run("new Promise(done => setTimeout(done, 50))")
        return None

    def complaints(self):
        """Errors that the page or the browser raised, and addresses asked for that are not on this disc."""
        for event in self.events:
            method, said = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                yield said["exceptionDetails"]["exception"]["description"]
            elif method == "Log.entryAdded" or (method == "Runtime.consoleAPICalled" and said["type"] == "error"):
                yield str(said)
            elif method == "Network.requestWillBeSent" and not said["request"]["url"].startswith(("file:", "data:")):
                yield said["request"]["url"]

    def close(self):
        """End it."""
        self.send("Browser.close")
        self.process.wait()
