"""What a person should know: incidents, parked items, holds, and the state of the channels."""

from __future__ import annotations

from datetime import timedelta

from syncd.domain.safety import Change, Held
from syncd.domain.said import Said
from syncd.storage import channels, holds, incidents
from syncd.storage.channels import Mode
from syncd.storage.holds import HoldState
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import Database
from tests.databases import NOON
from tests.storage.stock import at, channel


def tell(
    db: Database, text: str, *, subject: str = "11", kind: IncidentKind = IncidentKind.EDIT, hours: float = 0
) -> bool:
    with db.write() as tx:
        words = {"text": Said.verbatim(text), "hint": Said("Look")}
        return incidents.open_incident(tx, kind, channel="woo", subject=subject, **words, now=at(hours))


def close(db: Database, subject: str = "11") -> None:
    with db.write() as tx:
        incidents.close_incident(tx, IncidentKind.EDIT, channel="woo", subject=subject, now=at(5))


def open_texts(db: Database) -> list[str]:
    with db.read() as tx:
        return [one.text for one in incidents.open_incidents(tx)]


def test_an_incident_is_opened_once_and_keeps_the_latest_words(database: Database) -> None:
    assert tell(database, "shows 5")
    assert not tell(database, "shows 6", hours=1)
    with database.read() as tx:
        (found,) = incidents.open_incidents(tx)
    assert (found.text, found.hint, found.opened_at) == ("shows 6", "Look", NOON)


def test_what_an_incident_says_can_be_said_in_another_language_later(database: Database) -> None:
    said = Said.number("{number} order since {since}", "{number} orders since {since}", 3, since=NOON)
    hint = Said("Look: {why}", why=Said("it broke"))

    def found() -> incidents.Incident:
        with database.read() as tx:
            (one,) = incidents.open_incidents(tx)
        return one

    with database.write() as tx:
        incidents.open_incident(tx, IncidentKind.GAP, subject="x", text=said, hint=hint, now=NOON)
    one = found()
    assert (one.said, one.hint_said) == (said, hint)
    assert (one.text, one.hint) == ("3 orders since 2026-11-23 12:00 UTC", "Look: it broke")
    with database.write() as tx:
        assert not incidents.open_incident(tx, IncidentKind.GAP, subject="x", text=Said("none"), now=NOON)
    one = found()
    assert (one.text, one.hint, one.said, one.hint_said) == ("none", "", Said("none"), None)


def test_incidents_differ_by_kind_and_subject(database: Database) -> None:
    assert tell(database, "a")
    assert tell(database, "b", subject="12")
    assert tell(database, "c", kind=IncidentKind.REJECTED)
    close(database)
    assert open_texts(database) == ["b", "c"]


def test_a_closed_incident_opens_anew_when_its_cause_is_back(database: Database) -> None:
    assert tell(database, "shows 5")
    close(database)
    assert open_texts(database) == []
    assert tell(database, "shows 7", hours=6)
    assert open_texts(database) == ["shows 7"]


def test_closing_what_is_not_open_changes_nothing(database: Database) -> None:
    close(database)
    assert tell(database, "shows 5")
    close(database, "99")
    assert open_texts(database) == ["shows 5"]


def test_incidents_of_one_channel_can_be_asked_for(database: Database) -> None:
    tell(database, "woo's")
    with database.write() as tx:
        incidents.open_incident(tx, IncidentKind.RESTORED, subject="database", text=Said("older"), now=NOON)
        assert [one.text for one in incidents.open_incidents(tx, "woo")] == ["woo's"]
        assert [one.text for one in incidents.open_incidents(tx)] == ["woo's", "older"]


# ---------------------------------------------------------------- parked items


def park(db: Database, ref: str, hours: float = 0, *listing_ids: str) -> None:
    with db.write() as tx:
        incidents.park(tx, "woo", ref, reason="1.5 pieces", sample="x" * 999, listing_ids=listing_ids, now=at(hours))


def test_a_parked_item_freezes_its_listings_until_it_can_be_read(database: Database) -> None:
    park(database, "order 1", 0, "11", "12")
    park(database, "order 2", 0, "12")
    with database.write() as tx:
        assert incidents.parked_listing_ids(tx) == {"woo": {"11", "12"}}
        assert incidents.unpark(tx, "woo", "order 1")
        assert not incidents.unpark(tx, "woo", "order 1")
        assert not incidents.unpark(tx, "shopify", "order 2")
        assert incidents.parked_listing_ids(tx) == {"woo": {"12"}}


def test_an_item_that_cannot_be_read_again_is_parked_again(database: Database) -> None:
    park(database, "order 1", 0, "11")
    with database.write() as tx:
        incidents.unpark(tx, "woo", "order 1")
    park(database, "order 1", 2, "13")
    with database.read() as tx:
        assert incidents.parked_listing_ids(tx) == {"woo": {"13"}}


