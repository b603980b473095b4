"""Chromium without a window, spoken to as its own developer tools do: over two pipes, with nothing installed.

Messages are JSON, each ended by a zero byte: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from contextlib import contextmanager

BROWSERS = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--mute-audio", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60  # s for one answer


def find_browser():
    """The path of a Chromium; the test fails where there is none."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, "this test opens a page in Chromium; install it (Debian: apt-get install chromium)"
    return browser


class Page:
    """A page in the browser. console: what it said, errors included; asked: the URLs that it asked for."""

    def __init__(self, to, source):
        self.to, self.source, self.buffer = to, source, b""
        self.session, self.last = None, 0
        self.console, self.asked = [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method, **params):
        """Call a method of the protocol and return its result."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            answer = self._read(ends)
            if answer.get("id") == self.last:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)
        raise TimeoutError(method)

    def open(self, path):
        """Show a file, and wait until its scripts have run."""
        self.send("Page.navigate", url=path.as_uri())
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, expression, seconds=PATIENCE):
        """Wait until the expression is true; its value."""
        ends = time.monotonic() + seconds
        while not (value := self.run(expression)):
            assert time.monotonic() < ends, f"never true: {expression}"
            time.sleep(0.02)
        return value

    def resize(self, width, height, phone=False):
        """Give the window another size, in CSS px."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.send("Emulation.setDeviceMetricsOverride", **size)

    def scheme(self, name):
        """Prefer `light` or `dark`."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def press(self, key, code=0, shift=False):
        """Press a key, by the name that JavaScript has for it."""
        text = {"text": key} if len(key) == 1 else {}
        about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.send("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    def click(self, x, y, to=None):
        """Press the mouse at a place in the window, in CSS px, and release it there or after a way `to`."""
        about = {"button": "left", "clickCount": 1}
        self.send("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **about)
        if to:
            x, y = to
            self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
        self.send("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, **about)

    def picture(self):
        """The window as the bytes of a PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot")["data"])

    def _read(self, ends):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.source], [], [], max(0, ends - time.monotonic()))
            assert ready, "the browser does not answer"
            read = os.read(self.source, 1 << 20)
            assert read, "the browser has ended"
            self.buffer += read
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        """Keep what an event says of errors and requests."""
        params = event.get("params", {})
        if event.get("method") == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(arg.get("value", arg)) for arg in params["args"]))
        elif event.get("method") == "Runtime.exceptionThrown":
            self.console.append(json.dumps(params["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded":
            self.console.append(params["entry"]["text"])
        elif event.get("method") == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])


@contextmanager
def browser_page(profile):
    """A Page of a browser of its own, whose profile is the folder `profile`; the browser ends with it."""
    (theirs, to), (source, answers) = os.pipe(), os.pipe()
    # the browser reads from 3 and writes to 4; bash moves them there, whatever numbers they have here
    command = ["bash", "-c", f'exec "$@" 3<&{theirs} 4>&{answers}', "bash", find_browser(), *OPTIONS]
    with open(profile.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen(
            [*command, f"--user-data-dir={profile}"], pass_fds=(theirs, answers), stdout=log, stderr=log
        )
    os.close(theirs)
    os.close(answers)
    try:
        page = Page(to, source)
        yield page
        page.session = None
        page.send("Browser.close")
        process.wait(timeout=PATIENCE)
    finally:
        os.close(to)
        os.close(source)
        if process.poll() is None:
            process.kill()
            process.wait()
