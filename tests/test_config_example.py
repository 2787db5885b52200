"""`.env.example` says what the settings say."""

from __future__ import annotations

from pathlib import Path

from connectors import registry
from connectors.supplier_feed.connector import SupplierFeed
from syncd import config, settings_file
from syncd.settings_example import example_env
from tests.config_shops import WoolShop, find_kind

ROOT = Path(__file__).parents[1]
PRACTICE = {"woocommerce": WoolShop, "shopify": WoolShop}


def test_the_example_in_the_repository_is_the_generated_one() -> None:
    shown = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert shown == example_env(), "run: python -m syncd.settings_example > .env.example"


def test_the_example_is_readable_with_and_without_its_commented_lines() -> None:
    text = example_env(PRACTICE).replace(":woocommerce", ":woolshop").replace(":shopify", ":woolshop")
    as_it_is = config.from_lines(settings_file.parse(text), {}, source=None, find_kind=find_kind)
    assert [channel.name for channel in as_it_is.channels] == ["woo", "shopify_il"]
    switched_on = text.replace("\n#SYNCD_", "\nSYNCD_").replace("\n#WOO_", "\nWOO_").replace("\n#SHOPIFY", "\nSHOPIFY")
    everything = config.from_lines(settings_file.parse(switched_on), {}, source=None, find_kind=find_kind)
    assert everything.count > as_it_is.count + 20


def test_the_lines_that_the_owner_edits_come_first() -> None:
    head = example_env(PRACTICE).split("# ---- All other settings")[0]
    assert head.startswith("# The lines you edit.")
    for line in ("SYNCD_CHANNELS=woo:woocommerce, shopify_il:shopify  #", "SYNCD_BUFFER=2 ", "WOO_KEY='ck_...' "):
        assert f"\n{line}" in head
    assert "\n#SYNCD" not in head


def test_the_example_of_a_supplier_is_one_that_its_connector_takes() -> None:
    lines = [line[1:] for line in example_env().splitlines() if line.startswith("#ACME_") and not line.endswith("=")]
    own = [line for line in lines if not line.startswith("ACME_FOLDER")]  # instead of it there is a URL
    text = "\n".join(["SYNCD_CHANNELS=acme:supplier_feed", *own])
    (acme,) = config.from_lines(settings_file.parse(text), {}, source=None, find_kind=registry.find).channels
    taken = SupplierFeed(acme.name, acme.connector)._settings
    assert taken.faults == ()
    assert dict(taken.columns) == {"sku": "Article", "on_hand": "Stock", "lead_time_days": "Days"}
    assert dict(taken.values) == {"y": 10, "n": 0, "in stock": 3}
