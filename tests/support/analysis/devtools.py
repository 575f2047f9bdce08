"""A page in headless Chromium, asked through the DevTools protocol over a pipe (``--remote-debugging-pipe``)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TIMEOUT_S = 60


class Page:
    """One open page. Messages are JSON, each ended by a zero byte."""

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of, self._rest, self._last, self._session = to, of, b"", 0, ""

    def open(self, uri: str) -> None:
        """Open the page and wait until it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Page.navigate", url=uri)
        while self._message().get("method") != "Page.loadEventFired":
            pass

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """The result of one command."""
        self._last += 1
        sent = {"id": self._last, "method": method, "params": params}
        if self._session:
            sent["sessionId"] = self._session
        os.write(self._to, json.dumps(sent).encode() + b"\0")
        while (answer := self._message()).get("id") != self._last:
            pass
        assert "error" not in answer, answer["error"]
        result: dict[str, Any] = answer["result"]
        return result

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press and let go of one key."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._of, 1 << 20)
            assert read, "chromium has gone"
            self._rest += read
        message, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        return found


@contextmanager
def opened(chromium: str, options: list[str], profile: Path, uri: str) -> Iterator[Page]:
    """A page, and the browser around it, ended afterwards."""
    there, to = os.pipe()
    of, here = os.pipe()
    # Chromium reads from descriptor 3 and writes to 4.
    command = ["bash", "-c", f'exec 3<&{there} 4>&{here}; exec "$@"', "-", chromium, *options,
               "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]  # fmt: skip
    with subprocess.Popen(
        command, pass_fds=(there, here), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        os.close(there)
        os.close(here)
        try:
            page = Page(to, of)
            page.open(uri)
            yield page
            page._session = ""
            page.call("Browser.close")
            process.wait(TIMEOUT_S)
        finally:
            process.kill()  # it has ended by itself, but for an exception here
            os.close(to)
            os.close(of)
