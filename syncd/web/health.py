"""Tells a monitor whether the service works, and whether what shops show can be believed (N2, N10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from syncd.domain.freshness import Freshness, fresh, ready, why
from syncd.errors import SyncdError
from syncd.sync.freshness import Look
from syncd.web.seldom import Recent


class Health:
    """Answers ``/healthz`` and ``/readyz``. `alive` costs nothing and does not block."""

    def __init__(self, *, alive: Callable[[], bool], look: Recent[Look], now: Callable[[], datetime]) -> None:
        self._alive = alive
        self._look = look
        self._now = now

    async def healthz(self, _request: Request) -> Response:
        """200 while the heart of the service beats: that it runs alone is no health."""
        if self._alive():
            return PlainTextResponse("ok\n")
        return PlainTextResponse("the heart does not beat: the service hangs\n", status_code=503)

    async def readyz(self, _request: Request) -> Response:
        """200 while every live channel is fresh; in JSON, how each stands."""
        try:
            look = await self._look.get()
        except (SyncdError, TimeoutError):  # the sentence may name a path: the log tells it, not a page
            answer = {"ready": False, "channels": {}, "why": "the database cannot be used"}
            return JSONResponse(answer, status_code=503)
        now = self._now()
        is_ready = ready(look.channels, now)
        answer = {"ready": is_ready, "channels": {at.channel: _channel(at, now) for at in look.channels}}
        return JSONResponse(answer, status_code=200 if is_ready else 503)


def _channel(at: Freshness, now: datetime) -> dict[str, Any]:
    waits = at.oldest_waiting
    return {
        "fresh": fresh(at, now),
        "mode": at.mode,
        "paused": at.paused,
        "read_at": _instant(at.read_at),
        "pushed_at": _instant(at.pushed_at),
        "waiting": at.waiting,
        "oldest_waiting_s": None if waits is None else max(0, int((now - waits).total_seconds())),
        "why": why(at, now),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat(timespec="seconds")
