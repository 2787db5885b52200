"""The official client, made fit for a daemon; nothing outside this file knows the package.

What the package keeps: how an address and a version become an endpoint, the shape of the request, the merging of
headers. What changes (shopify-facts §8): its own endpoint and headers instead of the session that threads and shops
share, sending through `Transport` (time-outs, keep-alive, no redirects), the whole answer instead of its text, and
nothing printed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import shopify
from shopify.api_version import ApiVersion, VersionNotFoundError

from connectors.contract import Unreadable
from connectors.http import Answer, Transport


class GraphQLClient(shopify.GraphQL):  # type: ignore[misc]  # the package has no types
    """Sends documents to one shop with one token. May be used by several threads."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], transport: Transport) -> None:
        # The inherited constructor is left out on purpose: it takes the site and the headers of whatever shop was
        # activated last in this process, so that a call could reach another shop (shopify-facts §8.8, §8.10).
        self.endpoint = endpoint
        self.headers = dict(headers)
        self._transport = transport

    def __repr__(self) -> str:
        return f"GraphQLClient({self.endpoint})"

    def execute(
        self,
        query: str,
        variables: Mapping[str, object] | None = None,
        operation_name: str | None = None,
        *,
        writes: bool = False,
    ) -> Answer:
        """The answer of the shop; the same arguments always send the same bytes.

        A query is sent again by the transport after a failure, a mutation is not: whoever holds its key decides.

        Raises:
            Unavailable, RateLimited, InDoubt, Unreadable: as `Transport.request`.
        """
        headers = self.merge_headers({"Accept": "application/json", "Content-Type": "application/json"}, self.headers)
        body = json.dumps({"query": query, "variables": variables, "operationName": operation_name})
        return self._transport.request(
            "POST", self.endpoint, headers=headers, body=body, safe=not writes, writes=writes
        )


def endpoint(base_url: str, version: str) -> str:
    """Where documents for this API version go.

    Raises:
        Unreadable: `version` is not written like a version.
    """
    try:
        return f"{ApiVersion.coerce_to_version(version).api_path(base_url)}/graphql.json"
    except VersionNotFoundError:
        raise Unreadable(
            f"{version} is not an API version of Shopify.",
            hint="Versions look like 2026-10. Leave API_VERSION out to take the one that syncd is made for.",
        ) from None