def test_an_item_that_a_person_closed_opens_again_only_for_another_reason(database: Database) -> None:
    park(database, "order 1", 0, "11")
    with database.write() as tx:
        assert incidents.dismiss_parked(tx, "woo", "order 1", at(1))
        assert not incidents.dismiss_parked(tx, "woo", "order 1", at(1))
    park(database, "order 1", 2, "11")
    with database.write() as tx:
        assert incidents.parked_listing_ids(tx) == {}
        assert incidents.park(tx, "woo", "order 1", reason="2.5 pieces", sample="", listing_ids=("11",), now=at(3))
        assert incidents.parked_listing_ids(tx) == {"woo": {"11"}}


def test_parked_items_are_looked_at_with_growing_pauses_and_daily_at_least(database: Database) -> None:
    park(database, "order 1")
    minute = timedelta(minutes=1)
    with database.read() as tx:
        assert incidents.due_parked(tx, "woo", NOON + 1 * minute) == []
        assert incidents.due_parked(tx, "woo", NOON + 2 * minute) == ["order 1"]
    for _ in range(40):
        park(database, "order 1")
    with database.read() as tx:
        assert incidents.due_parked(tx, "woo", NOON + 600 * minute) == []
        assert incidents.due_parked(tx, "woo", NOON + timedelta(days=1)) == ["order 1"]


# ---------------------------------------------------------------- holds


def hold(db: Database, after: int, hours: float = 0) -> holds.Hold:
    held = Held(
        Said("{zeroed} of 10 listings would become sold out", zeroed=9 + after), (Change(1, 8, after), Change(2, 5, 0))
    )
    with db.write() as tx:
        return holds.open_hold(tx, "woo", held, at(hours))


def test_a_channel_has_one_open_hold_that_is_kept_up_to_date(database: Database) -> None:
    channel(database)
    first, second = hold(database, 0), hold(database, 1, hours=2)
    assert first.id == second.id
    with database.read() as tx:
        (found,) = holds.every_open(tx)
        assert holds.get(tx, first.id) == found
        assert holds.get(tx, 999) is None
    assert found.changes == (Change(1, 8, 1), Change(2, 5, 0))
    assert found.reason == "10 of 10 listings would become sold out"
    assert found.said == Said("{zeroed} of 10 listings would become sold out", zeroed=10)
    assert (found.state, found.created_at) == (HoldState.OPEN, NOON)


def test_a_hold_that_was_decided_or_passed_is_not_open_and_a_new_one_has_a_new_number(database: Database) -> None:
    channel(database)
    first = hold(database, 0)
    with database.write() as tx:
        holds.decide(tx, first.id, HoldState.REJECTED, at(1))
        assert holds.every_open(tx) == []
    second = hold(database, 0)
    assert second.id != first.id
    with database.write() as tx:
        holds.pass_over(tx, "woo", at(2))
        assert holds.every_open(tx) == []
        states = [found.state for one in (first, second) if (found := holds.get(tx, one.id))]
    assert states == [HoldState.REJECTED, HoldState.PASSED]


# ---------------------------------------------------------------- channels


def test_a_new_channel_is_in_shadow_and_silent_since_it_was_made(database: Database) -> None:
    channel(database)
    with database.write() as tx:
        again = channels.ensure(tx, "woo", "memory", at(3))
        assert channels.get(tx, "shopify") is None
    assert (again.mode, again.created_at, again.cursor) == (Mode.SHADOW, NOON, None)
    assert again.silent_since() == NOON


def test_a_channel_keeps_its_mode_and_cursor_and_takes_its_new_kind(database: Database) -> None:
    channel(database)
    with database.write() as tx:
        channels.change(tx, "woo", mode=Mode.LIVE, cursor="7", pulled_at=at(2))
        channels.ensure(tx, "shopify", "shopify", NOON)
        again = channels.ensure(tx, "woo", "woocommerce", at(3))
        assert [one.name for one in channels.every(tx)] == ["shopify", "woo"]
    assert (again.kind, again.mode, again.cursor, again.silent_since()) == ("woocommerce", Mode.LIVE, "7", at(2))


def test_a_quiet_day_that_a_person_has_closed_is_told_again_only_after_an_order(database: Database) -> None:
    def look(*, quiet: bool, hours: float) -> bool:
        with database.write() as tx:
            if not quiet:
                incidents.close_incident(tx, IncidentKind.QUIET, channel="woo", subject="orders", now=at(hours))
                return False
            return incidents.open_incident(
                tx, IncidentKind.QUIET, channel="woo", subject="orders", text=Said("no order"), now=at(hours)
            )

    assert look(quiet=True, hours=0)
    with database.write() as tx:
        incidents.close_incident(
            tx, IncidentKind.QUIET, channel="woo", subject="orders", now=at(1), by=incidents.ClosedBy.PERSON
        )
    assert not look(quiet=True, hours=2)
    look(quiet=False, hours=3)
    assert look(quiet=True, hours=9)


def test_an_edit_that_a_person_has_closed_comes_back_while_it_lasts(database: Database) -> None:
    assert tell(database, "woo shows 12")
    with database.write() as tx:
        incidents.close_incident(
            tx, IncidentKind.EDIT, channel="woo", subject="11", now=at(1), by=incidents.ClosedBy.PERSON
        )
    assert tell(database, "woo shows 12", hours=2)
