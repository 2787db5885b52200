"""What opens an alert, makes it worse and ends it: in the transaction that moves the stock."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from syncd.alerts import desk, evaluator
from syncd.alerts.letter import Letter
from syncd.alerts.rendering import render
from syncd.domain.alerts import Event, Family, Rule
from syncd.domain.movements import Kind
from syncd.domain.routing import Matter, Route, Routes
from syncd.domain.safety import Held
from syncd.domain.said import Said
from syncd.files import StockFile, StockFileKind, StockRow
from syncd.storage import alerts, catalogue, channels, holds, incidents, meta
from syncd.storage.incidents import IncidentKind
from syncd.storage.schema import notifications
from syncd.storage.session import Database, Tx
from syncd.sync import deliveries, demand, stocktake
from syncd.sync.deliveries import Announced
from syncd.sync.house import Refusal
from syncd.texts.marks import unmarked
from syncd.texts.said import say_marked
from tests.alerts.notified import NOON, ZONE, Crash, MemoryNotifier, Told

ANNA, BEN = "anna@shop.example", "ben@shop.example"


def told_of(db: Database) -> list[tuple[str, str, str]]:
    """Every notification: (target, event, rule), the oldest first."""
    columns = (notifications.c.target, notifications.c.event, notifications.c.rule)
    with db.read() as tx:
        return [tuple(row) for row in tx.execute(select(*columns).order_by(notifications.c.id))]


def open_now(db: Database, family: Family) -> dict[str, Rule]:
    with db.read() as tx:
        return {one.subject: one.rule for one in alerts.open_alerts(tx, family)}


# ---------------------------------------------------------------------- stock


def test_a_sku_that_falls_to_its_reorder_point_is_told_once_to_each_target(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA), MemoryNotifier(BEN))
    told.sku("MUG", 6)
    assert told_of(database) == []
    told.promise("MUG", 1)
    assert told.open_rules() == {"MUG": "low"}
    told.promise("MUG", 1)
    assert told_of(database) == [(ANNA, "raised", "low"), (BEN, "raised", "low")]


def test_low_becomes_out_becomes_oversold_and_is_one_alert(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 5)
    told.promise("MUG", 5)
    told.promise("MUG", 1)
    assert told.open_rules() == {"MUG": "oversold"}
    assert [event for _, event, _ in told_of(database)] == ["raised", "escalated", "escalated"]
    with database.read() as tx:
        assert len(alerts.open_alerts(tx)) == 1


def test_plus_and_minus_one_around_the_point_are_told_once(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 5)
    for _ in range(5):
        told.move("MUG", 1)
        told.move("MUG", -1)
    assert told_of(database) == [(ANNA, "raised", "low")]
    told.move("MUG", 3)
    assert told.open_rules() == {}
    told.move("MUG", -3)
    assert told_of(database) == [(ANNA, "raised", "low")] * 2


def test_that_an_oversell_is_over_is_told_to_those_who_heard_of_it(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 1)
    told.promise("MUG", 2)
    told.promise("MUG", -2)
    assert told_of(database) == [
        (ANNA, "raised", "low"),
        (ANNA, "escalated", "oversold"),
        (ANNA, "over", "oversold"),
    ]
    assert told.open_rules() == {"MUG": "out"}  # one unit: within the margin of nothing


def test_an_oversell_of_which_none_is_missing_is_shown_as_out(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 1)
    told.promise("MUG", 2)
    told.promise("MUG", -1)
    assert told.open_rules() == {"MUG": "oversold"}, "so that one unit back and forth is told once"
    (shown,) = desk.board(told.house, "en", closed_too=False).alerts
    assert (shown.alert.rule, shown.item.rule, shown.item.oversold) == (Rule.OVERSOLD, Rule.OUT, None)
    told.deliver_after(minutes=1)
    (notifier,) = told.notifiers
    assert notifier.subjects == ["Out of stock: MUG"]


def test_what_is_on_the_way_lowers_no_alarm(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 5)
    deliveries.announce(told.house, Announced("MUG", 50, told.house.today() + timedelta(days=3), None, None))
    assert told.open_rules() == {"MUG": "low"}


def test_a_sku_that_nobody_counted_is_not_told(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.promise("MUG", 1)
    assert told_of(database) == []


def test_another_reorder_point_opens_and_ends_alerts(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 10)
    told.set_point("MUG", 12)
    assert told.open_rules() == {"MUG": "low"}
    told.set_point("MUG", None)
    assert told.open_rules() == {}


def test_a_transaction_that_fails_tells_nothing(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 9)
    with pytest.raises(Crash), database.write() as tx:
        told.post(tx, "MUG", Kind.ADJUSTMENT, on_hand=-9, location_id=catalogue.location(tx, catalogue.OWN_SHELF))
        raise Crash
    assert told_of(database) == []
    assert told.open_rules() == {}


def test_a_defect_of_the_rules_takes_no_sale_with_it_and_is_made_good(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 9)
    sound = told.house

    class Broken:
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("defect")

    evaluator.attach(replace(sound, schedule=Broken()))  # type: ignore[arg-type]
    with caplog.at_level(logging.ERROR):
        told.promise("MUG", 9)
    assert "alerts_not_looked_at" in caplog.text
    evaluator.attach(sound)
    assert told.open_rules() == {}
    evaluator.sweep(sound)
    assert told.open_rules() == {"MUG": "out"}
    assert told_of(database) == [(ANNA, "raised", "out")]


def test_routes_say_who_is_told_of_what(database: Database) -> None:
    routes = Routes(
        (ANNA, BEN),
        (Route(Matter(category="Shoes"), (BEN,)), Route(Matter(rule=Rule.OUT), ()), Route(Matter(), (ANNA,))),
    )
    told = Told(database, MemoryNotifier(ANNA), MemoryNotifier(BEN), routes=routes)
    told.sku("BOOT", 3, category="Shoes")
    told.sku("MUG", 3)
    told.sku("PEN", 0)
    assert told_of(database) == [(BEN, "raised", "low"), (ANNA, "raised", "low")]
    assert told.open_rules() == {"BOOT": "low", "MUG": "low", "PEN": "out"}


# ---------------------------------------------------------------------- how it sells


def weeks_of(told: Told, sku: str, per_week: int, weeks: int = 8) -> None:
    """So many weeks in which customers took as many a week; the shelf is filled up again."""
    for _ in range(weeks):
        told.clock.forward(days=7)
        told.promise(sku, per_week)
        told.move(sku, per_week)
    told.clock.forward(hours=1)


def look_at_the_day(told: Told) -> None:
    demand.keep_up(told.house)
    evaluator.sweep(told.house)


def test_gone_before_the_next_delivery_comes(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 200)
    weeks_of(told, "MUG", 7)
    told.move("MUG", -150)  # 50 are available, a week takes 7
    look_at_the_day(told)
    assert open_now(database, Family.RUNS_OUT) == {}
    deliveries.announce(told.house, Announced("MUG", 50, told.house.today() + timedelta(days=60), None, None))
    assert open_now(database, Family.RUNS_OUT) == {"MUG": Rule.RUNS_OUT}
    deliveries.delay(told.house, 1, told.house.today() + timedelta(days=30))
    assert open_now(database, Family.RUNS_OUT) == {}


def test_gone_before_one_that_is_ordered_today_can_come(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 200, lead_time_days=21)  # 30 days where five days a week are worked
    told.set_point("MUG", 5)
    weeks_of(told, "MUG", 14)
    told.promise("MUG", 140)  # 60 last for 30 days
    look_at_the_day(told)
    assert open_now(database, Family.RUNS_OUT) == {}
    told.promise("MUG", 1)
    for _ in range(3):
        told.promise("MUG", 1)
        told.promise("MUG", -1)
    assert told_of(database) == [(ANNA, "raised", "runs-out")]
    (shown,) = desk.board(told.house, "en", closed_too=False).alerts
    assert shown.item.stock is not None
    assert shown.item.stock.to_order.units > 0
    assert shown.item.stock.if_ordered(told.house.today()) == told.house.today() + timedelta(days=30)
    deliveries.announce(told.house, Announced("MUG", 50, told.house.today() + timedelta(days=20), None, None))
    assert open_now(database, Family.RUNS_OUT) == {}


def test_another_lead_time_of_an_import_is_looked_at_at_once(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 200, lead_time_days=1)
    weeks_of(told, "MUG", 14)
    told.promise("MUG", 160)
    look_at_the_day(told)
    assert told.open_rules() == {}
    rows = (StockRow(2, "MUG", lead_time_days=21),)
    file = StockFile(StockFileKind.SYNCD, "utf-8", ",", rows, (), (), shows_available=False)
    stocktake.commit(told.house, stocktake.look(told.house, file, counted_at=None))
    assert told.open_rules() == {"MUG": "low"}


def test_nobody_bought_one_for_half_a_year(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("VASE", 9)
    told.clock.forward(days=179)
    look_at_the_day(told)
    assert open_now(database, Family.SLOW) == {}
    told.clock.forward(days=1)
    look_at_the_day(told)
    assert open_now(database, Family.SLOW) == {"VASE": Rule.DEAD}
    told.promise("VASE", 1)
    told.clock.forward(days=1)
    look_at_the_day(told)
    assert open_now(database, Family.SLOW) == {}
    assert told_of(database) == [(ANNA, "raised", "dead")]


def test_too_much_of_what_sells_slowly(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("VASE", 500)
    weeks_of(told, "VASE", 2)
    look_at_the_day(told)
    assert open_now(database, Family.SLOW) == {"VASE": Rule.OVERSTOCK}


# ---------------------------------------------------------------------- what is no stock


def test_an_incident_is_told_when_it_opens_and_is_over_when_it_closes(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    with database.write() as tx:
        open_parked(tx, told)
    assert told_of(database) == [(ANNA, "raised", "channel")]
    with database.write() as tx:
        incidents.close_incident(tx, IncidentKind.PARKED, channel="woo", subject="woo", now=told.clock())
    assert told_of(database)[1:] == [(ANNA, "over", "channel")]
    assert open_now(database, Family.INCIDENT) == {}


def open_parked(tx: Tx, told: Told) -> None:
    incidents.open_incident(
        tx,
        IncidentKind.PARKED,
        channel="woo",
        subject="woo",
        text=Said("woo: {error}", error="it turned us away"),
        hint=Said("Look at it: syncd check"),
        now=told.clock(),
    )


def test_an_incident_that_another_process_opened_is_found_by_the_sweep(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    before_commit, database.before_commit = database.before_commit, lambda _tx: None
    with database.write() as tx:
        open_parked(tx, told)
    database.before_commit = before_commit
    evaluator.sweep(told.house)
    evaluator.sweep(told.house)
    assert told_of(database) == [(ANNA, "raised", "channel")]


def test_an_oversold_sku_is_told_by_its_stock_alone(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 1)
    told.promise("MUG", 3)
    with database.read() as tx:
        assert {one.family for one in alerts.open_alerts(tx)} == {Family.STOCK}


def test_every_kind_of_incident_has_a_rule() -> None:
    assert {*evaluator.RULE_OF, IncidentKind.OVERSOLD} == set(IncidentKind)


def test_a_hold_is_told_until_it_is_settled(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    with database.write() as tx:
        channels.ensure(tx, "woo", "woocommerce", told.clock())
        hold = holds.open_hold(tx, "woo", Held(Said("too much at once"), ()), told.clock())
    assert open_now(database, Family.HOLD) == {str(hold.id): Rule.HOLD}
    with database.write() as tx:
        holds.decide(tx, hold.id, holds.HoldState.APPROVED, told.clock())
    assert open_now(database, Family.HOLD) == {}
    assert told_of(database) == [(ANNA, "raised", "hold")]


def test_a_hold_and_its_reason_are_said_in_the_owners_language(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    reason = Said("{zeroed} of {listings} listings would become sold out", zeroed=7, listings=9)
    with database.write() as tx:
        channels.ensure(tx, "woo", "woocommerce", told.clock())
        hold = holds.open_hold(tx, "woo", Held(reason, ()), told.clock())
    (shown,) = desk.board(told.house, "he", closed_too=False).alerts
    message = render(Letter(told.clock(), (shown.item,)), language="he", zone=ZONE, today=told.house.today())
    assert unmarked(say_marked("he", reason, ZONE)) in unmarked(message.text)
    assert "would become" not in message.text
    assert f"syncd approve {hold.id}" in message.text


# ---------------------------------------------------------------------- a person's answers


def test_what_was_read_is_told_no_more_until_it_gets_worse(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 3)
    (read,) = desk.ack(told.house, ["MUG"])
    assert read.sku == "MUG"
    assert told_of(database) == []  # it was in no message yet
    assert desk.board(told.house, "en", closed_too=False).alerts == ()
    told.promise("MUG", 3)
    assert told_of(database) == [(ANNA, "escalated", "out")]
    (shown,) = desk.board(told.house, "en", closed_too=False).alerts
    assert shown.alert.seen_at is None


def test_what_was_put_off_is_told_once_more_if_it_is_still_so(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 3)
    told.sku("PEN", 3)
    desk.snooze(told.house, ["MUG", "PEN"], told.clock() + timedelta(days=3))
    told.move("PEN", 20)
    told.clock.forward(days=2, hours=23)
    evaluator.sweep(told.house)
    assert told_of(database) == []
    told.clock.forward(hours=1)
    evaluator.sweep(told.house)
    evaluator.sweep(told.house)
    assert told_of(database) == [(ANNA, "again", "low")]


def test_what_was_put_off_and_gets_worse_is_told_and_shown_at_once(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 3)
    desk.snooze(told.house, ["MUG"], told.clock() + timedelta(days=3))
    told.promise("MUG", 3)
    assert told_of(database) == [(ANNA, "escalated", "out")]
    assert len(desk.board(told.house, "en", closed_too=False).alerts) == 1
    told.clock.forward(days=4)
    evaluator.sweep(told.house)
    assert told_of(database) == [(ANNA, "escalated", "out")]


def test_of_a_lesser_step_hears_who_was_not_told_of_the_worse_one(database: Database) -> None:
    routes = Routes((ANNA, BEN), (Route(Matter(rule=Rule.OVERSOLD), (ANNA,)), Route(Matter(), (BEN,))))
    told = Told(database, MemoryNotifier(ANNA), MemoryNotifier(BEN), routes=routes)
    told.sku("MUG", 20)
    told.promise("MUG", 21)
    told.promise("MUG", -2)
    assert told_of(database) == [(ANNA, "raised", "oversold"), (ANNA, "over", "oversold"), (BEN, "raised", "out")]


def test_each_unit_more_that_was_promised_too_many_is_told(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("MUG", 20)
    for units in (21, 1, -1, 1, 1):
        told.promise("MUG", units)
    assert [event for _, event, _ in told_of(database)] == ["raised", "escalated", "escalated"]


def test_that_a_target_cannot_be_told_is_over_when_nobody_names_it_any_more(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA), MemoryNotifier(BEN))
    with database.write() as tx:
        evaluator.Evaluator(told.house, tx).at_target(ANNA, (Said("why"), Said("hint")))
    assert open_now(database, Family.TARGET) == {ANNA: Rule.TARGET}
    assert told_of(database) == [(BEN, "raised", "target")]
    evaluator.sweep(replace(told.house, routes=Routes((BEN,))))
    assert open_now(database, Family.TARGET) == {}


def test_numbers_of_alerts_go_before_skus_and_unknown_ones_are_refused(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    told.sku("PEN", 3)  # alert 1
    told.sku("1", 3)  # alert 2
    assert [one.sku for one in desk.ack(told.house, ["1"])] == ["PEN"]
    with pytest.raises(Refusal, match="no open alert 99999999999999999999"):
        desk.ack(told.house, ["99999999999999999999"])
    with pytest.raises(Refusal, match="over already"):
        desk.snooze(told.house, ["2"], NOON)


def test_the_day_of_the_last_look_at_everything_is_kept(database: Database) -> None:
    told = Told(database, MemoryNotifier(ANNA))
    evaluator.sweep(told.house)
    with database.read() as tx:
        assert meta.get(tx, evaluator.LOOKED_ON) == NOON.toordinal()


def test_events_are_words_that_the_database_keeps() -> None:
    assert {Event(event.value) for event in Event} == set(Event)
