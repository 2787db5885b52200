"""Notices that the settings changed what may be offered (design.md §3.8: every input dirties its listings)."""

from __future__ import annotations

import zlib

from syncd.storage import ledger
from syncd.storage.runs import remember_settings
from syncd.sync.house import House


def note_settings(house: House) -> None:
    """Treat a change of buffers, caps, cut-offs or channels in `.env` as one that may make more of everything sellable.

    A smaller buffer raises numbers: like any raise it waits until every channel was read after it (design.md §3.5).
    """
    ports = [(port.name, port.kind, port.limits, port.ships_from, port.start_counting) for port in house.ports]
    fingerprint = zlib.crc32(repr((house.default, ports)).encode())
    with house.db.write() as tx:
        if remember_settings(tx, fingerprint):
            ledger.raise_again(tx)
