"""Which files are read, when, and what becomes of them."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from connectors.contract import CredentialsRejected, Level, Unavailable, Unreadable
from connectors.tables import table
from connectors.till import folder, memory, receipts
from tests.connectors.till.drawer import BAG, HEADER, SHOE, Drawer, line

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_an_unchanged_file_is_not_read_again(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line())
    assert len(drawer.pages()) == 2
    with patch.object(folder.Folder, "read", side_effect=AssertionError("read again")):
        assert [page.orders for page in drawer.pages()] == [()]


def test_of_a_file_that_grew_only_what_is_new_is_told(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1") + line("2"))
    drawer.poll()
    drawer.put("a.csv", HEADER + line("1") + line("2") + line("2", sku=BAG) + line("3"), ago=MINUTE)
    assert [[order.number for order in page.orders] for page in drawer.pages()] == [["2", "3"], []]
    assert drawer.poll() == {SHOE: 3, BAG: 1}


def test_of_a_file_that_grew_only_the_receipts_that_grew_are_understood_anew(drawer: Drawer) -> None:
    lines = "".join(line(str(number)) for number in range(100))
    drawer.put("a.csv", HEADER + lines)
    drawer.poll()
    with patch.object(receipts, "_sold", side_effect=receipts._sold) as read:
        drawer.put("a.csv", HEADER + lines + line("99") + line("100"), ago=MINUTE)
        assert drawer.poll() == {SHOE: 102}
    assert read.call_count == 3


def test_a_file_that_was_written_anew_is_told_anew(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1") + line("2"))
    drawer.poll()
    drawer.put("a.csv", HEADER + line("0") + line("2") + line("3"), ago=MINUTE)
    assert [[order.number for order in page.orders] for page in drawer.pages()] == [["0", "2", "3"], []]
    assert drawer.poll() == {SHOE: 4}


def test_a_large_file_comes_in_pages_and_only_the_last_says_that_it_was_read(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + "".join(line(str(number)) for number in range(1200)))
    pages = drawer.pages()
    assert [len(page.orders) for page in pages] == [100] * 12 + [0]
    for cursor in (pages[0].cursor, pages[1].cursor):  # killed in between: it is read again
        drawer.cursor = cursor
        assert sum(len(page.orders) for page in drawer.pages()) == 1200
    drawer.cursor = pages[-2].cursor
    assert sum(len(page.orders) for page in drawer.pages()) == 0


def test_small_files_come_together_and_each_is_told_with_its_page(drawer: Drawer) -> None:
    for number in range(120):
        drawer.put(f"{number}.csv", HEADER + line(f"{number}") + line(f"{number}", sku=BAG) + line(f"and {number}"))
    pages = drawer.pages()
    assert [len(page.orders) for page in pages] == [100, 100, 40, 0]
    drawer.cursor = pages[0].cursor  # killed after it
    assert [len(page.orders) for page in drawer.pages()] == [100, 40, 0]
    assert drawer.poll() == {SHOE: 240, BAG: 120}


@pytest.mark.parametrize("number", [1, 99, 100, 101, 200])
def test_no_receipt_is_lost_between_pages(drawer: Drawer, number: int) -> None:
    drawer.put("a.csv", HEADER + "".join(line(str(each)) for each in range(number)))
    assert drawer.poll() == {SHOE: number}


@pytest.mark.parametrize(
    ("content", "ago", "is_read"),
    [
        (HEADER + line(), timedelta(seconds=9), False),
        (HEADER + line(), timedelta(seconds=11), True),
        (HEADER + line().rstrip("\n"), timedelta(minutes=59), False),
        (HEADER + line().rstrip("\n"), timedelta(minutes=61), True),
        (HEADER + line(), timedelta(seconds=-50), False),  # its clock is ahead of ours
        (HEADER + line(), timedelta(days=-30), True),  # its time means nothing
    ],
)
def test_a_half_written_file_waits(drawer: Drawer, content: str, ago: timedelta, is_read: bool) -> None:
    drawer.put("a.csv", content, ago=ago)
    assert drawer.poll() == ({SHOE: 1} if is_read else {})
    assert drawer.parked() == []


@pytest.mark.parametrize("pause", [MINUTE, 10 * MINUTE, 55 * MINUTE])
def test_a_till_that_pauses_within_a_line_is_not_taken_at_its_half_word(drawer: Drawer, pause: timedelta) -> None:
    """Its buffer was full after the first figure of 12; it goes on at the next sale."""
    drawer.put("a.csv", HEADER + line("1", sku=BAG) + line("2", units=12)[:-2], ago=pause)
    assert drawer.poll() == {BAG: 1}
    assert drawer.parked() == []
    drawer.put("a.csv", HEADER + line("1", sku=BAG) + line("2", units=12) + line("3")[:-1], ago=MINUTE)
    assert drawer.poll() == {BAG: 1, SHOE: 12}


def test_a_last_line_that_never_ends_is_read_as_it_stands_after_an_hour_and_then_the_file_goes(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1") + line("2")[:-1], ago=50 * MINUTE)
    assert drawer.poll() == {SHOE: 1}
    drawer.now += 11 * MINUTE
    drawer.poll()
    assert drawer.names == ["a.csv"]
    assert drawer.poll() == {SHOE: 2}
    assert drawer.names == ["done/a.csv"]


def test_a_line_that_cannot_be_read_stays_a_trouble_while_its_file_is_written_anew(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1") + line("2", units="x"))
    (item,) = [item for page in drawer.pages() for item in page.parked]
    drawer.put("a.csv", HEADER + line("1") + "2,", ago=2 * MINUTE)
    assert [page.cleared for page in drawer.pages()] == [(), ()]
    drawer.put("a.csv", HEADER + line("1") + line("2"), ago=MINUTE)
    assert [page.cleared for page in drawer.pages()] == [(item.ref,), ()]
    assert drawer.poll() == {SHOE: 2}


def test_lines_of_two_bytes_a_letter_wait_until_they_end(drawer: Drawer) -> None:
    whole = (HEADER + line("1") + line("2", units=12)).encode("utf-16")
    drawer.put("a.csv", whole[:-6], ago=50 * MINUTE)
    assert drawer.poll() == {}
    drawer.put("a.csv", whole, ago=MINUTE)
    assert drawer.poll() == {SHOE: 13}


def test_a_broken_spreadsheet_waits_and_is_told_of_when_nobody_mends_it(drawer: Drawer) -> None:
    drawer.put("a.xlsx", b"PK\x03\x04 and no more", ago=9 * MINUTE)
    assert drawer.parked() == []
    drawer.now += 2 * MINUTE
    (told,) = drawer.parked()
    assert told.startswith("a.xlsx: This spreadsheet is broken.")


@pytest.mark.parametrize("name", ["a.csv.tmp", "a.csv.part", "a.csv.crdownload", "~$a.xlsx", ".a.csv", "a.txt", "done"])
def test_what_is_no_file_of_the_till_is_left_alone(drawer: Drawer, name: str) -> None:
    drawer.put(name, HEADER + line())
    assert drawer.poll() == {}
    assert drawer.names == [name]


def test_the_owner_says_which_files_are_the_tills(drawer: Drawer) -> None:
    drawer.settings["FILES"] = "sales-*.TXT"
    drawer.put("sales-25.txt", HEADER + line("1"))
    drawer.put("stock.csv", HEADER + line("2"))
    assert drawer.poll() == {SHOE: 1}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            "name,colour\nShoe,black\n",
            "No column is known as receipt and none as sku and none as units and none as time",
        ),
        ("%PDF-1.7\n", "This is a PDF."),
        ("receipt,receipt no,time,sku,units\n", "Two columns mean the same"),
        (HEADER.encode("utf-16-le") + b"\xff\xff", "This file is not text."),
    ],
)
def test_what_is_no_table_is_told_once_stays_and_hurts_no_other(drawer: Drawer, content: str | bytes, why: str) -> None:
    drawer.put("odd.csv", content, ago=3 * HOUR)
    drawer.put("a.csv", HEADER + line())
    (told,) = drawer.parked()
    assert told.startswith("odd.csv: ")
    assert why in told
    assert drawer.poll() == {SHOE: 1}
    assert drawer.parked() == []
    assert "odd.csv" in drawer.names


def test_an_empty_file_is_no_trouble(drawer: Drawer) -> None:
    drawer.put("a.csv", "", ago=3 * MINUTE)
    drawer.put("b.csv", HEADER)
    assert drawer.parked() == []
    assert drawer.poll() == {}


# --------------------------------------------------------------------------- done/


def test_a_file_is_put_away_when_it_was_told_and_rests_for_an_hour(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(), ago=59 * MINUTE)
    drawer.poll()
    drawer.poll()
    assert drawer.names == ["a.csv"]
    drawer.now += 2 * MINUTE
    assert drawer.poll() == {SHOE: 1}
    assert drawer.names == ["done/a.csv"]
    assert (drawer.folder / "done").stat().st_mode & 0o777 == 0o750
    with patch.object(folder.Folder, "read", side_effect=AssertionError("read again")):
        drawer.poll()


def test_a_file_is_not_put_away_before_its_page_is_committed(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(), ago=2 * HOUR)
    for _ in drawer.till().orders(drawer.cursor):
        assert drawer.names == ["a.csv"]
    list(drawer.till().orders(drawer.cursor))  # the cursor was not committed
    assert drawer.names == ["a.csv"]


def test_what_is_written_while_a_file_is_moved_is_read(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1"), ago=2 * HOUR)
    drawer.poll()
    move = folder._moved

    def moved(source: Path, target: Path) -> Path:
        source.write_text(HEADER + line("1") + line("2"))
        drawer.age(source, MINUTE)
        return move(source, target)

    with patch.object(folder, "_moved", moved):
        drawer.poll()
    assert drawer.names == ["done/a.csv"]
    assert drawer.poll() == {SHOE: 2}


def test_nothing_in_done_is_overwritten(drawer: Drawer) -> None:
    for number in range(3):
        drawer.put("a.csv", HEADER + line(str(number)), ago=2 * HOUR)
        drawer.poll()
        drawer.poll()
    assert drawer.names == ["done/a-2.csv", "done/a-3.csv", "done/a.csv"]
    assert drawer.poll() == {SHOE: 3}


def test_a_till_that_keeps_its_file_open_is_read_on_in_done(drawer: Drawer) -> None:
    path = drawer.put("a.csv", HEADER + line("1"), ago=2 * HOUR)
    with path.open("a") as kept_open:
        drawer.poll()
        drawer.poll()
        assert drawer.names == ["done/a.csv"]
        drawer.now += timedelta(hours=20)
        kept_open.write(line("2"))
    drawer.age(drawer.folder / "done" / "a.csv", MINUTE)
    assert drawer.poll() == {SHOE: 2}
    drawer.cursor = None
    assert drawer.poll() == {SHOE: 2}


def test_a_file_with_an_unreadable_line_stays_until_it_is_mended(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1") + line("2", units="x"), ago=2 * HOUR)
    (page, _) = drawer.pages()
    (item,) = page.parked
    drawer.poll()
    assert drawer.names == ["a.csv"]
    assert [one.ref for one in drawer.till().orders_by_id([item.ref]).parked] == [item.ref]
    drawer.put("a.csv", HEADER + line("1") + line("2", units=5), ago=61 * MINUTE)
    (page, _) = drawer.pages()
    assert page.cleared == (item.ref,)
    assert drawer.poll() == {SHOE: 6}
    assert drawer.names == ["done/a.csv"]


@pytest.mark.parametrize("again", [False, True], ids=["at once", "when the file goes on"])
@pytest.mark.parametrize("bad", [1, 30, 300])
def test_new_columns_tell_only_what_was_not_told(drawer: Drawer, bad: int, *, again: bool) -> None:
    """The receipts' other number is another identity: what was told by the first stays told."""
    header = "receipt,bonus,time,sku,units,count\n"
    told = "".join(f"{number},B{number},2026-11-25 10:00:00,{SHOE},1,1\n" for number in range(5))
    unread = "".join(f"5,B5,2026-11-25 10:00:{number % 60:02},{BAG},x,1\n" for number in range(bad))
    drawer.put("a.csv", header + told + unread + told.replace(SHOE, "LAST"), ago=2 * HOUR)
    assert drawer.poll() == {SHOE: 5, "LAST": 5}
    if again:
        drawer.settings["COLUMNS"] = (("receipt", "nothing"),)  # a slip of the owner's
        assert drawer.poll() == {SHOE: 5, "LAST": 5}
    drawer.settings["COLUMNS"] = (("receipt", "bonus"), ("units", "count"))
    if again:
        told_too = f"4,B4,2026-11-25 10:00:00,{SHOE},1,1\n"
        drawer.put("a.csv", header + told + unread + told.replace(SHOE, "LAST") + told_too, ago=61 * MINUTE)
    assert drawer.poll() == {SHOE: 5 + again, "LAST": 5, BAG: bad}
    drawer.poll()
    assert drawer.names == ["done/a.csv"]


