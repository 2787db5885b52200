"""WordPress' REST manners: parameters, errors, paging, `_fields`, dates (woocommerce-facts §§1, 9)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from syncd.sandbox.server import Request
from syncd.sandbox.woocommerce import php

Json = Any
Body = dict[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d{2}(:?\d{2})?)?", re.I)


class RestError(Exception):
    """WordPress' ``{"code", "message", "data"}``; `details` go into `data` beside the status."""

    def __init__(self, status: int, code: str, message: str, **details: Json) -> None:
        super().__init__(message)
        self.status = status
        self.body: Body = {"code": code, "message": message, "data": {"status": status, **details}}


class Fatal(Exception):
    """PHP dies here: what was written stays written."""


def invalid(name: str, message: str, detail: str, extra: Json = None) -> RestError:
    """400 for one parameter."""
    return RestError(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: message},
        details={name: {"code": detail, "message": message, "data": extra}},
    )


def wrong_type(name: str, kind: str) -> RestError:
    return invalid(name, f"{name} is not of type {kind}.", "rest_invalid_type", {"param": name})


NO_ROUTE = ("rest_no_route", "No route was found matching the URL and request method.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a route sees it. In `params` the body wins over the query, and the query over the path: that is
    how an `id` in the body comes to win over the one in the URL."""

    request: Request
    method: str
    base: str  # the address of the site, without a slash at the end
    path: str  # below wp-json
    params: Body

    @property
    def url(self) -> str:
        return f"{self.base}/wp-json{self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def body_of(request: Request) -> Body:
    """The body's parameters: of JSON and forms; any other content type is ignored.

    Raises:
        RestError: 400 for JSON that is none.
    """
    kind = request.headers.get("content-type", "")
    if not request.body:
        return {}
    if "application/x-www-form-urlencoded" in kind:
        return php.query(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
    if "json" not in kind:
        return {}
    try:
        parsed = json.loads(request.body, parse_int=_php_number, parse_constant=_no_constant)
    except ValueError:
        raise RestError(
            400,
            "rest_invalid_json",
            "Invalid JSON body passed.",
            json_error_code=4,
            json_error_message="Syntax error",
        ) from None
    return parsed if isinstance(parsed, dict) else {}


def _php_number(digits: str) -> int | float:
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else float(number)


def _no_constant(name: str) -> float:
    raise ValueError(name)


# --------------------------------------------------------------------------- reading parameters


def integer(params: Body, name: str, default: int, low: int | None = None, high: float = math.inf) -> int:
    if name not in params:
        return default
    if not php.is_integer(params[name]):
        raise wrong_type(name, "integer")
    number = php.whole(params[name])
    if low is not None and not low <= number <= high:
        bounds = f"must be between {low} (inclusive) and {high} (inclusive)"
        if high == math.inf:
            bounds = f"must be greater than or equal to {low}"
        raise invalid(name, f"{name} {bounds}", "rest_out_of_bounds")
    return number


def boolean(params: Body, name: str) -> bool:
    if name not in params:
        return False
    if not php.is_boolean(params[name]):
        raise wrong_type(name, "boolean")
    return php.truth(params[name])


def one_of(params: Body, name: str, choices: Sequence[str], default: str) -> str:
    value = str(params.get(name, default))
    if value not in choices:
        raise invalid(name, f"{name} is not one of {', '.join(choices[:-1])}, and {choices[-1]}.", "rest_not_in_enum")
    return value


def several(params: Body, name: str) -> list[str]:
    """A list given as an array or with commas."""
    value = params.get(name, [])
    return [str(each) for each in value] if isinstance(value, list) else re.split(r"[\s,]+", str(value).strip())


def ids(params: Body, name: str) -> set[int]:
    values = [value for value in several(params, name) if value]
    if not all(php.is_integer(value) for value in values):
        raise wrong_type(f"{name}[0]", "integer")
    return {php.whole(value) for value in values}


# --------------------------------------------------------------------------- dates


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S")


def both(shop_local: Callable[[datetime], datetime], name: str, instant: datetime | None) -> Body:
    """A date as WooCommerce answers it: in shop time, and in UTC under ``<name>_gmt``."""
    if instant is None:
        return {name: None, f"{name}_gmt": None}
    return {name: stamp(shop_local(instant)), f"{name}_gmt": stamp(instant)}


def date_filter(params: Body, local: Callable[[datetime], datetime]) -> Callable[[datetime, datetime], bool]:
    """Which (created, modified) the four date parameters let through.

    Compared are whole seconds as text columns hold them, strictly: in UTC with `dates_are_gmt`, else in shop time.
    A zone in the value is converted to *shop* time in either case, and overlooked behind a fraction.
    """
    gmt = boolean(params, "dates_are_gmt")
    limits: dict[str, datetime] = {}
    for name in ("after", "before", "modified_after", "modified_before"):
        if name in params:
            limits[name] = _column_time(name, str(params[name]), local)
    if not limits:
        return lambda _created, _modified: True

    def column(instant: datetime) -> datetime:
        return (instant if gmt else local(instant)).replace(tzinfo=None)

    def lets_through(created: datetime, modified: datetime) -> bool:
        at = {"": column(created), "modified_": column(modified)}
        return all(
            at[name.removesuffix("after").removesuffix("before")] > limit
            if name.endswith("after")
            else at[name.removesuffix("before")] < limit
            for name, limit in limits.items()
        )

    return lets_through


def _column_time(name: str, value: str, local: Callable[[datetime], datetime]) -> datetime:
    match = DATE.fullmatch(value)
    try:
        naive = datetime.fromisoformat(value[:19])
        if match is None:
            raise ValueError(value)
        if match["zone"] and not match["fraction"]:
            return local(datetime.fromisoformat(value.upper()).astimezone(UTC)).replace(tzinfo=None)
    except ValueError:
        raise invalid(name, "Invalid date.", "rest_invalid_date") from None
    return naive


# --------------------------------------------------------------------------- answers


def only_fields(item: Body, wanted: object) -> Body:
    """The fields named by `_fields` (commas or a list; ``a.b`` reaches into objects); all where it is empty."""
    names = [name for name in several({"_fields": wanted}, "_fields") if name] if wanted else []
    if not names:
        return item
    kept: Body = {}
    for key, value in item.items():
        below = [name.partition(".")[2] for name in names if name.split(".")[0] == key]
        if "" in below:
            kept[key] = value
        elif below:
            kept[key] = only_fields(value, below) if isinstance(value, dict) else []
    return kept


def single(item: Body, asked: Asked, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """One object: `_links` come along whatever `_fields` says."""
    kept = only_fields(item, asked.params.get("_fields"))
    if "_links" in item:
        kept["_links"] = item["_links"]
    return Reply(kept, status, headers or {})


class Dated(Protocol):
    id: int
    created: datetime
    modified: datetime


Row = TypeVar("Row", bound=Dated)


def in_order(rows: Iterable[Row], asked: Asked, choices: Sequence[str]) -> list[Row]:
    """By `orderby` and `order`: newest first unless told otherwise; within a second by id, the same way round."""
    by = one_of(asked.params, "orderby", choices, "date")
    descending = one_of(asked.params, "order", ("asc", "desc"), "desc") == "desc"

    def place(row: Row) -> tuple[datetime, int]:
        return {"date": row.created, "modified": row.modified}.get(by, EPOCH), row.id

    return sorted(rows, key=place, reverse=descending)


def page_of(rows: Sequence[Json], asked: Asked, render: Callable[[Any], Body], *, default_size: int = 10) -> Reply:
    """One page of `rows` with WordPress' paging headers; a page past the end is empty, not an error.

    `offset` beats `page` unless it is 0 (WooCommerce's OrdersTableQuery, WordPress' WP_Query).
    """
    size = integer(asked.params, "per_page", default_size, 1, 100)
    number = integer(asked.params, "page", 1, 1)
    start = integer(asked.params, "offset", 0, 0) or (number - 1) * size
    pages = math.ceil(len(rows) / size)
    links = []
    for relation, target in (("prev", number - 1), ("next", number + 1)):
        if 1 <= target <= pages:
            query = {**dict(asked.request.query), "page": target}
            links.append(f'<{asked.url}?{urlencode(query)}>; rel="{relation}"')
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
    if links:
        headers["Link"] = ", ".join(links)
    shown = rows[start : start + size]
    return Reply([only_fields(render(row), asked.params.get("_fields")) for row in shown], headers=headers)


def run_batch(asked: Asked, doors: Mapping[str, Callable[[Body], Body]]) -> Reply:
    """create, update, delete: each entry for itself, errors in the place of the entry, no validation, no transaction.

    Raises:
        RestError: 413 above 100 entries, with nothing written.
        Fatal: where the scripted fault says so; the entries before stay written.
    """
    groups = {name: asked.params[name] for name in doors if isinstance(asked.params.get(name), list)}
    if sum(map(len, groups.values())) > 100:
        raise RestError(
            413,
            "woocommerce_rest_request_entity_too_large",
            "Unable to accept more than 100 items for this request.",
        )
    answer: Body = {}
    at = 0
    for name, entries in groups.items():
        for entry in entries:
            at += 1
            if at == asked.request.fatal_at:
                raise Fatal
            params = entry if isinstance(entry, dict) else {"id": entry}
            try:
                done = doors[name](params)
            except RestError as error:
                done = {"id": params.get("id"), "error": error.body}
            answer.setdefault(name, []).append(done)
    if asked.params.get("_fields"):
        answer = {name: [] for name in answer if any(f.startswith(name) for f in several(asked.params, "_fields"))}
    return Reply(answer or [])
