"""The location whose stock is written, found by what the owner calls it; and what else the shop tells of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connectors.contract import CredentialsRejected
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import INSTALLATION, LOCATIONS
from connectors.shopify.reading import Misread, field, flag, gid, listed, next_page, text
from connectors.shopify.settings import Settings


@dataclass(frozen=True, slots=True)
class Location:
    """A location of the shop, by its global id."""

    gid: str
    name: str
    active: bool
    sells_online: bool


@dataclass(frozen=True, slots=True)
class Installation:
    """Which shop answers, and what the app may do there."""

    name: str
    permanent_domain: str
    granted: frozenset[str]

    @property
    def scopes(self) -> frozenset[str]:
        """What the app may do. A write scope brings its read scope (shopify-facts §4)."""
        return self.granted | {scope.replace("write_", "read_", 1) for scope in self.granted}


@dataclass(frozen=True, slots=True)
class Standing:
    """What stays the same while a connector lives: the shop, and our location among its others."""

    installation: Installation
    location: Location
    sells_elsewhere: bool
    """True where another location fulfils online orders: a 0 at ours may not stop the sale."""

    @property
    def reads_all_orders(self) -> bool:
        return "read_all_orders" in self.installation.scopes


def standing(admin: Admin, settings: Settings) -> Standing:
    """Asks who the shop is and where our location is.

    Raises:
        CredentialsRejected: the location is not there or switched off, or one must be chosen.
        Unavailable, RateLimited, Unreadable: as `Admin.ask`.
    """
    shop = installation(admin)
    every = locations(admin)
    ours = chosen(every, settings)
    if not ours.active:
        raise switched_off(ours)
    elsewhere = any(place.active and place.sells_online for place in every if place != ours)
    return Standing(shop, ours, sells_elsewhere=elsewhere)


def switched_off(location: Location) -> CredentialsRejected:
    """The error for a location of which Shopify shows no stock any more."""
    return CredentialsRejected(
        f"The location {location.name} is switched off.", hint="Activate it: Shopify admin > Settings > Locations."
    )


def installation(admin: Admin) -> Installation:
    """Asks which shop answers and what it grants; needs no scope. Raises as `Admin.ask`."""
    data = admin.ask(INSTALLATION)
    try:
        shop = field(data, "shop")
        return Installation(
            name=text(shop, "name"),
            permanent_domain=text(shop, "myshopifyDomain").lower(),
            granted=frozenset(
                text(scope, "handle") for scope in listed(field(data, "currentAppInstallation"), "accessScopes")
            ),
        )
    except Misread as misread:
        raise unreadable(misread) from None


def locations(admin: Admin) -> list[Location]:
    """Asks for every location, also inactive ones and those of fulfilment services. Raises as `Admin.ask`."""
    found: list[Location] = []
    after: str | None = None
    while True:
        data = admin.ask(LOCATIONS, {"after": after})
        try:
            connection = field(data, "locations")
            found += [
                Location(
                    gid=text(node, "id"),
                    name=text(node, "name"),
                    active=flag(node, "isActive"),
                    sells_online=flag(node, "fulfillsOnlineOrders"),
                )
                for node in listed(connection, "nodes")
            ]
            after = next_page(connection, after)
        except Misread as misread:
            raise unreadable(misread) from None
        if after is None:
            return found


def chosen(every: list[Location], settings: Settings) -> Location:
    """The location that the owner means: by name (case and outer blanks do not count), by id, or the only one.

    Raises:
        CredentialsRejected: none or several fit; the hint lists those that there are.
    """
    active = [place for place in every if place.active]
    wanted = settings.location
    if wanted is None:
        fitting = active
    else:
        number = re.sub(r"^gid://shopify/Location/", "", wanted.strip())
        fitting = [place for place in every if place.gid == gid("Location", number)] or [
            place for place in every if place.name.strip().casefold() == wanted.strip().casefold()
        ]
        fitting = [place for place in fitting if place.active] or fitting
    if len(fitting) == 1:
        return fitting[0]
    key = settings.key("LOCATION")
    names = ", ".join(f"{place.name} ({place.gid.rpartition('/')[2]})" for place in active) or "none that is active"
    if not fitting:
        raise CredentialsRejected(f"The shop has no location {wanted}.", hint=f"Set {key} to one of: {names}.")
    raise CredentialsRejected(
        f"{settings.channel} has several locations that may be meant.", hint=f"Set {key} to one of: {names}."
    )
