"""Notices that the settings changed what may be offered (design.md §3.8: every input dirties its listings)."""

from __future__ import annotations

import zlib

from syncd.storage import catalogue, ledger
from syncd.storage.runs import remember_settings
from syncd.sync.house import House


def note_settings(house: House) -> None:
    """Treat a change of buffers, caps, cut-offs or channels in `.env` as one that may make more of everything sellable.

    A smaller buffer raises numbers: like any raise it waits until every channel was read after it (design.md §3.5).
    """
    ports = [
        (
            *(port.name, port.kind, port.limits, port.ships_from, port.start_counting),
            *(sorted(port.sells), sorted(port.buffers.items()), port.trust_percent, port.silent_after, port.wording),
        )
        for port in house.ports
    ]
    workdays = (sorted(house.workdays.days), sorted(house.workdays.holidays), house.workdays.ships_until)
    said = (house.default, ports, house.caution, str(house.timezone), workdays, sorted(house.external.items()))
    fingerprint = zlib.crc32(repr(said).encode())
    with house.db.write() as tx:
        catalogue.name_external(tx, house.external)
        if remember_settings(tx, fingerprint):
            ledger.raise_again(tx)
