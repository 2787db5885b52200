"""One shop's Admin API: sends a document, waits where Shopify asks to, and turns each refusal into its error.

Shopify answers most refusals with HTTP 200 (shopify-facts §4, §6), so the body decides, not the status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from connectors.contract import (
    CallEvent,
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    RateLimited,
    Surroundings,
    Unavailable,
    Unreadable,
)
from connectors.http import Answer, Redirected, Transport
from connectors.shopify.address import Address
from connectors.shopify.client import GraphQLClient, endpoint
from connectors.shopify.documents import LARGEST_PAGE
from connectors.shopify.reading import Misread, listed, text
from connectors.shopify.settings import Settings
from connectors.shopify.tokens import Tokens

TRIES = 4
LONGEST_WAIT = timedelta(seconds=30)
# With the time-outs of one call, below the time for which a lost write stays in doubt (120 s).
LONGEST_INSISTENCE = timedelta(seconds=60)
SHORTEST_WAIT = timedelta(seconds=1)

STILL_RUNNING = "IDEMPOTENCY_CONCURRENT_REQUEST"

# Refusals that come before anything is carried out. Any other error in the answer to a mutation leaves a doubt.
_NOTHING_DONE = {
    "BAD_REQUEST",
    "INVALID_FIELD_ARGUMENTS",
    "INVALID_VARIABLE",
    "MAX_COST_EXCEEDED",
    "MAX_INPUT_SIZE_EXCEEDED",
    "argumentNotAccepted",
    "missingRequiredArguments",
    "undefinedField",
    "variableMismatch",
}
_OUTAGE = {"INTERNAL_SERVER_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"}


class Throttled(RateLimited):
    """The bucket of points is empty."""


class Forbidden(CredentialsRejected):
    """The token is good, but its app lacks a scope."""


class TooCostly(Unreadable):
    """One query asks for more points than Shopify grants (shopify-facts §6)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The ``data`` of an answer, and when the shop says that it answered."""

    data: Mapping[str, object]
    at: datetime | None


class Admin:
    """Asks and changes one shop; may be used by several threads."""

    def __init__(self, settings: Settings, address: Address, transport: Transport, surroundings: Surroundings) -> None:
        self._settings = settings
        self._address = address
        self._tokens = Tokens(settings, address, transport, surroundings)
        self._transport = transport
        self._surroundings = surroundings

    def ask(self, document: str, variables: Mapping[str, object] | None = None) -> Mapping[str, object]:
        """The ``data`` of a query's answer.

        Raises:
            Unavailable, RateLimited, CredentialsRejected, Unreadable.
        """
        return self.reply(document, variables).data

    def reply(self, document: str, variables: Mapping[str, object] | None = None) -> Reply:
        """As `ask`, with the shop's clock."""
        return self._insisting(document, variables, writes=False)

    def nodes(self, document: str, ids: Sequence[str], variables: Mapping[str, object]) -> list[object]:
        """The nodes with these global ids in their order, ``None`` where one is gone; `LARGEST_PAGE` ids a call.

        Raises as `ask`.
        """
        found: list[object] = []
        for start in range(0, len(ids), LARGEST_PAGE):
            found += self._nodes(document, ids[start : start + LARGEST_PAGE], variables)
        return found

    def _nodes(self, document: str, ids: Sequence[str], variables: Mapping[str, object]) -> list[object]:
        try:
            data = self.ask(document, {**variables, "ids": list(ids)})
        except TooCostly:
            # What many ids cost was never recorded (shopify-facts §6): half of them cost half.
            if len(ids) == 1:
                raise
            half = len(ids) // 2
            return self._nodes(document, ids[:half], variables) + self._nodes(document, ids[half:], variables)
        try:
            nodes = listed(data, "nodes")
        except Misread as misread:
            raise unreadable(misread) from None
        if len(nodes) != len(ids):
            raise unreadable(Misread("nodes"))
        return nodes

    def change(self, document: str, variables: Mapping[str, object]) -> object:
        """The payload of a mutation's only field. After a lost answer, an outage or throttling the same bytes go again.

        Raises:
            InDoubt: no answer came that tells whether it was done.
            Unavailable, RateLimited, CredentialsRejected, Unreadable: nothing was done.
        """
        return next(iter(self._insisting(document, variables, writes=True).data.values()))

    def _insisting(self, document: str, variables: Mapping[str, object] | None, *, writes: bool) -> Reply:
        """A query is sent again only where it was throttled (the transport has done the rest); a mutation wherever its
        key makes that harmless. Once a mutation's answer was lost, only an answer ends the doubt."""
        doubt: InDoubt | None = None
        until = self._surroundings.now() + LONGEST_INSISTENCE
        for attempt in range(1, TRIES + 1):
            failure: ConnectorError
            wait = timedelta(seconds=2 ** (attempt - 1) * self._surroundings.random.uniform(0.5, 1.5))
            try:
                return self._once(document, variables, writes=writes)
            except InDoubt as lost:
                failure = doubt = lost
            except RateLimited as limited:
                failure = limited
                wait = limited.retry_after
                if not writes and not isinstance(limited, Throttled):
                    raise
            except Unavailable as unavailable:
                failure = unavailable
                if not writes or isinstance(unavailable, Redirected):
                    raise doubt or unavailable from None
            except (CredentialsRejected, Unreadable) as refused:
                raise doubt or refused from None
            if attempt == TRIES or wait > LONGEST_WAIT or self._surroundings.now() + wait > until:
                raise doubt or failure
            self._surroundings.sleep(wait.total_seconds())
        raise AssertionError("the last try raises or returns")

    def _once(self, document: str, variables: Mapping[str, object] | None, *, writes: bool) -> Reply:
        token = self._tokens.current()
        answer = self._client(token).execute(document, variables, writes=writes)
        if answer.status == 401 and (renewed := self._tokens.after_refusal(token)):
            answer = self._client(renewed).execute(document, variables, writes=writes)
        if answer.status != 200:
            raise self._refused(answer)
        body = answer.json()
        if not isinstance(body, dict):
            body = {}
        if errors := body.get("errors"):
            raise self._explained(errors, body, writes=writes)
        data = body.get("data")
        if not isinstance(data, dict) or (writes and not (data and all(data.values()))):
            raise _lost() if writes else unreadable(Misread("data"), answer.sample)
        if writes and any(_code(error) == STILL_RUNNING for error in _user_errors(data)):
            raise _lost()
        if not writes:
            # Not after a write: it is done, whatever version carried it out. The next read tells.
            self._same_version(answer)
            _no_warning(body)
        return Reply(data, _date(answer))

    def _client(self, token: str) -> GraphQLClient:
        where = endpoint(self._address.base_url(), self._settings.api_version)
        return GraphQLClient(where, {"X-Shopify-Access-Token": token}, self._transport)

    def _refused(self, answer: Answer) -> ConnectorError:
        """The error of a status other than 200; 429, 5xx and redirects never come here (shopify-facts §6)."""
        channel, key = self._settings.channel, self._settings.key
        if answer.status == 401:
            return CredentialsRejected(
                f"Shopify does not accept the token of {channel}.",
                hint=f"Is the app still installed? Otherwise set {key('TOKEN')} or {key('CLIENT_SECRET')} anew.",
            )
        if answer.status in (402, 403, 423):
            return CredentialsRejected(
                f"Shopify does not let {channel} in ({answer.status}).",
                hint="Open the Shopify admin: the shop may be paused, frozen or locked.",
            )
        if answer.status == 404:
            return Unreadable(
                f"Shopify knows no API version {self._settings.api_version}, or no shop {self._settings.shop}.",
                hint=f"Check {key('SHOP')} and leave {key('API_VERSION')} out.",
                sample=answer.sample,
            )
        if answer.status == 430:
            return RateLimited("Shopify takes these calls for an attack (430).", retry_after=timedelta(minutes=5))
        return Unreadable(f"Shopify answered {answer.status}.", sample=answer.sample, hint="Install the newest syncd.")

    def _explained(self, errors: object, body: Mapping[str, object], *, writes: bool) -> ConnectorError:
        """The error of top-level ``errors`` (shopify-facts §2.1, §4, §6)."""
        items = errors if isinstance(errors, list) else [errors]
        codes = {_code(item) for item in items}
        said = self._transport.redact(" ".join(_message(item) for item in items))[:300]
        if "THROTTLED" in codes:
            # Its status is 200: the transport takes it for an answer like any other.
            self._surroundings.observe(CallEvent.THROTTLED, "")
            return Throttled("Shopify asks for fewer calls.", retry_after=throttled_for(body))
        if "ACCESS_DENIED" in codes:
            scopes = sorted(set(re.findall(r"\b(?:read|write)_[a-z_]+", str(errors))))
            return Forbidden(
                f"{self._settings.channel} may not do this: {', '.join(scopes) or 'a permission'} is missing.",
                hint=f"Dev Dashboard > your app > Versions: add {', '.join(scopes) or 'it'}, release, "
                "approve in the shop.",
            )
        if "SHOP_INACTIVE" in codes:
            return CredentialsRejected("The shop is not active at Shopify.", hint="Open the Shopify admin to see why.")
        if "MAX_COST_EXCEEDED" in codes:
            return TooCostly("Shopify finds a query of syncd too large.", sample=said, hint="Install the newest syncd.")
        if writes and not codes & _NOTHING_DONE:
            return _lost()
        if codes & _OUTAGE:
            return Unavailable("Shopify had an error of its own.", hint="It is tried again by itself.")
        return Unreadable("Shopify does not understand what syncd asks.", sample=said, hint=self._other_version())

    def _same_version(self, answer: Answer) -> None:
        """A retired version is answered by the oldest supported one, silently (shopify-facts §1)."""
        served = answer.headers.get("X-Shopify-API-Version")
        if served is not None and served != self._settings.api_version:
            raise Unreadable(
                f"Shopify answered with API version {served}; syncd needs {self._settings.api_version}.",
                hint=self._other_version(),
            )

    def _other_version(self) -> str:
        return f"Install the newest syncd, and leave {self._settings.key('API_VERSION')} out."


