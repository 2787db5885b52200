"""Ties the routes of the service together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from syncd.errors import SyncdError
from syncd.storage.session import Database
from syncd.sync.freshness import Look
from syncd.sync.house import Port
from syncd.web.health import Health
from syncd.web.hooks import ANSWER_WITHIN_S, READ_WITHIN_S, Hooks
from syncd.web.metrics import CONTENT_TYPE, Metrics
from syncd.web.seldom import Recent

WHAT_THIS_IS = """\
syncd keeps the stock of web shops in step.
Shops deliver to /hooks/CHANNEL; for monitors there are /healthz, /readyz and /metrics.
"""


def web_app(
    *,
    ports: Callable[[], Sequence[Port]],
    database: Callable[[], Database],
    on_news: Callable[[str], None],
    alive: Callable[[], bool],
    look: Callable[[], Look],
    metrics: Metrics,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    read_within_s: float = READ_WITHIN_S,
    answer_within_s: float = ANSWER_WITHIN_S,
) -> Starlette:
    """What the service answers over HTTP.

    `ports` and `database` are asked at each delivery. `on_news(channel)` is called after news was committed, in a
    thread, and must not block. `alive` costs nothing. `look` is called in a thread, once a second at most.
    """
    hooks = Hooks(
        ports=ports,
        database=database,
        on_news=on_news,
        delivered=metrics.delivered,
        now=now,
        read_within_s=read_within_s,
        answer_within_s=answer_within_s,
    )
    recent = Recent(look)
    health = Health(alive=alive, look=recent, now=now)

    async def what_this_is(_request: Request) -> Response:
        return PlainTextResponse(WHAT_THIS_IS)

    async def scrape(_request: Request) -> Response:
        try:
            seen = await recent.get()
        except (SyncdError, TimeoutError):
            seen = None
        return Response(metrics.exposition(seen, up=alive(), now=now()), media_type=CONTENT_TYPE)

    app = Starlette(
        routes=[
            Route("/", what_this_is),
            Route("/hooks/{channel}", hooks.answer, methods=["POST"]),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/metrics", scrape),
        ]
    )
    app.router.redirect_slashes = False  # a delivery that is redirected is lost
    return app
