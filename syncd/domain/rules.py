"""Which buffer, cap, cut-off and reorder point holds for a SKU on a channel (design.md §4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from syncd.domain.availability import Buffer, Rule
from syncd.domain.replenishment import Demand, ReorderPoint, reorder_point

T = TypeVar("T")


class Scope(StrEnum):
    """What a rule is about. Written in the order of precedence, the most specific first."""

    SKU = "sku"
    CATEGORY = "category"
    SUPPLIER = "supplier"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rule says; ``None`` where it says nothing and a less specific rule decides."""

    buffer: Buffer | None = None
    cap: int | None = None
    cut_off: int | None = None
    reorder_point: int | None = None


@dataclass(frozen=True, slots=True)
class ScopedLimits:
    """Limits for a scope, on one channel or (``None``) on all."""

    scope: Scope
    value: str
    channel: str | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class SkuFacts:
    """What rules can be about."""

    sku: str
    category: str | None = None
    supplier: str | None = None


class Rules:
    """All rules of the house, asked per SKU and channel.

    Precedence, field by field: SKU × channel → SKU → category × channel → category → supplier × channel → supplier →
    channel → default.
    """

    def __init__(self, scoped: Iterable[ScopedLimits], channels: Mapping[str, Limits], default: Limits) -> None:
        self._scoped: dict[tuple[Scope, str, str | None], Limits] = {
            (one.scope, one.value, one.channel): one.limits for one in scoped
        }
        self._channels = dict(channels)
        self._default = default
        self._of_all: dict[str, Rule] = {}  # by channel, where no SKU has a rule of its own

    def _told(self, facts: SkuFacts, channel: str | None) -> Iterable[Limits]:
        """What the owner told for the SKU itself, its category or its supplier."""
        if self._scoped:
            about = ((Scope.SKU, facts.sku), (Scope.CATEGORY, facts.category), (Scope.SUPPLIER, facts.supplier))
            for scope, value in about:
                if value is None:
                    continue
                for where in (channel, None) if channel is not None else (None,):
                    limits = self._scoped.get((scope, value, where))
                    if limits is not None:
                        yield limits

    def _candidates(self, facts: SkuFacts, channel: str) -> Iterable[Limits]:
        yield from self._told(facts, channel)
        if channel in self._channels:
            yield self._channels[channel]
        yield self._default

    def _first(self, facts: SkuFacts, channel: str, field: Callable[[Limits], T | None]) -> T | None:
        for limits in self._candidates(facts, channel):
            value = field(limits)
            if value is not None:
                return value
        return None

    def rule(self, facts: SkuFacts, channel: str) -> Rule:
        """The rule that holds for this SKU on this channel."""
        if self._scoped:
            return self._rule(facts, channel)
        if channel not in self._of_all:
            self._of_all[channel] = self._rule(facts, channel)
        return self._of_all[channel]

    def _rule(self, facts: SkuFacts, channel: str) -> Rule:
        return Rule(
            buffer=self._first(facts, channel, lambda limits: limits.buffer) or Buffer(),
            cap=self._first(facts, channel, lambda limits: limits.cap),
            cut_off=self._first(facts, channel, lambda limits: limits.cut_off),
        )

    def reorder_point(
        self, facts: SkuFacts, demand: Demand | None = None, lead_time_days: int | None = None
    ) -> ReorderPoint:
        """The number of available units at or below which more should be ordered: the owner's word for the SKU, its
        category or its supplier, else by its sales and its lead time (calendar days), else the default."""
        told = (limits.reorder_point for limits in self._told(facts, None))
        set_to = next((units for units in told if units is not None), None)
        return reorder_point(set_to, self._default.reorder_point or 0, demand, lead_time_days)
