"""A receiver of webhooks as the daemon has one: real HTTP on loopback, and a connector that listens."""

from __future__ import annotations

from datetime import datetime

from connectors.contract import News, NewsSource
from syncd.sandbox.deliveries import Deliveries, post_http
from syncd.sandbox.server import Request, Response, SandboxServer


def told_over_http(deliveries: Deliveries, now: datetime, source: NewsSource) -> tuple[list[News], list[bytes]]:
    """The news in all that a practice shop delivers by `now`, and the bodies that came."""
    told: list[News] = []
    bodies: list[bytes] = []

    def receive(request: Request) -> Response:
        bodies.append(request.body)
        news = source.news(request.headers, request.body)
        told.extend([news] if news else [])
        return Response(200, {}, b"")

    with SandboxServer(receive) as server:
        deliveries.deliver_to = server.url
        deliveries.pump(now, post_http)
    return told, bodies
