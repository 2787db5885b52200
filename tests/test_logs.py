"""Log lines: one per event, and no secret in any of them."""

from __future__ import annotations

import io
import logging
import stat
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syncd import logs
from tests.log_kit import logged

NOW = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)
SECRET = "pl@nted/secret+1"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with logged(level=logging.INFO) as stream:
        logs.hide([SECRET])
        yield stream


log = logging.getLogger("syncd.test")


def test_an_event_is_one_line_of_keys_and_values(lines: io.StringIO) -> None:
    logs.event(log, logging.INFO, "pulled", channel="woo", orders=3, note='a "b"\nc', since=NOW, none="")
    line = lines.getvalue()
    assert line.endswith(
        ' info syncd.test pulled channel=woo orders=3 note="a \\"b\\"\\nc" since=2026-11-22T10:14:00+00:00 none=""\n'
    )
    assert line.count("\n") == 1


def test_a_traceback_stays_on_the_line_of_its_event(lines: io.StringIO) -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        log.exception("broke\noff")
    assert lines.getvalue().count("\n") == 1
    assert 'ValueError: first\\nsecond"' in lines.getvalue()


def test_events_below_the_level_are_not_written(lines: io.StringIO) -> None:
    logs.event(log, logging.DEBUG, "detail")
    logging.getLogger("urllib3").info("chatter")
    assert lines.getvalue() == ""


def test_warnings_of_libraries_are_lines_too(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old way\nof doing", stacklevel=1)
    assert lines.getvalue().count("\n") == 1
    assert "old way" in lines.getvalue()


@pytest.mark.parametrize(
    "carrier",
    [
        "{secret}",
        "GET https://shop.example/wp-json?consumer_key=x&q={quoted}",
        "Authorization: Basic {base64}",
        '{{"token": "{json}"}}',
    ],
)
def test_a_planted_secret_is_in_no_line_in_whatever_form(lines: io.StringIO, carrier: str) -> None:
    forms = {
        "secret": SECRET,
        "quoted": "pl%40nted%2Fsecret%2B1",
        "base64": "Y2tfMTpwbEBudGVkL3NlY3JldCsx",
        "json": "pl@nted\\/secret+1",
    }
    text = carrier.format(**forms)
    try:
        raise RuntimeError(text)
    except RuntimeError:
        log.exception("failed: %s", text)
    logs.event(log, logging.INFO, "failed", text=text)
    for form in forms.values():
        assert form not in lines.getvalue()
    assert "***" in lines.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "key ck_0123456789abcdefplanted refused",
        "X-Shopify-Access-Token: shpat_0123planted",
        "token shpss_0123planted",
        "could not connect to postgresql://me:0planted@db/syncd",
        "POST https://hooks.slack.com/services/T0/B0/planted",
        "https://shop.example/?consumer_key=0planted&consumer_secret=1planted",
    ],
)
def test_what_looks_like_a_secret_is_hidden_untold(lines: io.StringIO, text: str) -> None:
    log.warning(text)
    assert "planted" not in lines.getvalue()


def test_an_address_without_a_password_stays_readable() -> None:
    assert logs.redacted("GET https://shop.example/a@b?page=2") == "GET https://shop.example/a@b?page=2"


def failure() -> RuntimeError:
    try:
        raise RuntimeError(f"no luck with {SECRET}")
    except RuntimeError as error:
        return error


def test_details_of_a_failure_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    logs.hide([SECRET])
    path = logs.write_details(failure(), tmp_path, now=NOW)
    logs.write_details(failure(), tmp_path, now=NOW)
    assert path == tmp_path / "errors.log"
    assert path.read_text().count("RuntimeError: no luck with ***") == 2
    assert "2026-11-22T10:14:00+00:00" in path.read_text()
    assert SECRET not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_details_go_elsewhere_where_the_folder_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = logs.write_details(failure(), tmp_path / "gone", now=NOW)
    assert path.parent == tmp_path
    assert "RuntimeError" in path.read_text()


def test_a_file_of_details_does_not_grow_for_ever(tmp_path: Path) -> None:
    (tmp_path / "errors.log").write_text("x" * 1_000_001)
    path = logs.write_details(failure(), tmp_path, now=NOW)
    assert path.stat().st_size < 5000
