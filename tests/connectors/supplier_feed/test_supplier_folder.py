"""A folder of feeds: the newest finished file, and only plain files directly in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors.contract import Unavailable, Unreadable
from tests.connectors.supplier_feed.conftest import NOW, Clock, folder_feed, put, units

ROWS = "Article,Stock\nA,{}\n"


def test_the_newest_file_that_fits_is_read(tmp_path: Path, clock: Clock) -> None:
    put(tmp_path, ROWS.format(1), "stock-1.csv", age_s=3000)
    put(tmp_path, ROWS.format(2), "STOCK-2.csv", age_s=2000)
    put(tmp_path, ROWS.format(3), "prices.csv", age_s=1000)
    for name in (".stock-4.csv", "stock-5.csv.part", "stock-6.csv~", "stock-7.csv.tmp"):
        put(tmp_path, "half", name, age_s=500)
    (tmp_path / "stock-8.csv").mkdir()
    found = folder_feed(tmp_path, clock, FILES="stock-*").supplies(None)
    assert found and units(found) == {"A": 2}
    assert (NOW - found.stated_at).total_seconds() == 2000


def test_a_file_that_is_still_being_written_waits_and_the_one_before_it_serves(tmp_path: Path, clock: Clock) -> None:
    feed = folder_feed(tmp_path, clock)
    put(tmp_path, ROWS.format(1), "a.csv", age_s=9)
    with pytest.raises(Unavailable, match=r"a\.csv is still being written"):
        feed.supplies(None)
    clock.pass_by(1)
    first = feed.supplies(None)
    assert first and units(first) == {"A": 1}
    put(tmp_path, "Article,St", "b.csv", age_s=-1)
    assert feed.supplies(first.version) is None
    put(tmp_path, ROWS.format(2), "b.csv", age_s=-2)
    clock.pass_by(11)
    second = feed.supplies(first.version)
    assert second and units(second) == {"A": 2}


def test_a_time_in_the_future_is_not_believed(tmp_path: Path, clock: Clock) -> None:
    path = put(tmp_path, ROWS.format(1), age_s=-7 * 86_400)
    feed = folder_feed(tmp_path, clock)
    with pytest.raises(Unavailable) as error:
        feed.supplies(None)
    assert "touch stock.csv" in error.value.hint
    clock.pass_by(5)
    path.write_text(ROWS.format(22))
    os.utime(path, (NOW.timestamp() + 7 * 86_400,) * 2)
    with pytest.raises(Unavailable):
        feed.supplies(None)
    clock.pass_by(10)
    found = feed.supplies(None)
    assert found and units(found) == {"A": 22}
    assert found.stated_at == clock.now


def test_links_and_pipes_are_not_followed(tmp_path: Path, clock: Clock) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(ROWS.format(1))
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "link.csv").symlink_to(secret)
    (folder / "up.csv").symlink_to(Path("..") / "secret.csv")
    os.mkfifo(folder / "pipe.csv")
    clock.pass_by(10**9)  # everything is settled
    with pytest.raises(Unavailable, match="No file in the folder fits"):
        folder_feed(folder, clock).supplies(None)
    put(folder, ROWS.format(5), "real.csv")
    found = folder_feed(folder, clock).supplies(None)
    assert found and units(found) == {"A": 5}


def test_a_file_that_was_not_touched_is_not_opened_again(tmp_path: Path, clock: Clock) -> None:
    path = put(tmp_path, ROWS.format(1))
    feed = folder_feed(tmp_path, clock)
    first = feed.supplies(None)
    assert first
    state = path.stat()
    path.write_text(ROWS.format(2))  # same size; who sets the time back has not stated anything
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert feed.supplies(first.version) is None
    put(tmp_path, ROWS.format(1), age_s=60)
    again = feed.supplies(first.version)
    assert again and again.version == first.version, "the same content, stated anew"
    assert again.stated_at > first.stated_at
    assert feed.supplies(first.version) is None


def test_a_file_larger_than_the_limit_is_not_read(tmp_path: Path, clock: Clock) -> None:
    path = put(tmp_path, "")
    with path.open("r+b") as file:
        file.truncate(2 * 10**9)  # one line of 2 GB, which takes no room on the disk
    os.utime(path, (NOW.timestamp() - 60,) * 2)
    with pytest.raises(Unreadable) as error:
        folder_feed(tmp_path, clock).supplies(None)
    assert str(error.value) == "stock.csv is larger than 100 MB."
    assert "ACME_MAX_MB" in error.value.hint


def test_a_missing_folder_is_an_outage(tmp_path: Path, clock: Clock) -> None:
    for folder in (tmp_path / "none", put(tmp_path, "x", "file")):
        with pytest.raises(Unavailable, match="cannot be read"):
            folder_feed(folder, clock).supplies(None)


def test_an_odd_name_is_shown_safely(tmp_path: Path, clock: Clock) -> None:
    put(tmp_path, "%PDF", "a\n\x1b[31m.csv")
    with pytest.raises(Unreadable) as error:
        folder_feed(tmp_path, clock).supplies(None)
    assert str(error.value).isprintable()
