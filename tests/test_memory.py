from __future__ import annotations

from pathlib import Path

import pytest

from syncd import memory


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_what_was_freed_between_things_that_stay_goes_back_to_the_machine() -> None:
    """Blocks just below the size that glibc maps one by one: freed, they stay with the process until it trims."""
    if "musl" in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace"):
        pytest.skip("musl gives memory back by itself and cannot be asked to")
    blocks = [bytearray(100_000) for _ in range(600)]
    kept = blocks[::2]
    del blocks
    before = resident_mb()
    memory.give_back()
    assert before - resident_mb() > 15, "of about 28 MB"
    assert len(kept) == 300
