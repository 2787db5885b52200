"""Deliveries: announced, received in part or in full, delayed, called off (N41, N68, N69)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from syncd.domain.movements import Kind, Movement
from syncd.errors import CONFIGURATION
from syncd.storage import incoming, ledger
from syncd.storage.catalogue import OWN_SHELF, Sku
from syncd.storage.incoming import Delivery
from syncd.storage.session import Tx
from syncd.sync.bookkeeper import note_oversold
from syncd.sync.desk import known_sku, own_location, positive
from syncd.sync.house import House, Refusal, UnknownSku
from syncd.texts import commands


@dataclass(frozen=True, slots=True)
class Announced:
    """What a file says of one delivery; `reference` is the owner's word for the order that it belongs to."""

    sku: str
    units: int
    expected_on: date | None = None
    supplier: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file of deliveries changed."""

    added: int = 0
    changed: int = 0
    same: int = 0


def announce(house: House, told: Announced) -> Delivery:
    """Units that a supplier will bring. From now on channels that sell what is on the way may sell them.

    Raises:
        UnknownSku, Refusal: no such SKU, no number of units, or a day that is over.
    """
    positive(told.units)
    _not_over(house, told.expected_on)
    with house.db.write() as tx:
        return _added(tx, house, told)


def import_all(house: House, told: Iterable[Announced]) -> Imported:
    """Deliveries of a file, all or none. One with the same reference and SKU is the same delivery, told anew: its day
    and its units are taken over.

    Raises:
        UnknownSku, Refusal: as `announce`; nothing was changed.
    """
    added = changed = same = 0
    seen: set[tuple[str, str]] = set()
    with house.db.write() as tx:
        for one in told:
            positive(one.units)
            assert one.reference is not None, "a file without references would count twice"
            if (one.sku, one.reference) in seen:
                raise Refusal(f"{one.sku} stands twice under {one.reference}", "Put its units into one row.")
            seen.add((one.sku, one.reference))
            known = incoming.by_reference(tx, _sku_of(tx, one).id, one.reference)
            if known is None:
                _not_over(house, one.expected_on)
                _added(tx, house, one)
                added += 1
            elif not _says_more(known, one):
                same += 1
            else:
                closed = None if one.units > known.units else known.closed_at
                incoming.change(
                    tx,
                    known.id,
                    units=one.units,
                    expected_on=one.expected_on,
                    supplier=one.supplier or known.supplier,
                    closed_at=closed if one.units > known.received else closed or house.now(),
                )
                _concerns(tx, house, known.sku_id)
                changed += 1
    return Imported(added, changed, same)


def _sku_of(tx: Tx, told: Announced) -> Sku:
    try:
        return known_sku(tx, told.sku)
    except UnknownSku as error:
        raise Refusal(f"{error.sentence}; nothing was announced", error.hint, exit_code=CONFIGURATION) from None


def _says_more(known: Delivery, told: Announced) -> bool:
    """True where a file says otherwise than it did: the same file does not undo what was told of the delivery since."""
    other_day = told.expected_on not in (known.expected_on, known.promised_on)
    return told.units != known.units or other_day or told.supplier not in (None, known.supplier)


def receive(
    house: House, number: int, units: int | None = None, *, location: str = OWN_SHELF, more: bool = False
) -> Delivery:
    """Units of a delivery that arrived, or all that were still due. They are on hand from now on.

    The delivery is over when as many came as were announced. More are taken only with `more`: a command that is
    repeated by mistake would put units on sale that nobody has.

    Raises:
        Refusal: no open delivery of that number, no such location, no number of units, or more than are due.
    """
    with house.db.write() as tx:
        found = _open(tx, number)
        came = found.due if units is None else units
        positive(came)
        if came > found.due and not more:
            raise Refusal(
                f"Delivery {number} still owes {found.due} × {found.sku}, not {came}",
                f"Did more come? {commands.about(('incoming', 'receive'), (str(number), str(came)), ('--more',))}",
            )
        move = Movement(
            event_id=f"incoming/{number}/{uuid.uuid4()}",
            sku_id=found.sku_id,
            kind=Kind.RECEIPT,
            happened_at=house.now(),
            on_hand=came,
            location_id=own_location(tx, location),
            reason=f"delivery {number}",
        )
        now, received = house.now(), found.received + came
        closed_at = now if received >= found.units else None
        incoming.change(tx, number, received=received, received_at=now, closed_at=closed_at)
        ledger.post(tx, [move], now)
        return _told(tx, house, number)


def delay(house: House, number: int, expected_on: date | None) -> Delivery:
    """Another day for a delivery, or that nobody knows the day any more: what buyers read follows at once.

    Raises:
        Refusal: no open delivery of that number, or the day is over.
    """
    _not_over(house, expected_on)
    with house.db.write() as tx:
        _open(tx, number)
        incoming.change(tx, number, expected_on=expected_on)
        return _told(tx, house, number)


def call_off(house: House, number: int) -> Delivery:
    """No more of a delivery will come.

    Raises:
        Refusal: there is no open delivery of that number.
    """
    with house.db.write() as tx:
        _open(tx, number)
        incoming.change(tx, number, closed_at=house.now())
        return _told(tx, house, number)


def deliveries(house: House, *, closed_too: bool) -> list[Delivery]:
    """Deliveries of which units are due, the next first; with `closed_too` all that there ever were."""
    with house.db.read() as tx:
        return incoming.every(tx) if closed_too else incoming.open_deliveries(tx)


def _added(tx: Tx, house: House, told: Announced) -> Delivery:
    sku = known_sku(tx, told.sku)
    number = incoming.add(
        tx,
        sku_id=sku.id,
        units=told.units,
        expected_on=told.expected_on,
        supplier=told.supplier or sku.supplier,
        reference=told.reference,
        now=house.now(),
    )
    return _told(tx, house, number)


def _told(tx: Tx, house: House, number: int) -> Delivery:
    found = incoming.get(tx, number)
    assert found is not None
    _concerns(tx, house, found.sku_id)
    return found


def _concerns(tx: Tx, house: House, sku_id: int) -> None:
    ledger.raise_again(tx, [sku_id])
    note_oversold(tx, house, [sku_id])


def _open(tx: Tx, number: int) -> Delivery:
    found = incoming.get(tx, number)
    if found is None or found.closed_at is not None:
        raise Refusal(f"There is no open delivery {number}", "See them all: syncd incoming list")
    return found


def _not_over(house: House, day: date | None) -> None:
    if day is not None and day < house.today():
        raise Refusal(f"{day} is over", "When is it expected? Where nobody knows, leave the day out, or say: unknown")
