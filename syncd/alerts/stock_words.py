"""An alert about a SKU in sentences: the numbers, where they come from, and what may be done."""

from __future__ import annotations

from collections.abc import Iterator

from syncd.alerts.headlines import is_for_later
from syncd.alerts.letter import Coming, ConcernedOrder, Item, StockFacts, ToOrder
from syncd.alerts.page import Command, Paragraph, Part
from syncd.alerts.voice import Voice
from syncd.domain.alerts import Event, Rule
from syncd.domain.replenishment import PointSource, ReorderPoint
from syncd.texts import commands
from syncd.texts.marks import value

MOST_DELIVERIES = 5
MOST_ORDERS = 30

Row = tuple[str, str]


def rows(voice: Voice, item: Item, stock: StockFacts) -> Iterator[Row]:
    """What is known of the SKU, as pairs of what it is and its number."""
    yield voice.phrase("Available"), _available(voice, stock)
    if not is_for_later(item.rule):
        yield voice.phrase("Alert at"), point(voice, stock.point)
    yield from when(voice, item)
    if stock.per_week is not None:
        yield voice.phrase("Sells"), _pace(voice, stock)
    if item.rule is Rule.DEAD:
        yield voice.phrase("Last sold"), _last_sold(voice, stock)
    yield voice.phrase("On the way"), _coming(voice, stock.coming)
    if item.rule is Rule.RUNS_OUT:
        yield from ((voice.phrase("A delivery"), told) for told in _if_ordered(voice, stock))
    if not is_for_later(item.rule):
        yield from _to_order(voice, stock)


def when(voice: Voice, item: Item) -> Iterator[Row]:
    """Since when, and until when."""
    yield voice.phrase("Since"), voice.moment(item.since)
    if item.over_at is not None:
        yield voice.phrase("Over since"), voice.moment(item.over_at)


def short(voice: Voice, item: Item, stock: StockFacts) -> str:
    """The numbers in one line of a digest."""
    available = voice.phrase("{units} available", units=voice.integer(stock.available))
    told = [available, *_short_why(voice, item, stock)]
    if not is_for_later(item.rule) and item.event is not Event.OVER and item.over_at is None:
        told.extend(_short_order(voice, stock.to_order))
    return voice.joined(told)


def _short_why(voice: Voice, item: Item, stock: StockFacts) -> Iterator[str]:
    if item.oversold is not None and item.oversold.missing:
        yield voice.phrase("{units} missing", units=voice.integer(item.oversold.missing))
    elif item.rule is Rule.DEAD:
        yield voice.phrase("last sold: {when}", when=_last_sold(voice, stock))
    elif item.rule in (Rule.RUNS_OUT, Rule.OVERSTOCK) and stock.days_left is not None:
        yield voice.phrase("lasts {days}", days=voice.days(stock.days_left))
        if item.rule is Rule.RUNS_OUT:
            yield from _if_ordered(voice, stock)
    else:
        yield voice.phrase("alert at {point}", point=voice.integer(stock.point.units))


def _short_order(voice: Voice, order: ToOrder) -> Iterator[str]:
    units = voice.integer(order.units)
    if order.units and order.supplier:
        yield voice.phrase("order {units} from {supplier}", units=units, supplier=value(order.supplier))
    elif order.units:
        yield voice.phrase("order {units}", units=units)


def _available(voice: Voice, stock: StockFacts) -> str:
    return voice.phrase(
        "{available} = own {own} + external {external} − reserved {reserved}",
        available=voice.integer(stock.available),
        own=voice.integer(stock.own),
        external=voice.integer(stock.external),
        reserved=voice.integer(stock.reserved),
    )


def point(voice: Voice, found: ReorderPoint) -> str:
    """The reorder point, and who says so."""
    units = voice.integer(found.units)
    if found.source is PointSource.SET:
        return voice.phrase("{units}, set by you", units=units)
    if found.source is PointSource.DEFAULT or found.lead_time_days is None:
        return voice.phrase("{units}, the default", units=units)
    return voice.phrase_number(
        "{units}, worked out of your sales: {sold} in the {number} day until new ones can be there, and {safety} for"
        " a strong week",
        "{units}, worked out of your sales: {sold} in the {number} days until new ones can be there, and {safety} for"
        " a strong week",
        found.lead_time_days,
        units=units,
        sold=voice.integer(found.during_lead_time),
        safety=voice.integer(found.safety),
    )


def _pace(voice: Voice, stock: StockFacts) -> str:
    rate = voice.rate(stock.per_week or 0)
    if stock.days_left is None or stock.available <= 0:
        return voice.phrase("about {units} a week", units=rate)
    return voice.phrase("about {units} a week: lasts {days}", units=rate, days=voice.days(stock.days_left))


def _last_sold(voice: Voice, stock: StockFacts) -> str:
    if stock.unsold_since is None:
        return voice.phrase("never since it is here")
    return voice.date(stock.unsold_since.astimezone(voice.zone).date())


def _coming(voice: Voice, coming: tuple[Coming, ...]) -> str:
    if not coming:
        return voice.phrase("nothing")
    told = [_delivery(voice, one) for one in coming[:MOST_DELIVERIES]]
    if len(coming) > MOST_DELIVERIES:
        told.append(voice.phrase("and {number} more", number=voice.integer(len(coming) - MOST_DELIVERIES)))
    return voice.joined(told)


