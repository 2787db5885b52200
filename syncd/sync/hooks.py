"""Keeps a channel's webhooks alive, and tells where they are missing or bring nothing (N2, design.md §5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.contract import CredentialsRejected, Subscriptions
from syncd.domain.said import Said
from syncd.storage import channels, incidents
from syncd.storage.incidents import IncidentKind
from syncd.sync.house import House, Port

PATH = "/hooks"
"""Below the owner's address, before the channel's name."""

ARRIVE_WITHIN = timedelta(minutes=10)
"""WooCommerce delivers when its own clockwork runs, a minute later as a rule (woocommerce-facts §7)."""

SWITCHED_OFF, UNREACHED, NOT_ALLOWED = "switched off", "unreached", "not allowed"


def address_of(webhook_url: str, channel: str) -> str:
    """Where the webhooks of a channel are delivered."""
    return f"{webhook_url}{PATH}/{channel}"


def keep(
    house: House, port: Port, address: str, *, since: datetime | None, last_sale: datetime | None
) -> Subscriptions:
    """Let the channel deliver to `address`; what is missing or was switched off is put back, and a person is told.

    `since`: when this was first done by this process; ``None``: it is the first time, and what is missing is no news.
    `last_sale`: when an order was last found, by whatever way.

    Raises:
        ConnectorError: the channel did not do it.
    """
    assert port.teller is not None
    try:
        found = port.teller.subscribe(address)
    except CredentialsRejected as error:
        text = Said("{channel} does not let syncd register webhooks: {error}", channel=port.name, error=str(error))
        _open(house, port, NOT_ALLOWED, text, Said.verbatim(error.hint) if error.hint else None)
        raise
    _close(house, port, NOT_ALLOWED)
    _leave_old_address(house, port, address)
    if since is None:
        return found
    if gone := ", ".join((*found.revived, *found.made)):
        _open(
            house,
            port,
            SWITCHED_OFF,
            Said(
                "{channel} had switched off or lost its webhooks ({topics}); they are put back",
                channel=port.name,
                topics=gone,
            ),
            Said("Is SYNCD_WEBHOOK_URL reachable from outside? Until they arrive the shop is polled."),
        )
    else:
        _close(house, port, SWITCHED_OFF)
    _look_whether_they_arrive(house, port, address, since, last_sale)
    return found


def registered(house: House, port: Port) -> bool:
    """True where the channel delivers somewhere, as far as we made it."""
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
    return channel is not None and channel.hooked_to is not None


def leave(house: House, port: Port) -> int:
    """Take the channel's webhooks away: the owner wants none any more; how many there were. Raises as `keep`."""
    return _leave_old_address(house, port, None)


def _leave_old_address(house: House, port: Port, address: str | None) -> int:
    """Orders go to nobody who is no longer meant: what was registered elsewhere is taken away."""
    assert port.teller is not None
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
    before = channel.hooked_to if channel is not None else None
    if before == address:
        return 0
    gone = port.teller.unsubscribe(before) if before is not None else 0
    with house.db.write() as tx:
        channels.change(tx, port.name, hooked_to=address)
    return gone


def _look_whether_they_arrive(
    house: House, port: Port, address: str, since: datetime, last_sale: datetime | None
) -> None:
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
    heard_at = channel.heard_at if channel is not None else None
    if heard_at is not None and heard_at >= since:
        _close(house, port, UNREACHED)
    elif last_sale is not None and since < last_sale < house.now() - ARRIVE_WITHIN:
        _open(
            house,
            port,
            UNREACHED,
            Said("{channel} sells, and none of its webhooks arrived at {address}", channel=port.name, address=address),
            Said("Let your web server pass them on to SYNCD_LISTEN (docs/service.md); until then the shop is polled."),
        )


def _open(house: House, port: Port, subject: str, text: Said, hint: Said | None) -> None:
    with house.db.write() as tx:
        incidents.open_incident(
            tx, IncidentKind.HOOKS, channel=port.name, subject=subject, text=text, hint=hint, now=house.now()
        )


def _close(house: House, port: Port, subject: str) -> None:
    with house.db.write() as tx:
        incidents.close_incident(tx, IncidentKind.HOOKS, channel=port.name, subject=subject, now=house.now())
