"""Stock files in and out, as an owner types it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syncd.cli import instants
from syncd.storage import catalogue, ledger
from tests.cli.command_kit import Shops

JERUSALEM = ZoneInfo("Asia/Jerusalem")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def written(shops: Shops, text: str, name: str = "stock.csv") -> str:
    path = shops.folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def woo_export(shops: Shops, **stock: int | None) -> str:
    lines = [
        f"{number},simple,{sku},{sku},1,1,{'' if units is None else units},,"
        for number, (sku, units) in enumerate(stock.items(), 1)
    ]
    header = "ID,Type,SKU,Name,Published,In stock?,Stock,Low stock amount,Parent"
    return written(shops, "\n".join([header, *lines]) + "\n", "wc-product-export.csv")


def on_hand(shops: Shops) -> dict[str, int]:
    db = shops.database()
    with db.read() as tx:
        pools, names = ledger.pools(tx), {sku_id: sku for sku, sku_id in catalogue.ids(tx).items()}
    db.close()
    return {names[sku_id]: found.own for sku_id, found in pools.items()}


def test_a_file_is_counted_and_the_owner_reads_what_it_did(shops: Shops) -> None:
    path = written(shops, "SKU;Location;Name;On hand;Buffer\nHAT;Attic;Hat;7;3\nBELT;;Belt;0;\n")
    told = shops.done("import", path, "--counted-at", "2026-11-01 10:14").out
    assert told == (
        "stock.csv: a stock file, read as utf-8, with semicolons, 2 rows.\n"
        "New locations, taken as own stock: Attic.\n"
        "2 new SKUs: BELT, HAT.\n"
        "  SKU   location      on hand  ->\n"
        "  HAT   Attic     not counted   7\n"
        "  BELT  shelf     not counted   0\n"
        "Changed: Name of 2 SKUs.\n"
        "Set: Buffer of 1 SKU.\n"
        "2 SKUs, 7 units, counted 2026-11-01 10:14.\n"
    )
    assert on_hand(shops) == {"HAT": 7, "BELT": 0}


def test_a_dry_run_tells_and_changes_nothing(shops: Shops) -> None:
    told = shops.done("import", written(shops, "SKU,On hand\nHAT,7\n"), "--counted-at", "now", "--dry-run").out
    assert "1 new SKU: HAT.\n" in told
    assert told.endswith("Nothing was changed (--dry-run).\n")
    assert on_hand(shops) == {}


def test_every_bad_row_is_named_and_nothing_is_imported_unless_they_may_be_skipped(shops: Shops) -> None:
    bad = "".join(f"BAD-{number},many\n" for number in range(25))
    path = written(shops, f"SKU,On hand\nHAT,7\n{bad}")
    ended = shops.syncd("import", path, "--counted-at", "now")
    assert ended.code == 2
    assert (
        ended.err
        == "Nothing was imported: 25 rows are bad. Mend the file, or take the other rows with --skip-bad-rows.\n"
    )
    assert 'On hand "many" is not a number.' in ended.out
    assert ("  22  " in ended.out, "  23  " in ended.out) == (True, False)
    assert "  and 5 more bad rows\n" in ended.out
    assert on_hand(shops) == {}
    told = shops.done("import", path, "--counted-at", "now", "--skip-bad-rows").out
    assert "1 SKU, 7 units" in told
    assert on_hand(shops) == {"HAT": 7}


def test_without_a_terminal_the_time_of_a_count_must_be_said(shops: Shops) -> None:
    ended = shops.syncd("import", written(shops, "SKU,On hand\nHAT,7\n"))
    assert ended.code == 2
    assert ended.err == (
        "The file has counts, and it is not said when they were made. "
        'Say it with --counted-at "2026-11-22 10:14", or --counted-at now.\n'
    )
    assert shops.done("import", written(shops, "SKU,Name\nHAT,Hat\n")).out.endswith(
        "1 SKU changed; nothing was counted.\n"
    )


def test_on_a_terminal_the_time_is_asked_until_it_makes_sense(shops: Shops) -> None:
    path = written(shops, "SKU,On hand\nHAT,7\n")
    shops.syncd("--version")  # writes the settings
    master, slave = pty.openpty()
    arguments = [sys.executable, "-m", "syncd", "--env-file", str(shops.env_file), "import", path]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "COLUMNS": "120"}
    with subprocess.Popen(
        arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environ
    ) as process:
        os.close(slave)
        shown = b""
        for awaited, typed in (
            (b"or now)", b"yesterday\n"),
            (b"is not a time", b""),
            (b"or now)", b"2026-11-01 10:14\n"),
        ):
            while awaited not in shown:
                shown += os.read(master, 1024)
            shown = shown.split(awaited, 1)[1]  # one reading may bring the next prompt too
            os.write(master, typed)
        assert process.wait() == 0
    os.close(master)
    assert on_hand(shops) == {"HAT": 7}


def test_units_of_open_orders_are_added_to_a_woocommerce_export(shops: Shops) -> None:
    shops.woo.add_simple("HAT", "Hat", stock=10)
    shops.woo.add_simple("BELT", "Belt", stock=4)
    shops.buy_in_woo("HAT", 3)
    shops.forget_calls()
    path = woo_export(shops, HAT=7, BELT=4, CARD=None)
    told = shops.done("import", path, "--counted-at", "now").out
    assert "WooCommerce's product export" in told
    assert "  1 row passed over: The shop does not count its stock (which is not zero).\n" in told
    assert "Open orders of woo hold 3 units of these; they are added.\n" in told
    assert "2 SKUs, 14 units" in told
    assert on_hand(shops) == {"HAT": 10, "BELT": 4}
    assert shops.write_calls() == []


def test_an_export_is_not_taken_for_numbers_of_a_later_time(shops: Shops) -> None:
    path = woo_export(shops, HAT=7)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    os.utime(path, (an_hour_ago.timestamp(),) * 2)
    ended = shops.syncd("import", path, "--counted-at", "now")
    assert ended.code == 2
    assert "it cannot show what the shop showed later" in ended.err
    assert f'--counted-at "{an_hour_ago.astimezone(JERUSALEM):%Y-%m-%d %H:%M}"' in ended.err


def test_a_shop_that_does_not_answer_is_no_reason_to_guess(shops: Shops) -> None:
    path = woo_export(shops, HAT=7)
    shops.set(WOO_KEY="ck_wrong")
    ended = shops.syncd("import", path, "--counted-at", "2026-11-01 10:14")
    assert ended.code != 0
    assert "The open orders of woo" in ended.err
    assert "--no-orders" in ended.err
    assert on_hand(shops) == {}
    shops.done("import", path, "--counted-at", "2026-11-01 10:14", "--no-orders")
    assert on_hand(shops) == {"HAT": 7}


def test_what_looks_too_big_needs_a_yes(shops: Shops) -> None:
    rows = [f"SKU-{number}" for number in range(10)]
    full = written(shops, "SKU,On hand\n" + "".join(f"{sku},40\n" for sku in rows), "full.csv")
    empty = written(shops, "SKU,On hand\n" + "".join(f"{sku},0\n" for sku in rows), "empty.csv")
    shops.done("import", full, "--counted-at", "now")
    ended = shops.syncd("import", empty, "--counted-at", "now")
    assert ended.code == 3
    assert ended.err.startswith("Of 10 SKUs that were counted before, 10 would be 0")
    assert on_hand(shops)["SKU-0"] == 40
    shops.done("import", empty, "--counted-at", "now", "--yes")
    assert set(on_hand(shops).values()) == {0}


@pytest.mark.parametrize("name", ["stock.csv", "stock.xlsx"])
def test_what_is_exported_can_be_imported_again_and_changes_nothing(shops: Shops, name: str) -> None:
    first = written(shops, "SKU,Name,On hand,Buffer,Cost\nHAT,=Hat,7,10%,1.2340\nBELT,Belt,0,,\n", "first.csv")
    shops.done("import", first, "--counted-at", "now")
    assert shops.done("export", name).out == f"{name}: 2 SKUs, 2 rows.\n"
    assert (shops.folder / name).read_bytes().startswith(b"PK" if name.endswith("xlsx") else b"\xef\xbb\xbf")
    told = shops.done("import", name, "--counted-at", "now").out
    assert "2 rows change nothing.\n" in told
    assert "->" not in told and "Set:" not in told and "Changed:" not in told


def test_an_export_writes_over_no_file_unless_forced(shops: Shops) -> None:
    path = written(shops, "mine")
    ended = shops.syncd("export", path)
    assert (ended.code, Path(path).read_text()) == (2, "mine")
    assert "--force" in ended.err
    shops.done("export", path, "--force")
    assert Path(path).read_text(encoding="utf-8-sig").startswith("SKU,Location,")


# -------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("now", NOW),
        ("2026-11-22 10:14", datetime(2026, 11, 22, 8, 14, tzinfo=UTC)),
        ("2026-07-01 10:14:30", datetime(2026, 7, 1, 7, 14, 30, tzinfo=UTC)),
        ("2026-11-22T10:14:00+01:00", datetime(2026, 11, 22, 9, 14, tzinfo=UTC)),
        ("2026-11-22T10:14Z", datetime(2026, 11, 22, 10, 14, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_the_owners_time_zone_unless_it_names_another(typed: str, meant: datetime) -> None:
    assert instants.parse(typed, JERUSALEM, NOW) == meant


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("yesterday", "'yesterday' is not a time."),
        ("2026-11-22", "'2026-11-22' is not a time."),
        ("2026-13-22 10:14", "'2026-13-22 10:14' is not a time."),
        ("2026-11-23 11:01", "2026-11-23 11:01 has not come yet."),
        ("9999-12-31T23:59-12:00", "9999-12-31T23:59-12:00 has not come yet."),
        ("0001-01-01 00:00", "0001-01-01 00:00 was before there were web shops."),
        ("2026-03-27 02:30", "There was no 02:30 on 2026-03-27 in Asia/Jerusalem: the clocks leapt over it."),
        ("2026-10-25 01:30", "01:30 came twice on 2026-10-25 in Asia/Jerusalem: the clocks were set back."),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_in_words(typed: str, told: str) -> None:
    with pytest.raises(instants.TimeError) as refused:
        instants.parse(typed, JERUSALEM, NOW)
    assert refused.value.sentence == told


def test_a_time_that_came_twice_is_refused_with_both_ways_to_say_it() -> None:
    with pytest.raises(instants.TimeError) as refused:
        instants.parse("2026-10-25 01:30", JERUSALEM, NOW)
    first, second = refused.value.hint.split('"')[1::2]
    earlier, later = (instants.parse(text, JERUSALEM, NOW) for text in (first, second))
    assert later - earlier == timedelta(hours=1)