def unreadable(misread: Misread, sample: str = "") -> Unreadable:
    """The error for an envelope that lacks a field."""
    return Unreadable(
        f"Shopify's answer has no readable field {misread.field}.", sample=sample, hint="Install the newest syncd."
    )


def throttled_for(body: Mapping[str, object]) -> timedelta:
    """How long until the bucket holds what was asked for: (requested − available) / restore rate, at least 1 s."""
    extensions = body.get("extensions")
    cost = extensions.get("cost") if isinstance(extensions, dict) else None
    status = cost.get("throttleStatus") if isinstance(cost, dict) else None
    if not isinstance(cost, dict) or not isinstance(status, dict):
        return SHORTEST_WAIT
    figures = (cost.get("requestedQueryCost"), status.get("currentlyAvailable"), status.get("restoreRate"))
    requested, available, rate = (float(n) if isinstance(n, int | float) else 0.0 for n in figures)
    if rate <= 0 or requested - available > 86_400 * rate:
        return SHORTEST_WAIT
    return max(SHORTEST_WAIT, timedelta(seconds=(requested - available) / rate))


def _lost() -> InDoubt:
    return InDoubt(
        "Shopify did not confirm a change; whether it was made is not known.",
        hint="It is looked at again by itself; nothing is to be done.",
    )


def _no_warning(body: Mapping[str, object]) -> None:
    """An unknown search field is no error at Shopify: everything is returned, with a warning (shopify-facts §3)."""
    extensions = body.get("extensions")
    search = extensions.get("search") if isinstance(extensions, dict) else None
    entries = search if isinstance(search, list) else [search]
    if search and any(not isinstance(entry, dict) or entry.get("warnings") for entry in entries):
        raise Unreadable(
            "Shopify did not understand a search of syncd.", sample=str(search)[:200], hint="Install the newest syncd."
        )


def _user_errors(data: Mapping[str, object]) -> list[object]:
    payload = next(iter(data.values()), None)
    errors = payload.get("userErrors") if isinstance(payload, dict) else None
    return errors if isinstance(errors, list) else []


def _code(error: object) -> str | None:
    """The code of a top-level error or of a user error."""
    if not isinstance(error, dict):
        return None
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else error.get("code")
    return code if isinstance(code, str) else None


def _message(error: object) -> str:
    try:
        return text(error, "message")
    except Misread:
        return str(error)


def _date(answer: Answer) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo else None
