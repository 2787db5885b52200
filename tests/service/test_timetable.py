"""The timetable with its real threads: events and barriers say when, nothing sleeps for luck."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from syncd.jobs import timetable
from syncd.jobs.timetable import Job, Mishap, Pauses, Scheduled

SOON_S = 20
"""A machine under load is slow; no test waits so long unless it fails."""
HOUR = timedelta(hours=1)


class Counter:
    """A job's work: counts how often it began, and lets others wait for that."""

    def __init__(self, work: Callable[[int], None] = lambda _n: None) -> None:
        self.begun = 0
        self._work = work
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.begun += 1
            number = self.begun
            self._changed.notify_all()
        self._work(number)

    def wait_for(self, times: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.begun >= times, SOON_S), f"began {self.begun} times only"


class Mishaps:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mishap]] = []
        self._changed = threading.Condition()

    def __call__(self, job: str, what: Mishap) -> None:
        with self._changed:
            self.told.append((job, what))
            self._changed.notify_all()

    def wait_for(self, job: str, what: Mishap) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: (job, what) in self.told, SOON_S), self.told


def every(pause: timedelta, job_id: str, lane: str, run: Callable[[], None]) -> Job:
    return Job(job_id, lane, lambda: pause, run)


@contextmanager
def at_work(*jobs: Job, mishaps: Mishaps | None = None) -> Iterator[Scheduled]:
    running = Scheduled(jobs, mishaps or Mishaps(), random.Random(1))
    running.start()
    try:
        yield running
    finally:
        if running.running:
            running.stop()


def test_each_job_runs_once_at_the_start() -> None:
    first, second = Counter(), Counter()
    with at_work(every(HOUR, "a one", "one", first), every(HOUR, "b one", "one", second)):
        first.wait_for(1)
        second.wait_for(1)
    assert (first.begun, second.begun) == (1, 1)


def test_a_job_runs_again_a_pause_after_its_end() -> None:
    counter = Counter()
    with at_work(every(timedelta(milliseconds=5), "a one", "one", counter)):
        counter.wait_for(5)


def test_nudges_during_a_run_lead_to_exactly_one_more() -> None:
    began, go_on = threading.Event(), threading.Event()

    def work(number: int) -> None:
        if number == 1:
            began.set()
            assert go_on.wait(SOON_S)

    counter, other = Counter(work), Counter()
    with at_work(every(HOUR, "a one", "one", counter), every(HOUR, "z one", "one", other)) as running:
        assert began.wait(SOON_S)
        for _ in range(10):
            running.at_once("a one")
        go_on.set()
        counter.wait_for(2)
        running.at_once("z one")  # behind everything that the lane still has to do
        other.wait_for(2)
    assert counter.begun == 2


def test_a_nudge_while_nothing_runs_runs_the_job_now() -> None:
    counter = Counter()
    with at_work(every(HOUR, "a one", "one", counter)) as running:
        counter.wait_for(1)
        for number in range(2, 30):
            running.at_once("a one")
            counter.wait_for(number)


def test_a_nudge_of_an_unknown_job_is_passed_over() -> None:
    with at_work(every(HOUR, "a one", "one", Counter())) as running:
        running.at_once("nobody one")


