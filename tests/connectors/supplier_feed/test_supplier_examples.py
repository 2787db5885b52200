"""The three feeds of docs/supplier.md are read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.contract import Level
from connectors.supplier_feed.connector import SupplierFeed
from syncd.settings_values import parser_of
from tests.connectors.supplier_feed.conftest import Clock, folder_feed, put

PAGE = Path(__file__).parents[3] / "docs" / "supplier.md"
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE.read_text("utf-8").split("## Three feeds")[1], re.MULTILINE | re.DOTALL)
KNOWN = {f"ACME_{setting.name}": setting for setting in SupplierFeed.SETTINGS}


@pytest.mark.parametrize(
    ("feed", "lines", "expected"),
    [
        (*BLOCKS[:2], [("SKO-39", 3, 3), ("SKO-40", 10, 3), ("SKO-41", 0, 5)]),
        (*BLOCKS[2:4], [("1041", 24, 2), ("1042", 0, 7)]),
        (*BLOCKS[4:6], [("A-1", 12, None)]),
    ],
    ids=["CSV", "XML", "JSON"],
)
def test_a_feed_of_the_page_is_read_as_the_page_says(
    tmp_path: Path, clock: Clock, feed: str, lines: str, expected: list[tuple[str, int, int | None]]
) -> None:
    put(tmp_path, feed)
    given = {name: text.strip("'") for name, _, text in (line.partition("=") for line in lines.splitlines())}
    parsed = {KNOWN[name].name: parser_of(KNOWN[name])(text) for name, text in given.items()}
    supplier = folder_feed(tmp_path, clock, **parsed | {"URL": None})
    found = supplier.supplies(None)
    assert found
    assert [(one.sku, one.units, one.lead_time_days) for one in found.supplies] == expected
    assert [finding.level for finding in supplier.check()] == [Level.OK]
