"""The `.env` file: what its lines say, what is written reads back the same, and nothing is lost on the way."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd import settings_file
from syncd.errors import ConfigError

NOW = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)


def values(text: str) -> dict[str, str]:
    lines = settings_file.parse(text)
    assert not lines.problems
    return {key: line.value for key, line in lines.values.items()}


def test_words_behind_a_value_are_a_comment_and_signs_inside_a_password_are_not() -> None:
    text = "\ufeff# words\nexport A=1 # one\nB='a#b $c' # two\nC=a#b\nD= # nothing\n\n  E = \"x\\ty\"\r\nF=${A}\n"
    assert values(text) == {"A": "1", "B": "a#b $c", "C": "a#b", "D": "", "E": "x\ty", "F": "${A}"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A=1\nB='open\nC=3\n", "line 2 cannot be read"),
        ("A=1\n\n\nB='x' y\n", "line 4 cannot be read"),
        ("A=1\nB='over\ntwo lines'\nC=2\n", "line 2 cannot be read"),
        ("A=1\n\nWOO_URL\n", "line 3: WOO_URL has no ="),
        ("A=1\nA=2\n", "line 2: A stands already on line 1"),
    ],
)
def test_a_line_that_cannot_be_read_is_a_problem_with_its_number(text: str, told: str) -> None:
    lines = settings_file.parse(text)
    assert [told in problem.sentence for problem in lines.problems] == [True]
    assert lines.values["A"].value == "1"


def test_a_stray_line_is_not_repeated_for_it_may_be_a_secret() -> None:
    for stray in ("shpat_planted", "PLANTED0123456789", "planted"):
        (problem,) = settings_file.parse(f"{stray}\n").problems
        assert "planted" not in str(problem).lower()


def test_a_quote_that_is_not_closed_does_not_make_the_lines_it_swallows_missing() -> None:
    lines = settings_file.parse("WOO_KEY='ck\nWOO_SECRET='cs'\n")
    assert lines.unclear == {"WOO_KEY", "WOO_SECRET"}


@pytest.mark.parametrize(
    "password",
    [
        "pa$$w0rd",
        "a#b",
        "a #b",
        "it's",
        "''",
        '"quoted"',
        "back\\slash",
        "ends with \\",
        "\\'",
        "\\\\'",
        " blanks around ",
        "${HOME}",
        "export X=1",
        "n\\n",
        "שלום",
        "",
    ],
)
def test_a_nasty_password_reads_back_as_it_was(password: str) -> None:
    text = settings_file.assignment("A_KEY", password, secret=True) + "  # the key\nNEXT='x'\n"
    assert values(text) == {"A_KEY": password, "NEXT": "x"}


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))), st.booleans())
def test_whatever_is_written_reads_back_as_it_was(value: str, secret: bool) -> None:
    assert values(settings_file.assignment("KEY", value, secret=secret) + "  # words\nNEXT='x'\n")["KEY"] == value


@pytest.mark.parametrize("value", ["two\nlines", "two\rlines", "nul\0"])
def test_a_value_that_no_line_can_hold_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(ValueError, match="KEY has a line break") as caught:
        settings_file.assignment("KEY", value, secret=True)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist"),
        (b"A=1\nB=caf\xe9\n", "is not in UTF-8 (line 2)"),
        (b"#" * 1_000_001, "is larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_settings_file_is_told(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / ".env"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="1 problem in") as caught:
        settings_file.text_of(path)
    assert sentence in str(caught.value.problems[0])


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_file.text_of(tmp_path)
    assert "cannot be read (Is a directory)" in str(caught.value.problems[0])


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "etc" / ".env"
    assert settings_file.write_private(path, "A=1\n", now=NOW) is None
    assert path.read_text() == "A=1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_there_is_kept_beside_and_its_rights_are_never_widened(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    backup = settings_file.write_private(path, "A=2\n", now=NOW)
    assert backup == tmp_path / ".env.20261122-101400.bak"
    assert (backup.read_text(), path.read_text()) == ("A=1\n", "A=2\n")
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, backup)] == [0o640, 0o640]
    assert sorted(file.name for file in tmp_path.iterdir()) == [".env", ".env.20261122-101400.bak"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("A=1\n")
    link.symlink_to(real)
    settings_file.write_private(link, "A=2\n", now=NOW)
    assert link.is_symlink()
    assert real.read_text() == "A=2\n"
