"""The service's log lines: plain, for the journal, as JSON; one line per event whatever it says."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd import logs
from tests.log_kit import STYLES, logged

NOW = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)
log = logging.getLogger("syncd.test")


def test_the_journal_gets_a_priority_and_no_instant() -> None:
    with logged("journal") as lines:
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
            logs.event(log, level, "pulled", channel="woo")
    assert lines.getvalue().splitlines() == [f"<{n}>syncd.test pulled channel=woo" for n in (7, 6, 4, 3, 2)]


def test_json_has_an_object_a_line_with_the_fields_as_they_are() -> None:
    with logged("json") as lines:
        logs.event(log, logging.INFO, "pulled", channel="woo", orders=3, took_s=0.5, whole=True, since=NOW, none=None)
    (line,) = lines.getvalue().splitlines()
    told = json.loads(line)
    assert datetime.fromisoformat(told.pop("at")).tzinfo is not None
    assert told == {
        "level": "info",
        "logger": "syncd.test",
        "event": "pulled",
        "fields": {
            "channel": "woo",
            "orders": 3,
            "took_s": 0.5,
            "whole": True,
            "since": "2026-11-22T10:14:00+00:00",
            "none": None,
        },
    }


def test_json_takes_what_is_no_event_and_what_json_does_not_know() -> None:
    with logged("json") as lines:
        log.warning("words of %s", "a library")
        logs.event(log, logging.INFO, "odd", ratio=float("nan"), path=Path("/a b"), name="שלום")
    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["event"] == "words of a library"
    assert second["fields"] == {"ratio": "nan", "path": "/a b", "name": "שלום"}
    assert "שלום" in lines.getvalue()


FORGERIES = [
    "x\n<2>syncd forged",
    "x\r\n2026-11-22 error syncd forged",
    'x", "level": "error',
    "x\u2028forged\u2029\x85\x0b\x0c\x1c\x1d\x1e",
    "x\x1b[2Kforged\x00\x07\x9b2K",
    "x\ud800",
    "x level=error",
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_value_cannot_make_a_line_of_its_own_nor_speak_to_the_terminal(style: str, forgery: str) -> None:
    with logged(style) as lines:
        logs.event(log, logging.INFO, "seen", name=forgery)
        log.info("seen %s", forgery)
        try:
            raise ValueError(forgery)
        except ValueError:
            log.exception(forgery)
    written = lines.getvalue()
    assert len(written.splitlines()) == written.count("\n") == 3
    assert all(sign.isprintable() for sign in written.replace("\n", ""))
    written.encode()  # what cannot be written would be lost
    if style == "json":
        assert [json.loads(line)["level"] for line in written.splitlines()] == ["info", "info", "error"]
        assert json.loads(written.splitlines()[0])["fields"]["name"] == forgery


@pytest.mark.parametrize("style", STYLES)
def test_a_traceback_stays_on_its_line_and_the_longest_is_cut(style: str) -> None:
    with logged(style) as lines:
        try:
            raise ValueError("first\n" * 20_000)
        except ValueError:
            log.exception("broke off")
    (line,) = lines.getvalue().splitlines()
    assert "ValueError" in line
    assert len(line) < 20_000


def test_the_journal_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream, (tmp_path / "other").open("w") as other:
        at = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{at.st_dev}:{at.st_ino}"}
        assert logs.journal_reads(stream, environ)
        assert not logs.journal_reads(other, environ)  # sent elsewhere by a shell
        assert not logs.journal_reads(stream, {})
        assert not logs.journal_reads(stream, {"JOURNAL_STREAM": "nonsense"})


@pytest.fixture
def uncaught() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    logs.catch_uncaught()
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = before


def test_what_nobody_caught_is_a_line_without_secrets(uncaught: None, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise RuntimeError("token shpat_0123planted")

    class Unclean:
        def __del__(self) -> None:
            fail()

    with logged("journal") as lines:
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        Unclean()
        try:
            fail()
        except RuntimeError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        ends = threading.Thread(target=sys.exit)
        ends.start()
        ends.join()
    assert [line[:31] for line in lines.getvalue().splitlines()] == ["<2>syncd nobody caught this tra"] * 3
    assert "planted" not in lines.getvalue()
    assert capsys.readouterr().err == ""
