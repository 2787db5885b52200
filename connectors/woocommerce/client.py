"""The shop's REST API: the official client builds addresses and credentials, the transport sends, errors get names.

Nothing outside this file knows the package `woocommerce`, and nothing else turns a status into an error.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from woocommerce import API

from connectors.contract import CredentialsRejected, Surroundings, Unavailable, Unreadable
from connectors.http import Answer, Params, Redirected, Transport

Row = dict[str, Any]

# A batch of 100 takes 3 to 6 s on a small server (woocommerce-facts §10); shared hosting is ten times slower.
READ_TIMEOUT_S = 60.0

# A body of any other type is ignored with a 200 (woocommerce-facts §9).
_JSON = {"Content-Type": "application/json;charset=utf-8"}


class NoRoute(Unavailable):
    """The shop does not know this part of its API: too old, or WooCommerce is switched off."""


class Gone(Unavailable):
    """What was named in the address is not there (any more)."""


class _Signature(AuthBase):
    """Signs each try anew: a retry under the same nonce would be refused."""

    def __init__(self, api: _Api) -> None:
        self._api = api

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.url = self._api.signed(str(request.url), str(request.method))
        return request


class _Api(API):  # type: ignore[misc]  # the package has no types
    """The package with sending taken out: it opens a connection per call, gives up after 5 s, follows redirects
    (writes are lost), and writes the secret into the caller's parameters (woocommerce-facts §9)."""

    def __init__(
        self, url: str, key: str, secret: str, auth: str, transport: Transport, surroundings: Surroundings
    ) -> None:
        super().__init__(url, key, secret)
        self._auth = auth
        self._transport = transport
        self._now = surroundings.now

    def signed(self, url: str, method: str) -> str:
        stamp = int(self._now().timestamp())
        return str(self._API__get_oauth_url(url, method, oauth_timestamp=stamp))

    def _API__request(  # noqa: N802  # the name under which the package calls its private sender
        self, method: str, endpoint: str, data: object, params: Params | None = None, *, safe: bool
    ) -> Answer:
        credentials = {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}
        auth: AuthBase | None = None
        if self._auth == "oauth":
            auth = _Signature(self)
        elif self._auth == "basic":
            auth = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        return self._transport.request(
            method,
            self._API__get_url(endpoint),
            params={**(params or {}), **(credentials if self._auth == "query" else {})},
            headers={"Accept": "application/json"} | ({} if data is None else _JSON),
            body=None if data is None else json.dumps(data, ensure_ascii=False, allow_nan=False),
            auth=auth,
            safe=safe,
        )


