"""Chromium without a window, as a phone: what a page looks like there, by measurement and as a picture.

It is spoken to over two pipes (``--remote-debugging-pipe``), so that no port and no other package is needed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ANSWERS_WITHIN_S = 60

# The colours of each text against what lies behind it (WCAG 2.2, 1.4.3), what sticks out, and what was loaded.
_MEASURE = """
(() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const rgba = text => text.match(/[\\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.data.trim() || !e.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
    texts.push({
      text: node.data.trim().slice(0, 40),
      contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
      size: parseFloat(getComputedStyle(e).fontSize),
    });
  }
  const sticksOut = [...document.body.querySelectorAll('*')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && (box.left < -0.5 || box.right > document.documentElement.clientWidth + 0.5);
  }).map(e => e.outerHTML.slice(0, 80));
  return {
    texts, sticksOut,
    width: document.documentElement.scrollWidth,
    background: light(behind(document.querySelector('h1'))),
    taps: [...document.querySelectorAll('a')].map(e => e.getBoundingClientRect().height),
    loaded: performance.getEntriesByType('resource').map(e => e.name),
  };
})()
"""


class Browser:
    """One Chromium with one page."""

    def __init__(self, folder: Path) -> None:
        assert CHROMIUM is not None
        asked_at, self._asks = os.pipe()
        self._answers, answered_at = os.pipe()
        command = [
            *("bash", "-c", f'exec "$@" 3<&{asked_at} 4>&{answered_at}', "bash"),
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe"),
        ]
        self._process = subprocess.Popen(
            command, pass_fds=(asked_at, answered_at), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(asked_at)
        os.close(answered_at)
        self._folder = folder
        self._unread = b""
        self._number = 0
        self._session: str | None = None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Page.enable")

    def close(self) -> None:
        os.close(self._asks)  # it ends when nobody asks any more
        try:
            self._process.wait(ANSWERS_WITHIN_S)
        finally:
            self._process.kill()
            os.close(self._answers)

    def show(self, html: str, *, width: int, dark: bool) -> dict[str, Any]:
        """Opens a document in a window of that width, and measures it."""
        page = self._folder / "page.html"
        page.write_text(html, encoding="utf-8")
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])
        self._ask("Page.navigate", url=page.as_uri())
        self._until("Page.loadEventFired")
        found = self._ask("Runtime.evaluate", expression=_MEASURE, returnByValue=True)
        assert "exceptionDetails" not in found, found
        measured: dict[str, Any] = found["result"]["value"]
        return measured

    def picture(self) -> bytes:
        """The whole page as a PNG."""
        taken = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def _ask(self, method: str, **params: object) -> dict[str, Any]:
        self._number += 1
        asked: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            asked["sessionId"] = self._session
        os.write(self._asks, json.dumps(asked).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _until(self, event: str) -> None:
        while self._next().get("method") != event:
            pass

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._answers], [], [], ANSWERS_WITHIN_S)
            assert ready, "Chromium does not answer"
            read = os.read(self._answers, 1 << 16)
            assert read, "Chromium ended"
            self._unread += read
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found
