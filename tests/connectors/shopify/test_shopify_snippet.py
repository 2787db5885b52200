"""The snippet for the theme: rendered by a real Liquid engine, and used in a real browser where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from liquid import Environment

from connectors.contract import STATUSES, Notice, Storefront
from connectors.shopify.connector import Shopify
from connectors.shopify.notices import value
from connectors.shopify.snippet import snippet

SNIPPET = snippet().content.decode()
ON_THE_WAY = Notice("on_the_way", "On the way, expected on 4 December", expected_on=date(2026, 12, 4))
IN_STOCK = Notice("in_stock", "In stock, ready to ship")
SOLD_OUT = Notice("out_of_stock", "Out of stock")
HEBREW = Notice("supplier", 'זמן אספקה: 5 ימי עסקים (מחסן "צפון")', lead_time_days=5)
HOSTILE = Notice(
    "in_stock", "</template></script><script>document.title='owned'</script> \"' onload=x {{ 7 | times: 6 }}"
)


def variant(number: int, notice: Notice | None = None, *, available: bool = True) -> dict[str, Any]:
    """A variant as Liquid sees it, with the metafield as the connector writes it."""
    fields = {} if notice is None else {"syncd": {"availability": {"value": json.loads(value(notice))}}}
    return {"id": number, "available": available, "metafields": fields}


def shop_on(today: date) -> Environment:
    """Liquid in a shop in whose time zone it is that day."""
    shop = Environment()
    shop.add_filter("date", lambda told, form: today.strftime(form) if told == "now" else told)
    return shop


def rendered(variants: Sequence[dict[str, Any]], chosen: int = 0, today: date = date(2026, 12, 1)) -> str:
    """The block as the server makes it for a page on which the variant with this index is chosen."""
    product = {"variants": variants, "selected_or_first_available_variant": variants[chosen]}
    return shop_on(today).from_string(SNIPPET).render(product=product)


@dataclass
class Seen(HTMLParser):
    """What a browser without JavaScript makes of the block."""

    hidden: bool | None = None
    line: str = ""
    line_attributes: dict[str, str | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    _inside: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "div":
            self.hidden = "hidden" in given
        elif tag == "p":
            self.line_attributes, self._inside = given, "p"
        elif tag == "template":
            self._inside = str(given["data-variant"])
            self.texts[self._inside], self.statuses[self._inside] = "", str(given["data-status"])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "template"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "p":
            self.line += data.strip()
        elif self._inside:
            self.texts[self._inside] += data.strip()


def seen(variants: Sequence[dict[str, Any]], chosen: int = 0, today: date = date(2026, 12, 1)) -> Seen:
    page = Seen()
    page.feed(rendered(variants, chosen, today))
    return page


# ---------------------------------------------------------------------- what the server makes


def test_the_text_of_the_chosen_variant_is_there_without_javascript() -> None:
    page = seen([variant(1, IN_STOCK), variant(2, ON_THE_WAY)], chosen=1)
    assert (page.line, page.hidden) == ("On the way, expected on 4 December", False)
    assert page.line_attributes["class"] == "syncd-availability__text syncd-availability--on_the_way"
    assert page.line_attributes["dir"] == "auto"
    assert page.texts == {"1": IN_STOCK.text, "2": ON_THE_WAY.text}
    assert page.statuses == {"1": "in_stock", "2": "on_the_way"}


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_class(status: str) -> None:
    page = seen([variant(1, Notice(status, "Words"))])
    assert f"syncd-availability--{status}" in str(page.line_attributes["class"]).split()


@pytest.mark.parametrize("notice", [HEBREW, HOSTILE], ids=["hebrew", "hostile"])
def test_a_text_stays_a_text_whatever_is_in_it(notice: Notice) -> None:
    page = seen([variant(1, notice), variant(2, notice)])
    assert page.line == notice.text
    assert page.texts == {"1": notice.text, "2": notice.text}
    assert page.tags == ["div", "p", "template", "template", "style", "script"]


def test_a_status_that_somebody_typed_in_stays_in_its_attribute() -> None:
    typed = variant(1, IN_STOCK)
    typed["metafields"]["syncd"]["availability"]["value"]["status"] = '"><img src=x onerror=alert(1)>'
    assert "img" not in seen([typed]).tags


@pytest.mark.parametrize(
    "fields", [{}, {"syncd": {}}, {"syncd": {"availability": None}}, {"syncd": {"availability": {}}}]
)
def test_without_the_metafield_there_is_nothing_to_see(fields: dict[str, Any]) -> None:
    bare = {"id": 1, "available": True, "metafields": fields}
    page = seen([bare, variant(2, IN_STOCK)])
    assert (page.line, page.hidden) == ("", True)
    assert page.texts == {"1": "", "2": IN_STOCK.text}


def test_an_empty_text_is_nothing_to_see() -> None:
    assert seen([variant(1, Notice("out_of_stock", ""))]).hidden is True


def test_what_the_shop_does_not_sell_is_not_promised() -> None:
    page = seen([variant(1, ON_THE_WAY, available=False), variant(2, SOLD_OUT, available=False)])
    assert (page.line, page.hidden) == ("", True)
    assert page.texts == {"1": "", "2": SOLD_OUT.text}
    assert seen([variant(2, SOLD_OUT, available=False)]).line == SOLD_OUT.text


def test_a_day_that_has_gone_by_is_told_no_more_though_nobody_wrote_another_text() -> None:
    on_its_day = seen([variant(1, ON_THE_WAY)], today=date(2026, 12, 4))
    assert (on_its_day.line, on_its_day.texts) == (ON_THE_WAY.text, {"1": ON_THE_WAY.text})
    later = seen([variant(1, ON_THE_WAY), variant(2, IN_STOCK)], today=date(2026, 12, 5))
    assert (later.line, later.hidden) == ("", True)
    assert later.texts == {"1": "", "2": IN_STOCK.text}


def test_the_day_is_that_of_the_shops_clock() -> None:
    past = Notice("on_the_way", "On the way", expected_on=date(2000, 1, 1))
    product = {"variants": [variant(1, past), variant(2, IN_STOCK)], "selected_or_first_available_variant": {}}
    page = Seen()
    page.feed(Environment().from_string(SNIPPET).render(product=product))
    assert page.texts == {"1": "", "2": IN_STOCK.text}


def test_a_day_that_somebody_typed_in_is_no_day() -> None:
    typed = variant(1, ON_THE_WAY)
    typed["metafields"]["syncd"]["availability"]["value"]["expected_on"] = "soon"
    assert seen([typed]).hidden is True


def test_elsewhere_than_at_a_product_it_is_not_there() -> None:
    assert Environment().from_string(SNIPPET).render().strip() == ""


def test_the_chosen_variant_of_a_product_with_more_than_250_is_shown() -> None:
    """`product.variants` holds 250 at most; the chosen one may be another."""
    product = {
        "variants": [variant(n, IN_STOCK) for n in range(250)],
        "selected_or_first_available_variant": variant(999, ON_THE_WAY),
    }
    page = Seen()
    page.feed(shop_on(date(2026, 12, 1)).from_string(SNIPPET).render(product=product))
    assert page.line == ON_THE_WAY.text and len(page.texts) == 250


def test_250_variants_make_a_page_of_moderate_size() -> None:
    assert len(rendered([variant(40_000_000_000_000 + n, ON_THE_WAY) for n in range(250)]).encode()) < 50_000


def test_it_fits_into_a_custom_liquid_block_and_loads_nothing_from_elsewhere() -> None:
    assert len(snippet().content) < 10_000
    assert "http" not in SNIPPET and "src=" not in SNIPPET


def test_it_says_nothing_to_search_engines_that_the_theme_says_otherwise() -> None:
    assert "ld+json" not in SNIPPET and "schema.org" not in SNIPPET


def test_the_connector_hands_it_out_with_where_it_goes() -> None:
    shop = Shopify("shopify_il", {"SHOP": "sample-shop.myshopify.com", "TOKEN": "shpat_0"})
    assert isinstance(shop, Storefront)
    file = shop.storefront()
    assert file == shop.storefront()
    assert file.name == "syncd-availability.liquid"
    assert any("Custom Liquid" in step for step in file.next_steps)
    shop.close()


# ---------------------------------------------------------------------- what a browser makes

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# The scene's steps run one after the other; after each the page notes what is to be seen.
PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>product</title>
<style>div, p, form {{ display: block; }}</style></head><body>
<main><div class="shopify-section">{form}{block}</div></main>
<script>
  var notes = [];
  function note() {{
    var block = document.querySelector('.syncd-availability');
    var line = block.querySelector('.syncd-availability__text');
    var gone = getComputedStyle(block).display === 'none', status = line.className.split('--')[1];
    notes.push(gone ? null : [line.textContent.trim(), status, getComputedStyle(line).direction]);
  }}
  var steps = [{steps}];
  function next() {{
    note();
    var step = steps.shift();
    if (!step) {{
      var out = document.createElement('pre');
      out.id = 'notes';
      out.textContent = JSON.stringify([notes, document.title]);
      document.body.appendChild(out);
      return;
    }}
    step();
    setTimeout(next, 1500);
  }}
  window.addEventListener('load', function () {{ setTimeout(next, 1500); }});
</script></body></html>
"""