class Client:
    """Calls of one shop. `name` is the channel's, as it stands before its settings: ``WOO`` of ``WOO_URL``."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        key: str,
        secret: str,
        auth: str | None,
        ca_file: str | None,
        parallel: int,
        surroundings: Surroundings,
    ) -> None:
        self.name = name
        self.url, self._fault = _normal(url, name)
        secure = self.url.startswith("https:")
        self.auth = auth or ("basic" if secure else "oauth")
        if not self._fault and not secure and self.auth != "oauth":
            # WooCommerce refuses it, and everybody on the way could read the secret (woocommerce-facts §9).
            self._fault = f"{name}_AUTH={self.auth} would send the secret over plain http."
        self.transport = Transport(
            surroundings=surroundings,
            read_timeout_s=READ_TIMEOUT_S,
            verify=ca_file or True,
            parallel=parallel,
            secrets=(key, secret),
        )
        self._credentials = (key, secret)
        self._surroundings = surroundings
        self._api = self._api_by(self.auth)

    def __repr__(self) -> str:
        return f"Client({self.url})"

    def close(self) -> None:
        self.transport.close()

    def get(self, endpoint: str, **params: str | int) -> Answer:
        """The answer to a question, whatever its status below 500.

        Raises:
            Unavailable, RateLimited, Redirected, CredentialsRejected: as `Transport.request`.
        """
        return self._ask(lambda: self._api.get(endpoint, params=params, safe=True))

    def get_by_query(self, endpoint: str, **params: str | int) -> Answer:
        """As `get`, with the key in the address: for hosts that take the Authorization header away."""
        return self._ask(lambda: self._api_by("query").get(endpoint, params=params, safe=True))

    def post(self, endpoint: str, body: Mapping[str, object], *, safe: bool = False) -> Answer:
        """The answer to a write, whatever its status below 500. Raises as `get`, and InDoubt unless `safe`."""
        return self._ask(lambda: self._api.post(endpoint, body, safe=safe))

    def delete(self, endpoint: str, **params: str | int) -> Answer:
        """The answer to taking something away, which is the same when done twice. Raises as `get`."""
        return self._ask(lambda: self._api.delete(endpoint, params=params, safe=True))

    def index(self) -> Answer:
        """The open index of the site's REST API."""
        address = f"{self.url}/wp-json/"
        fields = "name,url,home,namespaces"
        return self._ask(lambda: self.transport.request("GET", address, params={"_fields": fields}, safe=True))

    def rows(self, endpoint: str, **params: str | int) -> tuple[list[Row], Answer]:
        """The rows of a list, and the answer that they came in. Raises as `get`, and as `refuse`."""
        answer = self.get(endpoint, **params)
        if answer.status != 200:
            raise self.refusal(answer)
        rows = answer.json()
        if not isinstance(rows, list) or not all(_has_id(row) for row in rows):
            raise Unreadable(f"The shop's list of {endpoint} has another shape than known.", sample=answer.sample)
        return rows, answer

    def row(self, endpoint: str, **params: str | int) -> Row | None:
        """One row, ``None`` where it is not there (any more). Raises as `rows`."""
        answer = self.get(endpoint, **params)
        if answer.status != 200:
            refusal = self.refusal(answer)
            if isinstance(refusal, Gone):
                return None
            raise refusal
        row = answer.json()
        if not _has_id(row):
            raise Unreadable(f"The shop's answer to {endpoint} has another shape than known.", sample=answer.sample)
        return cast(Row, row)

    def setting(self, name: str) -> str | None:
        """A product setting of the shop; ``None`` where the key may not read it. Raises as `get`."""
        answer = self.get(f"settings/products/{name}", _fields="id,value")
        body = answer.json() if answer.status == 200 else None
        value = body.get("value") if isinstance(body, dict) else None
        return value if isinstance(value, str) else None

    def refusal(self, answer: Answer) -> Unavailable | CredentialsRejected | Unreadable:
        """What a status of 400 to 499 means, as an error to raise. Nothing was written."""
        code, message = words(answer)
        said = self.transport.redact(message)
        if answer.status == 401 or (answer.status == 403 and code):
            return CredentialsRejected(
                f"The shop refuses the key: {said or 'no reason given'}",
                hint="syncd check names the reason and the way out.",
            )
        if answer.status == 403:
            return Unavailable(
                "A firewall in front of the shop refuses the call (403).",
                hint=f"Let this machine through in the firewall or security plugin. It said: {answer.sample}",
            )
        if answer.status == 404 and code not in ("", "rest_no_route"):
            return Gone(f"The shop does not have it any more: {said}")
        if answer.status == 404:
            return (NoRoute if code else Unavailable)(
                "The shop's WooCommerce REST API is not there (404).",
                hint=f"Is WooCommerce switched on, is {self.name}_URL right, and does Settings > Permalinks say "
                "something else than Plain?",
            )
        sentence = f"The shop refuses a call ({answer.status}): {said or answer.sample or 'no reason given'}"
        return Unreadable(sentence, sample=answer.sample) if code else Unavailable(sentence)

    def _api_by(self, auth: str) -> _Api:
        return _Api(self.url, *self._credentials, auth, self.transport, self._surroundings)

    def _ask(self, send: Callable[[], Answer]) -> Answer:
        if self._fault:
            raise Unavailable(self._fault, hint=f"Set {self.name}_URL=https://…, as it stands in the browser.")
        try:
            return send()
        except Redirected as redirect:
            raise self._pointed(redirect) from None

    def _pointed(self, redirect: Redirected) -> Redirected:
        """The same with the setting that mends it, where the new place is the same shop elsewhere."""
        target, _, _ = redirect.location.partition("/wp-json")
        if target == redirect.location or not target.startswith(("http://", "https://")):
            return redirect
        hint = f"Set {self.name}_URL={target}"
        return Redirected(str(redirect), location=redirect.location, hint=hint)


def words(answer: Answer) -> tuple[str, str]:
    """The shop's own code and message, both ``""`` where the answer is not WordPress' (a proxy, a firewall)."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return "", ""
    return error_words(body)


def error_words(body: object) -> tuple[str, str]:
    """Code and message of an error object, in plain text, at most 200 characters."""
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return "", ""
    return body["code"], " ".join(html.unescape(str(body.get("message", ""))).split())[:200]


def _has_id(row: object) -> bool:
    return isinstance(row, dict) and type(row.get("id")) is int


def _normal(url: str, name: str) -> tuple[str, str]:
    """The address as the package needs it (it takes ``HTTPS://`` for plain http), and what is wrong with it."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "https://invalid", f"{name}_URL is not an address."
    fault = ""
    if parts.scheme not in ("http", "https") or not host:
        fault = f"{name}_URL is not an address of a web site."
    elif "@" in parts.netloc:
        fault = f"{name}_URL holds a user name: keys belong into {name}_KEY and {name}_SECRET."
    elif parts.query or parts.fragment:
        fault = f"{name}_URL must end before ? and #."
    place = f"[{host}]" if ":" in host else host
    place = f"{place}:{port}" if port else place
    return urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", "")), fault
