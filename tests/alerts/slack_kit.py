"""An HTTP server on loopback that answers as Slack's incoming webhooks do, and refuses what Slack refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from syncd.sandbox.server import Request, Response, SandboxServer

PATH = "/services/T0PLANTED/B0PLANTED/secretplanted0123"
OK = Response(200, {"Content-Type": "text/html"}, b"ok")


def answer(status: int, word: str = "", headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": "text/html", **(headers or {})}, word.encode())


STALL = answer(598)
"""Never answers."""


@dataclass
class SlackServer:
    """Takes posts while it is entered. `answers` come first, one for each post; then Slack's own.

    `posts` are those that were accepted, `asked` counts all.
    """

    answers: list[Response] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    certificate: tuple[str, str] | None = None
    _closing: threading.Event = field(default_factory=threading.Event)
    _server: SandboxServer | None = None

    @property
    def url(self) -> str:
        """The webhook's address, a secret."""
        assert self._server is not None
        return f"{self._server.url}{PATH}"

    def __enter__(self) -> Self:
        self._server = SandboxServer(self._receive, certificate=self.certificate).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._server is not None
        self._closing.set()
        self._server.stop()

    def _receive(self, request: Request) -> Response:
        self.asked += 1
        told = self.answers.pop(0) if self.answers else _as_slack_does(request)
        if told is STALL:
            self._closing.wait(30)
        if told.status == 200:
            self.posts.append(json.loads(request.body))
        return told


def _as_slack_does(request: Request) -> Response:
    if request.path != PATH:
        return answer(404, "no_service")
    try:
        post = json.loads(request.body)
    except ValueError:
        return answer(400, "invalid_payload")
    if not post.get("text"):
        return answer(400, "no_text")
    blocks = post.get("blocks", [])
    if len(blocks) > 50 or not all(_fits(block) for block in blocks):
        return answer(400, "invalid_blocks")
    if sum(len(json.dumps(block, ensure_ascii=False)) for block in blocks) > 12_000:
        return answer(400, "msg_blocks_too_long")
    return OK


def _fits(block: Mapping[str, Any]) -> bool:
    text = block.get("text", {}).get("text", "x")
    longest = {"header": 150, "section": 3000}.get(block["type"], 3000)
    return 0 < len(text) <= longest and len(block.get("elements", ())) <= 10 and len(block.get("fields", ())) <= 10