# As Dawn does it: a hidden input that its script sets when the shop has answered, and an event that bubbles.
DAWN = '<form action="/en/cart/add" method="post"><input type="hidden" name="id" value="1" disabled></form>'
SELECT = (
    '<form action="/cart/add"><select name="id"><option value="1">39</option><option value="2">40</option></select>'
    "</form>"
)
RADIOS = (
    '<form action="/cart/add"><input type="radio" name="id" value="1" checked>'
    '<input type="radio" name="id" value="2" id="second"></form>'
)


def set_input(number: str) -> str:
    return (
        f"function () {{ var input = document.querySelector('[name=id]'); input.value = '{number}';"
        " input.dispatchEvent(new Event('change', { bubbles: true })); }"
    )


def played(tmp_path: Path, form: str, variants: Sequence[dict[str, Any]], *steps: str, query: str = "") -> list[Any]:
    """What is to be seen at the beginning and after each step: text, status and direction, or None."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: that the snippet follows the chosen variant was not tried in a browser")
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(form=form, block=rendered(variants), steps=",".join(steps)), encoding="utf-8")
    command = [
        *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"),
        page.as_uri() + query,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    _, _, rest = done.stdout.partition('<pre id="notes">')
    notes, title = json.loads(Unescaped.of(rest.partition("</pre>")[0]))
    assert title == "product", "nothing of a text was run"
    return list(notes)


class Unescaped(HTMLParser):
    """Text of HTML as it was before it was escaped."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    @classmethod
    def of(cls, escaped: str) -> str:
        parser = cls()
        parser.feed(escaped)
        parser.close()
        return parser.text


