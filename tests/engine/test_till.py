"""A till in the engine: it lists nothing, takes nothing, and tells when it tells (N7, N8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import Unavailable
from syncd.domain.freshness import fresh, why
from syncd.storage import catalogue
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Database
from syncd.sync import freshness, turns
from syncd.sync.approval import dismiss_item
from syncd.sync.cycle import ask_nobody
from syncd.sync.standing import standing
from tests.engine.counter import QUARANTINE, SHELF, Counter
from tests.engine.world import START

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SHOE = "SHOE-39"


@pytest.fixture
def counter(make_sqlite: Callable[[], Database], tmp_path: Path) -> Counter:
    return Counter(make_sqlite(), tmp_path / "till")


def test_what_a_till_sold_is_off_the_shelf(counter: Counter) -> None:
    counter.count(SHOE, 10, START - HOUR)
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, 2), ("2", START - 20 * MINUTE, SHOE, 1))
    report = counter.sync()
    assert (report.pulled["till"].orders, report.pulled["till"].units) == (2, 3)
    assert counter.at(SHOE) == 7
    counter.sync()
    assert counter.at(SHOE) == 7


@pytest.mark.parametrize("place", [QUARANTINE, SHELF])
def test_what_came_back_to_a_till_goes_where_returns_go(
    make_sqlite: Callable[[], Database], tmp_path: Path, place: str
) -> None:
    counter = Counter(make_sqlite(), tmp_path / "till", returns_to=place)
    counter.count(SHOE, 10, START - HOUR)
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, -2))
    counter.sync()
    assert (counter.at(SHOE), counter.at(SHOE, QUARANTINE)) == ((10, 2) if place == QUARANTINE else (12, 0))


@pytest.mark.parametrize(("units", "left"), [(2, 10), (-2, 10)])
def test_what_a_count_has_seen_already_does_not_count_again(
    make_sqlite: Callable[[], Database], tmp_path: Path, units: int, left: int
) -> None:
    """The sale, or the return onto the shelf, is older than the count; its file comes later (design.md §3.1)."""
    counter = Counter(make_sqlite(), tmp_path / "till", returns_to=SHELF)
    counter.count(SHOE, 10, START - MINUTE)
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, units), ago=timedelta(seconds=20))
    counter.sync()
    assert counter.at(SHOE) == left


def test_the_first_files_count_although_they_are_older_than_our_acquaintance(counter: Counter) -> None:
    """At a shop such orders are a baseline; a till's receipts are always over, and the count tells them apart."""
    counter.count(SHOE, 10, START - timedelta(days=3))
    counter.drop("a.csv", ("1", START - timedelta(days=2), SHOE, 1), ("2", START - timedelta(days=4), SHOE, 1))
    counter.sync()
    assert counter.at(SHOE) == 9


def test_each_line_of_a_receipt_has_its_own_time(counter: Counter) -> None:
    counter.count(SHOE, 10, START - HOUR)
    counter.drop("a.csv", ("1", START - 61 * MINUTE, SHOE, 1), ("1", START - 59 * MINUTE, SHOE, 1))
    counter.sync()
    assert counter.at(SHOE) == 9


def test_history_before_the_first_count_makes_no_difference_to_it(counter: Counter) -> None:
    counter.know(SHOE)
    counter.drop("a.csv", ("1", START - 2 * HOUR, SHOE, 3), ("2", START - MINUTE, SHOE, 1))
    counter.sync()
    counter.count(SHOE, 10, START - HOUR)
    assert counter.at(SHOE) == 9


@pytest.mark.parametrize("units", [2, -2])
def test_an_unknown_sku_is_asked_about_and_booked_by_itself_once_it_is_counted(counter: Counter, units: int) -> None:
    counter.drop("a.csv", ("1042", START - 30 * MINUTE, SHOE, units), ("1042", START - 30 * MINUTE, "BAG", 1))
    counter.know("BAG")
    counter.sync()
    (incident,) = counter.incidents
    did = "sold 2" if units > 0 else "took back 2"
    assert incident.kind is IncidentKind.UNMAPPED
    assert incident.text == f"Receipt 1042 in till {did} × SKU {SHOE}, which is not in the master table"
    assert "map export" not in incident.hint
    counter.count(SHOE, 10, START - HOUR)
    assert counter.sync().pulled["till"].orders == 1
    assert counter.incidents == []
    assert (counter.at(SHOE), counter.at(SHOE, QUARANTINE)) == ((8, 0) if units > 0 else (10, 2))
    assert counter.at("BAG") == -1


def test_an_unknown_sku_on_many_receipts_is_one_question(counter: Counter) -> None:
    receipts = [(f"{number}", START - 30 * MINUTE, SHOE, 1) for number in range(30)]
    counter.drop("a.csv", *receipts, ("31", START - 30 * MINUTE, "BAG", 1))
    counter.sync()
    assert [one.subject for one in counter.incidents] == [f"SKU {SHOE}", "SKU BAG"]
    counter.count(SHOE, 40, START - HOUR)
    counter.sync()
    assert [one.subject for one in counter.incidents] == ["SKU BAG"]
    assert counter.at(SHOE) == 10


def test_a_sale_that_waited_for_its_sku_and_is_older_than_the_count_was_in_the_count(counter: Counter) -> None:
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, 2))
    counter.sync()
    counter.count(SHOE, 10)
    counter.sync()
    assert counter.at(SHOE) == 10


def test_lines_of_a_receipt_in_another_file_leave_those_of_before_as_they_are(counter: Counter) -> None:
    counter.count(SHOE, 10, START - HOUR)
    counter.count("BAG", 10, START - HOUR)
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, 2), ago=3 * MINUTE)
    counter.sync()
    counter.drop("b.csv", ("1", START - 30 * MINUTE, "BAG", 1))
    counter.sync()
    assert (counter.at(SHOE), counter.at("BAG")) == (8, 9)


