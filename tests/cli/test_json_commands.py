"""What --json prints has the fields and types that docs/json.md shows."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.alerts.slack_kit import SlackServer, answer
from tests.alerts.smtp_kit import MailServer
from tests.cli.command_kit import Ended, Shops

PAGE = Path(__file__).parent.parent.parent / "docs" / "json.md"
INSTANTS = {"at", "since", "read_at", "listed_at", "counted_at", "shown_at", "told_at", "low_told_at"}


def documented() -> dict[str, tuple[Any, frozenset[str]]]:
    """By command: the example of the page, and the names of the fields that may be null."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        name = re.match(r"`syncd ([\w-]+)", section)
        example = re.search(r"```json\n(.*?)```", section, re.DOTALL)
        assert name and example
        nulls = section.partition("Null: ")[2].partition("\n\n")[0]
        fields = frozenset(path.rpartition(".")[2] for path in re.findall(r"`([\w.]+)`", nulls))
        found[name[1]] = (json.loads(example[1]), fields)
    return found


def assert_like(real: object, example: object, nullable: frozenset[str], where: str = "") -> None:
    """The same fields, in the same order, of the same types; every element of a list like the example's first."""
    name = where.rpartition(".")[2]
    if real is None:
        assert name in nullable, f"{where} is null, and the page does not say that it may be"
        return
    assert type(real) is type(example), f"{where} is {real!r}, the page shows {example!r}"
    if isinstance(real, dict) and isinstance(example, dict):
        assert list(real) == list(example), where
        for field, value in real.items():
            assert_like(value, example[field], nullable, f"{where}.{field}")
    elif isinstance(real, list) and isinstance(example, list):
        for one in real:
            if example:
                assert_like(one, example[0], nullable, where)
    elif name in INSTANTS:
        assert datetime.fromisoformat(str(real)).utcoffset() is not None


def told(shops: Shops) -> Ended:
    """A sync that tells somebody by mail, and cannot tell in Slack."""
    with MailServer() as mail, SlackServer([answer(404, "no_service")]) as slack:
        shops.set(
            SYNCD_EMAIL_TO="me@example.com",
            SYNCD_SMTP_HOST="127.0.0.1",
            SYNCD_SMTP_PORT=str(mail.port),
            SYNCD_SMTP_SECURITY="none",
            SYNCD_SLACK_WEBHOOK_URL=slack.url,
        )
        return shops.syncd("sync", "--json")


def answered(shops: Shops) -> Ended:
    """Alerts of which one was read and one was put off."""
    shops.done("ack", "BELT")
    shops.done("snooze", "CAP", "--for", "3d")
    return shops.done("alerts", "--all", "--json")


def test_every_json_is_as_the_page_shows_it(shops: Shops) -> None:
    pages = documented()
    beside = {"incoming", "permissions", "suppliers", "reorder", "alerts"}
    assert set(pages) == {"sync", "plan", "status", "explain", "stock", "holds", "incidents"} | beside
    shops.set(SYNCD_HOLD_COUNT="1")
    shops.live({"HAT": 10, "BELT": 10, "CAP": 4, "SCARF": 9})
    order = shops.buy_in_woo("HAT", 2)
    shops.done("sync")
    shops.woo.set_order_status(order, "failed")
    shops.woo.edit_stock("CAP", 5)
    shops.shopify.add_product("Another hat", [{"sku": "HAT", "units": 1}])
    shops.buy_in_woo("SCARF", 1)
    shops.done("map")
    shops.done("count", "BELT", "0")
    shops.done("return", "HAT", "1")
    shops.done("incoming", "add", "HAT", "5", "--expected", "2999-12-01", "--supplier", "Acme", "--reference", "4711")
    shops.done("incoming", "receive", "1", "2")
    shops.done("pre-order", "HAT", "5", "--from", "2999-12-01")
    shops.done("status-override", "BELT", "out_of_stock")
    asked = {
        "incoming": shops.done("incoming", "list", "--json"),
        "permissions": shops.done("permissions", "--json"),
        "suppliers": shops.done("suppliers", "--json"),
        "reorder": shops.done("reorder", "--json"),
        "plan": shops.done("plan", "--json"),
        "dry-run": shops.syncd("sync", "--dry-run", "--json"),
        "sync": told(shops),
        "alerts": answered(shops),
        "status": shops.done("status", "--json"),
        "explain": shops.done("explain", "HAT", "--json"),
        "stock": shops.done("stock", "--json"),
        "holds": shops.done("holds", "--json"),
        "incidents": shops.done("incidents", "--json"),
    }
    assert asked["sync"].json["exit_code"] == asked["sync"].code == 3
    for name, ended in asked.items():
        example, nullable = pages["sync" if name == "dry-run" else name]
        assert_like(ended.json, example, nullable, name)
    # so that no list was empty for want of anything to show
    held = asked["holds"].json
    assert held["holds"] and held["to_decide"] and held["incidents"]
    woo, _ = asked["sync"].json["channels"]
    assert woo["hold"] and woo["waiting"]
    assert asked["explain"].json["left_alone"]
    assert asked["status"].json["exposed"] and asked["status"].json["low"]
    assert asked["reorder"].json["suppliers"]
    assert [bool(one["trouble"]) for one in asked["sync"].json["told"]] == [True, False]
    assert asked["status"].json["low_told_at"] and asked["status"].json["not_told"]
    alerts = asked["alerts"].json
    assert [bool(one["told_at"]) for one in alerts["targets"]] == [True, False]
    for field in ("sku", "channel", "text", "read_at", "put_off_until"):
        assert {one[field] is None for one in alerts["alerts"]} == {True, False}, field
    assert_like(asked["dry-run"].json["plan"], *pages["plan"], "plan")


def test_the_addends_of_explain_sum_to_what_is_offered(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.done("set", "HAT", "--cap", "6", "--channel", "woo")
    shops.buy_in_woo("HAT", 2)
    shops.done("sync")
    woo, shopify_il = shops.done("explain", "HAT", "--json").json["channels"]
    assert [woo["offered"], shopify_il["offered"]] == [6, 7]
    for channel in (woo, shopify_il):
        assert sum(one["units"] for one in channel["addends"]) == channel["offered"]
        assert channel["in_step"]


def test_plan_tells_every_listing_with_what_it_shows_and_would_show(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 10, "BELT": 1})
    shops.done("adopt", "woo", "--yes")
    shops.done("map")
    woo = shops.done("plan", "woo", "--json").json["channels"][0]
    assert (woo["mode"], woo["lower"], woo["sold_out_by_buffer"]) == ("shadow", 2, 1)
    assert {one["sku"]: (one["shown"], one["target"]) for one in woo["listings"]} == {"HAT": (10, 8), "BELT": (1, 0)}
