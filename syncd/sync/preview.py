"""What a sync would do, from the last known views; calls nobody (`syncd plan`, N38)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.domain import safety
from syncd.domain.safety import Held
from syncd.storage import catalogue, channels
from syncd.storage.channels import Mode
from syncd.sync import views
from syncd.sync.house import House, Port
from syncd.sync.planner import before_change
from syncd.sync.views import View


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One listing: what it shows as far as is known, and what it would be told. `shown` is ``None`` until read."""

    sku: str
    name: str
    listing_id: str
    shown: int | None
    target: int
    sold_out_by_buffer: bool

    @property
    def right(self) -> bool:
        return self.shown == self.target or (self.target == 0 and self.shown is not None and self.shown <= 0)

    @property
    def lower(self) -> bool:
        return not self.right and self.shown is not None and self.target < self.shown

    @property
    def higher(self) -> bool:
        return not self.right and not self.lower


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    channel: str
    mode: Mode
    lines: tuple[PlanLine, ...]
    hold: Held | None  # what would wait for a yes; in shadow never: going live is the yes

    @property
    def lower(self) -> int:
        return sum(line.lower for line in self.lines)

    @property
    def higher(self) -> int:
        return sum(line.higher for line in self.lines)

    @property
    def right(self) -> int:
        return sum(line.right for line in self.lines)

    @property
    def sold_out_by_buffer(self) -> int:
        """Listings that would become sold out only because of buffer, cap or cut-off."""
        return sum(line.sold_out_by_buffer for line in self.lines if line.lower)


def plan(house: House, port: Port) -> ChannelPlan:
    """The plan for one channel, listings that are matched, counted and accepted only."""
    with house.db.read() as tx:
        channel = channels.get(tx, port.name)
        found = views.load(tx, house, port)
    mode = channel.mode if channel is not None else Mode.SHADOW
    lines = tuple(_line(view) for view in found)
    hold = _hold(house, found) if mode is Mode.LIVE else None
    return ChannelPlan(port.name, mode, lines, hold)


def not_counted(house: House) -> int:
    """SKUs without a first count: they are never written (design.md §3.1)."""
    with house.db.read() as tx:
        return sum(sku.counted_at is None for sku in catalogue.all_skus(tx))


def first_words(house: House, planned: ChannelPlan) -> Held | None:
    """What would wait for a yes were the channel live already: going live with it is worth a question.

    Listings that become sold out by the buffer or jump, as a share of the channel's (design.md §3.6).
    """
    changes = [
        safety.Change(number, line.shown, line.target)
        for number, line in enumerate(planned.lines)
        if line.shown is not None and not line.right
    ]
    return safety.too_big(changes, len(planned.lines), house.hold_limits)


def _line(view: View) -> PlanLine:
    shown = view.row.expected if view.row.expected is not None else view.row.shown
    return PlanLine(
        view.sku.sku, view.row.title, view.row.listing_id, shown, view.offer.told, view.offer.sold_out_by_buffer
    )


def _hold(house: House, found: Sequence[View]) -> Held | None:
    changes = [
        safety.Change(view.row.id, before_change(view), view.calm)
        for view in found
        if view.row.expected is not None and view.row.expected != view.offer.told and before_change(view) != view.calm
    ]
    return safety.too_big(changes, len(found), house.hold_limits)
