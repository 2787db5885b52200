"""Makes of alerts what a letter tells: each with its facts as they are now (house rule 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syncd.alerts import facts
from syncd.alerts.headlines import place
from syncd.alerts.letter import Item, Standing, StockFacts
from syncd.domain.alerts import Event, Family, Rule, Shelf, shown_rule, stock_rule
from syncd.domain.freshness import fresh
from syncd.domain.said import Said
from syncd.storage import alerts, catalogue, holds, incidents, orders
from syncd.storage.alerts import Alert, Notification
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Tx
from syncd.sync import freshness, replenishing, stock
from syncd.sync.house import House
from syncd.texts import commands

_BY_ITS_STOCK = IncidentKind.OVERSOLD
"""What the line of the day counts with the stock already."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened to an alert since somebody was told last: the latest event, by the rule as it was then."""

    event: Event
    rule: Rule


def news(waiting: Iterable[Notification]) -> dict[int, News]:
    """By alert, of several notifications one: what was raised and got worse before it was told is told once."""
    found: dict[int, News] = {}
    for one in waiting:
        before = found.get(one.alert)
        raised = before is not None and before.event is Event.RAISED
        if one.event is Event.OVER and before is not None:
            continue  # told with what is over: that it is, the item says itself
        found[one.alert] = News(Event.RAISED if raised else one.event, one.rule)
    return found


def items(tx: Tx, house: House, language: str, told: Mapping[int, News]) -> list[Item]:
    """One item for each of these alerts, the most urgent first."""
    known = alerts.by_ids(tx, told)
    about = sorted({one.sku_id for one in known.values() if one.sku_id is not None})
    of_stock = facts.stock_facts(tx, house, about)
    rules = {number: _rule(one, known[number], of_stock) for number, one in told.items()}
    oversold_ids = [known[number].sku_id for number, rule in rules.items() if rule is Rule.OVERSOLD]
    oversold = facts.oversold(tx, house, [sku_id for sku_id in oversold_ids if sku_id is not None], language)
    links, names = facts.links(tx, about), {sku.id: sku.name for sku in catalogue.by_ids(tx, about)}
    said = _said(tx, known.values())
    found = []
    for number, one in told.items():
        alert = known[number]
        what, hint = said.get(number, (None, None))
        sku_id = alert.sku_id
        found.append(
            Item(
                number=number,
                rule=rules[number],
                event=Event.OVER if alert.closed_at is not None else one.event,
                since=alert.opened_at,
                over_at=alert.closed_at,
                was=one.rule if rules[number] is not one.rule else None,
                sku=alert.sku,
                name=names.get(sku_id) if sku_id is not None else None,
                channel=alert.subject if alert.family is Family.TARGET else alert.channel,
                stock=of_stock.get(sku_id) if sku_id is not None else None,
                oversold=oversold.get(sku_id) if sku_id is not None and rules[number] is Rule.OVERSOLD else None,
                links=links.get(sku_id, ()) if sku_id is not None else (),
                what=what,
                hint=hint,
            )
        )
    return sorted(found, key=place)


def _rule(told: News, alert: Alert, of_stock: Mapping[int, StockFacts]) -> Rule:
    """The rule that an item is shown by; what is over is told by the one that ended."""
    now = of_stock.get(alert.sku_id) if alert.sku_id is not None and alert.family is Family.STOCK else None
    if now is None or told.event is Event.OVER or alert.closed_at is not None:
        return told.rule
    return shown_rule(told.rule, Shelf(now.available, now.left, now.point.units))


def _said(tx: Tx, known: Iterable[Alert]) -> dict[int, tuple[Said, Said | None]]:
    """What is to be said of alerts that are about no SKU: what it is, and what to do."""
    of: dict[Family, dict[str, Alert]] = {family: {} for family in Family}
    for one in known:
        of[one.family][one.subject] = one
    found: dict[int, tuple[Said, Said | None]] = {}
    for incident in incidents.by_ids(tx, [int(subject) for subject in of[Family.INCIDENT]]):
        found[of[Family.INCIDENT][str(incident.id)].id] = (incident.said, incident.hint_said)
    for subject, alert in of[Family.HOLD].items():
        if (hold := holds.get(tx, int(subject))) is not None:
            number = str(hold.id)
            found[alert.id] = (
                Said("Hold {hold}: {reason}", hold=number, reason=hold.said),
                Said(
                    "Right? {approve}. Wrong? {reject}. See it: syncd holds",
                    approve=commands.typed(("approve",), (number,)),
                    reject=commands.typed(("reject",), (number,)),
                ),
            )
    if of[Family.DECIDE]:
        _of_orders(tx, of[Family.DECIDE], found)
    for alert in of[Family.TARGET].values():
        if alert.said is not None:
            found[alert.id] = alert.said
    return found


def _of_orders(tx: Tx, known: Mapping[str, Alert], found: dict[int, tuple[Said, Said | None]]) -> None:
    for one in orders.to_decide(tx, {subject.split(" ", 1)[1] for subject in known}):
        alert = known.get(f"{one.channel} {one.order_id}")
        if alert is None:
            continue
        order, about = one.number.lstrip("#"), one.sku or one.name
        if one.missing:
            what = Said(
                "Order {order} in {channel} is not shown any more and holds {units} × {sku}",
                order=order,
                channel=one.channel,
                units=one.units,
                sku=about,
            )
        else:
            what = Said(
                "Order {order} in {channel} ended and holds {units} × {sku}",
                order=order,
                channel=one.channel,
                units=one.units,
                sku=about,
            )
        hint = Said(
            "On the shelf? {back}. Gone? {gone}",
            back=commands.typed(("decide",), (one.channel, order, "back")),
            gone=commands.typed(("decide",), (one.channel, order, "gone")),
        )
        found.setdefault(alert.id, (what, hint))


def standing(tx: Tx, house: House) -> Standing:
    """How everything stands, for the line of the day."""
    counted = [sku for sku in catalogue.all_skus(tx) if sku.counted_at is not None]
    pools, points, sells = stock.pools(tx, house), replenishing.points(tx, house), house.sells
    by_rule = [
        stock_rule(Shelf(pools[sku.id].available, pools[sku.id].left_for(sells), points[sku.id].units), None)
        for sku in counted
    ]
    channels = freshness.known_channels(tx, house)
    return Standing(
        channels=len(channels),
        stale=tuple(one.channel for one in channels if one.live and not fresh(one, house.now())),
        skus=len(counted),
        low=by_rule.count(Rule.LOW),
        out=by_rule.count(Rule.OUT),
        oversold=by_rule.count(Rule.OVERSOLD),
        holds=len(holds.every_open(tx)),
        to_decide=len({(one.channel, one.order_id) for one in orders.to_decide(tx)}),
        incidents=sum(number for kind, number in incidents.open_by_kind(tx).items() if kind is not _BY_ITS_STOCK),
    )


def by_urgency(found: Sequence[Item]) -> list[list[Item]]:
    """Items about the same SKU together, the most urgent first; what is about no SKU stands by itself."""
    together: dict[object, list[Item]] = {}
    for item in found:
        together.setdefault(item.sku or item.number, []).append(item)
    return list(together.values())
