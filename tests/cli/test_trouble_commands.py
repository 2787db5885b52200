"""When something is wrong: holds, hand edits, ended orders, wrong keys, listings that fit nothing."""

from __future__ import annotations

import csv
import shlex
from pathlib import Path

from tests.alerts.slack_kit import SlackServer
from tests.alerts.smtp_kit import MailServer
from tests.cli.command_kit import Shops
from tests.storefronts import FEED, write_feed


def test_a_change_too_big_waits_for_a_yes_and_is_written_after_it(shops: Shops) -> None:
    shops.set(SYNCD_HOLD_COUNT="1")
    shops.live({"HAT": 10, "BELT": 10})
    shops.done("count", "HAT", "0")
    ended = shops.syncd("sync")
    assert ended.code == 3
    assert "woo: held, nothing of it is written: 1 of 2 listings would become sold out." in ended.out
    assert shops.shown("HAT") == (8, 9)
    told = shops.done("holds").out
    assert "hold 1, shopify_il, since " in told or "hold 1, woo, since " in told
    assert "  Right? syncd approve 1    Wrong? syncd reject 1\n" in told
    assert "HAT" in told
    shops.done("approve", "1", "2")
    shops.done("sync")
    assert shops.shown("HAT") == (0, 0)
    assert shops.done("holds").out == "Nothing waits for you.\n"


def test_the_worst_of_what_is_held_is_shown_first(shops: Shops, tmp_path: Path) -> None:
    skus = [f"A{number:02}" for number in range(11)]
    shops.live(dict.fromkeys([*skus, "Z"], 40))
    write(tmp_path / "count.csv", [{"SKU": sku, "On hand": "12"} for sku in skus] + [{"SKU": "Z", "On hand": "0"}])
    shops.done("import", str(tmp_path / "count.csv"), "--counted-at", "now", "--yes")
    ended = shops.syncd("sync")
    assert ended.code == 3
    shown = [line.split() for line in ended.out.splitlines() if line.startswith("  woo ") and "looks too big" in line]
    assert len(shown) == 10
    assert shown[0][:4] == ["woo", "Z", "38", "0"]
    assert "  and 2 more: syncd sync --json" in ended.out


def test_a_change_that_was_rejected_is_not_written(shops: Shops) -> None:
    shops.set(SYNCD_HOLD_COUNT="1")
    shops.live({"HAT": 10, "BELT": 10})
    shops.done("count", "HAT", "0")
    assert shops.syncd("sync").code == 3
    assert "rejected. The shop stays as it is." in shops.done("reject", "1", "2").out
    told = shops.done("sync").out
    assert "a person said no to this number" in told
    assert shops.shown("HAT") == (8, 9)


