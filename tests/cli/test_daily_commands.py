"""What an owner does every day: sync, tell by hand, set rules, look."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd.storage import leases
from syncd.storage.leases import Holder
from tests.cli.command_kit import Shops


def test_a_sync_with_nothing_to_do_makes_no_write_call(shops: Shops) -> None:
    shops.live({"HAT": 10, "BELT": 1})
    shops.forget_calls()
    told = shops.done("sync").out
    assert "woo         0 orders  0 units      0      2        0        0         0\n" in told
    assert shops.write_calls() == []


def test_a_dry_run_reads_sales_and_writes_nothing(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.buy_in_woo("HAT", 3)
    shops.forget_calls()
    told = shops.done("sync", "--dry-run").out
    assert "  woo         1 order   3 units\n" in told
    assert "  shopify_il  1 lower, 0 higher, 0 right\n" in told
    assert shops.write_calls() == []
    assert shops.shown("HAT") == (5, 9)


def test_a_sync_narrowed_to_a_channel_and_a_sku_reads_all_and_writes_that(shops: Shops) -> None:
    shops.live({"HAT": 10, "BELT": 10})
    for sku in ("HAT", "BELT"):
        shops.done("count", sku, "8")
    shops.done("sync", "--channel", "woo", "--sku", "HAT")
    assert (shops.shown("HAT"), shops.shown("BELT")) == ((6, 9), (8, 9))


def test_what_is_in_shadow_is_named_and_left_alone(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 10})
    shops.done("adopt", "woo", "--yes")
    told = shops.done("sync").out
    assert "woo, shopify_il: in shadow, nothing is written. Look at: syncd plan" in told
    assert shops.shown("HAT") == (10, 10)


def test_another_syncd_at_work_is_told_by_its_own_exit_code(shops: Shops) -> None:
    shops.live({"HAT": 10})
    db = shops.database()
    with db.write() as tx:
        assert leases.take(tx, "woo", Holder("another", "elsewhere", 1), datetime.now(UTC))
    db.close()
    shops.forget_calls()
    ended = shops.syncd("sync", "--wait", "0")
    assert ended.code == 75
    assert ended.err == "Another syncd works on woo right now. Try again when it is done; nothing was changed.\n"
    assert shops.write_calls() == []


def test_a_dead_shop_does_not_stop_the_other(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.set(WOO_KEY="ck_wrong")
    shops.buy_in_shopify("HAT", 2)
    ended = shops.syncd("sync")
    assert ended.code == 1
    assert "woo         not read" in ended.out
    assert ended.err.startswith("woo: ")
    assert "ck_wrong" not in ended.out + ended.err
    assert "woo         live, read " in shops.done("status").out
    assert "stands still: " in shops.done("status").out


def test_what_is_told_by_hand_shows_the_new_stock_and_reaches_the_shops(shops: Shops) -> None:
    shops.live({"HAT": 10})
    assert shops.done("sell", "HAT", "2").out == (
        "HAT: on hand 8 - reserved 0 = available 8\nThe service tells the shops now; without it: syncd sync\n"
    )
    assert shops.done("receive", "HAT", "5").out.startswith("HAT: on hand 13 ")
    assert shops.done("adjust", "HAT", "-1", "--reason", "damaged").out.startswith("HAT: on hand 12 ")
    assert shops.done("adjust", "HAT", "+2", "--reason", "found").out.startswith("HAT: on hand 14 ")
    returned = shops.done("return", "HAT", "1").out
    assert returned == "HAT: on hand 14 - reserved 0 = available 14\nGood as new? syncd accept HAT 1\n"
    assert shops.done("accept", "HAT", "1").out.startswith("HAT: on hand 15 ")
    assert shops.done("count", "HAT", "7").out.startswith("HAT: on hand 7 ")
    shops.done("sync")
    assert shops.shown("HAT") == (5, 6)


def test_a_count_is_taken_at_the_time_that_the_owner_typed_in_his_own_zone(shops: Shops) -> None:
    shops.done("count", "HAT", "7", "--counted-at", "2026-01-02 10:14")
    assert shops.done("explain", "HAT").out.startswith("on hand 7 (shelf, counted 2026-01-02 10:14) - reserved 0")
    assert shops.done("explain", "HAT", "--json").json["counted_at"] == "2026-01-02T10:14:00+02:00"


def test_a_sku_that_is_new_is_named_with_what_looks_like_it_and_where_it_is_sold(shops: Shops) -> None:
    shops.woo.add_simple("MUG-350", "Mug 350 ml", stock=3)
    shops.done("map")
    told = shops.done("count", "MUG-350", "5").out
    assert told.endswith("MUG-350 is new in the master table, sold in woo: Mug 350 ml.\n")
    told = shops.done("count", "MUG350", "5").out
    assert told.endswith(
        "MUG350 is new in the master table, in no shop yet, by what syncd map read last.\nNear to it: MUG-350.\n"
    )
    assert "new in the master table" not in shops.done("count", "MUG350", "6").out


def test_a_count_that_is_older_than_another_tells_that_the_newer_one_stands(shops: Shops) -> None:
    shops.done("count", "HAT", "7", "--counted-at", "2026-01-02 10:14")
    assert "newer" not in shops.done("count", "HAT", "8", "--counted-at", "2026-01-03 10:14").out
    told = shops.done("count", "HAT", "5", "--counted-at", "2026-01-01 10:14").out
    assert told.startswith("HAT: on hand 8 ")
    assert told.endswith("The count of 2026-01-03 10:14 is newer than this one and stands.\n")


def test_a_sale_of_more_than_there_are_is_booked_and_told(shops: Shops) -> None:
    shops.done("count", "HAT", "1")
    short = "2 more sold than there are. Is more on the shelf? syncd count HAT UNITS\n"
    assert short in shops.done("sell", "HAT", "3").out
    assert "3 more sold" in shops.done("adjust", "HAT", "-1", "--reason", "lost").out


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (("sell", "HTA", "1"), 2, "There is no SKU HTA. Did you mean HAT?\n"),
        (("sell", "HAT", "0"), 1, "0 is not a number of units. Give a whole number from 1 up.\n"),
        (("receive", "HAT", "7290001234567"), 1, "7290001234567 is too large to be units; is it a barcode?"),
        (("sell", "HAT", "9" * 40), 1, "9999999999999999999999999999999999999999 is too large to be units; is it"),
        (("adjust", "HAT", "-1000000001", "--reason", "lost"), 1, "-1000000001 is too large to be units; is it a"),
        (("count", "HAT", "7290001234567"), 1, "7290001234567 is too large to be units; is it a barcode?"),
        (("return", "HAT", "7290001234567"), 1, "7290001234567 is too large to be units; is it a barcode?"),
        (("accept", "HAT", "7290001234567"), 1, "7290001234567 is too large to be units; is it a barcode?"),
        (("sell", "HAT", "-1"), 1, "-1 is not a number of units. Give a whole number from 1 up. To put the stock"),
        (("count", "HAT", "-1"), 1, "There cannot be fewer than 0 on a shelf."),
        (("import", "."), 2, ".: It is a folder. Name a file in it.\n"),
        (("sell", "HAT", "1", "--channel", "moon"), 2, "There is no channel moon. Configured in SYNCD_CHANNELS: woo,"),
        (("sell", "HAT", "1", "--location", "moon"), 2, "There is no location moon. Known: shelf, quarantine."),
        (("count", "hat", "7"), 1, "hat differs from HAT only by case or blanks. If that is meant: syncd count HAT 7"),
        (("count", "H AT", "7"), 1, "H AT differs from HAT only by case or blanks."),
        (("count", " ", "7"), 1, "A SKU is not empty, has no blanks around it and no invisible characters."),
        (("count", "A\u200fB", "7"), 1, "A SKU is not empty, has no blanks around it and no invisible characters."),
        (("accept", "HAT", "1"), 1, "Only 0 of HAT are in quarantine. See: syncd explain HAT\n"),
        (("count", "HAT", "7", "--counted-at", "soon"), 2, "'soon' is not a time. "),
        (("count", "HAT", "7", "--counted-at", "2999-01-01 10:00"), 2, "2999-01-01 10:00 has not come yet."),
        (("explain", "HTA"), 2, "There is no SKU HTA. Did you mean HAT?\n"),
        (("sync", "--channel", "moon"), 2, "There is no channel moon. "),
        (("sync", "--sku", "HTA"), 2, "There is no SKU HTA. "),
        (("plan", "moon"), 2, "There is no channel moon. "),
        (("map", "moon"), 2, "There is no channel moon. "),
        (("heal", "woo", "HAT"), 1, "woo shows no other number of HAT than was expected."),
        (("decide", "woo", "99", "back"), 1, "Nothing of order 99 in woo waits for a decision."),
        (("decide", "moon", "99", "back"), 2, "There is no channel moon. "),
        (("approve", "3"), 1, "There is no open hold 3. See them all: syncd holds\n"),
        (("approve", "9" * 20), 1, "There is no open hold 99999999999999999999. See them all: syncd holds\n"),
        (("decide", "woo", "9" * 20, "gone"), 1, "Nothing of order 99999999999999999999 in woo waits"),
        (
            ("close", "9" * 20),
            1,
            "There is no open incident 99999999999999999999. See them all: ",
        ),
        (("close", "3"), 1, "There is no open incident 3. See them all: syncd incidents --all\n"),
        (("close", "woo", "77"), 1, "No item 77 of woo waits for anybody."),
        (("rollback", "woo"), 1, "woo never went live. There is nothing to restore.\n"),
        (("set", "HTA", "--cap", "3"), 2, "There is no SKU HTA. "),
        (("set", "HAT", "--channel", "woo", "--reorder-point", "3"), 1, "A reorder point holds for all channels"),
        (("set", "--category", "Hats", "--cap", "3"), 1, "No SKU has the category Hats. "),
    ],
)
def test_a_mistake_is_one_sentence_with_the_way_out(
    shops: Shops, command: tuple[str, ...], code: int, told: str
) -> None:
    shops.done("count", "HAT", "10")
    ended = shops.syncd(*command)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(told)
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("set", "HAT"), "say what to set"),
        (("set", "--cap", "3"), "name one SKU"),
        (("set", "HAT", "--cap", "many"), "a whole number, 0 or more"),
        (("set", "HAT", "--cap", "7290001234567"), "of up to 9"),
        (("set", "HAT", "--buffer", "x"), "units such as 2, or percent"),
        (("adjust", "HAT", "-1"), "--reason"),
        (("sync", "--wait", "9" * 20), "--wait"),
        (("sell", "HAT", "1", "--chanel", "woo"), "--chanel"),
        (("close", "woo"), "name an incident by its number"),
        (("map", "accept", "woo"), "name SKUs, or say --all"),
        (("decide", "woo", "7", "eaten"), "'eaten' is not one of"),
    ],
)
def test_a_command_that_lacks_something_says_what(shops: Shops, command: tuple[str, ...], told: str) -> None:
    ended = shops.syncd(*command)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err


def test_rules_are_set_and_taken_back_and_reach_the_shops(shops: Shops) -> None:
    shops.live({"HAT": 10})
    assert shops.done("set", "HAT", "--channel", "woo", "--buffer", "50%").out.startswith("HAT on woo: buffer 50%. ")
    shops.done("set", "HAT", "--cap", "6")
    shops.done("sync")
    assert shops.shown("HAT") == (5, 6)
    assert "  woo         10 - buffer 5 = 5 offered, " in shops.done("explain", "HAT").out
    shops.done("set", "HAT", "--channel", "woo", "--buffer", "none")
    shops.done("set", "HAT", "--cap", "none", "--cut-off", "9")
    shops.done("sync")
    assert shops.shown("HAT") == (0, 9)
    assert (
        shops.done("set", "HAT", "--reorder-point", "12").out
        == "HAT: reorder-point 12. What is low: syncd stock --low\n"
    )
    assert "low\n" in shops.done("stock", "--low").out


def test_a_backup_is_a_copy_that_works(shops: Shops, tmp_path: Path) -> None:
    shops.done("count", "HAT", "7")
    assert shops.done("backup", str(tmp_path / "copy.db")).out == f"Saved: {tmp_path / 'copy.db'}\n"
    again = shops.syncd("backup", str(tmp_path / "copy.db"))
    assert (again.code, again.err.count("\n")) == (2, 1)
    shops.set(SYNCD_DATABASE_URL=f"sqlite:///{tmp_path / 'copy.db'}")
    assert shops.done("stock", "--json").json["skus"][0]["on_hand"] == 7
