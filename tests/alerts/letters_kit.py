"""Letters about a small shop in which everything goes wrong, for the tests of their words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from syncd.alerts.letter import Coming, ConcernedOrder, Item, Letter, Link, Oversold, Standing, StockFacts, ToOrder
from syncd.alerts.notifier import Message
from syncd.alerts.rendering import render
from syncd.domain.alerts import Event, Rule
from syncd.domain.replenishment import PointSource, ReorderPoint
from syncd.domain.said import Said, Typed

AT = datetime(2026, 11, 22, 8, 27, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Jerusalem")
TODAY = date(2026, 11, 22)

STOCK_RULES = (Rule.LOW, Rule.OUT, Rule.OVERSOLD, Rule.RUNS_OUT, Rule.OVERSTOCK, Rule.DEAD)
INCIDENT_RULES = tuple(rule for rule in Rule if rule not in STOCK_RULES)

LINKS = (
    Link("woo", "https://shop.example.com/wp-admin/post.php?post=12&action=edit"),
    Link("shopify_il", "https://admin.shopify.com/store/my-shop/products/8151"),
)
FROM_SALES = ReorderPoint(13, PointSource.SALES, lead_time_days=10, during_lead_time=9, safety=4)
STOCK = StockFacts(
    own=5,
    external=0,
    reserved=2,
    available=3,
    left=3,
    point=FROM_SALES,
    to_order=ToOrder(24, "Acme", 12, 24, 5, date(2026, 12, 2), Decimal("3.5"), 140),
    coming=(Coming(3, 12, date(2026, 12, 4)),),
    per_week=6.2,
    days_left=4.3,
)
ORDERS = (
    ConcernedOrder("shopify_il", "#1002", AT - timedelta(minutes=4), 1, "he"),
    ConcernedOrder("woo", "1051", AT - timedelta(days=1), 2, "en"),
)
CAUSE = Said(
    "{first} and {second} sold the last units within {seconds} s.", first="woo", second="shopify_il", seconds=40
)


def stock_item(rule: Rule, **changes: object) -> Item:
    """An alert about the SKU MUG."""
    item = Item(
        12, rule, Event.RAISED, AT - timedelta(hours=1), sku="MUG", name="Blue mug, 300 ml", stock=STOCK, links=LINKS
    )
    if rule is Rule.OVERSOLD:
        stock = replace(STOCK, own=1, reserved=3, available=-2, left=-2, days_left=0.0)
        item = replace(item, stock=stock, oversold=Oversold(2, ORDERS, CAUSE, buffer=3))
    elif rule is Rule.OUT:
        item = replace(item, stock=replace(STOCK, own=2, available=0, left=0, days_left=0.0))
    elif rule in (Rule.DEAD, Rule.OVERSTOCK):
        item = replace(
            item, stock=replace(STOCK, to_order=ToOrder(0), coming=(), unsold_since=AT - timedelta(days=400))
        )
    return replace(item, **changes)  # type: ignore[arg-type]


def incident(rule: Rule, **changes: object) -> Item:
    """An alert about something else than stock."""
    item = Item(
        31,
        rule,
        Event.RAISED,
        AT - timedelta(hours=3),
        channel="" if rule is Rule.SERVICE else "woo",
        what=Said("{channel} does not answer: {reason}", channel="woo", reason="connection refused"),
        hint=Said("Look at it: syncd status. Then: {approve}", approve=Typed("syncd approve 7")),
    )
    return replace(item, **changes)  # type: ignore[arg-type]


def every_item() -> list[Item]:
    return [*(stock_item(rule) for rule in STOCK_RULES), *(incident(rule) for rule in INCIDENT_RULES)]


def low(number: int, **changes: object) -> Item:
    """One of many low SKUs."""
    item = stock_item(
        Rule.LOW, number=number, sku=f"SKU-{number:05}", name=f"Shoe model {number}, black, size 39", links=()
    )
    return replace(item, **changes)  # type: ignore[arg-type]


STANDING = Standing(channels=3, stale=(), skus=57, low=3, out=0, oversold=0, holds=0, to_decide=0, incidents=0)


def written(*items: Item, language: str = "en", standing: Standing | None = None, trial: bool = False) -> Message:
    return render(Letter(AT, items, standing, trial), language=language, zone=ZONE, today=TODAY)


class Read(HTMLParser):
    """What a mail program makes of HTML: its text, its elements, and whether each is closed."""

    _VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.commands: list[str] = []
        self._open: list[str] = []
        self._unseen = 0
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self._VOID:
            return
        self._open.append(tag)
        if tag == "pre":
            self.commands.append("")
        if tag in ("head", "style"):
            self._unseen += 1

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("head", "style"):
            self._unseen -= 1

    def handle_data(self, data: str) -> None:
        if "pre" in self._open:
            self.commands[-1] += data
        if not self._unseen:
            self.text.append(data)

    @property
    def seen(self) -> str:
        return " ".join("".join(self.text).split())


def slack_text(message: Message) -> str:
    """All texts of the blocks, one after another."""
    return "\n".join(_texts(message.blocks))


def _texts(blocks: Iterable[object]) -> Iterable[str]:
    for block in blocks:
        assert isinstance(block, dict)
        if isinstance(block.get("text"), dict):
            yield block["text"]["text"]
        yield from (one["text"] for one in block.get("elements", ()))
