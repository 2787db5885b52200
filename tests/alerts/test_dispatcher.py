"""How what is to be told reaches its targets: gathered, at its time, at least once, and never twice without need."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import time, timedelta

import pytest

from syncd.alerts import desk, dispatcher, evaluator
from syncd.alerts.notifier import Envelope, Message, Part
from syncd.domain.alerts import Family, Severity
from syncd.domain.movements import Kind, Movement
from syncd.domain.routing import Digest, Matter, QuietHours, Route, Routes, Schedule
from syncd.storage import alerts, catalogue, ledger, post
from syncd.storage.session import Database
from syncd.sync import housekeeping
from tests.alerts.notified import NOON, Crash, Fate, MemoryNotifier, Told
from tests.benchmarks.alerts import fill

ANNA, BEN = "anna@shop.example", "ben@shop.example"


class Fates:
    """What becomes of the next parts; then each is taken."""

    def __init__(self, *coming: Fate) -> None:
        self.coming = list(coming)

    def __call__(self) -> Fate:
        return self.coming.pop(0) if self.coming else Fate.TAKEN


def target_alerts(db: Database) -> list[str]:
    with db.read() as tx:
        return [one.subject for one in alerts.open_alerts(tx, Family.TARGET)]


# ---------------------------------------------------------------------- gathered


def test_what_comes_together_is_gathered_for_a_moment(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.deliver()  # it meets the target
    told.sku("MUG", 3)
    told.deliver_after(seconds=29)
    assert anna.taken == []
    told.deliver_after(seconds=1)
    assert len(anna.taken) == 1
    told.deliver_after(days=3)
    assert len(anna.taken) == 1


def test_up_to_three_are_told_singly_and_more_as_a_digest(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    for sku in ("MUG", "PEN", "HAT"):
        told.sku(sku, 3)
    told.deliver_after(seconds=30)
    assert sorted(part["thread"] for _, part, _ in anna.taken) == ["HAT", "MUG", "PEN"]
    for number in range(500):
        told.sku(f"SKU-{number}", 3)
    told.deliver_after(minutes=5)
    assert len(anna.taken) == 4
    assert "500" in anna.subjects[-1]


def test_a_target_is_left_in_peace_between_two_messages_unless_it_is_urgent(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    told.sku("PEN", 3)
    told.deliver_after(minutes=2)
    assert len(anna.taken) == 1
    told.promise("PEN", 4)
    told.deliver_after(seconds=5)
    assert len(anna.taken) == 2


def test_a_one_shot_run_does_not_wait(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 3)
    assert [(one.messages, one.alerts) for one in told.deliver(gather=False)] == [(1, 1)]


def test_what_got_worse_before_it_was_told_is_told_once(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.promise("MUG", 3)
    told.deliver_after(seconds=30)
    assert len(anna.taken) == 1


def test_what_was_over_before_it_was_told_is_told_all_the_same(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.move("MUG", 20)
    told.deliver_after(seconds=30)
    assert len(anna.taken) == 1


def test_a_new_target_hears_of_all_that_is_open(database: Database) -> None:
    anna, ben = MemoryNotifier(ANNA), MemoryNotifier(BEN)
    Told(database, anna).sku("MUG", 3)
    told = Told(database, anna, ben)
    told.clock.forward(seconds=30)
    told.deliver()
    told.deliver_after(minutes=5)
    assert len(anna.taken) == len(ben.taken) == 1
    told.deliver_after(days=1)
    assert len(ben.taken) == 1


# ---------------------------------------------------------------------- at its time


def test_what_can_wait_waits_for_the_digest(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    schedule = Schedule((Matter(severity=Severity.CRITICAL),), Digest(time(8)), daily_line=False)
    told = Told(database, anna, schedule=schedule)
    told.sku("MUG", 3)
    told.deliver_after(hours=17, minutes=59)  # 07:59 in Jerusalem
    assert anna.taken == []
    told.deliver_after(minutes=1)
    assert len(anna.taken) == 1


def test_the_line_of_the_day_comes_also_where_nothing_happened(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna, schedule=Schedule(digest=Digest(time(8)), daily_line=True))
    told.deliver()
    for _ in range(48):
        told.deliver_after(hours=1)
    assert len(anna.taken) == 2


def test_a_service_that_stood_still_for_days_sends_one_line(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna, schedule=Schedule(digest=Digest(time(8)), daily_line=True))
    told.deliver()
    told.deliver_after(days=10)
    told.deliver_after(minutes=10)
    assert len(anna.taken) == 1


def test_quiet_hours_hold_back_what_is_no_exception(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna, schedule=Schedule(quiet=QuietHours(time(22), time(7)), daily_line=False))
    told.deliver()
    told.clock.forward(hours=9)  # 23:00 in Jerusalem
    told.sku("MUG", 3)
    told.sku("PEN", 1)
    told.deliver_after(minutes=10)
    assert anna.taken == []
    told.promise("PEN", 2)
    told.deliver_after(minutes=1)
    assert len(anna.taken) == 1
    told.deliver_after(hours=8)
    assert len(anna.taken) == 2


# ---------------------------------------------------------------------- what may go wrong


def test_a_target_that_is_busy_is_tried_again_with_what_came_meanwhile(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.LATER, Fate.LATER))
    told = Told(database, anna)
    told.sku("MUG", 3)
    assert told.deliver_after(seconds=30)[0].trouble == "it is busy"
    told.sku("PEN", 3)
    assert told.deliver_after(seconds=59) == []
    assert told.deliver_after(seconds=1)[0].trouble == "it is busy"
    assert told.deliver_after(seconds=119) == []
    told.deliver_after(seconds=1)
    assert len(anna.taken) == 2


def test_a_lost_answer_is_followed_by_the_same_message(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.LOST_ANSWER, Fate.LATER))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    told.deliver_after(minutes=1)
    told.sku("PEN", 3)
    told.deliver_after(minutes=2)
    told.deliver_after(minutes=6)
    first, second, third = anna.taken
    assert first == second
    assert third[0] != first[0]


@pytest.mark.parametrize("fate", [Fate.DIES_BEFORE, Fate.DIES_AFTER])
def test_a_crash_is_followed_by_the_same_message(database: Database, fate: Fate) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(fate))
    told = Told(database, anna)
    told.sku("MUG", 3)
    with pytest.raises(Crash):
        told.deliver_after(seconds=30)
    told.restart()
    told.deliver_after(minutes=3)
    assert len({message_id for message_id, _, _ in anna.taken}) == 1
    assert len(anna.taken) == (2 if fate is Fate.DIES_AFTER else 1)


def test_parts_that_were_taken_are_not_sent_again(database: Database) -> None:
    anna = MemoryNotifier(ANNA, 3, Fates(Fate.TAKEN, Fate.LATER))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    told.deliver_after(minutes=1)
    assert [part for _, _, part in anna.taken] == [0, 1, 2]


def test_one_that_turns_messages_away_is_parked_and_the_others_are_told(database: Database) -> None:
    anna, ben = MemoryNotifier(ANNA, fate=Fates(Fate.REFUSED)), MemoryNotifier(BEN)
    told = Told(database, anna, ben)
    told.sku("MUG", 3)
    (done,) = [one for one in told.deliver_after(seconds=30) if one.target == ANNA]
    assert (done.trouble, done.hint, done.changed) == ("it wants nothing", "Ask it.", True)
    assert target_alerts(database) == [ANNA]
    told.deliver_after(minutes=6)
    assert any("it wants nothing" in text for text in ben.texts)
    assert anna.taken == []
    told.deliver_after(days=1)
    assert len(anna.taken) == 1
    assert target_alerts(database) == []


def test_one_that_is_busy_for_long_is_told_to_the_others(database: Database) -> None:
    anna, ben = MemoryNotifier(ANNA, fate=lambda: Fate.LATER), MemoryNotifier(BEN)
    told = Told(database, anna, ben)
    told.sku("MUG", 3)
    for _ in range(4):
        told.deliver_after(hours=1)
    assert target_alerts(database) == []
    told.deliver_after(hours=1)
    assert target_alerts(database) == [ANNA]


def test_a_message_without_an_answer_is_given_up_after_five_times(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(*[Fate.LOST] * 5))
    told = Told(database, anna)
    told.sku("MUG", 3)
    for _ in range(5):
        told.deliver_after(hours=1)
    assert target_alerts(database) == [ANNA]
    told.deliver_after(days=1)
    assert len(anna.taken) == 1
    assert target_alerts(database) == []


def test_a_defect_of_a_notifier_counts_as_a_lost_answer(database: Database) -> None:
    class Broken(MemoryNotifier):
        def send(self, part: object) -> None:
            raise RuntimeError("secret-password")

    told = Told(database, Broken(ANNA))
    told.sku("MUG", 3)
    (done,) = told.deliver_after(seconds=30)
    assert done.trouble == "something unexpected (RuntimeError)"
    with database.read() as tx:
        assert post.targets_known(tx)[ANNA].trouble == done.trouble


def test_two_processes_do_not_tell_the_same_target_at_once(database: Database) -> None:
    ben = MemoryNotifier(ANNA)
    other = Told(database, ben)

    class Slow(MemoryNotifier):
        def send(self, part: object) -> None:
            assert dispatcher.deliver(other.office) == [dispatcher.Delivered(ANNA)]
            super().send(part)  # type: ignore[arg-type]

    anna = Slow(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 3)
    other.clock.at = told.clock.at + timedelta(seconds=30)
    told.deliver_after(seconds=30)
    assert len(anna.taken) == 1
    assert ben.taken == []


def test_a_trial_lets_a_parked_target_be_told_again(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.REFUSED, Fate.REFUSED))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    (failed,) = dispatcher.try_all(told.office)
    assert (failed.trouble, failed.hint) == ("it wants nothing", "Ask it.")
    (tried,) = dispatcher.try_all(told.office)
    assert tried.trouble == ""
    told.deliver_after(seconds=30)
    assert len(anna.taken) == 2


def test_a_new_start_tries_every_target_at_once(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.REFUSED))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    dispatcher.try_at_once(told.office)
    told.deliver_after(seconds=1)
    assert len(anna.taken) == 1


def test_nobody_to_be_told_is_no_trouble(database: Database) -> None:
    told = Told(database, routes=Routes())
    told.sku("MUG", 3)
    assert told.deliver_after(seconds=30) == []
    evaluator.sweep(told.house)
    assert told.open_rules() == {"MUG": "low"}


def test_what_waits_for_a_target_that_is_gone_is_forgotten_in_the_end(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA), MemoryNotifier(BEN))
    told.sku("MUG", 3)
    told.move("MUG", 20)
    told.notifiers = (MemoryNotifier(BEN),)
    told.deliver_after(seconds=30)
    told.clock.forward(days=91)
    housekeeping.prune(told.house)
    with database.read() as tx:
        assert alerts.waiting(tx, ANNA, told.clock()) == []
        assert alerts.latest(tx, 9) == []


def test_thousands_of_skus_that_fall_low_at_once_are_one_digest_for_each_target(sqlite: Database) -> None:
    anna, ben = MemoryNotifier(ANNA), MemoryNotifier(BEN)
    told = Told(sqlite, anna, ben)
    ids = fill(told, 10_000)
    with sqlite.write() as tx:
        shelf = catalogue.location(tx, catalogue.OWN_SHELF)
        gone = [Movement(f"gone {n}", n, Kind.ADJUSTMENT, NOON, on_hand=-47, location_id=shelf) for n in ids.values()]
        ledger.post(tx, gone, NOON)
    told.deliver_after(seconds=30)
    told.deliver_after(hours=1)
    assert anna.subjects == ben.subjects == ["10,000 alerts: 10,000 low"]
    assert len(anna.texts[0]) < 100_000


def test_a_message_that_is_not_taken_as_it_is_is_told_in_short(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.UNFIT))
    told = Told(database, anna)
    told.sku("MUG; <b>", 3)
    told.sku("PEN", 3)
    told.deliver_after(seconds=30)
    told.deliver_after(minutes=1)
    assert anna.subjects == ["2 alerts"]
    assert "MUG" not in anna.texts[0]
    assert "syncd alerts" in anna.texts[0]
    told.sku("HAT", 3)
    told.deliver_after(minutes=6)
    assert anna.subjects[1:] == ["Low: HAT, 3 left (alert at 5)"]


def test_one_that_takes_not_even_a_count_is_parked(database: Database) -> None:
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.UNFIT, Fate.UNFIT))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    assert target_alerts(database) == []
    told.deliver_after(minutes=1)
    assert target_alerts(database) == [ANNA]
    told.deliver_after(days=1)
    assert anna.subjects == ["1 alert"]


def test_a_message_that_cannot_be_written_is_told_in_short(database: Database) -> None:
    class Picky(MemoryNotifier):
        def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
            if "MUG" in message.subject:
                raise ValueError("a defect")
            return super().parts(message, envelope)

    anna = Picky(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    told.deliver_after(minutes=1)
    assert anna.subjects == ["1 alert"]


def test_a_later_part_that_is_turned_away_does_not_block_its_target_for_ever(database: Database) -> None:
    anna = MemoryNotifier(ANNA, 2, Fates(Fate.TAKEN, *[Fate.REFUSED] * 3))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    for _ in range(2):
        told.deliver_after(days=1)
    assert len(anna.taken) == 1
    told.deliver_after(days=1)
    assert [part for _, _, part in anna.taken] == [0, 0, 1]
    assert len({message_id for message_id, _, _ in anna.taken}) == 2


def test_after_a_trial_a_new_target_hears_of_all_that_is_open(database: Database) -> None:
    told = Told(database, MemoryNotifier(BEN))
    told.sku("MUG", 3)
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.clock.forward(hours=1)
    dispatcher.try_all(told.office)
    told.deliver()
    told.deliver_after(seconds=30)
    assert len(anna.taken) == 2


def test_a_new_target_does_not_hear_of_what_was_read(database: Database) -> None:
    told = Told(database, MemoryNotifier(BEN))
    told.sku("MUG", 3)
    told.sku("PEN", 3)
    desk.ack(told.house, ["MUG"])
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.deliver()
    told.deliver_after(minutes=1)
    assert anna.subjects == ["Low: PEN, 3 left (alert at 5)"]


def test_a_start_tells_those_whom_the_settings_name_now(database: Database) -> None:
    anna, ben = MemoryNotifier(ANNA), MemoryNotifier(BEN)
    told = Told(database, anna, ben, routes=Routes((ANNA, BEN), (Route(Matter(), (ANNA,)),)))
    told.deliver()
    told.sku("MUG", 3)
    told.deliver_after(minutes=1)
    assert (len(anna.taken), len(ben.taken)) == (1, 0)
    told.house = replace(told.house, routes=Routes((ANNA, BEN)))
    dispatcher.try_at_once(told.office)
    told.deliver_after(minutes=6)
    assert (len(anna.taken), len(ben.taken)) == (1, 1)


def test_what_was_gathered_until_quiet_hours_began_waits_for_their_end(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna, schedule=Schedule(quiet=QuietHours(time(14, 1), time(16)), daily_line=False))
    told.deliver()
    told.clock.forward(seconds=45)  # 14:00:45 in Jerusalem
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    assert anna.taken == []
    told.deliver_after(hours=2)
    assert len(anna.taken) == 1


def test_the_line_of_the_day_is_for_those_who_are_told_of_everything(database: Database) -> None:
    anna, ben = MemoryNotifier(ANNA), MemoryNotifier(BEN)
    routes = Routes((ANNA,), (Route(Matter(category="Shoes"), (BEN,)),))
    told = Told(database, anna, ben, routes=routes, schedule=Schedule())
    told.deliver()
    told.deliver_after(days=1)
    assert (len(anna.taken), len(ben.taken)) == (1, 0)


def test_a_wait_that_another_process_was_asked_for_holds(database: Database) -> None:
    """Both looked whom to tell; the first was told to wait before the second began."""
    anna = MemoryNotifier(ANNA, fate=Fates(Fate.LATER))
    told = Told(database, anna)
    told.sku("MUG", 3)
    told.clock.forward(seconds=30)
    second = dispatcher._Round(told.office, anna, True)
    told.deliver()
    assert second.run() == dispatcher.Delivered(ANNA)
    assert anna.taken == []


def test_who_was_overtaken_sends_no_more(sqlite: Database) -> None:
    ben = MemoryNotifier(ANNA, 3)
    other = Told(sqlite, ben)

    class Slow(MemoryNotifier):
        def send(self, part: Part) -> None:
            super().send(part)
            told.clock.forward(minutes=4)  # longer than a lease
            other.clock.at = told.clock.at
            dispatcher.deliver(other.office)

    anna = Slow(ANNA, 3)
    told = Told(sqlite, anna)
    told.sku("MUG", 3)
    told.deliver_after(seconds=30)
    assert [part for _, _, part in anna.taken] == [0]
    assert [part for _, _, part in ben.taken] == [0, 1, 2]  # the first again: nobody knew what had become of it


def test_targets_are_told_at_the_same_time(sqlite: Database) -> None:
    meet = threading.Barrier(2, timeout=30)

    class Patient(MemoryNotifier):
        def send(self, part: Part) -> None:
            meet.wait()
            super().send(part)

    anna, ben = Patient(ANNA), Patient(BEN)
    told = Told(sqlite, anna, ben)
    told.sku("MUG", 3)
    told.clock.forward(seconds=30)
    dispatcher.deliver(replace(told.office, at_once=2))
    assert (len(anna.taken), len(ben.taken)) == (1, 1)


def test_what_got_better_before_it_was_told_is_told_as_it_is_and_was(database: Database) -> None:
    anna = MemoryNotifier(ANNA)
    told = Told(database, anna)
    told.sku("MUG", 4)
    told.promise("MUG", 5)
    told.promise("MUG", -4)
    told.deliver_after(seconds=30)
    assert anna.subjects == ["Low: MUG, 3 left (alert at 5)"]
    assert "It was worse, and is not any more: Oversold." in anna.texts[0]
