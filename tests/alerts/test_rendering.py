"""What the owner reads: every rule in every language, from hostile shops, for one SKU and for thousands."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from syncd.alerts.letter import Coming, ConcernedOrder, Item, Link, Oversold, StockFacts, ToOrder
from syncd.alerts.notifier import Message
from syncd.cli.app import app
from syncd.domain.alerts import Event, Rule
from syncd.domain.replenishment import PointSource, ReorderPoint
from syncd.domain.said import Said
from syncd.texts.catalogues import LANGUAGES, say, say_date
from tests.alerts.letters_kit import (
    AT,
    CAUSE,
    LINKS,
    STANDING,
    STOCK,
    STOCK_RULES,
    TODAY,
    Read,
    every_item,
    incident,
    low,
    slack_text,
    stock_item,
    written,
)

ISOLATES = "\u2066\u2067\u2068\u2069"
MOST_THAT_GMAIL_SHOWS = 102_000  # bytes; what is longer is clipped


def commands(message: Message) -> list[str]:
    """The lines that are meant to be typed."""
    return [line.strip() for line in message.text.splitlines() if line.strip().startswith("syncd ")]


def bare(text: str) -> str:
    """The text without what each medium shows in its own way: spaces, isolates, bullets, rules."""
    return re.sub(rf"[\s{ISOLATES}=:：-]", "", text)


# ---------------------------------------------------------------------- one alert


def test_a_low_sku_is_told_with_its_numbers() -> None:
    message = written(stock_item(Rule.LOW))
    assert message.subject == "Low: MUG, 3 left (alert at 13)"
    lines = message.text.splitlines()
    for expected in (
        "Blue mug, 300 ml",
        "Available: 3 = own 5 + external 0 − reserved 2",
        "Alert at: 13, worked out of your sales: 9 in the 10 days until new ones can be there, and 4 for a strong week",
        "Since: today, 9:27 AM",
        "Sells: about 6.2 a week: lasts 4 days",
        "On the way: 12, expected on December 4, 2026 (delivery 3)",
        "To order: 24 (2 packs of 12), at least 24 at a time",
        "Supplier: Acme, lead time 5 working days, says that it has 140",
        "Costs: 84.00 = 24 × 3.50",
        "Is it in a paid promotion? Pause that until there is more.",
        "https://admin.shopify.com/store/my-shop/products/8151",
    ):
        assert expected in lines, expected
    assert commands(message) == [
        "syncd reorder --supplier Acme",
        "syncd incoming add MUG 24 --expected 2026-12-02 --supplier Acme",
        "syncd status-override MUG out_of_stock",
        "syncd status-override MUG --end",
        "syncd explain MUG",
        "syncd ack 12",
        "syncd snooze 12 --for 3d",
    ]


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (ReorderPoint(5, PointSource.SET), "5, set by you"),
        (ReorderPoint(5, PointSource.DEFAULT), "5, the default"),
        (ReorderPoint(2, PointSource.SALES, 1, 1, 1), "2, worked out of your sales: 1 in the 1 day until"),
    ],
)
def test_it_is_told_who_set_the_reorder_point(point: ReorderPoint, told: str) -> None:
    message = written(stock_item(Rule.LOW, stock=replace(STOCK, point=point)))
    assert f"Alert at: {told}" in message.text


def test_what_is_not_known_is_not_told() -> None:
    facts = StockFacts(1, 0, 0, 1, 1, ReorderPoint(5, PointSource.DEFAULT), ToOrder(7))
    message = written(stock_item(Rule.LOW, stock=facts, name=None, links=()))
    assert "To order: 7\n" in message.text
    assert "syncd incoming add MUG 7" in message.text.splitlines()
    assert "On the way: nothing\n" in message.text
    for word in ("None", "Supplier", "Costs", "Sells", "Open in"):
        assert word not in message.text


def test_what_is_on_the_way_may_be_enough_late_or_without_a_day() -> None:
    coming = (Coming(1, 5, None), Coming(2, 6, TODAY - timedelta(days=1)), *(Coming(n, 1, TODAY) for n in range(3, 9)))
    message = written(stock_item(Rule.LOW, stock=replace(STOCK, to_order=ToOrder(0), coming=coming)))
    assert "To order: nothing, what is on the way is enough" in message.text
    assert "5, nobody knows when (delivery 1), 6, late: expected on November 21, 2026 (delivery 2)" in message.text
    assert "and 3 more" in message.text
    assert not any("incoming add" in line or "reorder" in line for line in commands(message))


def test_what_is_late_is_not_said_to_be_enough() -> None:
    late = replace(STOCK, available=20, coming=(Coming(1, 100, TODAY - timedelta(days=9)),), to_order=ToOrder(0))
    message = written(stock_item(Rule.RUNS_OUT, stock=late))
    assert "To order: nothing now\n" in message.text
    assert "enough" not in message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_runs_out_says_by_when_new_ones_can_be_there(language: str) -> None:
    ordered = say(language, "if ordered today, it can be here on {date}", date=say_date(language, date(2026, 12, 2)))
    alone = stock_item(Rule.RUNS_OUT, stock=replace(STOCK, coming=()))
    for message in (written(alone, language=language), written(alone, low(1), low(2), low(3), language=language)):
        assert message.text.count(ordered) == 1
    for item in (stock_item(Rule.RUNS_OUT), stock_item(Rule.LOW, stock=replace(STOCK, coming=()))):
        assert ordered not in written(item, language=language).text, "a delivery has a day, or nobody asks"


def test_an_oversell_is_told_with_its_orders_its_cause_and_an_honest_draft() -> None:
    message = written(stock_item(Rule.OVERSOLD))
    assert message.subject == "Oversold: MUG, 2 missing"
    first, second = (message.text.index(name) for name in ("shopify_il #1002: 1 unit", "woo 1051: 2 units"))
    assert first < second  # the latest first
    assert "woo and shopify_il sold the last units within 40 s." in message.text
    assert "syncd set MUG --buffer 3" in message.text.splitlines()
    assert "sold out faster than we expected, and our system did not update in time" in message.text
    assert "1. Wait: we expect more on December 4, 2026" in message.text
    assert "2. Another item that is at least as good" in message.text
    assert "3. All your money back, at once." in message.text
    hebrew, english = (message.text.index(f"For {name}:") for name in ("shopify_il #1002", "woo 1051"))
    assert hebrew < message.text.index("אזל מהר מכפי שציפינו") < english < message.text.index("faster than we expected")
    assert "error" not in message.text.casefold()


def test_a_draft_promises_no_day_that_nobody_knows() -> None:
    item = stock_item(Rule.OVERSOLD)
    assert item.stock is not None
    for coming in ((), (Coming(3, 12, None),), (Coming(3, 12, TODAY - timedelta(days=2)),)):
        message = written(replace(item, stock=replace(item.stock, coming=coming)))
        assert "Wait:" not in message.text
        assert "1. Another item" in message.text


def test_a_draft_in_a_language_that_is_not_there_is_in_english() -> None:
    order = ConcernedOrder("woo", "7", AT, 1, "fi")
    message = written(stock_item(Rule.OVERSOLD, oversold=Oversold(1, (order,), CAUSE, 0)))
    assert message.text.count("Thank you for your order") == 1
    assert not any("--buffer" in line for line in commands(message))


@pytest.mark.parametrize("language", LANGUAGES)
def test_drafts_are_in_the_language_of_the_buyer_not_of_the_owner(language: str) -> None:
    message = written(stock_item(Rule.OVERSOLD), language=language)
    for told in ("sold out faster than we expected", "אזל מהר מכפי שציפינו"):
        assert told in message.text
        assert told in slack_text(message)
    drafts = [told for _, told in Read(message.html).elements if told.get("lang")][1:]
    assert {(told["lang"], told["dir"]) for told in drafts} == {("he", "rtl"), ("en", "ltr")}


def test_an_incident_is_told_with_what_to_do() -> None:
    message = written(incident(Rule.CHANNEL))
    assert message.subject == "Channel: woo"
    assert "woo does not answer: connection refused" in message.text
    assert "Look at it: syncd status. Then: syncd approve 7" in message.text
    assert commands(message) == ["syncd ack 31", "syncd snooze 31 --for 3d"]


def test_what_is_over_asks_for_nothing() -> None:
    over = {"event": Event.OVER, "over_at": AT - timedelta(minutes=5)}
    for item in (stock_item(Rule.OVERSOLD, **over), incident(Rule.CHANNEL, **over)):
        message = written(item)
        assert message.subject in ("Over: MUG (Oversold)", "Over: woo (Channel)")
        assert "Over since: today, 10:22 AM" in message.text
        assert not commands(message)
        assert "Thank you for your order" not in message.text


def test_what_ended_before_it_was_told_says_so() -> None:
    message = written(stock_item(Rule.LOW, over_at=AT - timedelta(minutes=5)))
    assert "It is over meanwhile, since today, 10:22 AM." in message.text
    assert not commands(message)


def test_what_was_put_off_or_got_worse_says_so() -> None:
    again = written(stock_item(Rule.LOW, event=Event.AGAIN))
    assert again.subject == "Still so: Low: MUG, 3 left (alert at 13)"
    assert "It was put off until now, and is still so." in again.text
    assert "It got worse." in written(stock_item(Rule.OUT, event=Event.ESCALATED)).text


def test_a_trial_asks_for_nothing_but_a_yes() -> None:
    message = written(trial=True)
    assert message.subject == "A trial: alerts arrive here"
    assert "nothing needs doing" in message.text
    assert "syncd alerts test asked whether it arrived" in message.text


# ---------------------------------------------------------------------- in every language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("item", every_item(), ids=lambda item: item.rule.value)
def test_every_rule_is_told_the_same_in_every_medium(language: str, item: Item) -> None:
    message = written(item, language=language)
    assert message.language == language
    assert message.subject
    read = Read(message.html)
    addresses = [told["href"] or "" for tag, told in read.elements if tag == "a"]
    assert addresses == [link.url for link in item.links]
    text = message.text
    for address in addresses:
        text = text.replace(address, "")
    assert bare(read.seen).endswith(bare(text))  # what a phone previews stands before it
    for line in map(bare, text.splitlines()):
        assert line in bare(slack_text(message).translate({ord(sign): None for sign in "*`>"}))


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    """But what an incident says here: it is made up, so no catalogue has it."""
    for item in every_item():
        mine = replace(item, what=None, hint=None, oversold=None, name=None, links=())
        english = {line for line in written(mine).text.splitlines() if len(re.findall("[a-z]{2,}", line)) > 2}
        own = set(written(mine, language=language).text.splitlines())
        assert {line for line in english & own if not line.startswith("syncd ")} == set(), item.rule


def test_numbers_and_days_are_told_as_the_language_does() -> None:
    many = replace(STOCK, own=12_345, available=12_343, per_week=1.5)
    polish = written(stock_item(Rule.LOW, stock=many), language="pl").text
    assert "własne 12\u00a0345" in polish
    assert "około 1,5 tygodniowo" in polish
    assert "4 grudnia 2026" in polish
    assert "84,00 = 24 × 3,50" in polish


@pytest.mark.parametrize(("number", "told"), [(2, "2 alerty:"), (5, "5 alertów:"), (22, "22 alerty:")])
def test_alerts_are_counted_as_polish_does(number: int, told: str) -> None:
    message = written(*(low(n) for n in range(number)), language="pl")
    assert message.subject.startswith(told)


def test_hebrew_runs_from_the_right_and_keeps_foreign_words_apart() -> None:
    message = written(stock_item(Rule.OVERSOLD), language="he")
    read = Read(message.html)
    page = dict(read.elements)
    assert (page["html"]["lang"], page["html"]["dir"]) == ("he", "rtl")
    assert all(told.get("dir") == "ltr" for tag, told in read.elements if tag == "pre")
    assert "<bdi>MUG</bdi>" in message.html
    assert "\u2068MUG\u2069" in message.text
    assert "\u2068−2\u2069" in message.text  # or its minus would change sides
    assert commands(message)
    assert not any(sign in command for sign in ISOLATES for command in commands(message))


def test_a_command_on_a_line_of_its_own_can_be_copied_in_hebrew() -> None:
    message = written(stock_item(Rule.OVERSOLD), low(1), language="he")
    assert "  syncd set MUG --buffer 3" in message.text.splitlines()


def test_a_command_in_a_sentence_stands_apart() -> None:
    hebrew = written(trial=True, language="he")
    assert "\u2066syncd alerts test\u2069" in hebrew.text
    assert '<code dir="ltr">syncd alerts test</code>' in hebrew.html
    polish = written(incident(Rule.HOLD), language="pl")
    assert "syncd status. Then: syncd approve 7" in polish.text
    assert '<code dir="ltr">syncd approve 7</code>' in polish.html
    assert "`syncd status`. Then: `syncd approve 7`" in slack_text(polish)


def test_an_english_sentence_among_hebrew_stays_in_one_piece() -> None:
    message = written(incident(Rule.HOLD), language="he")
    assert "\u2068Look at it: syncd status. Then: syncd approve 7\u2069" in message.text
    assert "<bdi>woo does not answer: connection refused</bdi>" in message.html


# ---------------------------------------------------------------------- several


def test_several_become_a_digest_the_worst_first() -> None:
    message = written(
        *(low(n) for n in range(9)), incident(Rule.CHANNEL), stock_item(Rule.OVERSOLD), stock_item(Rule.DEAD)
    )
    assert message.subject == "12 alerts: 1 oversold, 1 channel in trouble, 9 low, 1 not selling"
    order = [
        message.text.index(f"== {title} ==") for title in ("Oversold: 1", "Channel: 1", "Low: 9", "Not selling: 1")
    ]
    assert order == sorted(order)
    assert "- SKU-00003 Shoe model 3, black, size 39: 3 available, alert at 13, order 24 from Acme" in message.text
    assert "connection refused" in message.text and "syncd approve 7" in message.text
    assert "shopify_il #1002, woo 1051" in message.text
    assert "Blue mug, 300 ml sold out faster" in message.text
    assert commands(message) == ["syncd set MUG --buffer 3", "syncd reorder", "syncd alerts"]


def test_a_draft_for_several_products_names_none() -> None:
    message = written(stock_item(Rule.OVERSOLD), stock_item(Rule.OVERSOLD, sku="CUP", name="Cup"))
    assert "An item in it sold out faster" in message.text
    assert "Cup sold out" not in message.text


def test_of_many_rules_the_subject_names_the_worst() -> None:
    message = written(*every_item())
    assert message.subject == "18 alerts: 1 service stopped, 1 oversold, 1 channel in trouble, …"


def test_what_is_over_stands_last_in_a_digest() -> None:
    over = stock_item(Rule.OVERSOLD, event=Event.OVER, over_at=AT)
    message = written(over, low(1))
    assert message.subject == "2 alerts: 1 low, 1 over"
    assert message.text.index("Low: 1") < message.text.index("Over: Oversold: 1")
    assert "Thank you for your order" not in message.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [500, 10_000])
def test_a_burst_stays_readable(language: str, number: int) -> None:
    message = written(*(low(n) for n in range(number)), language=language)
    assert len(message.html.encode()) < MOST_THAT_GMAIL_SHOWS
    assert len(message.text.encode()) < MOST_THAT_GMAIL_SHOWS
    assert len(re.findall(r"(?m)^- ", message.text)) == 200
    assert "syncd alerts" in commands(message)
    if language == "en":
        assert f"and {number - 200:,} more: syncd alerts" in message.text
        assert message.subject == f"{number:,} alerts: {number:,} low"
    assert len(message.blocks) <= 50
    assert all_sections_fit(message)


def test_a_burst_of_the_longest_names_in_the_widest_letters_is_not_clipped() -> None:
    items = [
        low(n, sku="&" * 70 + str(n), name="שֻ" * 300, stock=replace(STOCK, to_order=ToOrder(3, "<" * 99)))
        for n in range(300)
    ]
    message = written(*items, language="he")
    assert len(message.html.encode()) < MOST_THAT_GMAIL_SHOWS
    assert len(re.findall(r"(?m)^- ", message.text)) > 20
    assert all_sections_fit(message)


def all_sections_fit(message: Message) -> bool:
    return all(
        0 < len(block["text"]["text"]) <= (150 if block["type"] == "header" else 3000)
        for block in message.blocks
        if "text" in block
    )


# ---------------------------------------------------------------------- how everything stands


def test_a_quiet_day_is_told_in_one_line() -> None:
    message = written(standing=STANDING)
    assert message.subject == "All fresh, 3 low, nothing waits for you"
    assert "SKUs: 57" in message.text
    assert commands(message) == ["syncd stock --low"]
    assert written(standing=replace(STANDING, low=0)).subject == "All fresh, nothing is low, nothing waits for you"


def test_what_is_not_well_is_told_in_one_line() -> None:
    message = written(standing=replace(STANDING, stale=("woo",), holds=1, incidents=2))
    assert message.subject == "woo is not read in time, 3 low, 1 hold waits, 2 incidents"
    assert commands(message) == ["syncd status", "syncd stock --low", "syncd holds"]
    both = written(standing=replace(STANDING, stale=("woo", "till"), to_decide=1))
    assert both.subject == "woo, till are not read in time, 3 low, 1 order to decide"
    many = written(standing=replace(STANDING, stale=tuple("abcdefg")))
    assert many.subject.startswith("a, b, c, d, e, … are not read in time")
    assert written(standing=replace(STANDING, channels=0)).subject.startswith("No channel is live, 3 low")


def test_with_alerts_it_is_the_digest_of_the_day() -> None:
    message = written(stock_item(Rule.DEAD), standing=STANDING)
    assert message.subject == "1 alert: 1 not selling"
    assert "All fresh, 3 low, nothing waits for you" in message.text
    assert "== How everything stands ==" in message.text


# ---------------------------------------------------------------------- from hostile shops

HOSTILE = "</b><script>alert(1)</script> <!channel> *x* `y` & \"q\" 'a'\r\nBcc: x@example.com\x00\u202e\u2066\u2028end"


@pytest.mark.parametrize("language", ["en", "he"])
def test_what_a_shop_says_is_only_ever_text(language: str) -> None:
    said = Said("{channel} says: {answer}", channel="woo", answer=HOSTILE)
    order = ConcernedOrder("woo", HOSTILE, AT, 1, HOSTILE)
    stock = replace(STOCK, to_order=replace(STOCK.to_order, supplier=HOSTILE))
    oversold = Oversold(1, (order,), said, 2)
    items = [
        stock_item(
            Rule.OVERSOLD,
            sku=HOSTILE,
            name=HOSTILE,
            stock=stock,
            oversold=oversold,
            links=(Link(HOSTILE, LINKS[0].url),),
        ),
        incident(Rule.CHANNEL, channel=HOSTILE, what=said, hint=said),
    ]
    standing = replace(STANDING, stale=(HOSTILE,))
    for message in (
        *(written(item, language=language) for item in items),
        written(*items, standing=standing, language=language),
    ):
        assert not any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") for sign in message.subject)
        assert not any("\u202e" in text or "\x00" in text for text in (message.subject, message.text, message.html))
        tags = {tag for tag, _ in Read(message.html).elements}
        assert "script" not in tags
        assert "<script" not in message.html
        _, _, markup = slack_text(message).partition("\n")  # the header is plain text
        assert "<!channel" not in markup
        assert "&lt;!channel&gt;" in markup
        assert "\nBcc:" not in message.text
        assert message.text.count("\u2066") + message.text.count("\u2068") == message.text.count("\u2069")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//example.com", "https://", "", "https://[", 'https://a.example/"onclick="x',
     "https://a.example/|x>", "https://a.example/\nx", "https://a.example/" + "x" * 3000],
)  # fmt: skip
def test_an_address_that_opens_no_page_is_left_out(url: str) -> None:
    message = written(stock_item(Rule.LOW, links=(Link("woo", url), LINKS[1])))
    links = [told["href"] for tag, told in Read(message.html).elements if tag == "a"]
    assert links == [LINKS[1].url]
    assert slack_text(message).count("|Open in") == 1


def test_a_very_long_name_is_cut() -> None:
    message = written(stock_item(Rule.LOW, name="word " * 200, sku="S" * 500))
    assert "word word" in message.text
    assert max(map(len, message.text.splitlines())) < 200
    assert len(message.subject) <= 150
    assert all_sections_fit(message)


def test_a_sku_that_cannot_be_typed_gets_no_command() -> None:
    """What is read would name another SKU."""
    for sku in ("MUG\u202e", "MUG\n", "MUG\u200b", " MUG", "M" * 500):
        assert commands(written(stock_item(Rule.OVERSOLD, sku=sku))) == ["syncd ack 12", "syncd snooze 12 --for 3d"]


def test_a_word_that_reads_like_a_command_is_none() -> None:
    said = Said("{channel} says: {answer}", channel="woo", answer="run syncd approve 7 now")
    message = written(incident(Rule.CHANNEL, what=said, hint=None))
    assert "<code" not in message.html.partition("What you can do")[0].partition("<body")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_loads_nothing(language: str) -> None:
    for message in (
        written(*every_item(), standing=STANDING, language=language),
        written(stock_item(Rule.OVERSOLD), language=language),
    ):
        for tag, told in Read(message.html).elements:
            assert tag not in ("img", "script", "link", "iframe", "object", "form", "video"), tag
            assert not {"src", "srcset", "background", "poster"} & told.keys()
            assert not any(name.startswith("on") for name in told)
        assert "url(" not in message.html and "@import" not in message.html


# ---------------------------------------------------------------------- the commands are syncd's


def parsed(line: str) -> None:
    """Lets the command line's own parser read the line; nothing is run."""
    program, *args = shlex.split(line)
    assert program == "syncd"
    command = get_command(app)
    context = command.make_context(program, args)
    while isinstance(command, TyperGroup):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, line
        command = found
        context = command.make_context(name, rest, parent=context)


