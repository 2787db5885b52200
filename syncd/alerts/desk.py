"""What a person says of alerts: read, or put off (`syncd alerts`, `ack`, `snooze`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from syncd.alerts import items
from syncd.alerts.items import News
from syncd.alerts.letter import Item
from syncd.domain.alerts import Event, Rule
from syncd.storage import alerts, post
from syncd.storage.alerts import Alert
from syncd.storage.post import Target
from syncd.storage.session import Tx
from syncd.sync.house import House, Refusal

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """One alert with what is known of it now. `due_at`: somebody is to be told of it then, in quiet hours or with the
    digest; ``None``: everybody who is to be told was."""

    alert: Alert
    item: Item
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Board:
    """Alerts, the most urgent first, and the targets that are told of them."""

    alerts: tuple[Listed, ...]
    targets: tuple[Target, ...]
    hidden: int  # open ones that a person has read or put off


def board(house: House, language: str, *, closed_too: bool) -> Board:
    """The open alerts that wait for a person; with `closed_too` those that were read or put off, too, and the latest
    that are over."""
    with house.db.read() as tx:
        still = alerts.open_alerts(tx)
        known = {one.id: one for one in still}
        if closed_too:
            known |= {one.id: one for one in alerts.latest(tx, SHOWN)}
            shown = known
        else:
            shown = {number: one for number, one in known.items() if not one.set_aside(house.now())}
        told = {number: News(Event.RAISED, one.rule) for number, one in shown.items()}
        due = alerts.due(tx, shown)
        found = [
            Listed(shown[item.number], item, due.get(item.number)) for item in items.items(tx, house, language, told)
        ]
        targets = post.targets_known(tx)
        names = [name for name in house.routes.everybody() if name in targets]
        return Board(tuple(found), tuple(targets[name] for name in names), len(known) - len(shown))


def ack(house: House, named: Sequence[str]) -> list[Alert]:
    """A person has read these alerts, named by their numbers or SKUs: nobody is told of them again unless they get
    worse. Those concerned.

    Raises:
        Refusal: one is not open.
    """
    with house.db.write() as tx:
        found = _named(tx, named)
        _read(tx, found, house.now())
    return found


def ack_all(house: House, rule: Rule | None) -> list[Alert]:
    """A person has read all that is open, or all of a rule."""
    with house.db.write() as tx:
        still = [one for one in alerts.open_alerts(tx) if rule is None or one.rule is rule]
        found = [one for one in still if one.seen_at is None or one.put_off_until is not None]
        _read(tx, found, house.now())
    return found


def snooze(house: House, named: Sequence[str], until: datetime) -> list[Alert]:
    """Put alerts off until that instant: what still holds then is told once more. What gets worse is told meanwhile.

    Raises:
        Refusal: one is not open, or the instant is not in the future.
    """
    if until <= house.now():
        raise Refusal("That is over already", "For example: syncd snooze 12 --for 3d")
    with house.db.write() as tx:
        found = _named(tx, named)
        alerts.change(tx, [one.id for one in found], put_off_until=until)
        alerts.forget_unwritten(tx, [one.id for one in found])
    return [replace(one, put_off_until=until) for one in found]


def _read(tx: Tx, found: Sequence[Alert], now: datetime) -> None:
    """Who has read it need not be told of it, as far as that was not written yet."""
    alerts.change(tx, [one.id for one in found], seen_at=now, put_off_until=None)
    alerts.forget_unwritten(tx, [one.id for one in found])


def _named(tx: Tx, named: Collection[str]) -> list[Alert]:
    still = alerts.open_alerts(tx)
    by_number = {str(one.id): one for one in still}
    by_sku: Mapping[str, list[Alert]] = {
        sku: [one for one in still if one.sku == sku] for sku in {one.sku for one in still if one.sku}
    }
    found: dict[int, Alert] = {}
    for name in named:
        # A SKU may be a number as well: the owner reads numbers of alerts beside it, and means those.
        concerned = [by_number[name]] if name in by_number else by_sku.get(name, [])
        if not concerned:
            raise Refusal(f"There is no open alert {name}", "See them all: syncd alerts --all")
        found |= {one.id: one for one in concerned}
    return list(found.values())