def test_new_settings_reach_every_file_even_if_syncd_dies_at_the_first(drawer: Drawer) -> None:
    for name in ("a.csv", "b.csv"):
        drawer.put(name, "Rcpt,time,sku,units\n" + line(name))
    assert drawer.poll() == {}
    drawer.settings["COLUMNS"] = (("receipt", "Rcpt"),)
    first = next(iter(drawer.till().orders(drawer.cursor)))
    assert [order.number for order in first.orders] == ["a.csv"]
    drawer.cursor = first.cursor
    assert drawer.poll() == {SHOE: 1}  # of the other; this one is told
    assert len(drawer.told) == 1


def test_of_equal_lines_the_one_that_becomes_readable_counts_too(drawer: Drawer) -> None:
    drawer.put("a.csv", "receipt,time,sku,units,count\n" + line(units="x,1") + line(units="1,1"), ago=2 * HOUR)
    assert drawer.poll() == {SHOE: 1}
    drawer.settings["COLUMNS"] = (("units", "count"),)
    assert drawer.poll() == {SHOE: 2}
    drawer.cursor = None
    assert drawer.poll() == {SHOE: 2}


def test_what_a_new_setting_makes_readable_is_read_at_once(drawer: Drawer) -> None:
    drawer.put("a.csv", "Rcpt,time,sku,units\n" + line())
    (page, _) = drawer.pages()
    (item,) = page.parked
    drawer.settings["COLUMNS"] = (("receipt", "Rcpt"),)
    (page, _) = drawer.pages()
    assert page.cleared == (item.ref,)
    assert drawer.poll() == {SHOE: 1}