def test_an_answer_about_a_feed_says_what_becomes_of_the_feed(shops: Shops, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    write_feed(folder, {"MUG": (30, 5)})
    shops.set(SYNCD_CHANNELS="woo:woocommerce, shopify_il:shopify, acme:supplier_feed", ACME_FOLDER=str(folder), **FEED)
    shops.live({"MUG": 1})
    shops.done("sync")
    write_feed(folder, {"MUG": (30, 9)}, header="Article;Days;Stock")
    assert shops.syncd("sync").code == 3
    assert shops.done("reject", "1").out == (
        "hold 1, acme: rejected. The feed is not used; what it said before holds until it is too old. "
        "After all? syncd approve 1\n"
    )
    ended = shops.done("sync")
    assert "approve" not in ended.out
    assert shops.done("holds").out == "Nothing waits for you.\n"
    assert (
        shops.done("approve", "1").out == "hold 1, acme: approved. The feed is used when it is read next: syncd sync\n"
    )
    shops.done("sync")
    (acme,) = shops.done("explain", "MUG", "--json").json["supplies"]
    assert acme["units"] == 9


def test_a_column_that_a_feed_lost_is_told_by_the_sync_that_read_it(shops: Shops, tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    write_feed(folder, {"MUG": (30, 5)}, header="Article;Stock;Tage")
    shops.set(SYNCD_CHANNELS="woo:woocommerce, shopify_il:shopify, acme:supplier_feed", ACME_FOLDER=str(folder), **FEED)
    shops.sell_in_both({"MUG": 1})
    shops.done("map")
    shops.done("adopt", "woo", "--yes")
    sentence = 'The feed has no column "Days" (lead_time_days). There is: Article, Stock, Tage.'
    assert f"acme: {sentence}\n" in shops.done("sync").out
    write_feed(folder, {"MUG": (31, 5)}, header="Article;Stock;Tage")
    channels = {one["channel"]: one["warnings"] for one in shops.done("sync", "--json").json["channels"]}
    assert channels == {"woo": [], "shopify_il": [], "acme": [sentence]}


def test_a_number_typed_in_a_shop_is_told_and_can_be_adopted(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.woo.edit_stock("HAT", 15)
    told = shops.done("sync").out
    assert "new: woo shows 15 of HAT where 8 was expected; no order explains it so far." in told
    assert "The shop is right: syncd adopt woo --sku HAT. Ours is right: syncd heal woo HAT" in told
    assert shops.shown("HAT") == (15, 9)
    assert "1 incident\n" in shops.done("status").out
    assert shops.done("adopt", "woo", "--sku", "HAT").out.startswith("HAT: +7 on hand, as woo shows.")
    shops.done("sync")
    assert shops.shown("HAT") == (15, 16)
    assert shops.done("holds").out == "Nothing waits for you.\n"


def test_what_was_sold_since_an_edit_is_no_part_of_it(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.woo.edit_stock("HAT", 15)
    shops.done("sync")
    shops.buy_in_woo("HAT", 2)
    assert shops.done("adopt", "woo", "--sku", "HAT").out.startswith("HAT: +7 on hand")
    shops.done("sync")
    assert shops.shown("HAT") == (13, 14)


def test_a_number_typed_in_a_shop_can_be_healed(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.woo.edit_stock("HAT", 3)
    assert "woo shows 3 of HAT where 8 was expected" in shops.done("sync").out
    assert "The next sync writes it to woo" in shops.done("heal", "woo", "HAT").out
    shops.done("sync")
    assert shops.shown("HAT") == (8, 9)


def test_the_command_that_is_offered_can_be_pasted_whatever_the_sku(shops: Shops) -> None:
    skus = ("Shoe 39", "-x", "MUG; touch pwned #")
    shops.live(dict.fromkeys(skus, 10))
    for sku in skus:
        shops.woo.edit_stock(sku, 3)
    told = shops.done("sync").out
    for sku in skus:
        line = next(line for line in told.splitlines() if f"shows 3 of {sku} where" in line)
        program, *words = shlex.split(line.rpartition("Ours is right: ")[2])
        assert program == "syncd"
        assert "The next sync writes it to woo" in shops.done(*words).out
    shops.done("sync")
    assert [shops.shown(sku) for sku in skus] == [(8, 9)] * 3


def test_units_of_an_order_that_ended_without_restock_wait_for_a_decision(shops: Shops) -> None:
    shops.live({"HAT": 10})
    back, gone = shops.buy_in_woo("HAT", 2), shops.buy_in_woo("HAT", 3)
    shops.done("sync")
    for order in (back, gone):
        shops.woo.set_order_status(order, "failed")
    shops.done("sync")
    assert shops.shown("HAT") == (3, 4)
    told = shops.done("holds").out
    assert f"to decide: order {back} in woo ended (failed) and holds 2 of HAT\n" in told
    assert f"On the shelf? syncd decide woo {back} back    Gone? syncd decide woo {back} gone\n" in told
    assert shops.done("decide", "woo", str(back), "back").out.startswith(f"HAT: 2 units of order {back} may be sold")
    assert shops.done("decide", "woo", str(gone), "gone").out.startswith(f"HAT: 3 units of order {gone} left the")
    shops.done("sync")
    assert shops.shown("HAT") == (5, 6)
    assert shops.done("explain", "HAT").out.startswith("on hand 7 (")
    assert shops.syncd("decide", "woo", str(back), "back").code == 1


def test_an_order_that_cannot_be_read_waits_until_somebody_saw_to_it(shops: Shops) -> None:
    shops.live({"HAT": 10})
    order = shops.buy_in_woo("HAT", 1)
    shops.woo.order(order).lines[0].reduced = "0.5"  # type: ignore[assignment] # as a plugin for cloth notes it
    told = shops.syncd("sync").out
    assert f"new: woo: order {order} cannot be read: " in told
    assert f"Not worth mending? syncd close woo {order}, then count its SKUs" in shops.done("holds").out
    assert shops.done("close", "woo", str(order)).out == f"Closed: {order} of woo.\n"
    assert f"order {order}" not in shops.done("holds").out
    shops.syncd("sync")
    assert f"order {order}" not in shops.done("holds").out


def test_a_listing_that_cannot_be_read_is_told_until_it_can(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.woo.product("HAT").stock = 1.5  # type: ignore[assignment] # as a plugin for cloth counts it
    shops.syncd("map")
    assert "HAT shows a stock that is not a whole number." in shops.done("holds").out
    shops.woo.edit_stock("HAT", 8)
    shops.done("map")
    assert shops.done("holds").out == "Nothing waits for you.\n"


def test_an_incident_that_was_read_can_be_closed(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.woo.edit_stock("HAT", 15)
    shops.done("sync")
    assert shops.done("close", "1").out.startswith("Closed: woo shows 15 of HAT")
    assert shops.done("holds").out == "Nothing waits for you.\n"
    assert "new: woo shows 15 of HAT" in shops.done("sync").out


def test_a_wrong_key_is_told_beside_the_shop_that_is_fine(shops: Shops) -> None:
    shops.set(WOO_SECRET="cs_wrong")
    ended = shops.syncd("check")
    assert ended.code == 2
    assert "  FAIL  woo         " in ended.out
    assert "  ok    shopify_il  " in ended.out
    assert ended.out.splitlines()[-1].startswith("1 problem")
    assert "Mend, then: syncd check" in ended.out
    assert "cs_wrong" not in ended.out + ended.err


def test_a_shop_that_is_down_is_told_beside_the_one_that_is_up(shops: Shops) -> None:
    shops.woo_server.stop()
    ended = shops.syncd("check")
    assert ended.code == 2
    assert "  FAIL  woo         " in ended.out
    assert "  ok    shopify_il  " in ended.out


def test_a_shop_that_is_down_does_not_hide_the_listings_of_the_other(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 5})
    shops.woo_server.stop()
    ended = shops.syncd("map")
    assert ended.code == 1
    assert "  shopify_il  1 listing: 1 with a SKU\n" in ended.out
    assert ended.err.startswith("woo: ")


def test_a_key_that_may_only_read_keeps_its_shop_in_shadow_and_the_other_goes_live(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 10})
    shops.done("adopt", "woo", "--yes")
    key = shops.woo.add_key("read")
    shops.set(WOO_KEY=key.consumer_key, WOO_SECRET=key.consumer_secret)
    ended = shops.syncd("go-live", "woo", "shopify_il")
    assert ended.code == 1
    assert "woo is in shadow again: " in ended.err
    assert ended.err.endswith("woo: not, or not completely, live. Mend, then look at: syncd status\n")
    assert shops.shown("HAT") == (10, 9)
    assert shops.syncd("sync").code == 0
    assert shops.shown("HAT") == (10, 9)


def test_going_live_is_not_done_while_the_shop_refuses_one_of_the_rest(shops: Shops) -> None:
    goods = {"HAT": 10, "BELT": 10, "SCARF": 10, "CAP": 10, "RING": 10}
    shops.sell_in_both(goods)
    shops.done("adopt", "woo", "--yes")
    gone = shops.woo.product("RING").id

    def write_before_it_goes(left: int) -> None:
        if not left:
            shops.woo.delete_product(gone)
        else:
            shops.woo.in_the_gap = lambda: write_before_it_goes(left - 1)

    write_before_it_goes(4)
    ended = shops.syncd("go-live", "woo")
    assert ended.code == 1
    assert "wrote 3 SKUs, read back, right; wrote 1 more" in ended.out
    assert "RING" in ended.out and "The shop refuses it: " in ended.out
    assert ended.err == "woo: not, or not completely, live. Mend, then look at: syncd status\n"


def test_a_rollback_that_meets_a_dead_shop_is_finished_by_the_next_sync(shops: Shops) -> None:
    shops.live({"HAT": 10})
    shops.shopify_server.stop()
    ended = shops.syncd("rollback", "shopify_il")
    assert ended.code == 1
    assert ended.err.startswith("shopify_il: ")
    shops.shopify_server.start()
    shops.syncd("sync")
    assert shops.shown("HAT") == (8, 10)
    assert "shopify_il  shadow: nothing is written" in shops.done("status").out


def test_a_database_that_cannot_be_opened_is_told_by_check(shops: Shops, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is a letter, not a database" * 100)
    shops.set(SYNCD_DATABASE_URL=f"sqlite:///{tmp_path / 'broken.db'}")
    ended = shops.syncd("check")
    assert ended.code == 2
    assert "  FAIL  database" in ended.out
    assert "Put a backup in its place" in ended.out


def test_check_warns_of_skus_that_are_sold_out_before_their_alert(shops: Shops) -> None:
    shops.done("count", "HAT", "10")
    assert "sold out by the buffer" not in shops.done("check").out
    shops.done("set", "HAT", "--reorder-point", "2")
    told = shops.done("check").out
    assert "  warn  rules       sold out by the buffer before the alert comes: HAT in woo." in told


def test_check_says_who_is_told_and_where_nobody_is(shops: Shops) -> None:
    assert "  warn  alerts      nobody is told: there is neither an address nor Slack. Give " in shops.done("check").out
    with MailServer() as mail, SlackServer() as slack:
        shops.set(
            SYNCD_EMAIL_TO="me@example.com",
            SYNCD_SMTP_HOST="127.0.0.1",
            SYNCD_SMTP_PORT=str(mail.port),
            SYNCD_SMTP_SECURITY="none",
            SYNCD_SLACK_WEBHOOK_URL=slack.url,
        )
        told = shops.done("check").out
        assert f"  ok    email       127.0.0.1:{mail.port}, may send as syncd@example.com\n" in told
        assert "  ok    slack       127.0.0.1 answers; syncd alerts test posts there\n" in told
        assert "nobody is told" not in told
        assert (mail.received, slack.asked) == ([], 0)
    told = shops.done("check").out
    assert f"  warn  email       127.0.0.1:{mail.port} refuses the connection. Try " in told


def test_check_warns_of_a_category_that_no_sku_has(shops: Shops) -> None:
    shops.done("count", "HAT", "7")
    shops.set(SYNCD_QUIET_EXCEPT="category Shoes")
    told = shops.syncd("check").out
    assert "warn  alerts" in told
    assert "SYNCD_QUIET_EXCEPT names the category Shoes, which no SKU has" in told


def test_check_warns_of_settings_that_others_can_read(shops: Shops) -> None:
    assert "can read" not in shops.done("check").out
    shops.env_file.chmod(0o644)
    told = shops.done("check").out
    assert f"  warn  settings    {shops.env_file}: other users of this machine can read the secrets in it." in told
    assert f"chmod 600 {shops.env_file}\n" in told


def test_check_fails_where_a_channel_ships_from_a_place_that_is_not_there(shops: Shops) -> None:
    shops.set(WOO_SHIPS_FROM="shelf, Wharehouse, quarantine")
    ended = shops.syncd("check")
    assert ended.code == 2
    for place in ("Wharehouse", "quarantine"):
        told = f"  FAIL  woo         WOO_SHIPS_FROM names {place}, which is no location of your own. Yours: shelf. An"
        assert told in ended.out
    assert "names shelf" not in ended.out


def test_check_fails_until_a_restored_database_is_seen_to(shops: Shops, tmp_path: Path) -> None:
    shops.live({"HAT": 10})
    shops.done("backup", str(tmp_path / "copy.db"))
    shops.done("sync")
    for old in tmp_path.glob("syncd.db-*"):
        old.unlink()
    (tmp_path / "copy.db").replace(tmp_path / "syncd.db")
    ended = shops.syncd("check")
    assert ended.code == 2
    assert "  FAIL  database    This database is an older copy: syncd worked on after it was made." in ended.out
    assert "then: syncd go-live\n" in ended.out
    shops.done("go-live", "woo", "shopify_il", "--yes")
    assert "older copy" not in shops.done("check").out


def test_check_counts_listings_whose_stock_the_shop_does_not_count(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 5})
    shops.woo.add_simple("GIFT", "Gift card", stock=None)
    shops.done("adopt", "woo", "--yes")
    assert "of 2 listings, 1 whose stock the shop does not count: not touched" in shops.done("check").out


def test_map_lists_what_is_left_alone_and_why(shops: Shops) -> None:
    shops.sell_in_both({"HAT": 5})
    shops.woo.add_simple("hat ", "Lower hat", stock=1)
    shops.woo.add_simple("BACK", "On backorder", stock=4, backorders="yes")
    shops.woo.add_simple("RING", "Ring", stock=1)
    shops.shopify.add_product("Scarf", [{"sku": "SCARF", "units": 1}])
    shops.shopify.add_product("Scarf again", [{"sku": "SCARF", "units": 2}])
    for sku in ("HAT", "BACK", "SCARF"):
        shops.done("count", sku, "5")
    told = shops.done("map").out
    assert "  woo         4 listings: 2 matched, 1 unknown SKU, 1 differing only by case or blanks, 1 going on" in told
    assert "woo: its SKU differs from a known one only by case or blanks\n" in told
    assert "  shopify_il  3 listings: 3 matched, 2 sharing a SKU\n" in told
    assert "Name one: syncd map primary shopify_il LISTING" in told
    shops.woo.product("HAT").sku = "HAT-NEW"
    assert "woo: the shop changed SKUs; the match stays: Nice HAT is HAT here, HAT-NEW there" in shops.done("map").out
    again = shops.shopify.variant("SCARF").inventory_item.number
    assert (
        "is written; others with its SKU are only read." in shops.done("map", "primary", "shopify_il", f"{again}").out
    )
    assert "1 listing accepted: On backorder." in shops.done("map", "accept", "woo", "BACK").out
    lines = shops.done("map", "--known").out.splitlines()
    assert lines[:2] == [
        "  woo         4 listings: 2 matched, 1 unknown SKU, 1 differing only by case or blanks",
        "  shopify_il  3 listings: 3 matched, 1 sharing a SKU",
    ]


def test_a_map_file_settles_what_is_not_matched_and_never_writes_to_a_shop(shops: Shops, tmp_path: Path) -> None:
    shops.sell_in_both({"HAT": 5})
    shops.done("count", "HAT", "10")
    listing = shops.woo.add_simple("", "Cap", stock=3).id
    shops.woo.add_simple("", "Nice HAT", stock=3)
    shops.done("count", "CAP", "4")
    shops.done("map")
    todo = tmp_path / "todo.csv"
    shops.done("map", "export", str(todo))
    again = shops.syncd("map", "export", str(todo))
    assert (again.code, "is there already. Name another file, or write over it with --force." in again.err) == (2, True)
    shops.done("map", "export", str(todo), "--force")
    rows = list(csv.DictReader(todo.open(encoding="utf-8-sig", newline="")))
    assert {row["Listing id"]: row["SKU"] for row in rows if row["Channel"] == "woo"} == {
        str(listing): "",
        str(listing + 1): "",
    }
    write(todo, [{"Channel": "woo", "Listing id": str(listing), "SKU": "CAP"}])
    shops.forget_calls()
    assert shops.done("map", "import", str(todo), "--dry-run").out.startswith("Would match 1 listing, ")
    assert "1 matched" in shops.done("map", "woo", "--known").out
    assert shops.done("map", "import", str(todo)).out.startswith("Matched 1 listing, ")
    assert "2 matched" in shops.done("map", "woo", "--known").out
    assert shops.woo_server.calls == [] and shops.shopify_server.calls == []
    shops.done("go-live", "woo")
    assert shops.woo.products[listing].stock == 2


def test_a_map_file_with_bad_rows_changes_nothing_and_names_each(shops: Shops, tmp_path: Path) -> None:
    listing = shops.woo.add_simple("", "Cap", stock=3).id
    shops.done("count", "CAP", "4")
    shops.done("map")
    write(
        tmp_path / "bad.csv",
        [
            {"Channel": "woo", "Listing id": str(listing), "SKU": "CAP"},
            {"Channel": "moon", "Listing id": "1", "SKU": "CAP"},
            {"Channel": "woo", "Listing id": "999", "SKU": "CAP"},
            {"Channel": "shopify_il", "Listing id": "", "SKU": "CAP"},
        ],
    )
    ended = shops.syncd("map", "import", str(tmp_path / "bad.csv"))
    assert ended.code == 1
    assert "  line 3: There is no channel moon.\n" in ended.err
    assert "  line 4: woo has no listing 999." in ended.err
    assert "  line 5: The listing id is missing.\n" in ended.err
    assert "3 bad rows in bad.csv; nothing was matched. Mend and import again.\n" in ended.err
    assert "0 matched" in shops.done("map", "woo", "--known").out


def test_a_new_sku_of_a_map_file_becomes_known_and_can_be_adopted(shops: Shops, tmp_path: Path) -> None:
    listing = shops.woo.add_simple("", "Cap", stock=3).id
    shops.done("map")
    write(tmp_path / "new.csv", [{"Channel": "woo", "Listing id": str(listing), "SKU": "CAP"}])
    assert "New, not counted yet: CAP." in shops.done("map", "import", str(tmp_path / "new.csv")).out
    assert "1 SKU, 3 units, counted" in shops.done("adopt", "woo", "--yes").out
    assert shops.done("stock", "--json").json["skus"][0]["sku"] == "CAP"


def test_a_listing_keeps_its_sku_while_orders_that_came_in_by_it_are_open(shops: Shops, tmp_path: Path) -> None:
    shops.live({"HAT": 10})
    order = shops.buy_in_woo("HAT", 3)
    shops.done("sync")
    move = tmp_path / "move.csv"
    write(move, [{"Channel": "woo", "Listing id": str(shops.woo.product("HAT").id), "SKU": "CAP"}])
    for dry_run in (["--dry-run"], []):
        ended = shops.syncd("map", "import", str(move), *dry_run)
        assert ended.code == 1
        assert "  line 2: Open orders hold 3 of HAT by it; ship, cancel or decide them first" in ended.err
    assert shops.syncd("explain", "CAP").code != 0, "the new SKU is not known either"
    shops.woo.set_order_status(order, "cancelled")
    shops.done("sync")
    assert shops.done("map", "import", str(move)).out.startswith("Matched 1 listing, ")
    assert shops.done("explain", "HAT").out.startswith("on hand 10 (")


def write(target: Path, rows: list[dict[str, str]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
