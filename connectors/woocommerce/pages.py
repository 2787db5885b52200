"""Walks a list of the shop by id, complete also while the list changes under the walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connectors.contract import Unreadable
from connectors.http import Answer
from connectors.woocommerce.client import Client, Row

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk came: `after` is the last id seen, `offset` where the next page begins (a hint)."""

    after: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """New rows in the order of their ids; `place` resumes the walk after them, and is ``None`` at the end."""

    rows: list[Row]
    place: Place | None
    answer: Answer


def walk(client: Client, endpoint: str, start: Place, **params: str | int) -> Iterator[Page]:
    """Pages of the rows with an id above ``start.after``, to the end of the list. Raises as `Client.rows`.

    Rows that leave the list meanwhile would pull unseen ones onto a page that was read already. So each page begins
    with the last row of the one before: where that is not seen again, the walk goes back until it meets a row that it
    knows. Rows that come in only push known ones along.
    """
    after, offset = start.after, start.offset
    examined: set[int] = set()
    before: list[int] = []
    while True:
        paging: dict[str, str | int] = {"orderby": "id", "order": "asc", "per_page": PER_PAGE}
        if offset:
            paging["offset"] = offset
        rows, answer = client.rows(endpoint, **params, **paging)
        rows = sorted({row["id"]: row for row in rows}.values(), key=lambda row: int(row["id"]))
        ids = [row["id"] for row in rows]
        if offset and (not ids or ids[0] > after) and offset not in examined:
            examined.add(offset)
            offset = max(0, offset - PER_PAGE)
            before = []
            continue
        if len(ids) > 1 and ids == before:
            raise Unreadable(f"The shop's list of {endpoint} shows the same page again and again.")
        before = ids
        total = _count(answer.headers.get("X-WP-Total"))
        # A plugin may shorten pages, and the shop leaves out rows that the key may not see: its count decides.
        ends = len(ids) < PER_PAGE if total is None else not ids or offset + len(ids) >= total
        new = [row for row in rows if row["id"] > after]
        after = max(after, ids[-1]) if ids else after
        offset += max(len(ids) - 1, 1)
        yield Page(new, None if ends else Place(after, offset), answer)
        if ends:
            return


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


def hundreds(ids: Sequence[int]) -> list[Sequence[int]]:
    """The ids in pieces that one call takes."""
    return [ids[n : n + PER_PAGE] for n in range(0, len(ids), PER_PAGE)]


def comma(ids: Sequence[int]) -> str:
    """The ids as the shop reads them; of a list of parameters PHP keeps the last only (woocommerce-facts §1)."""
    return ",".join(map(str, ids))