# --------------------------------------------------------------------------- how far there is word


def status(counter: Counter) -> str:
    (at,) = freshness.of_channels(counter.house)
    return f"{'fresh' if fresh(at, counter.clock()) else 'stale'}: {why(at, counter.clock())}"


def test_a_till_that_told_nothing_yet_waits_for_its_first_file_and_is_asked_about_in_the_end(counter: Counter) -> None:
    counter.sync()
    assert counter.channel.pulled_at is None
    assert status(counter) == "stale: waits for its first file (silent after 26 h); only read"
    counter.clock.sleep(27 * 3600)
    counter.sync()
    (incident,) = counter.incidents
    assert incident.kind is IncidentKind.SILENT
    assert incident.text == "till has told nothing of what it sold since 2026-11-23 09:00 UTC"
    assert "TILL_SILENT_AFTER" in incident.hint
    counter.drop("a.csv")
    counter.sync()
    assert counter.incidents == []
    assert status(counter) == "fresh: only read"


def test_polls_are_no_word_of_a_till_only_its_newest_file_is(counter: Counter) -> None:
    counter.drop("a.csv", ago=HOUR)
    counter.sync()
    assert counter.channel.pulled_at == START - HOUR
    counter.drop("late.csv", ago=20 * HOUR)
    counter.sync()
    assert counter.channel.pulled_at == START - HOUR
    counter.clock.sleep(24 * 3600)
    counter.sync()
    assert status(counter) == "fresh: only read"
    counter.clock.sleep(2 * 3600)
    counter.sync()
    assert status(counter) == "stale: told nothing for 27 h; only read"
    assert [one.kind for one in counter.incidents] == [IncidentKind.SILENT]


def test_a_folder_that_is_gone_is_told_and_what_was_said_of_it_is_over_when_it_is_back(counter: Counter) -> None:
    counter.drop("a.csv")
    counter.sync()
    away = counter.folder.rename(counter.folder.with_name("away"))
    counter.clock.sleep(27 * 3600)
    report = counter.sync()
    assert isinstance(report.failed["till"], Unavailable)
    (incident,) = counter.incidents
    assert "missing everywhere" in incident.hint
    away.rename(counter.folder)
    counter.drop("b.csv")
    assert counter.sync().complete
    assert counter.incidents == []


def test_a_till_stands_in_the_status_without_listings(counter: Counter) -> None:
    (one,) = standing(counter.house).channels
    assert (one.kept, one.waiting, one.steady, one.silent_after) == (0, 0, False, timedelta(hours=26))


def test_the_jobs_of_the_service_read_it(counter: Counter) -> None:
    counter.count(SHOE, 10, START - HOUR)
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, 2))
    assert turns.read_sales(counter.house, counter.port, ask_nobody).pulled["till"].units == 2
    assert turns.read_news(counter.house, counter.port, ask_nobody).report.failed == {}
    assert turns.refresh_listings(counter.house, counter.port, ask_nobody, now=True) is None
    assert not turns.something_to_write(counter.house, counter.port)
    assert counter.at(SHOE) == 8


# --------------------------------------------------------------------------- what cannot be read


def test_an_unreadable_line_is_told_until_it_is_mended(counter: Counter) -> None:
    counter.count(SHOE, 10, START - HOUR)
    path = counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, 2))
    path.write_text(path.read_text() + f"2;{counter.local(START)};{SHOE};some\n")
    counter.age(path, MINUTE)
    counter.sync()
    (incident,) = counter.incidents
    assert incident.text == 'till: a.csv line 3: units "some" is not a number.'
    assert incident.hint.startswith("Mend it in the file; it is read again by itself.")
    counter.clock.sleep(24 * 3600)  # asked for again by its reference
    counter.sync()
    assert [one.id for one in counter.incidents] == [incident.id]
    path.write_text(path.read_text().replace("some", "3"))
    counter.age(path, MINUTE)
    counter.sync()
    assert counter.incidents == []
    assert counter.at(SHOE) == 5


def test_an_unreadable_line_can_be_closed_by_what_its_hint_says(counter: Counter) -> None:
    path = counter.drop("a.csv")
    path.write_text(path.read_text() + f"2;{counter.local(START)};;1\n")
    counter.age(path, MINUTE)
    counter.sync()
    (incident,) = counter.incidents
    command = incident.hint.split("syncd close ")[1].split(",")[0].split()
    dismiss_item(counter.house, *command)
    for _ in range(3):
        counter.clock.sleep(24 * 3600)
        counter.drop("b.csv")
        counter.sync()
    assert counter.incidents == []


def test_a_file_that_the_owner_takes_away_is_no_trouble_any_more(counter: Counter) -> None:
    path = counter.drop("a.csv")
    path.write_text("%PDF-1.7\n")
    counter.age(path, MINUTE)
    counter.sync()
    assert [one.kind for one in counter.incidents] == [IncidentKind.UNREADABLE]
    path.unlink()
    counter.clock.sleep(600)
    counter.sync()
    assert counter.incidents == []


def test_a_sale_ships_from_the_places_of_the_till(counter: Counter) -> None:
    with counter.db.read() as tx:
        assert SHELF in catalogue.location_names(tx)
    counter.count(SHOE, 1, START - HOUR)
    counter.drop("a.csv", ("1", START - 30 * MINUTE, SHOE, 2))
    counter.sync()
    assert counter.at(SHOE) == -1
    assert [one.kind for one in counter.incidents] == [IncidentKind.OVERSOLD]
