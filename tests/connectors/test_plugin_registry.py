"""Connectors of other packages are found, and a broken one is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors import registry

GOOD = """
from connectors.contract import Setting

class Acme:
    kind = "acme"
    SETTINGS = (Setting("URL", "Where the shop is."),)
    def __init__(self, channel, settings, surroundings): ...
    def check(self): return ()
    def close(self): ...
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a package of this kind, with this source, where Python finds it, as pip would."""

    def put(kind: str, source: str, *, module: str, package: str = "acme-shop") -> None:
        site = tmp_path / package
        metadata = site / f"{package.replace('-', '_')}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[syncd.connectors]\n{kind} = {module}:Acme\n")
        (site / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(site))

    return put


def test_the_kinds_that_ship_are_known_and_the_shop_in_ram_is_not_offered():
    assert {"woocommerce", "shopify"} <= set(registry.kinds())
    assert "memory" not in registry.kinds()


def test_an_installed_package_brings_its_kind(install):
    install("acme", GOOD, module="acme_good")
    assert "acme" in registry.kinds()
    assert registry.find("acme").kind == "acme"


def test_an_unknown_kind_names_the_nearest_and_all_known():
    with pytest.raises(LookupError) as error:
        registry.find("woocomerce")
    assert "Did you mean woocommerce?" in str(error.value)
    assert "shopify" in str(error.value)


def test_a_package_cannot_take_the_place_of_a_connector_that_ships(install):
    install("shopify", GOOD, module="acme_thief")
    assert registry.find("shopify").__module__ == "connectors.shopify.connector"
    assert registry.kinds().count("shopify") == 1


@pytest.mark.parametrize(
    ("module", "source", "told"),
    [
        ("acme_missing_library", "import a_library_that_is_not_there", "No module named 'a_library_that_is_not_there'"),
        ("acme_wrong_name", "class Other: ...", "has no attribute 'Acme'"),
        ("acme_crash", "raise RuntimeError('first\\n  second')", "RuntimeError: first second"),
        ("acme_syntax", "def (", "SyntaxError"),
        ("acme_function", "def Acme(): ...", "it names no class"),
        ("acme_empty", "class Acme: ...", "it has no check(); it has no close()"),
        ("acme_other_kind", GOOD.replace('"acme"', '"other"'), "its kind is 'other'"),
        ("acme_settings", GOOD.replace('(Setting("URL", "Where the shop is."),)', '["URL"]'), "SETTINGS"),
    ],
)
def test_a_broken_package_is_a_sentence_that_names_it(install, module, source, told):
    install("acme", source, module=module)
    with pytest.raises(LookupError) as error:
        registry.find("acme")
    assert str(error.value).startswith("The connector acme of the package acme-shop 1.0 ")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_two_packages_with_one_kind_are_named_and_neither_is_guessed(install):
    install("acme", GOOD, module="acme_first")
    install("acme", GOOD, module="acme_second", package="zenith-shop")
    with pytest.raises(LookupError, match=r"acme-shop 1\.0 and zenith-shop 1\.0"):
        registry.find("acme")
