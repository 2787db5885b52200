"""Takes in webhooks: verified, written down, then answered (N2; design.md §3.8).

A delivery is only a reason to ask the shop. What is not signed as the channel signs costs nothing but its own bytes: no
database, no line in the log for each.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from connectors.contract import News, NewsSource, NotGenuine
from syncd import logs
from syncd.storage.inbox import Delivery
from syncd.storage.session import Database
from syncd.sync.house import Port
from syncd.web.keeper import Full, Keeper
from syncd.web.seldom import Seldom
from syncd.web.waiting import outcome

LARGEST_BODY_BYTES = 2**20
READ_WITHIN_S = 10.0
ANSWER_WITHIN_S = 0.8
"""Shopify gives a delivery 5 s in all, and a slow answer slows a WooCommerce shop."""

_CLOSE = {"Connection": "close"}  # what was not read is not waited for

log = logging.getLogger("syncd.webhooks")


class Outcome(StrEnum):
    """What became of a delivery."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    PING = "ping"  # a sign of life without news
    FORGED = "forged"
    UNKNOWN = "unknown"  # no such channel, or one that delivers nothing
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    BROKEN_OFF = "broken_off"
    NOT_KEPT = "not_kept"  # the database was busy or in trouble: the shop is to deliver it again
    FAILED = "failed"  # a defect of the connector


_STATUS = {
    Outcome.KEPT: 200,
    Outcome.DUPLICATE: 200,
    Outcome.PING: 200,
    Outcome.FORGED: 401,
    Outcome.UNKNOWN: 404,
    Outcome.TOO_LARGE: 413,
    Outcome.TOO_SLOW: 408,
    Outcome.BROKEN_OFF: 400,
    Outcome.NOT_KEPT: 503,
    Outcome.FAILED: 500,
}
_UNREAD = (Outcome.UNKNOWN, Outcome.TOO_LARGE, Outcome.TOO_SLOW, Outcome.BROKEN_OFF)


class Hooks:
    """Answers ``POST /hooks/{channel}``. `ports` and `database` are asked each time: settings may be reloaded.

    `delivered(channel, outcome)` counts; its channel is empty where it is none of ours. `on_news` as in `Keeper`.
    """

    def __init__(
        self,
        *,
        ports: Callable[[], Sequence[Port]],
        database: Callable[[], Database],
        on_news: Callable[[str], None],
        delivered: Callable[[str, str], None],
        now: Callable[[], datetime],
        read_within_s: float,
        answer_within_s: float,
    ) -> None:
        self._ports = ports
        self._keeper = Keeper(database, on_news)
        self._delivered = delivered
        self._now = now
        self._read_within_s = read_within_s
        self._answer_within_s = answer_within_s
        self._seldom = Seldom()

    async def answer(self, request: Request) -> Response:
        """One delivery. 2xx means: it is in the inbox, committed, or there is nothing to keep."""
        name = request.path_params["channel"]
        teller = next((port.teller for port in self._ports() if port.name == name), None)
        channel = name if teller is not None else ""
        became = Outcome.UNKNOWN if teller is None else await self._take(request, channel, teller)
        self._delivered(channel, became.value)
        return Response(status_code=_STATUS[became], headers=_CLOSE if became in _UNREAD else None)

    async def _take(self, request: Request, channel: str, teller: NewsSource) -> Outcome:
        body = await self._body(request)
        if isinstance(body, Outcome):
            return body
        try:
            news = teller.news(dict(request.headers), body)
        except NotGenuine as refusal:
            self._tell("delivery_refused", channel, why=refusal)
            return Outcome.FORGED
        except Exception:
            if self._seldom.allows(("failed", channel)):
                log.exception("a delivery of %s could not be understood", channel)
            return Outcome.FAILED
        return Outcome.PING if news is None else await self._keep(channel, news)

    async def _body(self, request: Request) -> bytes | Outcome:
        stated = request.headers.get("content-length", "")
        if stated.isdecimal() and int(stated[:20]) > LARGEST_BODY_BYTES:
            return Outcome.TOO_LARGE
        body = bytearray()
        try:
            async with asyncio.timeout(self._read_within_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > LARGEST_BODY_BYTES:
                        return Outcome.TOO_LARGE
        except TimeoutError:
            return Outcome.TOO_SLOW
        except ClientDisconnect:
            return Outcome.BROKEN_OFF
        return bytes(body)

    async def _keep(self, channel: str, news: News) -> Outcome:
        delivery = Delivery(news.delivery_id, news.topic, news.order_id, news.listing_id, news.shown, self._now())
        try:
            new = await outcome(self._keeper.keep(channel, delivery), self._answer_within_s)
        except TimeoutError:
            self._tell("delivery_not_kept_in_time", channel, within_s=self._answer_within_s)
            return Outcome.NOT_KEPT
        except Full:
            self._tell("deliveries_refused", channel, why="too many wait for the database")
            return Outcome.NOT_KEPT
        except Exception as error:  # noqa: BLE001 - whatever the database met, the shop delivers it again
            self._tell("delivery_not_kept", channel, why=error)
            return Outcome.NOT_KEPT
        return Outcome.KEPT if new else Outcome.DUPLICATE

    def _tell(self, event: str, channel: str, **fields: object) -> None:
        """One line a minute of each event and channel: whoever floods us must not fill the log."""
        if self._seldom.allows((event, channel)):
            logs.event(log, logging.WARNING, event, channel=channel, **fields)
