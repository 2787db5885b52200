"""`syncd storefront`: what shows the stock status in a shop, as a file."""

from __future__ import annotations

import io
import zipfile

import pytest

from connectors.woocommerce import plugin
from connectors.woocommerce.connector import WooCommerce
from tests.cli.command_kit import Shops


class CheckedOnly:
    """A connector without any role."""

    kind = "woocommerce"
    SETTINGS = WooCommerce.SETTINGS

    def __init__(self, channel, settings, surroundings=None):
        pass

    def check(self):
        return ()

    def close(self):
        pass


def test_it_writes_the_plugin_and_says_where_it_goes_and_asks_no_shop(shops: Shops) -> None:
    shops.forget_calls()
    told = shops.done("storefront", "woo").out
    file = shops.folder / "syncd-availability.zip"
    assert file.read_bytes() == plugin.storefront().content
    assert zipfile.is_zipfile(io.BytesIO(file.read_bytes()))
    assert told.splitlines()[0] == "Written: syncd-availability.zip"
    assert told.splitlines()[1].startswith("  1. In WordPress go to Plugins")
    assert shops.woo_server.calls == []


def test_written_again_it_is_the_same_and_another_file_is_kept(shops: Shops) -> None:
    folder = shops.folder / "for the web"
    folder.mkdir()
    file = folder / "syncd-availability.zip"
    shops.done("storefront", "woo", "--to", str(folder))
    assert shops.done("storefront", "woo", "--to", str(folder)).out.startswith("There already, and the same: ")
    file.write_bytes(b"the owner's own")
    kept = shops.syncd("storefront", "woo", "--to", str(folder))
    assert (kept.code, file.read_bytes()) == (1, b"the owner's own")
    assert kept.err == f"{file} is there already, and is another file. Overwrite it with --force.\n"
    shops.done("storefront", "woo", "--to", str(folder), "--force")
    assert file.read_bytes() == plugin.storefront().content


@pytest.mark.parametrize("place", ["nowhere", "a file"])
def test_a_folder_that_is_none_is_told_with_the_way_out(shops: Shops, place: str) -> None:
    (shops.folder / "a file").touch()
    ended = shops.syncd("storefront", "woo", "--to", str(shops.folder / place))
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert "--to" in ended.err


def test_a_channel_that_is_not_there_is_told(shops: Shops) -> None:
    ended = shops.syncd("storefront", "wooo")
    assert ended.code == 2
    assert "There is no channel wooo" in ended.err


def test_a_channel_without_a_part_in_the_shop_is_told(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.woocommerce.connector.WooCommerce", CheckedOnly)
    ended = shops.syncd("storefront", "woo")
    assert ended.code == 1
    assert "woo has no storefront that could show a stock status" in ended.err
    assert list(shops.folder.glob("*.zip")) == []