def test_a_parked_line_whose_file_is_gone_is_missing_and_one_that_reads_now_is_told(drawer: Drawer) -> None:
    path = drawer.put("a.csv", HEADER + line(time="2026-11-26 16:00"))
    (page, _) = drawer.pages()
    (item,) = page.parked
    drawer.now += timedelta(hours=3)
    found = drawer.till().orders_by_id([item.ref, "2026-11-25T10:00:00/1"])
    assert found.missing == (item.ref, "2026-11-25T10:00:00/1")
    assert [order.number for order in found.orders] == ["1"]
    path.unlink()
    assert drawer.till().orders_by_id([item.ref]).missing == (item.ref,)


def test_while_a_mended_file_is_being_written_nothing_is_said_of_it(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(units="x"))
    (page, _) = drawer.pages()
    drawer.put("a.csv", HEADER + "1,", ago=MINUTE)
    found = drawer.till().orders_by_id([page.parked[0].ref])
    assert (found.orders, found.missing, found.parked) == ((), (), ())


@pytest.mark.parametrize("failure", [errno.EXDEV, errno.EPERM])
def test_a_file_is_put_away_where_it_cannot_be_linked(drawer: Drawer, failure: int) -> None:
    """Another device, and a share that knows no hard links."""
    drawer.put("done.csv", HEADER + line(), ago=2 * HOUR)
    (drawer.folder / "done").mkdir()
    (drawer.folder / "done" / "done.csv").write_text("of before")
    drawer.poll()
    with patch.object(folder.os, "link", side_effect=OSError(failure, "no")):
        drawer.poll()
    assert drawer.names == ["done/done-2.csv", "done/done.csv"]
    assert (drawer.folder / "done" / "done.csv").read_text() == "of before"
    assert (drawer.folder / "done" / "done-2.csv").read_text() == HEADER + line()


