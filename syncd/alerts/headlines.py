"""What an alert is called: in a subject, above a group of them, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from syncd.alerts.letter import Item
from syncd.alerts.voice import Voice
from syncd.domain.alerts import Event, Rule, Severity, severity
from syncd.texts.catalogues import counted, message
from syncd.texts.marks import value

URGENCY: Mapping[Severity, str] = MappingProxyType(
    {
        Severity.CRITICAL: message("Act now"),
        Severity.WARNING: message("Act soon"),
        Severity.INFO: message("When there is time"),
    }
)

TITLES: Mapping[Rule, str] = MappingProxyType(
    {
        Rule.STOPPED: message("Stopped"),
        Rule.OVERSOLD: message("Oversold"),
        Rule.CHANNEL: message("Channel"),
        Rule.OUT: message("Out of stock"),
        Rule.RUNS_OUT: message("Runs out too soon"),
        Rule.LOW: message("Low"),
        Rule.HOLD: message("Waits for your yes"),
        Rule.DECIDE: message("To decide"),
        Rule.UNMAPPED: message("Sold, but unknown"),
        Rule.DRIFT: message("Drift"),
        Rule.LISTING: message("Listing or order"),
        Rule.FEED: message("Supplier feed"),
        Rule.LATE: message("Late"),
        Rule.QUIET: message("No orders for long"),
        Rule.SERVICE: message("The service"),
        Rule.TARGET: message("Cannot be told"),
        Rule.DEAD: message("Not selling"),
        Rule.OVERSTOCK: message("Overstocked"),
    }
)
"""What each rule is called, the worst first within each severity: the order of a digest."""

_COUNTED: Mapping[Rule, tuple[str, str]] = MappingProxyType(
    {
        Rule.STOPPED: counted("{number} service stopped", "{number} services stopped"),
        Rule.OVERSOLD: counted("{number} oversold", "{number} oversold"),
        Rule.CHANNEL: counted("{number} channel in trouble", "{number} channels in trouble"),
        Rule.OUT: counted("{number} out of stock", "{number} out of stock"),
        Rule.RUNS_OUT: counted("{number} runs out too soon", "{number} run out too soon"),
        Rule.LOW: counted("{number} low", "{number} low"),
        Rule.HOLD: counted("{number} hold", "{number} holds"),
        Rule.DECIDE: counted("{number} to decide", "{number} to decide"),
        Rule.UNMAPPED: counted("{number} sold, but unknown", "{number} sold, but unknown"),
        Rule.DRIFT: counted("{number} drift", "{number} drifts"),
        Rule.LISTING: counted("{number} listing or order", "{number} listings or orders"),
        Rule.FEED: counted("{number} supplier feed", "{number} supplier feeds"),
        Rule.LATE: counted("{number} late", "{number} late"),
        Rule.QUIET: counted("{number} without orders for long", "{number} without orders for long"),
        Rule.SERVICE: counted("{number} about the service", "{number} about the service"),
        Rule.TARGET: counted("{number} who cannot be told", "{number} who cannot be told"),
        Rule.DEAD: counted("{number} not selling", "{number} not selling"),
        Rule.OVERSTOCK: counted("{number} overstocked", "{number} overstocked"),
    }
)


def place(item: Item) -> tuple[bool, int, int]:
    """Where an alert stands in a digest: what is over stands last, what is worst first."""
    return item.event is Event.OVER, -list(Severity).index(item.severity), list(TITLES).index(item.rule)


def about(item: Item) -> str:
    """The SKU or the channel, marked; empty where it is the service."""
    named = item.sku or item.channel
    return value(named) if named else ""


def entitled(voice: Voice, rule: Rule, name: str) -> str:
    """The rule's title, and what it is about where that has a name."""
    title = voice.phrase(TITLES[rule])
    return voice.phrase("{title}: {about}", title=title, about=name) if name else title


def headline(voice: Voice, item: Item) -> str:
    """The alert in one line, as it stands in a subject."""
    if item.event is Event.OVER:
        title, name = voice.phrase(TITLES[item.rule]), about(item)
        return (
            voice.phrase("Over: {about} ({title})", about=name, title=title)
            if name
            else voice.phrase("Over: {title}", title=title)
        )
    now = _numbered(voice, item)
    return voice.phrase("Still so: {headline}", headline=now) if item.event is Event.AGAIN else now


def _numbered(voice: Voice, item: Item) -> str:
    name, stock = about(item), item.stock
    if stock is not None:
        units = voice.integer(stock.available)
        if item.rule is Rule.LOW:
            point = voice.integer(stock.point.units)
            return voice.phrase("Low: {sku}, {units} left (alert at {point})", sku=name, units=units, point=point)
        if item.rule is Rule.RUNS_OUT and stock.days_left is not None:
            lasts = voice.days(stock.days_left)
            return voice.phrase("Runs out too soon: {sku}, {units} left for {days}", sku=name, units=units, days=lasts)
        if item.rule is Rule.OVERSTOCK and stock.days_left is not None:
            lasts = voice.days(stock.days_left)
            return voice.phrase("Overstocked: {sku}, {units} left for {days}", sku=name, units=units, days=lasts)
        if item.rule is Rule.DEAD:
            return voice.phrase("Not selling: {sku}, {units} left", sku=name, units=units)
    if item.oversold is not None and item.oversold.missing:
        missing = voice.integer(item.oversold.missing)
        return voice.phrase("Oversold: {sku}, {units} missing", sku=name, units=missing)
    return entitled(voice, item.rule, name)


def count(voice: Voice, rule: Rule, number: int) -> str:
    """How many there are of a rule: "2 oversold"."""
    return voice.phrase_number(*_COUNTED[rule], number)


MOST_COUNTS = 4  # in a subject, where a phone shows some 60 characters


def counts(voice: Voice, items: Iterable[Item]) -> str:
    """How many there are of each rule, the worst first: "2 oversold, 10 low"; of many rules the first ones."""
    ordered = sorted(items, key=place)
    of_rule = Counter(item.rule for item in ordered if item.event is not Event.OVER)
    told = [count(voice, rule, number) for rule, number in of_rule.items()]
    over = sum(item.event is Event.OVER for item in ordered)
    if over:
        told.append(voice.phrase_number("{number} over", "{number} over", over))
    return voice.joined(told if len(told) <= MOST_COUNTS else [*told[: MOST_COUNTS - 1], "…"])


def is_for_later(rule: Rule) -> bool:
    """True where nothing is to be ordered: too much of it lies there."""
    return severity(rule) is Severity.INFO
