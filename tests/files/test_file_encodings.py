"""Encodings are found out, told, and can be overridden."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.files import FileError, read_stock

HEBREW = "SKU,Name,On hand\nA1,נעל שחורה מידה 39,7\nA2,חולצה T-shirt לבנה,3\nA3,כובע,1\n"
POLISH = "SKU,Nazwa,Ilość\nA1,Żółta koszulka męska,7\nA2,Śniegowce dziecięce,3\nA3,Pościel łóżko,1\n"
DANISH = "SKU,Navn,Antal\nA1,Grøn trøje på æske,7\nA2,Blå kjole,3\nA3,Støvle størrelse 39,1\n"
FRENCH = "SKU,Name,On hand\nA1,Théière en céramique à café,7\nA2,Œuvre d'été,3\nA3,garçon,1\n"
GERMAN = "SKU,Name,On hand\nA1,Größe 39 für Füße,7\nA2,Öl für Übergänge,3\nA3,Käse 5 €,1\n"
CHINESE = "SKU,名称,数量\nA1,黑色鞋子 39,7\nA2,白色 T恤,3\nA3,帽子,1\n"


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        *((text, "utf-8", "utf-8") for text in (HEBREW, POLISH, DANISH, CHINESE)),
        *((text, "utf-8-sig", "utf-8-sig") for text in (HEBREW, POLISH, DANISH, CHINESE)),
        *((text, "utf-16", "utf-16") for text in (HEBREW, CHINESE)),
        (HEBREW, "cp1255", "windows-1255"),
        (POLISH, "cp1250", "windows-1250"),
        *((text, "cp1252", "windows-1252") for text in (DANISH, FRENCH, GERMAN)),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_each_encoding_and_delimiter_is_found_out_and_told(
    tmp_path: Path, text: str, encoding: str, told: str, delimiter: str
) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(text.replace(",", delimiter).encode(encoding))
    file = read_stock(path)
    assert (file.encoding, file.delimiter) == (told, delimiter)
    names = [line.split(",")[1] for line in text.splitlines()[1:]]
    assert [row.name for row in file.rows] == names
    assert [row.on_hand for row in file.rows] == [7, 3, 1]


@pytest.mark.parametrize(
    ("name", "encoding", "told"),
    [
        ("Køb", "cp1252", "windows-1252"),
        ("Træ", "cp1252", "windows-1252"),
        ("שלום", "cp1255", "windows-1255"),
        ("but żółty", "cp1250", "windows-1250"),
        ("Müller łódka", "cp1250", "windows-1250"),
        ("m³", "cp1252", "windows-1252"),
        ("£5", "cp1252", "windows-1252"),
        ("5½ – “x”", "cp1252", "windows-1252"),
        ("Ø 39 å la blå", "cp1252", "windows-1252"),
        ("Škoda łyżka", "cp1250", "windows-1250"),
        ("plain", "ascii", "utf-8"),
    ],
)
def test_one_telling_word_is_enough_to_find_out_the_encoding(
    tmp_path: Path, name: str, encoding: str, told: str
) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(f"SKU;Name\nA;{name}\n".encode(encoding))
    file = read_stock(path)
    assert (file.encoding, file.rows[0].name) == (told, name)


def test_a_doubt_about_the_encoding_is_told(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes("SKU,Name\nA,męski\n".encode("cp1250"))
    file = read_stock(path)
    assert file.encoding == "windows-1252"
    assert file.warnings == (
        "Read as windows-1252; windows-1250 would fit as well. Look at the names, or name the encoding.",
    )


def test_a_file_that_makes_no_sense_in_any_encoding_is_refused_and_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes("SKU,Name\nA,黑色鞋子\n".encode("gb18030"))
    with pytest.raises(FileError, match="makes no sense in any of the encodings"):
        read_stock(path)


def test_an_encoding_that_is_named_overrides_what_would_be_found_out(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes("SKU,Name\nA,Příliš žluťoučký kůň\n".encode("cp1250"))
    assert read_stock(path, encoding="windows-1250").rows[0].name == "Příliš žluťoučký kůň"
    path.write_bytes("SKU,Name\nA,黑色鞋子\n".encode("gb18030"))
    assert read_stock(path, encoding="gb18030").rows[0].name == "黑色鞋子"


def test_a_named_encoding_that_does_not_fit_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes("SKU,Name\nA,x\nB,שלום\n".encode("cp1255"))
    with pytest.raises(FileError, match=r"stock\.csv: This file is not in utf-8: line 3 does not fit"):
        read_stock(path, encoding="utf-8")


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", ""])
def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(b"SKU,Name\nA,x\n")
    with pytest.raises(FileError, match="There is no text encoding called"):
        read_stock(path, encoding=encoding)


def test_damaged_utf8_is_refused_with_its_line_and_not_read_as_windows_letters(tmp_path: Path) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(HEBREW.encode() + "A4,Blå,1\n".encode("cp1252"))
    with pytest.raises(FileError, match="This file is UTF-8, but line 5 holds characters that are not"):
        read_stock(path)


@pytest.mark.parametrize(
    "content", [b"SKU,Name\nA,\x81\x8d\n", b"SKU,Name\nA,\x00\n", b"\xff\xfeS\x00K", bytes(range(256))]
)
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stock.csv"
    path.write_bytes(content)
    with pytest.raises(FileError):
        read_stock(path)
