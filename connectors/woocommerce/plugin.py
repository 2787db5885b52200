"""The companion plugin as a zip that WordPress takes: it shows notices to the buyer."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from connectors.contract import StorefrontFile

NAME = "syncd-availability"
FOLDER = Path(__file__).parent / "storefront" / NAME

NEXT_STEPS = (
    "In WordPress go to Plugins > Add New Plugin > Upload Plugin, choose the file, then Install Now.",
    "Choose Activate Plugin. It has no settings.",
    "Empty the shop's page cache, if it has one, and look at a product: its text stands below the price.",
)


def storefront() -> StorefrontFile:
    """The plugin. Stored, not compressed, under a fixed date: the same bytes on every machine."""
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for file in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
            entry = ZipInfo(f"{NAME}/{file.relative_to(FOLDER).as_posix()}", (2026, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # a file of Unix, readable by the web server
            archive.writestr(entry, file.read_bytes())
    return StorefrontFile(f"{NAME}.zip", content.getvalue(), NEXT_STEPS)
