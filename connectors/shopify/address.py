"""Where a shop is: from what an owner writes as SHOP to the address of its API."""

from __future__ import annotations

import re
from threading import Lock
from urllib.parse import urljoin, urlsplit

from connectors.contract import ConnectorError, Unavailable
from connectors.http import Redirected, Transport
from connectors.shopify.domains import permanent_domain
from connectors.shopify.settings import Settings

_MOST_REDIRECTS = 3


class Address:
    """The address of one shop's API; a domain of the owner's own is resolved once, by asking it."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport
        self._lock = Lock()
        self._base_url = settings.base_url
        if self._base_url is None and (domain := permanent_domain(settings.shop)):
            self._base_url = f"https://{domain}"

    def base_url(self) -> str:
        """Where the API and the token endpoint are, without a slash at the end.

        Raises:
            Unavailable: a domain of the owner's own does not tell which shop it belongs to.
        """
        with self._lock:
            if self._base_url is None:
                self._base_url = f"https://{self._resolved()}"
            return self._base_url

    def _resolved(self) -> str:
        """The permanent domain behind the owner's own: its ``/admin`` redirects there. Nothing secret is sent."""
        url = f"https://{re.sub(r'^https?://', '', self._settings.shop.strip().lower()).partition('/')[0]}/admin"
        for _ in range(_MOST_REDIRECTS):
            try:
                self._transport.request("GET", url, safe=True)
            except Redirected as redirected:
                url = urljoin(url, redirected.location)
                if (urlsplit(url).hostname or "").endswith(("myshopify.com", "admin.shopify.com")) and (
                    domain := permanent_domain(url)
                ):
                    return domain
                continue
            except ConnectorError:
                break
            break
        raise Unavailable(
            f"{self._settings.shop} does not tell which Shopify shop it belongs to.",
            hint=f"Set {self._settings.key('SHOP')} to the name that ends in .myshopify.com: "
            "Shopify admin > Settings > Domains.",
        )
