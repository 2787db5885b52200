"""Feeds in XML and JSON as suppliers write them, and those that would do harm."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.contract import Supplies, Unreadable
from tests.connectors.supplier_feed.conftest import Clock, folder_feed, put, units

Read = Callable[..., Supplies]

NESTED = (("sku", "code"), ("on_hand", "stock.available"), ("lead_time_days", "delivery"), ("pack_size", "@pack"))
CENEO = """<?xml version="1.0" encoding="windows-1250"?>
<offers><group name="other">
  <o id="1" price="10.00" stock="5"><cat>Żółte</cat></o>
  <o id="2" price="10.00" stock="0"><cat/></o>
</group></offers>"""
GOOGLE = """<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Acme</title>
  <item><g:id>A</g:id><g:availability><![CDATA[in stock]]></g:availability></item>
  <item><g:id>B</g:id><g:availability>out of stock</g:availability></item>
</channel></rss>"""
OWN = """<shop>
<product pack="6"><code> A </code><stock><available>7</available></stock><delivery>3</delivery></product>
<product><code>B</code><stock/></product></shop>"""
IDS = {"COLUMNS": (("sku", "@id"), ("on_hand", "@stock"), ("category", "cat"))}


def refusal(read: Read, content: bytes | str, **settings) -> Unreadable:
    with pytest.raises(Unreadable) as error:
        read(content, **settings)
    assert str(error.value).startswith("stock.csv: ")
    assert str(error.value).isprintable()
    return error.value


# ---- XML


def test_attributes_are_fields_and_the_declared_encoding_holds(read: Read) -> None:
    found = read(CENEO.encode("windows-1250"), LEAD_TIMES=(("Żółte", "7"),), **IDS)
    assert units(found) == {"1": 5, "2": 0}
    assert [one.lead_time_days for one in found.supplies] == [7, None]
    assert [one.line_number for one in found.supplies] == [3, 4]
    assert found.columns == ("@id", "@stock", "cat")


def test_namespaces_need_not_be_written(read: Read) -> None:
    words = (("in stock", "3"), ("out of stock", "0"))
    for sku, on_hand in (("id", "availability"), ("g:id", "g:availability")):
        found = read(GOOGLE, COLUMNS=(("sku", sku), ("on_hand", on_hand)), VALUES=words)
        assert units(found) == {"A": 3, "B": 0}


def test_fields_may_lie_deeper_and_may_be_absent(read: Read) -> None:
    found = read(OWN, COLUMNS=NESTED)
    assert [(one.sku, one.units, one.lead_time_days, one.pack_size) for one in found.supplies] == [
        ("A", 7, 3, 6),
        ("B", None, None, None),
    ]


def test_a_field_that_stands_twice_in_an_item_parks_it(read: Read) -> None:
    rows = (
        "<s><p><Article>A</Article><Stock>1</Stock><Stock>2</Stock></p><p><Article>B</Article><Stock>1</Stock></p></s>"
    )
    found = read(rows)
    assert units(found) == {"B": 1}
    assert found.parked[0].reason == "Line 1 (A): Stock stands more than once in this item."


def test_where_two_elements_may_be_items_the_owner_says_which(read: Read) -> None:
    variants = "<v><Article>A-1</Article><Stock>1</Stock></v><v><Article>A-2</Article><Stock>2</Stock></v>"
    feed = f"<s><p><Article>A</Article><Stock>3</Stock>{variants}</p></s>"
    error = refusal(read, feed)
    assert str(error) == 'stock.csv: One item of the feed may be "p" or "v".'
    assert error.hint == "Name it: ACME_ITEMS=v"
    assert units(read(feed, ITEMS="v")) == {"A-1": 1, "A-2": 2}
    assert 'no element "w"' in str(refusal(read, feed, ITEMS="w"))


def test_xml_without_the_fields_is_refused_with_what_there_is(read: Read) -> None:
    error = refusal(read, "<s><p><Artikel>A</Artikel><Stock>1</Stock></p></s>")
    assert str(error) == 'stock.csv: The feed has no column "Article".'
    assert error.hint == 'Did you mean "Artikel"?'
    assert "holds both SKU and stock" in str(refusal(read, "<s><a><Article/></a><b><Stock/></b></s>"))


@pytest.mark.parametrize(
    ("feed", "sentence"),
    [
        ('<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><s>&b;</s>', "document type (DTD)"),
        ('<?xml version="1.0"?><!DOCTYPE s SYSTEM "file:///etc/passwd"><s/>', "document type (DTD)"),
        ('<!DOCTYPE s [<!ENTITY x SYSTEM "http://127.0.0.1/">]><s><Article>&x;</Article></s>', "document type (DTD)"),
        ("<a>" * 200, "more than 100 deep"),
        ("<s><p><Article>A</Article><Stock>1", "This XML is broken in line 1."),
        ("<s><p>&x;</p></s>", "This XML is broken in line 1."),
        ("<s " + "x" * 3_000_000, "tag or comment without end"),
        ("<s><!-- " + "x" * 3_000_000, "tag or comment without end"),
        ("<s>" + "".join(f"<f{n}/>" for n in range(1100)) + "</s>", "more than 1,000 kinds of fields"),
        ("<s><Article>" + "A" * 200_000 + "</Article><Stock>1</Stock></s>", None),
    ],
)
def test_xml_that_would_do_harm_is_refused(read: Read, feed: str, sentence: str | None) -> None:
    if sentence is None:
        assert "is longer than any field" in read(feed).parked[0].reason
    else:
        assert sentence in str(refusal(read, feed))


def test_a_web_page_is_no_feed(read: Read) -> None:
    for page in ("<!DOCTYPE html><html></html>", "\ufeff\n<html><body>Log in</body></html>"):
        assert "This is a web page, not a feed" in str(refusal(read, page))


def test_a_long_xml_is_read_in_little_memory(tmp_path: Path, clock: Clock) -> None:
    item = "<p><Article>SKU-{0}</Article><Name>" + "x" * 500 + "</Name><Stock>{0}</Stock></p>"
    put(tmp_path, "<s>" + "".join(item.format(n) for n in range(10_000)) + "</s>")
    feed = folder_feed(tmp_path, clock)
    tracemalloc.start()
    found = feed.supplies(None)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found and found.rows == 10_000
    assert most < 20_000_000  # 6 MB of it are the feed, a tree would be 20 more


# ---- JSON


def test_json_in_all_its_shapes(read: Read) -> None:
    items = [{"Article": "A", "Stock": 7}, {"Article": 10023, "Stock": "in stock"}, {"Article": "C", "Stock": None}]
    expected = {"A": 7, "10023": 3, "C": None}
    words = (("in stock", "3"),)
    for feed in (items, {"products": items}, {"ok": True, "result": {"list": items, "page": 1}}):
        assert units(read(json.dumps(feed), VALUES=words)) == expected
    two = json.dumps({"products": items, "news": [{"title": "x"}]})
    error = refusal(read, two)
    assert str(error) == "stock.csv: The feed has several lists: products, news."
    assert error.hint == "Name the way to it: ACME_ITEMS=products"
    assert units(read(two, ITEMS="products", VALUES=words)) == expected
    assert 'no list of items at "product"' in str(refusal(read, two, ITEMS="product"))


def test_json_fields_may_lie_deeper_and_booleans_are_words(read: Read) -> None:
    items = [{"code": "A", "stock": {"available": True}}, {"code": "B", "stock": {"available": 2}}, {"code": "C"}]
    settings = {"COLUMNS": (("sku", "code"), ("on_hand", "stock.available")), "VALUES": (("true", "5"),)}
    found = read(json.dumps(items), **settings)
    assert units(found) == {"A": 5, "B": 2, "C": None}
    assert [one.line_number for one in found.supplies] == [1, 2, 3]


@pytest.mark.parametrize(
    ("stock", "reason"),
    [
        ("NaN", "Stock is NaN, which is no number."),
        ("-Infinity", "Stock is -Infinity, which is no number."),
        ("1e999999999", "Stock is a number that nothing has."),
        ("9" * 5000, "Stock is a number that nothing has."),
        ("1e20", 'Stock "100000000000000000000" is too large to be units; it may be a barcode.'),
        ("1.5", 'Stock "1.5" is not a whole number.'),
        ("[1]", "Stock holds more than one value."),
    ],
)
def test_numbers_that_are_none_are_parked(read: Read, stock: str, reason: str) -> None:
    found = read(f'[{{"Article":"A","Stock":{stock}}},{{"Article":"B","Stock":1e1}}]')
    assert units(found) == {"B": 10}
    assert found.parked[0].reason == f"Item 1 (A): {reason}"


@pytest.mark.parametrize(
    ("feed", "sentence"),
    [
        ("[" * 200_000, "nested without end"),
        ('{"a":' * 200_000, "nested without end"),
        ("[" + "{}," * 2_600_000 + "{}]", "more than 5,000,000 values"),
        ('[{"Article": "A"', "This JSON is broken in line 1."),
        ('{"a": 1}', "no list of items"),
        ("[]", 'no column "Article"'),
        ("[1, 2]", "no list of items"),
    ],
)
def test_json_that_would_do_harm_or_says_nothing_is_refused(read: Read, feed: str, sentence: str) -> None:
    assert sentence in str(refusal(read, feed))


# ---- packed, large, mistaken


def test_gzip_is_unpacked_within_the_limit(read: Read) -> None:
    assert units(read(gzip.compress(b"Article,Stock\nA,1"))) == {"A": 1}
    several = gzip.compress(b"Article,Stock\nA,1\n") + gzip.compress(b"B,2\n") + gzip.compress(b"C,3\n")
    assert units(read(several)) == {"A": 1, "B": 2, "C": 3}
    assert units(read(several + bytes(512))) == {"A": 1, "B": 2, "C": 3}, "padded with zeros"
    assert "was cut" in str(refusal(read, several[:-9]))
    assert "is broken" in str(refusal(read, several + b"something else"))
    bombs = gzip.compress(b"Article,Stock\n") + gzip.compress(b"," * 800_000) * 2
    assert "unpacks to more than 1 MB" in str(refusal(read, bombs, MAX_MB=1))
    bomb = gzip.compress(b"," * 50_000_000)
    assert len(bomb) < 100_000
    error = refusal(read, bomb, MAX_MB=1)
    assert "unpacks to more than 1 MB" in str(error)
    assert "ACME_MAX_MB" in error.hint
    assert "was cut" in str(refusal(read, gzip.compress(b"Article,Stock\nA,1")[:-9]))
    assert "broken" in str(refusal(read, b"\x1f\x8b" + zlib.compress(b"x")))


def test_a_format_that_was_told_is_not_guessed(read: Read) -> None:
    assert units(read("[Article],Stock\nA,1", FORMAT="csv", COLUMNS=(("sku", "[Article]"), ("on_hand", "Stock")))) == {
        "A": 1
    }
    assert "no .xlsx spreadsheet" in str(refusal(read, "Article,Stock\nA,1", FORMAT="xlsx"))
    assert "This JSON is broken" in str(refusal(read, "Article,Stock\nA,1", FORMAT="json"))


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf\r\n", b"PK\x03\x04", b"\x00\x01\x02\x03", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
)
def test_what_is_no_feed_is_one_sentence(read: Read, content: bytes) -> None:
    refusal(read, content)
