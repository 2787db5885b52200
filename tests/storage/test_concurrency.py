"""Several writers at once, on both databases: nobody waits for ever, nothing is lost, and order is order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from syncd.domain.movements import Kind
from syncd.domain.said import Said
from syncd.storage import catalogue, channels, leases, ledger, sequence
from syncd.storage.incidents import IncidentKind, open_incident, open_incidents
from syncd.storage.leases import Holder
from syncd.storage.session import Database, Tx
from tests.databases import NOON
from tests.storage.stock import count, move, shelf, sku


def at_once(jobs: Sequence[Callable[[], object]]) -> list[object]:
    """What each job gives, all of them started together; the first error where one breaks."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        start.wait(timeout=30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_writers_that_touch_the_same_skus_in_opposite_order_lose_nothing(database: Database) -> None:
    ids = [sku(database, f"SKU-{number}") for number in range(6)]
    for sku_id in ids:
        count(database, sku_id, 100)

    def book(worker: int) -> None:
        order = ids if worker % 2 else ids[::-1]
        for turn in range(5):
            with database.write() as tx:
                for sku_id in order:  # SKU by SKU, and each cancellation takes a place in the sequence
                    event = f"{worker}/{turn}/{sku_id}"
                    ledger.post(tx, [move(sku_id, Kind.SALE, reserved=2, event_id=f"{event}/sale")], NOON)
                    back = move(sku_id, Kind.CANCELLATION, reserved=-1, event_id=f"{event}/back")
                    ledger.post(tx, [back], NOON)

    at_once([lambda worker=worker: book(worker) for worker in range(4)])  # type: ignore[misc]
    with database.read() as tx:
        assert [pools.reserved for pools in ledger.pools(tx, ids).values()] == [20] * len(ids)
        assert ledger.audit(tx) == []


def test_a_pull_that_begins_and_a_raise_of_the_same_sku_do_not_block_each_other(database: Database) -> None:
    """A pull takes its place in the sequence first and then books; a cancellation books first."""
    shoe = sku(database)
    with database.write() as tx:
        ledger.post(tx, [move(shoe, Kind.SALE, reserved=100)], NOON)

    def pull(turn: int) -> None:
        with database.write() as tx:
            sequence.following(tx)
            ledger.post(tx, [move(shoe, Kind.CANCELLATION, reserved=-1, event_id=f"lapsed/{turn}")], NOON)

    def cancel(turn: int) -> None:
        with database.write() as tx:
            ledger.post(tx, [move(shoe, Kind.CANCELLATION, reserved=-1, event_id=f"back/{turn}")], NOON)

    for turn in range(10):
        at_once([lambda turn=turn: pull(turn), lambda turn=turn: cancel(turn)])  # type: ignore[misc]
    with database.read() as tx:
        assert ledger.pools(tx, [shoe])[shoe].reserved == 80


def test_a_later_commit_never_has_an_earlier_place_in_the_sequence(database: Database) -> None:
    """The raise rule rests on it: a pull with a higher place began after the change was committed."""
    shoe = sku(database)
    inside, finish = threading.Event(), threading.Event()

    def raise_slowly() -> int:
        with database.write() as tx:
            mine = sequence.following(tx)
            inside.set()
            assert finish.wait(timeout=30)
            ledger.post(tx, [move(shoe, on_hand=1, location_id=shelf(tx))], NOON)
        return mine

    def begin_pull() -> tuple[int, int]:
        assert inside.wait(timeout=30)
        finish.set()
        with database.write() as tx:
            place = sequence.following(tx)
            return place, ledger.pools(tx, [shoe])[shoe].own

    _, seen = at_once([raise_slowly, begin_pull])
    assert isinstance(seen, tuple)
    place, own = seen
    assert own == 1, "the pull has a later place than a raise that it did not see"
    assert place > 1


def test_the_same_thing_made_by_several_at_once_is_made_once(database: Database) -> None:
    def make(tx: Tx) -> tuple[int, int, str]:
        open_incident(tx, IncidentKind.RESTORED, subject="database", text=Said("older"), now=NOON)
        catalogue.set_limits(tx, catalogue.Scope.SKU, "NEW", None, {"cap": 5})
        made = catalogue.ensure(tx, "NEW"), catalogue.location(tx, "cellar"), channels.ensure(tx, "woo", "m", NOON).name
        count_all = ledger.Count(made[0], made[1], 7, f"count/{threading.get_ident()}")
        ledger.count_all(tx, [count_all], counted_at=NOON, reason="counted", now=NOON)
        return made

    def in_own_transaction() -> object:
        with database.write() as tx:
            return make(tx)

    assert len(set(at_once([in_own_transaction] * 4))) == 1
    with database.read() as tx:
        assert len(open_incidents(tx)) == 1
        assert len(catalogue.scoped_limits(tx)) == 1
        assert [pools.own for pools in ledger.pools(tx).values()] == [7]


def test_of_several_processes_one_gets_the_lease(database: Database) -> None:
    def take(name: str) -> bool:
        with database.write() as tx:
            return leases.take(tx, "woo", Holder(name, "host", 1), NOON)

    got = at_once([lambda name=name: take(name) for name in ("a", "b", "c", "d")])  # type: ignore[misc]
    assert sorted(got) == [False, False, False, True]  # type: ignore[type-var]


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    shoe = sku(database)
    count(database, shoe, 10)
    with database.read() as tx:
        before = ledger.pools(tx, [shoe])[shoe]
        with database.write() as other:
            ledger.post(other, [move(shoe, Kind.SALE, reserved=3)], NOON)
        assert ledger.pools(tx, [shoe])[shoe] == before
    with database.read() as tx:
        assert ledger.pools(tx, [shoe])[shoe].reserved == 3
