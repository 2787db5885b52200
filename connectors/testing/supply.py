"""What a `SupplyFeed` promises."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.contract import Supplies, Unavailable
from connectors.testing.rig import Capability, Promises, Rig, as_feed, needs


def reading(rig: Rig) -> Supplies:
    found = as_feed(rig.connector()).supplies(None)
    assert found is not None, "who knows no version is told everything"
    return found


def units(supplies: Supplies) -> dict[str, int | None]:
    assert len({supply.sku for supply in supplies.supplies}) == len(supplies.supplies)
    return {supply.sku: supply.units for supply in supplies.supplies}


class SupplyPromises(Promises):
    @needs(Capability.SUPPLY)
    def test_every_sku_is_told_with_its_units(self, rig: Rig) -> None:
        stated = {f"SKU-{n}": n for n in range(7)}
        rig.state(stated)
        found = reading(rig)
        assert units(found) == stated
        assert all(type(supply.units) is int for supply in found.supplies)
        assert (found.rows, found.parked) == (7, ())

    @needs(Capability.SUPPLY)
    def test_what_the_supplier_does_not_say_is_none_and_not_zero(self, rig: Rig) -> None:
        rig.state({"SAID": 0, "UNSAID": None})
        assert units(reading(rig)) == {"SAID": 0, "UNSAID": None}

    @needs(Capability.SUPPLY)
    def test_what_is_absent_is_not_spoken_of(self, rig: Rig) -> None:
        rig.state({"A": 1, "B": 2})
        assert set(units(reading(rig))) == {"A", "B"}
        rig.state({"A": 1})
        assert set(units(reading(rig))) == {"A"}

    @needs(Capability.SUPPLY)
    def test_reading_twice_is_reading_once(self, rig: Rig) -> None:
        rig.state({"A": 1, "B": 2}, unreadable=["C"])
        first, second = reading(rig), reading(rig)
        assert (first.version, first.supplies, first.parked) == (second.version, second.supplies, second.parked)
        assert (first.columns, first.rows, first.warnings) == (second.columns, second.rows, second.warnings)

    @needs(Capability.SUPPLY)
    def test_what_has_not_changed_is_not_told_again(self, rig: Rig) -> None:
        rig.state({"A": 1})
        feed = as_feed(rig.connector())
        first = feed.supplies(None)
        assert first is not None
        assert feed.supplies(first.version) is None
        assert feed.supplies(None) is not None, "who forgot it is told again"

    @needs(Capability.SUPPLY)
    def test_a_change_is_told_with_another_version(self, rig: Rig) -> None:
        rig.state({"A": 1})
        feed = as_feed(rig.connector())
        first = feed.supplies(None)
        assert first is not None
        rig.state({"A": 2})
        second = feed.supplies(first.version)
        assert second is not None
        assert second.version != first.version
        assert units(second) == {"A": 2}

    @needs(Capability.SUPPLY)
    def test_the_same_content_has_the_same_version_whenever_it_is_stated(self, rig: Rig) -> None:
        rig.state({"A": 1})
        first = reading(rig)
        rig.state({"A": 2})
        assert reading(rig).version != first.version
        rig.state({"A": 1})
        assert reading(rig).version == first.version

    @needs(Capability.SUPPLY)
    def test_a_row_that_cannot_be_read_is_parked_and_spoils_no_other(self, rig: Rig) -> None:
        rig.state({"A": 1, "B": 2}, unreadable=["BAD"])
        found = reading(rig)
        assert units(found) == {"A": 1, "B": 2}
        assert len(found.parked) == 1
        assert found.parked[0].ref == "BAD"
        assert found.parked[0].reason.strip()
        assert found.rows == 3

    @needs(Capability.SUPPLY)
    def test_the_instant_of_a_feed_is_utc_and_does_not_go_back(self, rig: Rig) -> None:
        rig.state({"A": 1})
        first = reading(rig)
        rig.state({"A": 2})
        second = reading(rig)
        assert first.stated_at.utcoffset() == second.stated_at.utcoffset() == timedelta()
        assert first.stated_at <= second.stated_at

    @needs(Capability.SUPPLY)
    def test_an_outage_is_no_empty_feed(self, rig: Rig) -> None:
        rig.state({"A": 1})
        feed = as_feed(rig.connector())
        first = feed.supplies(None)
        assert first is not None
        rig.go_down()
        for known in (None, first.version):
            with pytest.raises(Unavailable):
                feed.supplies(known)
        rig.come_back()
        assert feed.supplies(first.version) is None
