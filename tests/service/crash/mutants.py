"""The service with a mistake planted, as a process of its own: the crash test must find each of them.

python -m tests.service.crash.mutants NAME --env-file FILE run
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from unittest.mock import patch

from connectors.contract import SalesSource
from syncd.__main__ import main
from syncd.storage import channels, intents
from syncd.storage.session import Tx
from syncd.sync import puller, writer
from syncd.sync.house import House, Port
from syncd.sync.puller import Booked
from tests.engine.mutants import a_delta_resent


@contextmanager
def cursor_before_the_page() -> Iterator[None]:
    """Where the reading stands is noted as it goes, and what was read is booked when all is there."""
    walk = puller._walk

    def walked(house: House, port: Port, source: SalesSource, cursor: str | None, total: Booked) -> None:
        pages = []
        for page in source.orders(cursor):
            pages.append(page)
            with house.db.write() as tx:
                channels.change(tx, port.name, cursor=page.cursor)
        with patch.object(source, "orders", lambda _cursor: iter(pages)):
            walk(house, port, source, cursor, total)

    with patch.object(puller, "_walk", walked):
        yield


@contextmanager
def intents_forgotten() -> Iterator[None]:
    """What was under way when the service died is taken for never sent."""

    def forget(house: House, port: Port) -> set[int]:
        with house.db.write() as tx:
            for key in intents.open_calls(tx, port.name):
                intents.close(tx, key)
        return set()

    with patch.object(writer, "recover", forget):
        yield


@contextmanager
def intent_after_the_answer() -> Iterator[None]:
    """Nothing is in the table while a write is under way."""

    def nothing(_tx: Tx, _batch: object) -> None: ...

    with patch.object(intents, "record", nothing):
        yield


MUTANTS: Mapping[str, Callable[[], AbstractContextManager[None]]] = {
    made.__name__: made for made in (a_delta_resent, cursor_before_the_page, intents_forgotten, intent_after_the_answer)
}

if __name__ == "__main__":
    with MUTANTS[sys.argv.pop(1)]():
        main()
