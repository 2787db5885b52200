"""The access token of one shop: a fixed one, or one that is exchanged for client id and secret and lives 24 hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlencode

from connectors.contract import CredentialsRejected, Surroundings, Unreadable
from connectors.http import Transport
from connectors.shopify.address import Address
from connectors.shopify.reading import Misread, text, whole
from connectors.shopify.settings import Settings

RENEWED_BEFORE_END = timedelta(minutes=5)


class Tokens:
    """Hands out a token that lives; may be used by several threads, which then share one exchange."""

    def __init__(self, settings: Settings, address: Address, transport: Transport, surroundings: Surroundings) -> None:
        self._settings = settings
        self._address = address
        self._transport = transport
        self._now = surroundings.now
        self._lock = Lock()
        self._token = settings.token
        self._ends: datetime | None = None

    def __repr__(self) -> str:
        return "Tokens()"

    def current(self) -> str:
        """A token to send.

        Raises:
            CredentialsRejected: no credentials are set, or Shopify refuses them.
            Unavailable, RateLimited, Unreadable: the exchange did not come about.
        """
        with self._lock:
            if self._token is None or (self._ends is not None and self._now() >= self._ends):
                self._exchange()
            assert self._token is not None
            return self._token

    def after_refusal(self, refused: str) -> str | None:
        """Another token where `refused` can be replaced; ``None`` where it is fixed. Raises as `current`."""
        with self._lock:
            if self._settings.token is not None:
                return None
            if self._token == refused:  # else another thread has already renewed it
                self._exchange()
            return self._token

    def _exchange(self) -> None:
        if not self._settings.client_id or not self._settings.client_secret:
            key = self._settings.key
            raise CredentialsRejected(
                f"No credentials are set for {self._settings.channel}.",
                hint=f"Set {key('CLIENT_ID')} and {key('CLIENT_SECRET')} (Dev Dashboard > your app > Settings), "
                f"or {key('TOKEN')} for an older custom app.",
            )
        answer = self._transport.request(
            "POST",
            f"{self._address.base_url()}/admin/oauth/access_token",
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": self._settings.client_id,
                    "client_secret": self._settings.client_secret,
                }
            ),
            safe=True,
        )
        if answer.status == 404:
            raise CredentialsRejected(
                f"There is no Shopify shop {self._settings.shop}.",
                hint=f"Correct {self._settings.key('SHOP')}: Shopify admin > Settings > Domains.",
            )
        if answer.status != 200:
            raise CredentialsRejected(
                f"Shopify refuses the client id and secret of {self._settings.channel} ({answer.status}).",
                hint="App and shop must belong to the same organisation, the app must be installed in the shop, and "
                "id and secret must be those of Dev Dashboard > your app > Settings.",
            )
        granted = answer.json()
        try:
            token, lives = text(granted, "access_token"), timedelta(seconds=whole(granted, "expires_in"))
        except (Misread, OverflowError):
            # No sample: the body may hold the token under another name.
            raise Unreadable(
                "Shopify answered the exchange of credentials in a way that syncd does not know.",
                hint="Install the newest syncd.",
            ) from None
        self._transport.redactor.learn(token)
        self._token = token
        self._ends = self._now() + lives - RENEWED_BEFORE_END