def test_a_file_that_cannot_be_moved_is_no_loss_only_a_finding(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(), ago=2 * HOUR)
    (drawer.folder / "done").symlink_to(drawer.folder.parent)  # a link may lead anywhere
    assert drawer.poll() == drawer.poll() == {SHOE: 1}
    assert (drawer.folder / "a.csv").exists()
    warned = [finding.message for finding in drawer.till().check() if finding.level is Level.WARN]
    assert warned == ["read files cannot be moved to done/"]


# --------------------------------------------------------------------------- hostile


def test_links_pipes_and_folders_are_not_read_and_told_by_the_check(drawer: Drawer) -> None:
    secret = drawer.folder.parent / "secret.csv"
    secret.write_text(HEADER + line())
    (drawer.folder / "link.csv").symlink_to(secret)
    os.mkfifo(drawer.folder / "pipe.csv")
    (drawer.folder / "folder.csv").mkdir()
    assert drawer.poll() == {}
    warned = sorted(finding.message for finding in drawer.till().check() if finding.level is Level.WARN)
    assert warned == [f"{name}.csv is a link or no file, and is not read" for name in ("folder", "link", "pipe")]


def test_a_file_that_becomes_a_link_while_it_is_looked_at_is_not_followed(drawer: Drawer) -> None:
    path = drawer.put("a.csv", HEADER + line())
    (found,) = folder.Folder(drawer.folder, ("*.csv",)).look()
    path.rename(drawer.folder.parent / "elsewhere.csv")
    path.symlink_to(drawer.folder.parent / "elsewhere.csv")
    with pytest.raises(folder.Changing):
        folder.Folder(drawer.folder, ("*.csv",)).read(found)


