"""A feed at an address. Redirects are followed a few steps, never from https to http, and no password goes along."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urljoin, urlsplit

from connectors.contract import CredentialsRejected, Surroundings, Unavailable, Unreadable
from connectors.http import Answer, Redirected, Transport
from connectors.public_addresses import NotPublic, PublicOnly
from connectors.supplier_feed.fetched import Fetched, Stamp
from connectors.supplier_feed.settings import Settings

MOST_REDIRECTS = 5
READ_TIMEOUT_S = 120.0


class Address:
    """What stands at the address now; asked politely, a server says that nothing changed (ETag, Last-Modified)."""

    def __init__(self, settings: Settings, surroundings: Surroundings, only: PublicOnly | None) -> None:
        self._settings = settings
        self._url = settings.url or ""
        self._transport = Transport(
            surroundings=surroundings,
            read_timeout_s=READ_TIMEOUT_S,
            verify=settings.ca_file or True,
            parallel=1,
            secrets=settings.secrets,
            largest_body_bytes=settings.max_bytes,
            only=only,
        )

    def fetch(self, known: Stamp | None) -> Fetched | None:
        headers = {"Accept": "*/*"}
        if known:
            etag, last_modified = known
            headers |= {"If-None-Match": str(etag)} if etag else {}
            headers |= {"If-Modified-Since": str(last_modified)} if last_modified else {}
        answer = self._asked(headers)
        host = urlsplit(self._url).hostname or "the address"
        if answer.status == 304 and known:
            return None
        if answer.status in (401, 403):
            user, password, token = map(self._settings.key, ("USER", "PASSWORD", "TOKEN"))
            hint = f"Ask the supplier for access. It goes into {user} and {password}, or into {token}."
            raise CredentialsRejected(f"{host} refuses the feed to us ({answer.status}).", hint=hint)
        if answer.status != 200:
            hint = f"Check {self._settings.key('URL')}; has the supplier moved the feed?"
            raise Unavailable(f"{host} has no feed there ({answer.status}).", hint=hint)
        last_modified = answer.headers.get("Last-Modified")
        return Fetched(host, answer.body, _instant(last_modified), (answer.headers.get("ETag"), last_modified))

    def close(self) -> None:
        self._transport.close()

    def _asked(self, headers: dict[str, str]) -> Answer:
        url = self._url
        for _ in range(MOST_REDIRECTS + 1):
            at_home = _same_house(urlsplit(self._url), urlsplit(url))
            token = self._settings.token_header if at_home else None
            user = self._settings.user if at_home else None
            try:
                return self._transport.request(
                    "GET",
                    url,
                    headers=headers | (dict([token]) if token else {}),
                    auth=(user, self._settings.password or "") if user else None,
                    safe=True,
                    writes=False,
                )
            except Redirected as redirect:
                url = self._next(url, redirect)
            except NotPublic:
                raise
            except Unreadable as error:
                hint = f"If that is right, raise {self._settings.key('MAX_MB')}."
                raise Unreadable(str(error), hint=hint) from None
        hint = f"Open {self._settings.key('URL')} in a browser, and set it to where it ends."
        raise Unavailable(f"The address redirects more than {MOST_REDIRECTS} times.", hint=hint)

    def _next(self, url: str, redirect: Redirected) -> str:
        hint = f"Open {self._settings.key('URL')} in a browser, and set it to where it ends."
        try:
            target = urljoin(url, redirect.target) if redirect.target else ""
            before, after = urlsplit(url), urlsplit(target)
            _ = after.port
        except ValueError:
            raise Unavailable("The address redirects to something that is no address.", hint=hint) from None
        if after.scheme not in ("http", "https") or not after.hostname:
            raise Unavailable("The address redirects to something that is no address.", hint=hint)
        if before.scheme == "https" and after.scheme == "http":
            raise Unavailable(
                f"The address redirects to {after.hostname} without encryption (http), which is not followed.",
                hint="Ask the supplier for an address that stays with https://.",
            )
        return target


def _same_house(home: SplitResult, there: SplitResult) -> bool:
    """True where a password for `home` may go to: the same host and port, or the same host now with https."""
    if home.hostname != there.hostname:
        return False
    if home.scheme == there.scheme:
        return home.port == there.port
    return (home.scheme, there.scheme, home.port, there.port) == ("http", "https", None, None)


def _instant(header: str | None) -> datetime | None:
    """The instant of an HTTP date; ``None`` where there is none that can be read."""
    try:
        found = parsedate_to_datetime(header or "")
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
