"""The state machine of the till, and the mistakes that it must find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from connectors.contract import OrderPage
from connectors.till import connector, receipts
from connectors.till.connector import Till
from connectors.till.folder import Dropped
from connectors.till.memory import Memory, Seen
from syncd.domain.movements import LineBooked
from syncd.sync.bookkeeper import Bookkeeper
from tests.engine.test_machine import EXAMPLES, NO_HEALTH_CHECK
from tests.engine.till_machine import TillMachine

STEPS = 40


def test_whatever_a_till_does_with_its_files_each_line_counts_once() -> None:
    run_state_machine_as_test(
        TillMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=NO_HEALTH_CHECK,
            print_blob=True,
        ),
    )


@contextmanager
def lines_known_by_their_file() -> Iterator[None]:
    """A copy or a renamed file counts again."""
    read = Till._read

    def named(self: Till, file: Dropped, now: datetime, before: Seen | None = None) -> Any:
        found = read(self, file, now, before)
        if found is None:
            return None
        told = tuple(replace(one, order=replace(one.order, id=f"{file.key}/{one.order.id}")) for one in found.receipts)
        return replace(found, receipts=told)

    with patch.object(Till, "_read", named):
        yield


@contextmanager
def equal_lines_are_one() -> Iterator[None]:
    """Two scans of the same thing count once."""
    make = receipts._receipt

    def made(sold: list[Any], before: Any) -> Any:
        return make(list({(one.sku, one.units): one for one in sold}.values()), ())

    with patch.object(receipts, "_receipt", made):
        yield


@contextmanager
def receipts_known_by_their_number() -> Iterator[None]:
    """Numbers begin anew every day."""
    make = receipts._receipt

    def made(sold: list[Any], before: Any) -> Any:
        found = make(sold, before)
        return replace(found, order=replace(found.order, id=found.order.number))

    with patch.object(receipts, "_receipt", made):
        yield


@contextmanager
def half_written_files_read() -> Iterator[None]:
    """Of a line that will say 12 units the first figure is read."""
    with patch.object(connector, "LINE_AT_REST", timedelta()), patch.object(connector, "AT_REST", timedelta()):
        yield


@contextmanager
def read_before_it_is_told() -> Iterator[None]:
    """The cursor says that a file was read before its last page is committed."""
    pages = Till._pages

    def told(self: Till, read: Any, memory: Memory, now: datetime) -> Iterator[OrderPage]:
        before = memory.files.get(read.file.key)
        early = read.seen
        for page in pages(self, read, memory, now):
            memory.files[read.file.key] = early
            yield page
            if before is not None:
                memory.files[read.file.key] = before

    with patch.object(Till, "_pages", told):
        yield


@contextmanager
def done_not_looked_at() -> Iterator[None]:
    """What a till adds to a file that was put away is lost."""
    is_to_be_read = Till._is_to_be_read

    def looked(self: Till, file: Dropped, memory: Memory, now: datetime) -> bool:
        return not file.done and is_to_be_read(self, file, memory, now)

    with patch.object(Till, "_is_to_be_read", looked):
        yield


@contextmanager
def put_away_before_it_is_read() -> Iterator[None]:
    """A file is moved because it is old."""

    def moved(self: Till, file: Dropped, memory: Memory, now: datetime) -> Dropped:
        away = None if file.done else self._folder.put_away(file)
        if away is not None:
            memory.files[away.key] = Seen(away.state, 0, "", 0)
        return away or file

    with patch.object(Till, "_put_away", moved):
        yield


@contextmanager
def whatever_changed_only_grew() -> Iterator[None]:
    """Of a file that was written anew only its end is told."""
    with patch.object(connector, "_goes_on", lambda *_: True):
        yield


@contextmanager
def old_receipts_passed_over() -> Iterator[None]:
    """Receipts of before the first contact are a baseline, as a shop's closed orders are."""

    def is_baseline(self: Bookkeeper, state: Any) -> bool:
        first = self.channel.first_contact_at
        return first is not None and not state.open and state.created_at < first - timedelta(minutes=15)

    with patch.object(Bookkeeper, "_is_baseline", is_baseline):
        yield


@contextmanager
def sold_when_it_is_read() -> Iterator[None]:
    """A sale that a count has seen already counts again."""
    make = receipts._receipt

    def made(sold: list[Any], before: Any) -> Any:
        found = make(sold, before)
        return replace(found, order=replace(found.order, fulfilled_at=None))

    with patch.object(receipts, "_receipt", made):
        yield


@contextmanager
def lines_of_another_file_taken_back() -> Iterator[None]:
    """What a second file does not say of a receipt was not sold."""
    with patch.object(LineBooked, "removed", lambda _self: LineBooked()):
        yield


MUTANTS = (
    lines_known_by_their_file,
    equal_lines_are_one,
    receipts_known_by_their_number,
    put_away_before_it_is_read,
    old_receipts_passed_over,
    sold_when_it_is_read,
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_the_machine_finds_a_planted_mistake(mutant: Callable[[], Any]) -> None:
    with mutant(), pytest.raises(AssertionError):
        run_state_machine_as_test(
            TillMachine,
            settings=settings(
                max_examples=200,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=NO_HEALTH_CHECK,
                database=None,
                derandomize=True,
                report_multiple_bugs=False,
                phases=[Phase.generate],
            ),
        )


# Those that need several things to happen in a row are found at once by a day in which they do.


def a_line_is_half_written_when_it_is_read(till: TillMachine) -> None:
    till.begin_a_file(0)
    till.sell([("A-1", 12)])
    till.go_on_with_a_file(0, 1)
    till.poll(15)


def the_process_dies_between_two_pages(till: TillMachine) -> None:
    till.begin_a_file(0)
    till.die_while_polling(1, 15)


def a_till_goes_on_with_a_file_that_was_put_away(till: TillMachine) -> None:
    till.begin_a_file(0)
    till.poll(15)
    till.wait(4000)
    till.poll(0)
    till.sell([("A-1", 1)])
    till.go_on_with_a_file(0, 0)


def a_file_is_written_anew_with_what_is_new_in_its_midst(till: TillMachine) -> None:
    till.begin_a_file(0)
    till.poll(15)
    till.sell([("B-2", 1)])
    till.write_a_file_anew(0, 3)


def the_articles_of_a_receipt_stand_in_two_files(till: TillMachine) -> None:
    till.sell([("A-1", 1), ("B-2", 1)])
    till.tell_a_receipt_in_two_files(0, 0)
    till.poll(15)


DAYS = (
    (half_written_files_read, a_line_is_half_written_when_it_is_read),
    (read_before_it_is_told, the_process_dies_between_two_pages),
    (done_not_looked_at, a_till_goes_on_with_a_file_that_was_put_away),
    (lines_of_another_file_taken_back, the_articles_of_a_receipt_stand_in_two_files),
    (whatever_changed_only_grew, a_file_is_written_anew_with_what_is_new_in_its_midst),
)


def live(day: Callable[[TillMachine], None]) -> None:
    till = TillMachine()
    till.open_the_shop(3)
    day(till)
    till.nothing_is_booked_that_was_not_sold()
    till.teardown()


@pytest.mark.parametrize(("mutant", "day"), DAYS, ids=lambda part: part.__name__)
def test_a_day_like_that_finds_a_planted_mistake(mutant: Callable[[], Any], day: Callable[[TillMachine], None]) -> None:
    live(day)  # nothing is wrong without it
    with mutant(), pytest.raises(AssertionError):
        live(day)
