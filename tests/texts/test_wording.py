"""What the buyer reads: six statuses, five languages, both directions, and the owner's own words (N13)."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from bidi import get_display  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.domain.promise import NOTHING_TOLD, Days, Promise
from syncd.domain.status import StockStatus
from syncd.texts.catalogues import LANGUAGES, say_date
from syncd.texts.wording import MOST_CHARACTERS, PLACEHOLDERS, WIDEST_VALUE, Wording, refusal

IN_STOCK, EXTERNAL, ON_THE_WAY, SUPPLIER, PRE_ORDER, OUT = StockStatus
DAY = date(2026, 12, 4)
BY_DATE = Promise(on=DAY)
KNOWN = {EXTERNAL: Promise(Days(2, 4)), SUPPLIER: Promise(Days(5, 5)), ON_THE_WAY: BY_DATE, PRE_ORDER: BY_DATE}
PIECES = ["{days}", "{date}", "{longest}", " ", "אזל", "now", "{{"]

BUILT_IN = {
    "en": {
        IN_STOCK: ("In stock, ready to ship",),
        EXTERNAL: (
            "In stock at our external warehouse, ships in 2–4 working days",
            "In stock at our external warehouse",
        ),
        ON_THE_WAY: ("On the way, expected on December 4, 2026", "On the way"),
        SUPPLIER: ("Supplier lead time 5 working days", "Available from our supplier"),
        PRE_ORDER: ("Available for pre-order, ships from December 4, 2026", "Available for pre-order"),
        OUT: ("Out of stock",),
    },
    "da": {
        IN_STOCK: ("På lager, klar til afsendelse",),
        EXTERNAL: ("På fjernlager, afsendes om 2–4 hverdage", "På fjernlager"),
        ON_THE_WAY: ("På vej, ventes den 4. december 2026", "På vej"),
        SUPPLIER: ("Leveringstid fra leverandør: 5 hverdage", "Kan skaffes hos vores leverandør"),
        PRE_ORDER: ("Kan forudbestilles, afsendes fra den 4. december 2026", "Kan forudbestilles"),
        OUT: ("Udsolgt",),
    },
    "he": {
        IN_STOCK: ("במלאי, מוכן למשלוח",),
        EXTERNAL: ("במלאי במחסן החיצוני שלנו, יישלח תוך 2 עד 4 ימי עסקים", "במלאי במחסן החיצוני שלנו"),
        ON_THE_WAY: ("בדרך אלינו, צפוי להגיע ב־4 בדצמבר 2026", "בדרך אלינו"),
        SUPPLIER: ("זמן אספקה מהספק: 5 ימי עסקים", "זמין אצל הספק שלנו"),
        PRE_ORDER: ("זמין להזמנה מוקדמת, יישלח החל מ־4 בדצמבר 2026", "זמין להזמנה מוקדמת"),
        OUT: ("אזל מהמלאי",),
    },
    "pl": {
        IN_STOCK: ("W magazynie, gotowe do wysyłki",),
        EXTERNAL: ("W magazynie zewnętrznym, czas wysyłki: 2–4 dni robocze", "W magazynie zewnętrznym"),
        ON_THE_WAY: ("W drodze, spodziewana dostawa: 4 grudnia 2026", "W drodze"),
        SUPPLIER: ("Czas realizacji u dostawcy: 5 dni roboczych", "Dostępne u naszego dostawcy"),
        PRE_ORDER: ("Dostępne w przedsprzedaży, wysyłka od 4 grudnia 2026", "Dostępne w przedsprzedaży"),
        OUT: ("Brak w magazynie",),
    },
    "zh": {
        IN_STOCK: ("现货，可立即发货",),
        EXTERNAL: ("外部仓库有货，2–4个工作日内发货", "外部仓库有货"),
        ON_THE_WAY: ("在途，预计2026年12月4日到货", "在途"),
        SUPPLIER: ("供应商供货，交货期：5个工作日", "供应商有货"),
        PRE_ORDER: ("可预订，2026年12月4日起发货", "可预订"),
        OUT: ("缺货",),
    },
}


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("status", StockStatus)
def test_each_status_has_its_text_with_and_without_what_is_known(language: str, status: StockStatus) -> None:
    wording = Wording(language)
    with_time, *_ = texts = BUILT_IN[language][status]
    assert wording.text(status, KNOWN.get(status, NOTHING_TOLD)) == with_time
    assert wording.text(status, NOTHING_TOLD) == texts[-1]


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("pl", ["1 dzień roboczy", "2 dni robocze", "5 dni roboczych", "1–2 dni robocze", "7–14 dni roboczych"]),
        ("he", ["יום עסקים אחד", "2 ימי עסקים", "5 ימי עסקים", "1 עד 2 ימי עסקים", "7 עד 14 ימי עסקים"]),
        ("en", ["1 working day", "2 working days", "5 working days", "1–2 working days", "7–14 working days"]),
    ],
)
def test_the_number_of_days_has_the_form_of_the_language(language: str, told: list[str]) -> None:
    spans = [Days(1, 1), Days(2, 2), Days(5, 5), Days(1, 2), Days(7, 14)]
    texts = [Wording(language).text(SUPPLIER, Promise(days)) for days in spans]
    assert [text.rpartition("time " if language == "en" else ": ")[2] for text in texts] == told


def test_no_days_at_all_are_not_told_as_a_number() -> None:
    assert Wording("en").text(SUPPLIER, Promise(Days(0, 0))) == "Available from our supplier"
    assert Wording("en").text(EXTERNAL, Promise(Days(0, 1))).endswith("ships in 0–1 working days")


# ---- the owner's own words


def test_an_own_text_wins_and_the_others_stay() -> None:
    wording = Wording("pl", {SUPPLIER: "Sprowadzimy w {days}"})
    assert wording.text(SUPPLIER, Promise(Days(2, 4))) == "Sprowadzimy w 2–4 dni robocze"
    assert wording.text(OUT, NOTHING_TOLD) == "Brak w magazynie"


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ("Leaves us in {days}", "Leaves us in 2–4 working days"),
        ("{shortest} to {longest} working days", "2 to 4 working days"),
        ("{{soon}}, {longest} nights at most", "{soon}, 4 nights at most"),
        ("Soon here", "Soon here"),
    ],
)
def test_what_an_own_text_names_is_filled_in(own: str, text: str) -> None:
    assert refusal(EXTERNAL, own) == ""
    assert Wording("en", {EXTERNAL: own}).text(EXTERNAL, Promise(Days(2, 4))) == text


def test_an_own_text_that_names_what_is_not_known_gives_way_to_the_built_in_one() -> None:
    wording = Wording("da", {ON_THE_WAY: "Kommer {date}", EXTERNAL: "{shortest}-{longest}"})
    assert wording.text(ON_THE_WAY, NOTHING_TOLD) == "På vej"
    assert wording.text(ON_THE_WAY, Promise(on=DAY)) == "Kommer 4. december 2026"
    assert wording.text(EXTERNAL, NOTHING_TOLD) == "På fjernlager"


@pytest.mark.parametrize(
    ("status", "own", "expected"),
    [
        (EXTERNAL, "in {dayz}", "a text with nothing in braces but {days}, {shortest}, {longest}"),
        (EXTERNAL, "on {date}", "a text with nothing in braces but {days}, {shortest}, {longest}"),
        (ON_THE_WAY, "in {days}", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on {date.__class__}", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on {date!r}", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on {date:>999999999}", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on {}", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on {0}", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on {date", "a text with nothing in braces but {date}"),
        (ON_THE_WAY, "on date}", "a text with nothing in braces but {date}"),
        (IN_STOCK, "in {days}", "a text without braces"),
        (OUT, "back on {date}", "a text without braces"),
        (OUT, "gone\nfor good", "a text on one line"),
        (OUT, "gone\x07", "a text on one line"),
        (OUT, "gone\u2028for good", "a text on one line"),
        (OUT, "<b>gone</b>", "plain text without HTML"),
        (OUT, "gone &amp; over", "plain text without HTML"),
        (OUT, "g" * 201, "at most 200 characters"),
        (ON_THE_WAY, "{date}" * 7, "at most 200 characters"),
        (SUPPLIER, "{days} days", "{days} without a word for days"),
        (SUPPLIER, "within {days} working days", "{days} without a word for days"),
        (SUPPLIER, "תוך {days} ימים", "{days} without a word for days"),
        (SUPPLIER, "{days}天", "{days} without a word for days"),
        (SUPPLIER, "{days}个工作日", "{days} without a word for days"),
        (SUPPLIER, "w {days} robocze", "{days} without a word for days"),
        (SUPPLIER, "תוך {days} ימי עסקים", "{days} without a word for days"),
        (SUPPLIER, "om {days} dage", "{days} without a word for days"),
    ],
)
def test_an_own_text_that_cannot_be_used_is_told(status: StockStatus, own: str, expected: str) -> None:
    assert expected in refusal(status, own)


@pytest.mark.parametrize("own", ["g" * 200, "3 < 5 & so on", "100 % {{sure}}", "\u200fאזל!"])
def test_other_signs_are_the_owners_to_choose(own: str) -> None:
    assert refusal(OUT, own) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_is_wider_than_what_is_kept_for_it(language: str) -> None:
    wording = Wording(language, {SUPPLIER: "{days}"})
    days = [wording.text(SUPPLIER, Promise(Days(shortest, 3650))) for shortest in (1000, 3650)]
    dates = [say_date(language, date(2026, month, 28)) for month in range(1, 13)]
    assert max(len(value) for value in (*days, *dates)) <= WIDEST_VALUE - len("\u2068\u2069")


@settings(deadline=None)
@given(
    language=st.sampled_from(LANGUAGES),
    status=st.sampled_from(StockStatus),
    own=st.lists(st.sampled_from(PIECES) | st.text(max_size=80)).map("".join),
    told=st.sampled_from([NOTHING_TOLD, Promise(Days(1, 3650)), Promise(Days(2, 2)), Promise(on=date(2026, 9, 30))]),
)
def test_whatever_an_owner_writes_the_buyer_reads_one_short_line(
    language: str, status: StockStatus, own: str, told: Promise
) -> None:
    texts = {status: own} if own and not refusal(status, own) else {}
    text = Wording(language, texts).text(status, told)
    assert 0 < len(text) <= MOST_CHARACTERS
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)


def test_every_status_says_which_placeholders_it_has() -> None:
    assert set(PLACEHOLDERS) == set(StockStatus)


# ---- right to left


def seen(text: str, base: str) -> str:
    """The text as the eye meets it from left to right, in a page of this direction, without its invisible signs."""
    return "".join(c for c in get_display(text, base_dir=base) if unicodedata.category(c) != "Cf")


@pytest.mark.parametrize("status", StockStatus)
@pytest.mark.parametrize("told", [NOTHING_TOLD, Promise(on=DAY), Promise(Days(2, 4)), Promise(Days(12, 12))])
def test_a_hebrew_text_is_read_in_one_order_in_pages_of_both_directions(status: StockStatus, told: Promise) -> None:
    text = Wording("he").text(status, told)
    assert seen(text, "R") == seen(text, "L")
    words = text.split(" ")
    assert seen(text, "R").split(" ")[::-1] == [seen(word, "R") for word in words]


def test_the_days_of_a_hebrew_range_stand_in_their_order() -> None:
    text = Wording("he").text(EXTERNAL, Promise(Days(2, 4)))
    assert seen(text, "R").startswith("םיקסע ימי 4 דע 2 ךות")


def test_a_date_keeps_its_order_in_an_own_text_of_the_other_direction() -> None:
    text = Wording("he", {ON_THE_WAY: "Comes on {date} at last"}).text(ON_THE_WAY, Promise(on=DAY))
    assert seen(text, "L") == "Comes on 2026 רבמצדב 4 at last"
    # Without the isolates the day and the month would change places.
    assert seen(f"Comes on {say_date('he', DAY)} at last", "L") != seen(text, "L")


def test_a_number_between_two_directions_stays_with_its_sentence() -> None:
    text = Wording("he", {SUPPLIER: "עם DHL: {shortest} ימים"}).text(SUPPLIER, Promise(Days(2, 2)))
    assert seen(text, "R") == "םימי 2 :DHL םע"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", StockStatus)
def test_a_built_in_text_needs_no_invisible_signs(language: str, status: StockStatus) -> None:
    text = Wording(language).text(status, KNOWN.get(status, NOTHING_TOLD))
    assert not any(unicodedata.category(character) == "Cf" for character in text)
