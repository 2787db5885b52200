"""What ``syncd check`` says about a Shopify channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from connectors.contract import CredentialsRejected, Finding, Level, Surroundings
from connectors.shopify import notices
from connectors.shopify.admin import Admin, unreadable
from connectors.shopify.documents import VARIANTS_COUNT
from connectors.shopify.domains import permanent_domain
from connectors.shopify.places import Installation, Location, chosen, installation, locations, switched_off
from connectors.shopify.reading import Misread, field, whole
from connectors.shopify.refusals import way_to
from connectors.shopify.settings import LATER_SCOPES, NEEDED_SCOPES, STATUS_SCOPES, Settings

_LOCATIONS = "Shopify admin > Settings > Locations."
LARGEST_SKEW = timedelta(seconds=60)


def findings(admin: Admin, settings: Settings, surroundings: Surroundings) -> Sequence[Finding]:
    """Every finding about the channel.

    Raises:
        ConnectorError: the shop could not be asked at all.
    """
    shop = installation(admin)
    found = [*_identity(shop, settings), *_scopes(shop)]
    if "read_locations" in shop.scopes:
        found += _location(admin, settings)
    if "read_products" in shop.scopes:
        found += [*_statuses(admin, shop, settings), *_variants(admin, surroundings)]
    return found


def _identity(shop: Installation, settings: Settings) -> Iterator[Finding]:
    written = permanent_domain(settings.shop)
    if written is None:
        yield Finding(
            Level.OK,
            f"{settings.shop} is the shop {shop.permanent_domain}",
            hint=f"{settings.key('SHOP')}={shop.permanent_domain} saves a question at every start.",
        )
    elif written != shop.permanent_domain:
        yield Finding(
            Level.FAIL,
            f"the credentials belong to {shop.permanent_domain}, not to {written}",
            hint=f"Correct {settings.key('SHOP')}, or use the credentials of {written}.",
        )
    else:
        yield Finding(Level.OK, f"{shop.name} ({shop.permanent_domain}), API version {settings.api_version}")


def _scopes(shop: Installation) -> Iterator[Finding]:
    if missing := [scope for scope in NEEDED_SCOPES if scope not in shop.scopes]:
        names = ", ".join(missing)
        yield Finding(Level.FAIL, f"may not do all that is needed: {names} is missing", way_to(*missing))
    else:
        yield Finding(Level.OK, "may read products, orders and locations, and write stock")
    if later := [scope for scope in LATER_SCOPES if scope not in shop.scopes]:
        reasons = "; ".join(f"{scope} {LATER_SCOPES[scope]}" for scope in later)
        yield Finding(Level.OK, f"would be of use later: {reasons}")
    if excess := sorted(
        scope for scope in shop.granted if scope not in {*NEEDED_SCOPES, *STATUS_SCOPES, *LATER_SCOPES}
    ):
        names = ", ".join(excess)
        yield Finding(Level.WARN, f"may do more than syncd needs: {names}", way_to(*excess, verb="remove"))


def _statuses(admin: Admin, shop: Installation, settings: Settings) -> Iterator[Finding]:
    """Whether buyers can read what a number means; without it numbers are kept in step all the same."""
    if missing := [scope for scope in STATUS_SCOPES if scope not in shop.scopes]:
        names = ", ".join(missing)
        yield Finding(Level.WARN, f"buyers see no statuses, only numbers: {names} is missing", way_to(*missing))
        return
    try:
        definition = notices.look(admin, settings.channel)
        wrong = None if definition is None else notices.wrong_type(definition)
    except Misread as misread:
        raise unreadable(misread) from None
    if wrong:
        yield Finding(Level.WARN, f"buyers see no statuses, only numbers. {wrong}", wrong.hint)
    else:
        yield Finding(
            Level.OK,
            "may show buyers a status at each product",
            hint=f"The theme shows it once the snippet is in it: syncd storefront {settings.channel}",
        )


def _location(admin: Admin, settings: Settings) -> Iterator[Finding]:
    every = locations(admin)
    try:
        ours = chosen(every, settings)
    except CredentialsRejected as wrong:
        yield Finding(Level.FAIL, str(wrong), wrong.hint)
        return
    if not ours.active:
        off = switched_off(ours)
        yield Finding(Level.FAIL, str(off), off.hint)
    elif not ours.sells_online:
        yield Finding(
            Level.WARN,
            f"the location {ours.name} does not fulfil online orders: its number is not what the site sells from",
            f"Switch on online orders there, or name another in {settings.key('LOCATION')}: {_LOCATIONS}",
        )
    else:
        yield Finding(Level.OK, f"writes the stock of {ours.name}")
    others = [place for place in every if place != ours and place.active and place.sells_online]
    if others:
        yield Finding(
            Level.WARN,
            f"{_names(others)} fulfil online orders too: what is stocked there is sold even when syncd shows 0",
            f"syncd map lists the products. Or switch off online orders there: {_LOCATIONS}",
        )


def _names(places: Sequence[Location]) -> str:
    return ", ".join(place.name for place in places)


def _variants(admin: Admin, surroundings: Surroundings) -> Iterator[Finding]:
    asked = surroundings.now()
    reply = admin.reply(VARIANTS_COUNT)
    answered = surroundings.now()
    try:
        count = whole(field(reply.data, "productVariantsCount"), "count")
    except Misread as misread:
        raise unreadable(misread) from None
    yield Finding(Level.OK, f"{count} listings")
    if reply.at is not None and (skew := _skew(reply.at, asked, answered)) > LARGEST_SKEW:
        yield Finding(
            Level.WARN,
            f"this machine's clock is {int(skew.total_seconds())} s away from Shopify's",
            "Let it be set by the network: timedatectl set-ntp true",
        )


def _skew(told: datetime, asked: datetime, answered: datetime) -> timedelta:
    """How far `told` lies outside the time in which it was told."""
    return max(asked - told, told - answered, timedelta())