FOUR = [variant(1, IN_STOCK), variant(2, HEBREW), variant(3), variant(4, HOSTILE)]
FIRST = [IN_STOCK.text, "in_stock", "ltr"]
SECOND = [HEBREW.text, "supplier", "rtl"]


def test_in_a_browser_the_text_follows_the_product_form(tmp_path: Path) -> None:
    assert played(tmp_path, DAWN, FOUR, *map(set_input, ("2", "3", "4", "", "1"))) == [
        FIRST,
        SECOND,
        None,
        [HOSTILE.text, "in_stock", "ltr"],
        None,  # a combination that there is not
        FIRST,
    ]


@pytest.mark.parametrize(
    ("form", "step"),
    [
        (SELECT, set_input("2")),
        (RADIOS, "function () { document.getElementById('second').click(); }"),
        # A theme that changes the form without an event, some time after a click on a swatch.
        (
            DAWN + '<button id="swatch">40</button>',
            "function () { document.getElementById('swatch').click();"
            " setTimeout(function () { document.querySelector('[name=id]').value = '2'; }, 700); }",
        ),
        # No form: only the address changes.
        (
            '<button id="swatch">40</button>',
            "function () { document.getElementById('swatch').click(); history.replaceState({}, '', '?variant=2'); }",
        ),
        # The theme puts a section in place of the old one that the shop has rendered anew: scripts in it do not run.
        (
            DAWN,
            "function () { var section = document.querySelector('.shopify-section');"
            " section.innerHTML = section.innerHTML; document.querySelector('[name=id]').value = '2';"
            " document.dispatchEvent(new CustomEvent('variant:update')); }",
        ),
    ],
    ids=["select", "radios", "no event", "address", "rendered anew"],
)
def test_in_a_browser_themes_choose_in_different_ways(tmp_path: Path, form: str, step: str) -> None:
    assert played(tmp_path, form, FOUR, step) == [FIRST, SECOND]


def test_in_a_browser_an_unknown_variant_has_no_text_of_another(tmp_path: Path) -> None:
    """Beyond 250 variants the page does not hold the text; none is better than a wrong one."""
    assert played(tmp_path, DAWN, FOUR, set_input("999")) == [FIRST, None]


def test_in_a_browser_forms_of_other_products_do_not_matter(tmp_path: Path) -> None:
    other = '<form action="/cart/add"><input name="id" value="77"></form>'
    assert played(tmp_path, other + DAWN, FOUR, "function () { document.body.click(); }") == [FIRST, FIRST]