@pytest.mark.parametrize("seed", range(4))
def test_after_the_last_of_many_racing_nudges_a_whole_run_begins(seed: int) -> None:
    """What a nudge tells of is seen by a run that begins after it, however nudges and ends of runs meet."""
    told = seen = 0
    lock, caught_up = threading.Lock(), threading.Condition()

    def look() -> None:
        nonlocal seen
        with lock:
            known = told
        with caught_up:
            seen = max(seen, known)
            caught_up.notify_all()

    quick, busy = [every(HOUR, "a one", "one", look)], [every(timedelta(milliseconds=1), "b one", "one", Counter())]
    with at_work(*quick, *(busy if seed % 2 else [])) as running:
        for _ in range(40):
            barrier = threading.Barrier(4)

            def nudge(barrier: threading.Barrier = barrier) -> None:
                nonlocal told
                barrier.wait(SOON_S)
                for _ in range(5):
                    with lock:
                        told += 1
                    running.at_once("a one")

            threads = [threading.Thread(target=nudge) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            with caught_up:
                assert caught_up.wait_for(lambda: seen == told, SOON_S), f"{told} told of, {seen} seen"


def test_a_nudge_between_the_end_of_a_run_and_its_pause_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, nudged = Pauses.pause, threading.Event()

    def nudge_first(self: Pauses) -> timedelta:
        if counter.begun == 2 and not nudged.is_set() and threading.current_thread() is worker[0]:
            nudged.set()
            running.at_once("a one")
        return plain(self)

    worker: list[threading.Thread] = []
    counter = Counter(lambda _n: worker.append(threading.current_thread()))
    with at_work(every(HOUR, "a one", "one", counter)) as running:
        counter.wait_for(1)
        monkeypatch.setattr(timetable.Pauses, "pause", nudge_first)
        running.at_once("a one")
        counter.wait_for(3)
    assert nudged.is_set()


def test_a_busy_lane_delays_no_other() -> None:
    began, go_on = threading.Event(), threading.Event()

    def hang(_number: int) -> None:
        began.set()
        assert go_on.wait(SOON_S)

    other = Counter()
    short = timedelta(milliseconds=5)
    with at_work(every(short, "a one", "one", Counter(hang)), every(short, "a two", "two", other)):
        try:
            assert began.wait(SOON_S)
            other.wait_for(other.begun + 5)
        finally:
            go_on.set()


def test_jobs_of_one_lane_never_run_side_by_side() -> None:
    inside, most = 0, 0

    def work(_number: int) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        threading.Event().wait(0.002)
        inside -= 1

    counters = [Counter(work) for _ in range(3)]
    jobs = [every(timedelta(milliseconds=1), f"{n} one", "one", counter) for n, counter in enumerate(counters)]
    with at_work(*jobs):
        for counter in counters:
            counter.wait_for(10)
    assert most == 1


def test_an_exception_is_told_and_the_job_runs_again() -> None:
    def work(number: int) -> None:
        if number == 1:
            raise RuntimeError("broken")

    counter, mishaps = Counter(work), Mishaps()
    with at_work(every(timedelta(milliseconds=5), "a one", "one", counter), mishaps=mishaps):
        counter.wait_for(3)
    # on a busy machine the next time of so short a pause may come while the job still runs
    assert [one for one in mishaps.told if one[1] is not Mishap.STILL_RUNNING] == [("a one", Mishap.ERROR)]


def test_a_job_that_could_not_begin_in_time_is_told_of_and_runs_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timetable, "MISFIRE_GRACE_S", 1)
    began, go_on = threading.Event(), threading.Event()

    def hang(number: int) -> None:
        if number == 1:
            began.set()
            assert go_on.wait(SOON_S)

    waiting, mishaps = Counter(), Mishaps()
    hanging = every(HOUR, "a one", "one", Counter(hang))
    with at_work(hanging, every(timedelta(milliseconds=5), "b one", "one", waiting), mishaps=mishaps):
        assert began.wait(SOON_S)
        threading.Event().wait(1.2)  # longer than the grace, which is in whole seconds
        assert waiting.begun == 0
        go_on.set()
        mishaps.wait_for("b one", Mishap.MISSED)
        waiting.wait_for(1)


def test_a_job_that_is_due_while_it_is_at_work_is_told_of() -> None:
    go_on, mishaps = threading.Event(), Mishaps()
    counter = Counter(lambda number: None if number > 1 else _wait(go_on))
    with at_work(every(timedelta(milliseconds=5), "a one", "one", counter), mishaps=mishaps):
        mishaps.wait_for("a one", Mishap.STILL_RUNNING)
        assert counter.begun == 1
        go_on.set()
        counter.wait_for(2)


def test_stopping_lets_what_is_at_work_end_and_begins_nothing_more() -> None:
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work(_number: int) -> None:
        began.set()
        assert go_on.wait(SOON_S)
        ended.set()

    waiting = Counter()
    first = Counter(work)
    running = Scheduled(
        [every(HOUR, "a one", "one", first), every(HOUR, "b one", "one", waiting)], Mishaps(), random.Random(1)
    )
    running.start()
    assert began.wait(SOON_S)
    running.at_once("a one")
    running.stop()
    assert not running.running
    go_on.set()
    assert ended.wait(SOON_S)
    running.at_once("b one")
    for thread in threading.enumerate():
        if thread.name.startswith("ThreadPoolExecutor"):
            thread.join(SOON_S)
    assert (first.begun, waiting.begun) == (1, 0)


def test_pauses_are_never_longer_than_said_and_hardly_shorter() -> None:
    pauses = Pauses(lambda: timedelta(seconds=100), random.Random(7))
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    lengths = [(pauses.get_next_fire_time(now, now) - now).total_seconds() for _ in range(200)]
    assert 90 <= min(lengths) < max(lengths) <= 100


def _wait(event: threading.Event) -> None:
    assert event.wait(SOON_S)
