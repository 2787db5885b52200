"""What a mail looks like on a phone, by day and by night, from the left and from the right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from syncd.alerts.notifier import Message
from syncd.domain.alerts import Event, Rule
from tests.alerts.browser import CHROMIUM, Browser
from tests.alerts.letters_kit import AT, STANDING, STOCK, every_item, incident, low, stock_item, written

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not installed: that alerts read well on a phone was not tried in a browser"
)

PHONE = 390  # CSS pixels across
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LEAST_TO_TAP = 44  # CSS pixels, WCAG 2.2, 2.5.5


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


def letters(language: str) -> dict[str, Message]:
    long = stock_item(
        Rule.OUT,
        sku="X" * 100,
        name="W" * 100,
        stock=replace(STOCK, to_order=replace(STOCK.to_order, supplier="Y" * 100)),
    )
    return {
        "low": written(stock_item(Rule.LOW), language=language),
        "oversold": written(stock_item(Rule.OVERSOLD), language=language),
        "over": written(stock_item(Rule.OVERSOLD, event=Event.OVER, over_at=AT), language=language),
        "incident": written(incident(Rule.CHANNEL), language=language),
        "digest": written(*every_item(), *(low(n) for n in range(5)), standing=STANDING, language=language),
        "quiet": written(standing=STANDING, language=language),
        "trial": written(trial=True, language=language),
        "long": written(long, language=language),
        "long-digest": written(long, long, language=language),
    }


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("language", ["en", "he"])
def test_a_mail_reads_well_on_a_phone(browser: Browser, language: str, dark: bool) -> None:
    for name, message in letters(language).items():
        found = browser.show(message.html, width=PHONE, dark=dark)
        assert found["width"] == PHONE, name
        assert found["sticksOut"] == [], name
        assert (found["background"] < 0.1) is dark, name
        assert len(found["texts"]) >= 3, name
        for text in found["texts"]:
            assert text["contrast"] >= LEAST_CONTRAST, (name, text)
            assert text["size"] >= 14, (name, text)
        assert all(height >= LEAST_TO_TAP for height in found["taps"]), name
        assert found["loaded"] == [], name
        assert browser.picture().startswith(b"\x89PNG"), name


def test_what_does_not_read_well_is_noticed(browser: Browser) -> None:
    html = written(stock_item(Rule.LOW)).html
    wide = html.replace("white-space:pre-wrap", "white-space:pre;width:900px")
    assert browser.show(wide, width=PHONE, dark=False)["sticksOut"]
    pale = html.replace("color:#1b1e22", "color:#b0b0b0")
    assert min(text["contrast"] for text in browser.show(pale, width=PHONE, dark=False)["texts"]) < LEAST_CONTRAST
