"""`syncd explain` down to the last unit, with every pool: what is there, what is taken off, what buyers read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.domain.availability import Pool
from tests.cli.command_kit import Shops
from tests.storefronts import ALL_POOLS, FEED, write_feed

SOON, LATER, FAR = ((datetime.now(UTC) + timedelta(days=days)).date() for days in (9, 29, 60))


@pytest.fixture
def every_pool(shops: Shops, tmp_path: Path) -> Shops:
    """Both shops live with 10 mugs on the shelf, 5 in a warehouse, and something in each other pool."""
    folder = tmp_path / "acme"
    write_feed(folder, {"MUG": (30, "5;6")}, header="Article;Stock;Days;Pack")
    shops.set(
        **FEED | {"ACME_COLUMNS": FEED["ACME_COLUMNS"] + ", pack_size:Pack"},
        SYNCD_CHANNELS="woo:woocommerce, shopify_il:shopify, acme:supplier_feed",
        SYNCD_SELLS=ALL_POOLS,
        SYNCD_WORKING_DAYS="Mon-Sun",
        SYNCD_EXTERNAL="Depot:2-4",
        SYNCD_EXTERNAL_BUFFER="1",
        SYNCD_INCOMING_BUFFER="10%",
        SYNCD_SUPPLIER_BUFFER="3",
        WOO_STATUSES="no",
        ACME_FOLDER=str(folder),
    )
    shops.live({"MUG": 10})
    shops.done("count", "MUG", "5", "--location", "Depot")
    shops.done("incoming", "add", "MUG", "24", "--expected", str(SOON), "--supplier", "Acme")
    shops.done("incoming", "add", "MUG", "6", "--expected", str(LATER))
    shops.done("incoming", "add", "MUG", "7")
    shops.done("incoming", "receive", "2", "2")
    shops.done("pre-order", "MUG", "100", "--from", str(FAR))
    lead_time = tmp_path / "lead.csv"
    lead_time.write_text("SKU,Lead time days\nMUG,12\n", encoding="utf-8")
    shops.done("import", str(lead_time), "--yes")
    shops.done("overbook", "MUG", "3", "--until", str(FAR), "--reason", "comes every Monday")
    shops.done("sync")
    return shops


def test_every_pool_is_told_with_what_is_known_of_it(every_pool: Shops) -> None:
    told = every_pool.done("explain", "MUG").out.splitlines()
    assert told[0].startswith("on hand 17 (shelf 12, counted ")
    assert told[0].endswith("- reserved 0 = available 17; alert at 5")
    assert told[1:4] == [
        f"  on the way  24, expected on {SOON} (delivery 1, Acme)",
        f"  on the way  4, expected on {LATER}, 2 more received (delivery 2)",
        "  on the way  7, nobody knows when: not sold (delivery 3)",
    ]
    assert told[4].startswith("  acme        states 30, 15 believed, lead time 5 working days, written ")
    assert told[5:7] == [
        f"  overbook    up to 3, until {FAR} (comes every Monday)",
        f"  pre-order   up to 100, ships from {FAR}",
    ]
    pools = "12 + external 5 + incoming 28 + supplier 15 + pre-order 100 + overbooked 3"
    buffers = "- buffer of external 1 - buffer of incoming 3 - buffer of supplier 3"
    assert told[7].startswith(f"  woo         {pools} - buffer 2 {buffers} = 154 offered, shows 154 since ")
    assert told[7].endswith(", in stock"), "it tells its buyers nothing"
    assert told[8].startswith(f"  shopify_il  {pools} - buffer 1 {buffers} = 155 offered, shows 155 since ")
    assert told[8].endswith(', in stock: "In stock, ready to ship"')
    assert len(told) == 9


def test_what_is_promised_stands_behind_the_pools_that_it_eats(every_pool: Shops) -> None:
    every_pool.buy_in_woo("MUG", 19)
    every_pool.done("sync")
    *_, shopify_il = every_pool.done("explain", "MUG").out.splitlines()
    assert shopify_il.startswith(
        "  shopify_il  own 12 + external 5 + incoming 28 + supplier 15 + pre-order 100 + overbooked 3 - reserved 19"
        " - buffer 1 - buffer of external 1 - buffer of incoming 3 - buffer of supplier 3 = 136 offered, "
    )
    assert shopify_il.endswith(f', on the way: "On the way, expected on {SOON:%B} {SOON.day}, {SOON.year}"')


def test_the_addends_of_every_pool_sum_to_what_is_offered(every_pool: Shops) -> None:
    every_pool.buy_in_woo("MUG", 19)
    every_pool.done("sync")
    found = every_pool.done("explain", "MUG", "--json").json
    for channel in found["channels"]:
        assert sum(one["units"] for one in channel["addends"]) == channel["offered"] == channel["told"]
        names = {one["name"] for one in channel["addends"]}
        assert {pool.value for pool in Pool} - names == {Pool.OWN.value}, "own stock is on hand"
    woo, shopify_il = found["channels"]
    assert (woo["text"], woo["text_written"]) == (None, None)
    assert shopify_il["text_written"] is True
    assert [one["due"] for one in found["deliveries"]] == [24, 4, 7]
    (acme,) = found["supplies"]
    assert (acme["units"], acme["trusted"], acme["lead_time_days"], acme["too_old"]) == (30, 15, 5, False)
    assert acme["pack_size"] == 6
    assert [one["kind"] for one in found["permissions"]] == ["overbook", "pre-order"]


def test_what_is_not_sold_any_more_says_why(every_pool: Shops) -> None:
    every_pool.set(ACME_SILENT_AFTER="20s")
    every_pool.done("status-override", "MUG", "on_the_way", "--until", str(FAR))
    every_pool.done("sync")
    told = every_pool.done("explain", "MUG").out
    assert " ago: too old, not sold\n" in told
    assert f"  status      on the way at best by your word, until {FAR}\n" in told
    assert "supplier" not in told.splitlines()[-1]
    assert ', on the way: "On the way, expected on ' in told
