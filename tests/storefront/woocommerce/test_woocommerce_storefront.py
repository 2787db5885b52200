"""The companion plugin, run by PHP with a little of WordPress around it, and the zip that it comes in."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from connectors.contract import STATUSES, Storefront
from connectors.woocommerce import plugin
from connectors.woocommerce.connector import WooCommerce
from connectors.woocommerce.writes import META_KEYS

HERE = Path(__file__).parent
PLUGIN = plugin.FOLDER / "syncd-availability.php"
WITH_PHP = pytest.mark.skipif(shutil.which("php") is None, reason="there is no PHP here: apt install php-cli")

MUTANTS = {
    "does not escape the text on the page": ("return esc_html( $notice['text'] );", "return $notice['text'];"),
    "does not escape the text in the cart": ('esc_html( $text ) . "', '$text . "'),
    "lets the cart decode the text to HTML": ("array( '<' => '‹', '>' => '›' )", "array()"),
    "speaks for what is not counted": ("! $product->managing_stock()", "false"),
    "believes a status that the shop contradicts": ("=== (bool) $product->is_in_stock()", "=== null"),
    "takes a status that it does not know": ("! isset( SCHEMA[ $status ] ) ||", "'' === $status ||"),
    "forgets the direction": ("$tags->set_attribute( 'dir', 'auto' );", ""),
    "forgets who counts": ("(int) $product->get_id() === $counted_by ?", "true ?"),
    "takes any text for a day": ("preg_match( '/^\\d{4}-\\d{2}-\\d{2}$/D', $day )", "true"),
    "tells a day that has gone by": ("$day < wp_date( 'Y-m-d' )", "false"),
    "tells no day on the day itself": ("$day < wp_date( 'Y-m-d' )", "$day <= wp_date( 'Y-m-d' )"),
    "calls a pre-order in stock": ("'pre_order'          => 'PreOrder'", "'pre_order'          => 'InStock'"),
    "overlooks a variation that it does not know": (
        "return null;\n\t\t}\n\t\t$place", "continue;\n\t\t}\n\t\t$place"
    ),
    "prefers the worst variation": ("$place < array(", "$place > array("),
    "forgets the block that changes with the choice": ("spoken_for( (int) $product->get_parent_id(), true );", ""),
}  # fmt: skip


def run(file: Path) -> subprocess.CompletedProcess[str]:
    command = ["php", "-n", str(HERE / "availability_test.php"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@WITH_PHP
@pytest.mark.parametrize("file", sorted(plugin.FOLDER.rglob("*.php")), ids=lambda file: file.name)
def test_php_can_read_it(file: Path) -> None:
    checked = subprocess.run(["php", "-l", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@WITH_PHP
def test_it_shows_what_syncd_says_and_nothing_else() -> None:
    done = run(PLUGIN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\d+ checks, 0 failed$", done.stdout, re.MULTILINE)


@WITH_PHP
@pytest.mark.parametrize("mutant", MUTANTS)
def test_its_tests_find_a_plugin_that(mutant: str, tmp_path: Path) -> None:
    old, new = MUTANTS[mutant]
    shutil.copytree(plugin.FOLDER, tmp_path / plugin.NAME)
    file = tmp_path / plugin.NAME / PLUGIN.name
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    done = run(file)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED" in done.stdout


def test_it_reads_the_metadata_that_the_connector_writes_and_knows_every_status() -> None:
    text = PLUGIN.read_text(encoding="utf-8")
    assert [key for key in META_KEYS if key not in text] == []
    schema = text.partition("const SCHEMA = array(")[2].partition(");")[0]
    assert tuple(re.findall(r"'(\w+)' +=>", schema)) == STATUSES


def test_it_neither_writes_nor_calls_nor_prints() -> None:
    text = PLUGIN.read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    writing = r"update_\w+|add_option|set_transient|save|wpdb|file_put_contents"
    forbidden = rf"\b({writing}|wp_remote_\w+|curl_\w+|echo|print|eval)\b"
    assert re.findall(forbidden, code) == []
    assert "GPL-2.0-or-later" in text


def test_the_zip_holds_the_plugin_in_its_folder_and_is_the_same_each_time() -> None:
    made = plugin.storefront()
    assert made == plugin.storefront()
    assert (made.name, len(made.next_steps)) == ("syncd-availability.zip", 3)
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        assert archive.testzip() is None
        assert {Path(name).parts[0] for name in archive.namelist()} == {"syncd-availability"}
        assert archive.read("syncd-availability/syncd-availability.php") == PLUGIN.read_bytes()
        assert {(entry.date_time, entry.external_attr >> 16) for entry in archive.infolist()} == {
            ((2026, 1, 1, 0, 0, 0), 0o100644)
        }


def test_the_connector_gives_it_without_a_call() -> None:
    connector = WooCommerce("woo", {"URL": "https://127.0.0.1:1", "KEY": "ck", "SECRET": "cs"})
    assert isinstance(connector, Storefront)
    assert connector.storefront() == plugin.storefront()