@pytest.mark.parametrize("name", ["a\nb.csv", "a;rm -rf.csv", "\x1b[31m.csv", "a'\"$(x).csv", "שלום.csv"])
def test_odd_names_are_read_put_away_and_shown_safely(drawer: Drawer, name: str) -> None:
    drawer.put(name, HEADER + line("1", sku=BAG) + line("1", units="x"), ago=2 * HOUR)
    (told,) = drawer.parked()
    assert told.isprintable()
    drawer.put(name, HEADER + line("1", sku=BAG) + line("1"), ago=2 * HOUR)
    assert drawer.poll() == drawer.poll() == {BAG: 1, SHOE: 1}
    assert drawer.names == [f"done/{name}"]


def test_a_name_that_is_no_text_is_read(drawer: Drawer) -> None:
    path = os.fsencode(drawer.folder) + b"/\xff\xfe.csv"
    with open(path, "wb") as file:  # noqa: PTH123 - bytes are no path
        file.write((HEADER + line() + line(units="x")).encode())
    drawer.age(Path(os.fsdecode(path)), 2 * HOUR)
    (told,) = drawer.parked()
    assert told.isprintable()
    assert drawer.poll() == {SHOE: 1}


def test_a_huge_file_and_a_huge_line_are_refused_in_words(drawer: Drawer) -> None:
    path = drawer.put("huge.csv", HEADER)
    with path.open("r+b") as file:
        file.truncate(table.MAX_FILE_BYTES + 1)
    drawer.age(path, HOUR)
    assert drawer.parked() == ["huge.csv: It is larger than 100 MB. Split it."]
    path.unlink()
    drawer.put("line.csv", HEADER + line(sku=BAG) + line(sku="x" * 1_000_000) + line("2", sku=BAG))
    (told,) = drawer.parked()
    assert told == "line.csv line 3: A cell is longer than 131,072 characters."


