"""What the lines of a till's files say, and which of them are the same."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta

import openpyxl
import pytest

from connectors.contract import OrderState
from tests.connectors.till.drawer import BAG, HEADER, NOON, SHOE, Drawer, line


def only_order(drawer: Drawer) -> OrderState:
    (order,) = [order for page in drawer.pages() for order in page.orders]
    return order


def sheet(*rows: list[object], **formats: str) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_line_is_sold_and_gone_at_its_own_time_in_the_zone_of_the_house(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1042", "2026-11-25 10:00:30", SHOE, 2))
    order = only_order(drawer)
    assert (order.number, order.open) == ("1042", False)
    assert order.fulfilled_at == order.created_at == datetime(2026, 11, 25, 8, 0, 30, tzinfo=UTC)
    (sold,) = order.lines
    assert (sold.sku, sold.listing_id, sold.fulfilled, sold.returned, sold.promised) == (SHOE, None, 2, 0, 0)


def test_a_negative_line_came_back(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(units=-2))
    (back,) = only_order(drawer).lines
    assert (back.fulfilled, back.returned) == (0, 2)


def test_a_line_of_no_units_says_nothing(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(units=0))
    assert drawer.poll() == {}
    assert drawer.parked() == []


def test_two_scans_of_the_same_are_two_and_the_same_line_again_is_one(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line() + line() + line(sku=BAG))
    assert drawer.poll() == {SHOE: 2, BAG: 1}
    drawer.put("copy of a.csv", HEADER + line() + line(sku=BAG) + line())
    assert drawer.poll() == {SHOE: 2, BAG: 1}


def test_a_receipt_that_is_split_over_files_is_whole(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(sku=SHOE))
    assert drawer.poll() == {SHOE: 1}
    drawer.put("b.csv", HEADER + line(sku=BAG))
    assert drawer.poll() == {SHOE: 1, BAG: 1}


def test_receipts_that_begin_at_1_every_day_are_different_ones(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1", "2026-11-24 10:00") + line("1", "2026-11-25 10:00"))
    assert drawer.poll() == {SHOE: 2}


def test_the_same_line_is_known_in_every_form_of_file(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1042", "2026-11-25 10:03:22", SHOE, 2))
    drawer.put("b.csv", "Kvittering;Dato;Tid;Varenr;Antal\n1042;25.11.2026;10.03.22;SHOE-39;2\n")
    at = datetime(2026, 11, 25, 10, 3, 22)  # noqa: DTZ001 - spreadsheets know no zone
    drawer.put("c.xlsx", sheet(["Receipt", "Time", "SKU", "Qty"], [1042, at, SHOE, 2]))
    header = ["Receipt", "Date", "Time", "SKU", "Qty"]
    drawer.put("d.xlsx", sheet(header, ["1042", date(2026, 11, 25), time(10, 3, 22), SHOE, 2]))
    assert drawer.poll() == {SHOE: 2}
    assert drawer.parked() == []


@pytest.mark.parametrize(
    "header",
    [
        "receipt no,date and time,article,qty",
        "קבלה,תאריך ושעה,מק״ט,כמות",
        "Nr paragonu;Data i godzina;Indeks;Ilość",
        "Bonnr.;Dato og tid;Varenummer;Antal",
        "小票号,销售时间,货号,数量",
    ],
)
def test_tills_of_five_languages_are_understood(drawer: Drawer, header: str) -> None:
    delimiter = ";" if ";" in header else ","
    drawer.put("a.csv", f"{header}\n" + line().replace(",", delimiter))
    assert drawer.poll() == {SHOE: 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1250"])
def test_any_usual_encoding_is_read_at_once(drawer: Drawer, encoding: str) -> None:
    drawer.put("a.csv", ("Nr paragonu;Czas;Indeks;Ilość\n" + line(sku="BUTY-ŻÓŁTE").replace(",", ";")).encode(encoding))
    assert drawer.poll() == {"BUTY-ŻÓŁTE": 1}


def test_the_owners_words_win_and_free_a_word_that_means_something_else_by_itself(drawer: Drawer) -> None:
    drawer.settings["COLUMNS"] = (("receipt", "Bon"), ("time", "Date"), ("sku", "Symbol"), ("units", "Pieces"))
    drawer.put("a.csv", "Bon,Date,SKU,Symbol,Pieces\n1,2026-11-25 10:00,no,SHOE-39,3\n")
    assert drawer.poll() == {SHOE: 3}


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-25T10:03:22", datetime(2026, 11, 25, 8, 3, 22, tzinfo=UTC)),
        ("2026-11-25 10:03:22.417", datetime(2026, 11, 25, 8, 3, 22, tzinfo=UTC)),
        ("25.11.2026 10:03", datetime(2026, 11, 25, 8, 3, tzinfo=UTC)),
        ("25/11/2026 10:03 AM", datetime(2026, 11, 25, 8, 3, tzinfo=UTC)),
        ("11/24/2026 10:03 PM", datetime(2026, 11, 24, 20, 3, tzinfo=UTC)),
        ("2026年11月25日 10:03", datetime(2026, 11, 25, 8, 3, tzinfo=UTC)),
        ("20261125 10:03", datetime(2026, 11, 25, 8, 3, tzinfo=UTC)),
        ("2026-11-25T10:03:22Z", datetime(2026, 11, 25, 10, 3, 22, tzinfo=UTC)),
        ("2026-11-25T10:03:22+01:00", datetime(2026, 11, 25, 9, 3, 22, tzinfo=UTC)),
        ("2026-10-25 01:30", datetime(2026, 10, 24, 23, 30, tzinfo=UTC)),  # the later of the two
        ("2026-11-25", datetime(2026, 11, 25, 21, 59, 59, tzinfo=UTC)),  # a count of that day came before it
    ],
)
def test_times_are_read_as_tills_write_them(drawer: Drawer, written: str, instant: datetime) -> None:
    drawer.put("a.csv", HEADER + line(time=written))
    assert only_order(drawer).fulfilled_at == instant


@pytest.mark.parametrize(
    ("settings", "written"),
    [
        ({"TIME_FORMAT": "%m/%d/%Y %H:%M"}, "11/05/2026 09:00"),
        ({"TIME_FORMAT": "%d.%m.%y %H.%M"}, "05.11.26 09.00"),
        ({"TIMEZONE": "Europe/Copenhagen"}, "2026-11-05 08:00"),
    ],
)
def test_what_is_not_clear_is_a_setting(drawer: Drawer, settings: dict[str, str], written: str) -> None:
    drawer.settings |= settings
    drawer.put("a.csv", HEADER + line(time=written))
    assert only_order(drawer).fulfilled_at == datetime(2026, 11, 5, 7, 0, tzinfo=UTC)


def test_a_day_in_a_column_of_its_own_is_part_of_the_time_also_by_a_format(drawer: Drawer) -> None:
    drawer.settings["TIME_FORMAT"] = "%d/%m/%Y %H%M"
    drawer.put("a.csv", "receipt,date,time,sku,units\n1,05/11/2026,0900,SHOE-39,1\n")
    assert only_order(drawer).fulfilled_at == datetime(2026, 11, 5, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (line(sku=""), "sku is empty."),
        (line(receipt=""), "receipt is empty."),
        (line(units=""), "units is empty."),
        (line(units="1.5"), 'units "1.5" is not a whole number.'),
        (line(units="1E+2"), 'units "1E+2" is not a number.'),
        (line(sku="5.90E+12"), "damaged by a spreadsheet"),
        (line(time="yesterday"), 'time "yesterday" is no time'),
        (line(time="03/04/2026 10:00"), "could have the day or the month first; say which with TILL_TIME_FORMAT"),
        (line(time="2026-02-30 10:00"), "is no day of any year"),
        (line(time="2026-11-25 25:00"), "is no time of a day"),
        (line(time="10:00"), "time tells no day."),
        (line(time="2026-11-27 10:00"), "is in the future; are the till's clock and date right?"),
        (line(time="2000-01-01 10:00"), "is long ago; are the till's clock and date right?"),
        ("1,2026-11-25 10:00,SHOE-39\n", "The row has 3 cells, the header has 4"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_hurts_no_other(drawer: Drawer, bad: str, why: str) -> None:
    drawer.put("a.csv", HEADER + line("7", sku=BAG) + bad + line("8", sku=BAG))
    (told,) = drawer.parked()
    assert told.startswith("a.csv line 3: ")
    assert why in told
    assert drawer.poll() == {BAG: 2}


def test_a_formula_that_was_never_calculated_is_no_number(drawer: Drawer) -> None:
    good = ["1", "2026-11-25 10:00", BAG, 1]
    drawer.put("a.xlsx", sheet(["receipt", "time", "sku", "units"], good, ["2", "2026-11-25 10:00", SHOE, "=1+1"]))
    (told,) = drawer.parked()
    assert told.startswith("a.xlsx line 3: units is a formula that was never calculated")
    assert drawer.poll() == {BAG: 1}


def test_many_unreadable_lines_are_one_trouble(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(sku=BAG) + line(units="x") * 30)
    assert drawer.parked() == ['a.csv: 30 of its lines cannot be read; the first, line 3: units "x" is not a number.']
    drawer.put("b.csv", HEADER + line(units="x") * 2)
    assert drawer.parked() == ['b.csv: none of its lines can be read; the first, line 2: units "x" is not a number.']


def test_names_of_columns_that_stand_there_once_more_are_no_line(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line("1") + HEADER + line("2"))
    assert drawer.parked() == []
    assert drawer.poll() == {SHOE: 2}


def test_a_day_column_alone_must_tell_the_time_unless_the_owner_says_otherwise(drawer: Drawer) -> None:
    drawer.put("a.csv", "receipt,date,sku,units\n1,2026-11-25,SHOE-39,1\n2,2026-11-25 10:00,BAG-1,1\n")
    (told,) = drawer.parked()
    assert "tells no time of day; where there is none, map it: TILL_COLUMNS time:WORD" in told
    drawer.settings["COLUMNS"] = (("time", "date"),)
    assert drawer.poll() == {SHOE: 1, BAG: 1}


def test_the_newest_file_tells_up_to_when_there_is_word(drawer: Drawer) -> None:
    drawer.put("old.csv", HEADER + line("1"), ago=timedelta(hours=30))
    drawer.put("new.csv", HEADER + line("2"), ago=timedelta(minutes=20))
    heard = [page.heard_until for page in drawer.pages() if page.heard_until]
    assert heard[-1] == NOON - timedelta(minutes=20)
    assert [page.heard_until for page in drawer.pages()] == [None]


def test_a_file_of_a_time_to_come_does_not_promise_word_until_then(drawer: Drawer) -> None:
    drawer.put("a.csv", HEADER + line(), ago=timedelta(days=-400))
    assert [page.heard_until for page in drawer.pages() if page.heard_until] == [NOON]