def _delivery(voice: Voice, one: Coming) -> str:
    units, number = voice.integer(one.units), str(one.number)
    if one.expected_on is None:
        return voice.phrase("{units}, nobody knows when (delivery {delivery})", units=units, delivery=number)
    day = voice.date(one.expected_on)
    if one.expected_on < voice.today:
        return voice.phrase(
            "{units}, late: expected on {date} (delivery {delivery})", units=units, date=day, delivery=number
        )
    return voice.phrase("{units}, expected on {date} (delivery {delivery})", units=units, date=day, delivery=number)


def _if_ordered(voice: Voice, stock: StockFacts) -> Iterator[str]:
    day = stock.if_ordered(voice.today)
    if day is not None:
        yield voice.phrase("if ordered today, it can be here on {date}", date=voice.date(day))


def _to_order(voice: Voice, stock: StockFacts) -> Iterator[Row]:
    order = stock.to_order
    if not order.units:
        awaited = stock.available <= stock.point.units  # else it is the shelf that is enough, whatever is late
        enough = voice.phrase("nothing, what is on the way is enough") if awaited else voice.phrase("nothing now")
        yield voice.phrase("To order"), enough
        return
    yield voice.phrase("To order"), _quantity(voice, order)
    supplier = list(_supplier(voice, order))
    if supplier:
        yield voice.phrase("Supplier"), voice.joined(supplier)
    if order.cost is not None:
        yield (
            voice.phrase("Costs"),
            voice.phrase(
                "{total} = {units} × {cost}",
                total=voice.cost(order.cost * order.units),
                units=voice.integer(order.units),
                cost=voice.cost(order.cost),
            ),
        )


def _quantity(voice: Voice, order: ToOrder) -> str:
    told = [voice.integer(order.units)]
    if order.pack_size and order.pack_size > 1 and order.units % order.pack_size == 0:
        size, packs = voice.integer(order.pack_size), order.units // order.pack_size
        told = [
            voice.phrase_number(
                "{units} ({number} pack of {size})",
                "{units} ({number} packs of {size})",
                packs,
                units=told[0],
                size=size,
            )
        ]
    if order.minimum_order and order.minimum_order > 1:
        told.append(voice.phrase("at least {units} at a time", units=voice.integer(order.minimum_order)))
    return voice.joined(told)


def _supplier(voice: Voice, order: ToOrder) -> Iterator[str]:
    if order.supplier:
        yield value(order.supplier)
    if order.lead_time_days is not None:
        days = voice.phrase_number("{number} working day", "{number} working days", order.lead_time_days)
        yield voice.phrase("lead time {days}", days=days)
    if order.supplier_units is not None:
        yield voice.phrase("says that it has {units}", units=voice.integer(order.supplier_units))


# ---------------------------------------------------------------------- oversold


def concerned(voice: Voice, one: ConcernedOrder) -> Row:
    """An order without its units: which one, and how many units since when."""
    units = voice.phrase_number("{number} unit", "{number} units", one.units)
    return order_name(one), voice.joined([units, voice.moment(one.ordered_at)])


def order_name(one: ConcernedOrder) -> str:
    return value(f"{one.channel} {one.number}")


def and_more(voice: Voice, shown: int, there_are: int) -> list[Part]:
    """A line that there are more, where there are."""
    if there_are <= shown:
        return []
    return [Paragraph(voice.phrase("and {number} more", number=voice.integer(there_are - shown)))]


# ---------------------------------------------------------------------- what may be done


def actions(voice: Voice, item: Item, stock: StockFacts) -> Iterator[Part]:
    """What the owner can do about it, the most useful first."""
    sku = item.sku or ""
    typed = commands.can_be_typed(sku)
    if is_for_later(item.rule):
        yield Paragraph(voice.phrase("Sell it off: lower its price, put it into a bundle, or take it from the shops."))
    else:
        if typed:
            yield from _oversold_actions(voice, item, sku)
            yield from _order_actions(voice, sku, stock)
            yield Command(voice.phrase("Stop selling it for now"), commands.end_sale(sku))
            yield Command(voice.phrase("Sell it again"), commands.sell_again(sku))
        yield Paragraph(voice.phrase("Is it in a paid promotion? Pause that until there is more."))
    if typed:
        yield Command(voice.phrase("See where its numbers come from"), commands.explain(sku))


def _oversold_actions(voice: Voice, item: Item, sku: str) -> Iterator[Part]:
    if item.oversold is not None and item.oversold.buffer > 0:
        yield Command(
            voice.phrase_number(
                "Hold {number} unit back, so that it does not happen again",
                "Hold {number} units back, so that it does not happen again",
                item.oversold.buffer,
            ),
            commands.hold_back(sku, item.oversold.buffer),
        )


def _order_actions(voice: Voice, sku: str, stock: StockFacts) -> Iterator[Part]:
    order = stock.to_order
    if not order.units:
        return
    yield Command(voice.phrase("Get a draft of the order"), commands.reorder(order.supplier))
    yield Command(
        voice.phrase("Say that it is ordered; buyers can be told that more is on the way"),
        commands.incoming_add(sku, order.units, order.expected_on, order.supplier),
    )


def of_the_alert(voice: Voice, item: Item) -> Iterator[Part]:
    """What can be done about the alert itself."""
    yield Command(
        voice.phrase("Say that you know; it is told again only if it gets worse"), commands.acknowledge(item.number)
    )
    yield Command(voice.phrase("Put it off for three days"), commands.snooze(item.number))