def test_a_file_for_each_receipt_is_read_once_and_put_away_and_the_cursor_stays_small(drawer: Drawer) -> None:
    for number in range(1200):
        drawer.put(f"{number}-{'x' * 200}.csv", HEADER + line(str(number)))
    assert drawer.poll() == {SHOE: 1200}
    with patch.object(folder.Folder, "read", side_effect=AssertionError("read again")):
        drawer.poll()
        drawer.now += HOUR
        for _ in range(3):
            drawer.poll()
    assert all(name.startswith("done/") for name in drawer.names)
    assert drawer.cursor is not None
    assert len(drawer.cursor) < 60_000


def test_of_very_many_that_were_put_away_one_that_goes_on_is_read(drawer: Drawer) -> None:
    with patch.object(memory, "MOST_IN_DONE", 3):
        for number in range(9):
            drawer.put(f"{number}.csv", HEADER + line(str(number)), ago=(20 - number) * HOUR)
        drawer.poll()
        drawer.poll()
        path = drawer.folder / "done" / "0.csv"
        path.write_text(HEADER + line("0") + line("new"))
        drawer.age(path, MINUTE)
        assert drawer.poll() == {SHOE: 10}
        drawer.cursor = None
        with patch.object(folder.Folder, "read", side_effect=folder.Folder.read, autospec=True) as read:
            drawer.poll()
        assert read.call_count == 3


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '{"files": 3}', '{"files": {"a": [1]}}', "null", "7"])
def test_a_cursor_that_means_nothing_costs_only_reading(drawer: Drawer, cursor: str) -> None:
    drawer.put("a.csv", HEADER + line())
    drawer.poll()
    drawer.cursor = cursor
    assert drawer.poll() == {SHOE: 1}


def test_a_folder_that_is_not_there_is_an_outage_and_one_that_may_not_be_read_needs_a_person(drawer: Drawer) -> None:
    with (
        patch.object(folder.os, "scandir", side_effect=PermissionError(errno.EACCES, "Permission denied")),
        pytest.raises(CredentialsRejected, match="may not be read"),
    ):
        drawer.poll()
    drawer.folder.rmdir()
    with pytest.raises(Unavailable, match="cannot be read"):
        drawer.poll()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"TIMEZONE": "Asia/Nowhere"}, "TILL_TIMEZONE names no time zone."),
        ({"COLUMNS": (("units", "Qty"), ("price", "Price"))}, "TILL_COLUMNS: price is no column of a till"),
    ],
)
def test_a_setting_that_means_nothing_is_told_by_the_check_and_stops_the_till(
    drawer: Drawer, settings: dict[str, str], why: str
) -> None:
    drawer.settings |= settings
    drawer.put("a.csv", HEADER + line())
    (finding,) = drawer.till().check()
    assert finding.level is Level.FAIL
    assert why in finding.message
    with pytest.raises(Unreadable, match=why.split(":", maxsplit=1)[0]):
        drawer.poll()


def test_the_check_says_what_is_wrong_with_the_newest_file(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line())
    assert [finding.level for finding in drawer.till().check()] == [Level.OK]
    drawer.put("b.csv", "Rcpt,time,sku,units\n" + line(), ago=MINUTE)
    _, wrong = drawer.till().check()
    assert wrong.message.startswith("b.csv: No column is known as receipt.")
    assert "TILL_COLUMNS, such as receipt:WORD" in wrong.message
