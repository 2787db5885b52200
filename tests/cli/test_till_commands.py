"""A till beside two practice shops, by the commands that an owner types."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.command_kit import Shops


class Desk:
    """The till's folder. Its times are those of Jerusalem, as `SYNCD_TIMEZONE` says."""

    def __init__(self, shops: Shops) -> None:
        self.folder = shops.folder / "till"
        self.folder.mkdir()
        shops.set(SYNCD_CHANNELS="woo:woocommerce, shopify_il:shopify, till:till", TILL_FOLDER=str(self.folder))

    def drop(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("קבלה,תאריך ושעה,מק״ט,כמות\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        instant = (datetime.now(UTC) - timedelta(minutes=1)).timestamp()
        os.utime(path, (instant, instant))
        return path


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def desk(shops: Shops) -> Desk:
    return Desk(shops)


def test_a_sale_at_the_till_lowers_the_shops_and_a_return_goes_to_quarantine(shops: Shops, desk: Desk) -> None:
    shops.live({"HAT": 10, "BELT": 10})
    assert shops.shown("HAT") == (8, 9)
    desk.drop("a.csv", f"1,{now()},HAT,3", f"2,{now()},BELT,-2")
    told = shops.done("sync").out
    assert "till        2 orders  3 units" in told
    assert shops.shown("HAT") == (5, 6)
    assert shops.shown("BELT") == (8, 9)
    assert "HAT" in shops.done("stock").out
    assert "quarantine 2, not for sale" in shops.done("explain", "BELT").out
    shops.forget_calls()
    shops.done("sync")
    assert shops.write_calls() == []
    assert shops.shown("HAT") == (5, 6)


def test_what_a_shop_sold_raises_elsewhere_without_waiting_for_the_till(shops: Shops, desk: Desk) -> None:
    shops.live({"HAT": 10})
    shops.done("receive", "HAT", "5")
    shops.done("sync")
    assert shops.shown("HAT") == (13, 14)


def test_the_status_says_how_far_the_till_has_told(shops: Shops, desk: Desk) -> None:
    shops.done("sync")
    assert "till             only read, waits for its first file (silent after 26 h)\n" in shops.done("status").out
    desk.drop("a.csv")
    shops.done("sync")
    assert "till             only read, newest file " in shops.done("status").out
    (till,) = (one for one in shops.done("status", "--json").json["channels"] if one["channel"] == "till")
    assert (till["mode"], till["listings_kept"], till["waiting"]) == ("shadow", 0, 0)
    assert till["read_at"] is not None


def test_the_check_looks_at_the_folder(shops: Shops, desk: Desk) -> None:
    desk.drop("a.csv", f"1,{now()},HAT,3")
    told = " ".join(shops.done("check").out.split())
    assert f"{desk.folder}: 1 file, 0 in done/" in told
    assert "times are those of Asia/Jerusalem" in told


def test_a_share_that_is_not_mounted_stops_no_shop(shops: Shops, desk: Desk) -> None:
    shops.live({"HAT": 10})
    away = desk.folder.rename(shops.folder / "away")
    shops.buy_in_woo("HAT", 3)
    ended = shops.syncd("sync")
    assert ended.code == 1
    assert f"till: The folder {desk.folder} cannot be read (No such file or directory)." in ended.err
    assert shops.shown("HAT") == (5, 6)
    assert shops.syncd("check").code == 2
    away.rename(desk.folder)
    desk.drop("a.csv", f"1,{now()},HAT,1")
    shops.done("sync")
    assert shops.shown("HAT") == (4, 5)


def test_a_folder_is_named_by_its_full_path(shops: Shops, desk: Desk) -> None:
    shops.set(TILL_FOLDER="till")
    ended = shops.syncd("check")
    assert ended.code == 2
    assert "TILL_FOLDER takes the full path of a folder, such as /srv/till" in ended.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("map", "till"), "till lists nothing: there is nothing to match."),
        (("go-live", "till"), "till takes no numbers: it is only read."),
        (("plan", "till"), "till takes no numbers: it is only read."),
        (("adopt", "till"), "till has no listings to count from"),
        (("rollback", "till"), "till never went live"),
    ],
)
def test_what_a_till_cannot_do_is_refused_in_words(
    shops: Shops, desk: Desk, command: tuple[str, ...], told: str
) -> None:
    ended = shops.syncd(*command)
    assert ended.code != 0
    assert told in ended.err


def test_commands_about_all_channels_pass_over_the_till(shops: Shops, desk: Desk) -> None:
    shops.sell_in_both({"HAT": 10})
    assert "till" not in shops.done("map").out
    shops.done("adopt", "woo", "--yes")
    assert "till" not in shops.done("plan").out
    told = shops.done("sync").out
    assert "woo, shopify_il: in shadow" in told


def test_what_it_sold_of_an_unknown_sku_is_booked_once_that_is_counted(shops: Shops, desk: Desk) -> None:
    desk.drop("a.csv", f"1042,{now()},SCARF,2")
    assert "Receipt 1042 in till sold 2 × SKU SCARF, which is not in the master table" in shops.done("sync").out
    shops.done("count", "SCARF", "7", "--counted-at", "2026-01-02 10:00")
    shops.done("sync")
    assert "SCARF" in shops.done("stock").out
    assert "on hand 5" in shops.done("explain", "SCARF").out
    assert "0 incidents" in shops.done("status").out


def test_two_tills_need_two_folders(shops: Shops, desk: Desk) -> None:
    shops.set(
        SYNCD_CHANNELS="till:till, counter:till",
        COUNTER_FOLDER=f"{desk.folder}/../till",
    )
    for name in [name for name in shops.settings if name.startswith(("WOO", "SHOPIFY"))]:
        del shops.settings[name]
    ended = shops.syncd("status")
    assert ended.code == 2
    assert "counter and till are the same shop: each of its sales would count twice." in ended.err


def test_init_asks_for_the_folder_and_tries_it(shops: Shops, desk: Desk) -> None:
    env_file = shops.folder / "new.env"
    ended = shops.syncd(
        "--env-file", str(env_file), "init", "--channel", "till:till", "--set", f"TILL_FOLDER={desk.folder}"
    )
    assert ended.code == 0, ended
    assert f"TILL_FOLDER={desk.folder}" in env_file.read_text()
    assert "#TILL_SILENT_AFTER=26h" in env_file.read_text()
