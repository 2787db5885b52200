"""What reading a supplier's feed costs: rows, seconds and memory, in each format.

    python -m tests.benchmarks.feed [ROWS]

Run by hand; the figures stand in docs/supplier.md. Each feed has 10 columns and is read by a process of its own. Exit
code 1 where a promise is not kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import openpyxl

from connectors.supplier_feed.connector import SupplierFeed

ROWS = 50_000
MOST_MB = 150  # more than a process that has read nothing yet
FORMATS = ("csv", "xlsx", "xml", "json")
COLUMNS = (("sku", "Article"), ("on_hand", "Stock"), ("lead_time_days", "Days"), ("category", "Group"))
HEADER = ("Article", "Stock", "Days", "Group", "Name", "EAN", "Price", "Weight", "Colour", "Text")


Row = tuple[str, int, int, str, str, str, str, str, str, str]


def rows(count: int) -> Iterator[Row]:
    for n in range(count):
        name, text = f"Shoe number {n} for walking", "Made of leather, with a sole that lasts. " * 2
        yield (
            f"SHOE-{n:06}",
            n % 40,
            n % 7,
            f"Group {n % 30}",
            name,
            str(5701234000000 + n),
            "249,95",
            "1,2",
            "black",
            text,
        )


def write(folder: Path, format_: str, rows: Iterable[Row]) -> None:
    """The same feed in this format, an hour old."""
    path = folder / f"stock.{format_}"
    if format_ == "xlsx":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in (HEADER, *rows):
            sheet.append(row)
        book.save(path)
    else:
        with path.open("w", encoding="utf-8") as file:
            if format_ == "csv":
                file.writelines(";".join(map(str, row)) + "\n" for row in (HEADER, *rows))
            elif format_ == "json":
                json.dump([dict(zip(HEADER, row, strict=True)) for row in rows], file)
            else:
                file.write("<shop>")
                for row in rows:
                    fields = "".join(f"<{name}>{cell}</{name}>" for name, cell in zip(HEADER, row, strict=True))
                    file.write(f"<product>{fields}</product>\n")
                file.write("</shop>")
    hour_ago = time.time() - 3600
    os.utime(path, (hour_ago, hour_ago))


def peak_mb() -> float:
    """The most memory of this process so far (what `getrusage` tells counts its parent in)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def read(folder: str, format_: str) -> None:
    """Reads the feed of one format; prints rows, seconds, seconds of CPU, and MB of memory before and at its peak."""
    before_mb = peak_mb()
    feed = SupplierFeed("acme", {"FOLDER": folder, "FILES": f"*.{format_}", "COLUMNS": COLUMNS})
    started, begun = time.monotonic(), time.process_time()
    found = feed.supplies(None)
    assert found is not None and len(found.supplies) == found.rows, "every row can be read"
    took = (time.monotonic() - started, time.process_time() - begun)
    print(json.dumps([found.rows, *took, before_mb, peak_mb()]))  # noqa: T201


def main() -> None:
    if sys.argv[1:2] == ["--read"]:
        read(*sys.argv[2:])
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        for format_ in FORMATS:
            write(Path(folder), format_, rows(count))
            command = [sys.executable, "-m", "tests.benchmarks.feed", "--read", folder, format_]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found, seconds, cpu_s, before_mb, most_mb = json.loads(told)
            size_mb = (Path(folder) / f"stock.{format_}").stat().st_size / 1e6
            above_mb = most_mb - before_mb
            kept = kept and found == count and above_mb <= MOST_MB
            print(  # noqa: T201
                f"{format_:5} {size_mb:5.1f} MB  {found:,} rows in {seconds:.1f} s ({cpu_s:.1f} s of CPU), "
                f"peak {most_mb:.0f} MB ({above_mb:.0f} MB above the {before_mb:.0f} MB of the program)"
            )
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
