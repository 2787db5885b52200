"""From a letter to the page that shows it: one alert at length, several as a digest, or how everything stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby, islice
from urllib.parse import urlsplit

from syncd.alerts import stock_words
from syncd.alerts.drafts import drafts
from syncd.alerts.headlines import TITLES, URGENCY, about, count, counts, entitled, headline, is_for_later, place
from syncd.alerts.letter import ConcernedOrder, Item, Letter, Link, Standing
from syncd.alerts.page import Command, Entries, Entry, Facts, Heading, Links, Page, Paragraph, Part
from syncd.alerts.voice import Voice
from syncd.domain.alerts import Event, Rule, Severity
from syncd.texts import commands
from syncd.texts.marks import clean, command, cut, unmarked, value

MOST_LINES = 200
MOST_BYTES = 56_000  # of a digest's lines, escaped: with their HTML around them they stay below what Gmail clips
LONGEST_SUBJECT = 150
LONGEST_ADDRESS = 400  # a shop's are half as long; each sign may become five in Slack
NAMES_PREVIEWED = 5
ORDERS_NAMED = 5


def page(letter: Letter, voice: Voice) -> Page:
    """What the letter shows."""
    if letter.trial:
        return _trial(letter, voice)
    if letter.in_short:
        return _in_short(letter, voice)
    if letter.standing is None and len(letter.items) == 1:
        return _single(letter, voice, letter.items[0])
    if letter.items:
        return _digest(letter, voice)
    assert letter.standing is not None
    return _all_quiet(letter, voice, letter.standing)


def _page(
    letter: Letter,
    voice: Voice,
    title: str,
    parts: Iterable[Part],
    *,
    preview: str,
    urgency: str,
    severity: Severity | None,
) -> Page:
    return Page(
        language=voice.language,
        subject=_subject(title),
        title=title,
        preview=preview,
        severity=severity,
        urgency=urgency,
        parts=tuple(parts),
        footer=voice.phrase("syncd, {moment}", moment=voice.moment(letter.at)),
    )


def _subject(title: str) -> str:
    """On one line, without the marks: a list of mails has no place for them."""
    subject = unmarked(title)
    return cut(subject, LONGEST_SUBJECT)


def _trial(letter: Letter, voice: Voice) -> Page:
    lines = [
        voice.phrase("Alerts arrive here. This one is a trial: nothing is wrong, and nothing needs doing."),
        voice.phrase("{command} asked whether it arrived: now you can say yes.", command=command("syncd alerts test")),
    ]
    title = voice.phrase("A trial: alerts arrive here")
    parts = [Paragraph(line) for line in lines]
    return _page(letter, voice, title, parts, preview=lines[0], urgency="", severity=None)


def _in_short(letter: Letter, voice: Voice) -> Page:
    """How many alerts there are, and nothing of what is in them: something in it was not taken."""
    number = len(letter.items)
    title = voice.phrase_number("{number} alert", "{number} alerts", number)
    why = voice.phrase("A message with all that is known of them was not taken.")
    parts: list[Part] = [Paragraph(why), Command(voice.phrase("See them all"), commands.line("alerts"))]
    worst = next((item.severity for item in letter.items), None)
    urgency = voice.phrase(URGENCY[worst]) if worst is not None else ""
    return _page(letter, voice, title, parts, preview=why, urgency=urgency, severity=worst)


# ---------------------------------------------------------------------- one alert


def _single(letter: Letter, voice: Voice, item: Item) -> Page:
    over = item.event is Event.OVER
    parts = list(_single_parts(voice, item))
    facts = next((part.rows for part in parts if isinstance(part, Facts)), ())
    told = voice.said(item.what) if item.what is not None else ": ".join(facts[0]) if facts else ""
    return _page(
        letter,
        voice,
        headline(voice, item),
        parts,
        preview=told,
        urgency=voice.phrase("It is over") if over else voice.phrase(URGENCY[item.severity]),
        severity=None if over else item.severity,
    )


def _single_parts(voice: Voice, item: Item) -> Iterator[Part]:
    if item.name:
        yield Paragraph(value(item.name))
    yield from (Paragraph(line) for line in _news(voice, item))
    if item.stock is not None:
        yield Facts(tuple(stock_words.rows(voice, item, item.stock)))
    else:
        hint = None if item.event is Event.OVER else item.hint  # there is nothing to do any more
        yield from (Paragraph(voice.said(said)) for said in (item.what, hint) if said is not None)
        yield Facts((*_named(voice, item), *stock_words.when(voice, item)))
    oversold = item.oversold
    if oversold is not None and oversold.orders:
        yield Heading(voice.phrase("Orders whose units are missing, the latest first"))
        shown = oversold.orders[: stock_words.MOST_ORDERS]
        yield Facts(tuple(stock_words.concerned(voice, one) for one in shown))
        yield from stock_words.and_more(voice, len(shown), len(oversold.orders))
    if oversold is not None and oversold.missing:
        yield Heading(voice.phrase("How it came about"))
        yield Paragraph(voice.said(oversold.cause))
    going_on = item.event is not Event.OVER and item.over_at is None
    if going_on and item.number:
        yield Heading(voice.phrase("What you can do"))
        if item.stock is not None:
            yield from stock_words.actions(voice, item, item.stock)
        yield from stock_words.of_the_alert(voice, item)
    links = _links(voice, item.links)
    if links:
        yield Links(links)
    if going_on:
        yield from _drafted(voice, [item])


def _named(voice: Voice, item: Item) -> Iterator[tuple[str, str]]:
    """The SKU and the channel of an incident; its title has only one of them."""
    if item.sku and item.channel:
        yield voice.phrase("SKU"), value(item.sku)
        yield voice.phrase("Channel"), value(item.channel)


def _news(voice: Voice, item: Item) -> Iterator[str]:
    """What happened to the alert since it was told, where that is not plain from its title."""
    if item.event is Event.ESCALATED:
        yield voice.phrase("It got worse.")
    if item.event is Event.AGAIN:
        yield voice.phrase("It was put off until now, and is still so.")
    if item.over_at is not None and item.event is not Event.OVER:
        yield voice.phrase("It is over meanwhile, since {moment}.", moment=voice.moment(item.over_at))
    if item.was is not None:
        yield voice.phrase("It was worse, and is not any more: {title}.", title=voice.phrase(TITLES[item.was]))


def _links(voice: Voice, links: Sequence[Link]) -> tuple[tuple[str, str], ...]:
    safe = [link for link in links if _is_web(link.url)]
    return tuple((voice.phrase("Open in {channel}", channel=value(link.channel)), link.url) for link in safe)


def _is_web(url: str) -> bool:
    """Whether a tap on it opens a page, and nothing else: a shop could say any address."""
    if len(url) > LONGEST_ADDRESS or clean(url) != url or any(sign in url for sign in " <>|\"'`\\"):
        return False
    try:
        return urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _drafted(voice: Voice, oversold: Sequence[Item]) -> Iterator[Part]:
    written = drafts(oversold, voice.today)
    if written:
        yield Heading(voice.phrase("Draft for the customers"))
        yield Paragraph(voice.phrase("Change it as you like. Nothing is sent by itself."))
    for orders, draft in written:
        yield Paragraph(voice.phrase("For {orders}:", orders=_names(voice, orders)))
        yield draft


# ---------------------------------------------------------------------- several


def _digest(letter: Letter, voice: Voice) -> Page:
    items = sorted(letter.items, key=place)
    standing = letter.standing
    going_on = [item for item in items if item.event is not Event.OVER]
    parts: list[Part] = [] if standing is None else [Paragraph(_standing_line(voice, standing))]
    parts += _groups(voice, items)
    parts += _drafted(voice, [item for item in going_on if item.oversold is not None and item.over_at is None])
    if standing is not None:
        parts += [Heading(voice.phrase("How everything stands")), *_standing_parts(voice, standing)]
    told = counts(voice, items)
    names = dict.fromkeys(name for item in items if (name := about(item)))
    return _page(
        letter,
        voice,
        voice.phrase_number("{number} alert: {counts}", "{number} alerts: {counts}", len(items), counts=told),
        parts,
        preview=voice.joined(islice(names, NAMES_PREVIEWED)),
        urgency=voice.phrase(URGENCY[going_on[0].severity]) if going_on else voice.phrase("It is over"),
        severity=going_on[0].severity if going_on else None,
    )


def _groups(voice: Voice, items: Sequence[Item]) -> Iterator[Part]:
    there_are = Counter(place(item) for item in items)
    shown = _within_limits([(item, _entry(voice, item)) for item in items[:MOST_LINES]])
    for at, group in groupby(shown, key=lambda one: place(one[0])):
        rows = list(group)
        first = rows[0][0]
        title = entitled(voice, first.rule, voice.integer(there_are[at]))
        if first.event is Event.OVER:
            yield Heading(voice.phrase("Over: {title}", title=title))
        else:
            yield Heading(title, first.severity)
        yield Entries(tuple(entry for _, entry in rows))
    left = len(items) - len(shown)
    if left:
        yield Paragraph(
            voice.phrase_number(
                "and {number} more: {command}", "and {number} more: {command}", left, command=command("syncd alerts")
            )
        )
    yield Heading(voice.phrase("What you can do"))
    if any(item.stock is not None and item.stock.to_order.units and not is_for_later(item.rule) for item in items):
        yield Command(voice.phrase("Get a draft of the orders, by supplier"), commands.reorder(None))
    caption = voice.phrase(
        "See all alerts, and their numbers for {ack} and {snooze}",
        ack=command("syncd ack"),
        snooze=command("syncd snooze"),
    )
    yield Command(caption, commands.line("alerts"))


def _within_limits(rows: Sequence[tuple[Item, Entry]]) -> list[tuple[Item, Entry]]:
    """The first ones, as many as one message shows well."""
    lines = size = 0
    shown: list[tuple[Item, Entry]] = []
    for item, entry in rows:
        texts = (entry.about, entry.name, entry.told, *entry.more)
        lines += 1 + len(entry.more)
        size += sum(len(escape(text).encode()) for text in texts)
        if shown and (lines > MOST_LINES or size > MOST_BYTES):
            break
        shown.append((item, entry))
    return shown


def _entry(voice: Voice, item: Item) -> Entry:
    """One alert among many: a SKU on one line, an incident and an oversold SKU in full."""
    name = about(item) or voice.phrase(TITLES[item.rule])
    more = [*_news(voice, item)]
    if item.event is Event.OVER and item.over_at is not None:
        more.append(voice.phrase("Over since {moment}.", moment=voice.moment(item.over_at)))
    if item.stock is not None:
        if item.oversold is not None and item.event is not Event.OVER:
            more += _oversold_lines(voice, item)
        named = value(item.name) if item.name else ""
        return Entry(name, named, stock_words.short(voice, item, item.stock), tuple(more))
    if item.event is not Event.OVER:
        more.append(voice.phrase("Since {moment}.", moment=voice.moment(item.since)))
    if item.hint is not None and item.event is not Event.OVER:
        more.append(voice.said(item.hint))
    where = value(item.channel) if item.sku and item.channel else ""
    return Entry(name, where, voice.said(item.what) if item.what is not None else "", tuple(more))


def _oversold_lines(voice: Voice, item: Item) -> Iterator[str]:
    assert item.oversold is not None
    if item.oversold.orders:
        yield voice.phrase("Orders: {orders}", orders=_names(voice, item.oversold.orders))
    yield voice.said(item.oversold.cause)
    sku = item.sku or ""
    if item.oversold.buffer > 0 and commands.can_be_typed(sku):
        yield command(commands.hold_back(sku, item.oversold.buffer))


def _names(voice: Voice, orders: Sequence[ConcernedOrder]) -> str:
    names = [stock_words.order_name(one) for one in orders[:ORDERS_NAMED]]
    left = len(orders) - len(names)
    return voice.joined([*names, voice.phrase("and {number} more", number=voice.integer(left))] if left else names)


# ---------------------------------------------------------------------- how everything stands


def _all_well(standing: Standing) -> bool:
    return not (standing.stale or standing.oversold or standing.holds or standing.to_decide or standing.incidents)


def _standing_line(voice: Voice, standing: Standing) -> str:
    """All of it in one line: "All fresh, 3 low, nothing waits for you"."""
    told = [_fresh(voice, standing)]
    levels = [(Rule.OVERSOLD, standing.oversold), (Rule.OUT, standing.out), (Rule.LOW, standing.low)]
    found = [count(voice, rule, number) for rule, number in levels if number]
    told += found or [voice.phrase("nothing is low")]
    told += list(_waiting(voice, standing)) or [voice.phrase("nothing waits for you")]
    return voice.joined(told)


def _fresh(voice: Voice, standing: Standing) -> str:
    if standing.stale:
        names = voice.joined(value(name) for name in standing.stale[:NAMES_PREVIEWED])
        if len(standing.stale) > NAMES_PREVIEWED:
            names = voice.joined([names, "…"])
        return voice.phrase_number(
            "{channels} is not read in time", "{channels} are not read in time", len(standing.stale), channels=names
        )
    return voice.phrase("All fresh") if standing.channels else voice.phrase("No channel is live")


def _waiting(voice: Voice, standing: Standing) -> Iterator[str]:
    if standing.holds:
        yield voice.phrase_number("{number} hold waits", "{number} holds wait", standing.holds)
    if standing.to_decide:
        yield voice.phrase_number("{number} order to decide", "{number} orders to decide", standing.to_decide)
    if standing.incidents:
        yield voice.phrase_number("{number} incident", "{number} incidents", standing.incidents)


def _all_quiet(letter: Letter, voice: Voice, standing: Standing) -> Page:
    return _page(
        letter,
        voice,
        _standing_line(voice, standing),
        _standing_parts(voice, standing),
        preview=voice.phrase_number("{number} SKU", "{number} SKUs", standing.skus),
        urgency=voice.phrase("How everything stands"),
        severity=None if _all_well(standing) else Severity.WARNING,
    )


def _standing_parts(voice: Voice, standing: Standing) -> Iterator[Part]:
    numbers = [
        (voice.phrase("Live channels"), standing.channels),
        (voice.phrase("SKUs"), standing.skus),
        (voice.phrase("Oversold"), standing.oversold),
        (voice.phrase("Out of stock"), standing.out),
        (voice.phrase("Low"), standing.low),
        (voice.phrase("Holds"), standing.holds),
        (voice.phrase("To decide"), standing.to_decide),
        (voice.phrase("Incidents"), standing.incidents),
    ]
    yield Facts(tuple((name, voice.integer(number)) for name, number in numbers))
    if standing.stale:
        yield Command(voice.phrase("See how each channel stands"), commands.line("status"))
    if standing.low or standing.out or standing.oversold:
        yield Command(voice.phrase("See what is low"), commands.line("stock", "--low"))
    if standing.holds or standing.to_decide or standing.incidents:
        yield Command(voice.phrase("See what waits for you"), commands.line("holds"))
