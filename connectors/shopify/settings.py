"""What stands in `.env` for a Shopify channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from connectors.contract import Setting, SettingType, SettingValue
from connectors.shopify.domains import identity

API_VERSION = "2026-10"
ORDER_LAG = timedelta(seconds=10)
PARALLEL = 2

SETTINGS = (
    Setting("SHOP", "The shop's own name at Shopify", required=True, example="my-shop.myshopify.com",
            identity=identity),
    Setting("CLIENT_ID", "Client id of your app: Dev Dashboard > your app > Settings", secret=True),
    Setting("CLIENT_SECRET", "Client secret of your app, from the same page", secret=True),
    Setting("TOKEN", "Fixed token of an older custom app, instead of CLIENT_ID and CLIENT_SECRET", secret=True),
    Setting("WEBHOOK_SECRET", "API secret key of the app; only with a fixed TOKEN, for webhooks", secret=True),
    Setting("LOCATION", "The location whose stock is written: its name as Shopify shows it, or its id. "
            "May be left out where the shop has one", example="Herzl 12"),
    Setting("API_VERSION", "Version of Shopify's API", default=API_VERSION),
    Setting("ORDER_LAG", "How far Shopify's list of orders may trail behind its stock", SettingType.DURATION,
            f"{ORDER_LAG.seconds}s"),
    Setting("PARALLEL", "Calls under way at once", SettingType.INT, str(PARALLEL)),
    Setting("BASE_URL", "Where the API is, if not at https://SHOP (tests, proxies)"),
    Setting("CA_FILE", "Certificates to trust instead of the usual ones", SettingType.PATH),
)  # fmt: skip


NEEDED_SCOPES = ("read_products", "read_inventory", "write_inventory", "read_locations", "read_orders")
STATUS_SCOPES = ("write_products",)
LATER_SCOPES = {
    "read_all_orders": "to see orders older than 60 days; Shopify grants it on request",
}

GUIDE = (
    "In Shopify: Dev Dashboard > Create app; the app and the shop must belong to the same organisation.",
    f"Versions > scopes needed for the numbers: {', '.join(NEEDED_SCOPES)}",
    f'Versions > scope needed to show buyers a status ("on the way, expected on Friday"): {", ".join(STATUS_SCOPES)}',
    "Versions > scope of use later: " + "; ".join(f"{scope} {reason}" for scope, reason in LATER_SCOPES.items()),
    "Release the version, install the app in the shop, then copy client id and secret from the app's Settings.",
    "An older custom app has a fixed token instead, which begins with shpat_.",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The parsed settings of one channel. The repr shows no secret."""

    channel: str
    shop: str
    client_id: str | None = field(repr=False)
    client_secret: str | None = field(repr=False)
    token: str | None = field(repr=False)
    webhook_secret: str | None = field(repr=False)
    location: str | None
    api_version: str
    order_lag: timedelta
    parallel: int
    base_url: str | None
    ca_file: str | None

    def key(self, name: str) -> str:
        """How the setting `name` is called in this owner's `.env`: SHOPIFY_IL_TOKEN."""
        return f"{self.channel.upper()}_{name}"

    @property
    def secrets(self) -> tuple[str, ...]:
        every = (self.client_id, self.client_secret, self.token, self.webhook_secret)
        return tuple(secret for secret in every if secret)

    @property
    def signing_key(self) -> str | None:
        """What Shopify signs webhooks with: the secret of the app (shopify-facts §5)."""
        return self.webhook_secret or self.client_secret


def settings(channel: str, given: Mapping[str, SettingValue]) -> Settings:
    """The settings of `channel` from parsed values; what is left out takes its default.

    Raises:
        TypeError: a value is not of the type that `SETTINGS` states.
    """

    def text(name: str) -> str | None:
        value = given.get(name)
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a text")
        return value or None

    order_lag = given.get("ORDER_LAG", ORDER_LAG)
    parallel = given.get("PARALLEL", PARALLEL)
    if not isinstance(order_lag, timedelta) or type(parallel) is not int:
        raise TypeError("ORDER_LAG must be a timedelta and PARALLEL an int")
    base_url = text("BASE_URL")
    return Settings(
        channel=channel,
        shop=text("SHOP") or "",
        client_id=text("CLIENT_ID"),
        client_secret=text("CLIENT_SECRET"),
        token=text("TOKEN"),
        webhook_secret=text("WEBHOOK_SECRET"),
        location=text("LOCATION"),
        api_version=text("API_VERSION") or API_VERSION,
        order_lag=order_lag,
        parallel=parallel,
        base_url=base_url.rstrip("/") if base_url else None,
        ca_file=text("CA_FILE"),
    )
