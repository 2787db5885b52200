"""The first hour of an owner, from an `.env` to two shops in step, over real HTTP (first-hour.md)."""

from __future__ import annotations

from tests.cli.command_kit import Shops

GOODS = {"SHOE-39-BLK": 10, "SHOE-40-BLK": 6, "HAT": 5, "SCARF": 2, "BELT": 1}


def test_the_first_hour_from_check_to_rollback(shops: Shops) -> None:
    shops.sell_in_both(GOODS)
    shops.woo.add_simple("", "Left over", stock=3)
    shops.woo.add_simple("GIFT", "Gift card", stock=None)
    order = shops.buy_in_woo("HAT", 2)

    told = shops.done("check").out
    assert "  ok    database    " in told
    assert "no stock yet" in told
    assert "ok    woo         WooCommerce" in told

    told = shops.done("map").out
    assert "  woo         7 listings: 5 with a SKU, 1 without SKU, 1 with stock management off\n" in told
    assert "No stock is counted yet. Take a shop's numbers: syncd adopt woo" in told

    told = shops.done("adopt", "woo", "--yes").out
    assert (
        "woo shows 22 units of 5 SKUs; 1 open order holds 2 more, so 24 are on hand. The shop is not changed." in told
    )
    assert "2 listings left out:" in told
    assert "5 SKUs, 24 units, counted " in told
    assert shops.done("map", "--known").out.startswith(
        "  woo         7 listings: 5 matched, 1 without SKU, 1 with stock management off\n"
        "  shopify_il  5 listings: 5 matched\n"
    )

    told = shops.done("plan").out
    assert "  woo         5 lower, 0 higher, 0 right; 2 become sold out only through the buffer\n" in told
    assert "  shopify_il  5 lower, 0 higher, 0 right; 1 become sold out only through the buffer\n" in told
    assert "Both channels are in shadow: nothing is written. All rows: syncd plan --all\n" in told
    assert shops.shown("SHOE-39-BLK") == (10, 10)

    told = shops.done("go-live", "woo", "shopify_il").out
    assert told == (
        "  woo         saved what it shows; wrote 3 SKUs, read back, right; wrote 2 more. Undo: syncd rollback woo\n"
        "  shopify_il  saved what it shows; wrote 3 SKUs, read back, right; wrote 2 more."
        " Undo: syncd rollback shopify_il\n"
    )
    assert {sku: shops.shown(sku) for sku in GOODS} == {
        "SHOE-39-BLK": (8, 9),
        "SHOE-40-BLK": (4, 5),
        "HAT": (1, 2),
        "SCARF": (0, 1),
        "BELT": (0, 0),
    }

    bought = shops.buy_in_woo("SHOE-39-BLK", 3)
    told = shops.done("sync").out
    assert "shopify_il  SHOE-39-BLK      9          6  written" in told
    assert shops.shown("SHOE-39-BLK") == (5, 6)

    told = shops.done("explain", "SHOE-39-BLK").out
    assert f" - reserved 3 (woo order {bought} × 3) = available 7; alert at 5\n" in told
    assert "  woo         7 - buffer 2 = 5 offered, shows 5 " in told
    assert "  shopify_il  7 - buffer 1 = 6 offered, shows 6 since " in told
    assert f"(woo order {order} × 2)" in shops.done("explain", "HAT").out

    told = shops.done("status").out
    assert "  woo, shopify_il  live, read " in told
    assert "5 SKUs, 3 low, 0 holds, 0 to decide, 0 incidents\n" in told
    assert "units advertised in all channels, 19 available; more than there is: " in told

    assert shops.done("rollback", "woo").out.endswith("woo is in shadow: nothing is written.\n")
    assert {sku: shops.shown(sku)[0] for sku in GOODS} == {
        "SHOE-39-BLK": 7,
        "SHOE-40-BLK": 6,
        "HAT": 3,
        "SCARF": 2,
        "BELT": 1,
    }


def test_a_sale_in_either_shop_lowers_the_other(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.buy_in_shopify("HAT", 4)
    shops.done("sync")
    assert shops.shown("HAT") == (4, 5)
    shops.buy_in_woo("HAT", 1)
    shops.done("sync")
    assert shops.shown("HAT") == (3, 4)


def test_going_live_with_much_to_change_asks_first(shops: Shops) -> None:
    shops.set(SYNCD_HOLD_COUNT="1")
    shops.sell_in_both({"BELT": 1, "HAT": 5})
    shops.done("adopt", "woo", "--yes")
    ended = shops.syncd("go-live", "woo")
    assert ended.code == 2
    assert "1 of 2 listings would become sold out. Go live all the same? Say yes with --yes.\n" in ended.err
    assert shops.woo.stock_of("HAT") == 5
    shops.done("go-live", "woo", "--yes")
    assert shops.woo.stock_of("HAT") == 3


def test_going_live_before_anything_is_counted_is_refused(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 5})
    ended = shops.syncd("go-live", "woo")
    assert ended.code == 1
    assert "woo has no listing that is matched, counted and stopped by a 0" in ended.err


def test_adopting_asks_and_counts_nothing_without_a_yes(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 5})
    ended = shops.syncd("adopt", "woo")
    assert ended.code == 2
    assert "Nobody can be asked here: Take this as the first count? Say yes with --yes.\n" in ended.err
    assert shops.done("stock").out == "No stock yet: syncd adopt CHANNEL, or syncd import FILE\n"


def test_a_live_shop_is_not_taken_for_a_count(shops: Shops) -> None:
    shops.live({"HAT": 10})
    ended = shops.syncd("adopt", "woo", "--sku", "HAT", "--yes")
    assert ended.code == 1
    assert "Count the shelf: syncd count HAT UNITS" in ended.err
    assert shops.done("stock", "--json").json["skus"][0]["on_hand"] == 10