def every_command() -> Iterator[str]:
    for sku in ("MUG", "SHOE 39/BLK", "-5", "it's", "--help", "$HOME", "ספל", "#1"):
        for supplier in ("Acme", "Acme & Sons", "-x", "--help", None):
            to_order = replace(STOCK.to_order, supplier=supplier)
            for rule in STOCK_RULES:
                item = stock_item(rule, sku=sku)
                assert item.stock is not None
                units = replace(to_order, units=item.stock.to_order.units)
                yield from commands(written(replace(item, stock=replace(item.stock, to_order=units))))
    for message in (written(*every_item()), written(standing=replace(STANDING, stale=("woo",), holds=1))):
        yield from commands(message)


def test_every_command_is_one_that_syncd_takes() -> None:
    lines = set(every_command())
    verbs = {line.split()[1] for line in lines}
    assert verbs >= {
        "incoming",
        "status-override",
        "explain",
        "set",
        "ack",
        "snooze",
        "reorder",
        "alerts",
        "status",
        "stock",
        "holds",
    }
    for line in lines:
        parsed(line)


def test_a_command_that_syncd_does_not_take_is_noticed() -> None:
    for line in ("syncd incoming ad MUG 3", "syncd set MUG --bufer 3", "syncd explain", "syncd explain -5"):
        with pytest.raises(typer._click.exceptions.UsageError):
            parsed(line)
