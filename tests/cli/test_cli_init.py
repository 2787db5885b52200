"""The first hour begins with `syncd init`: questions, a trial of each shop, and a `.env` that reads back."""

from __future__ import annotations

import os
import pty
import random
import re
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Surroundings
from syncd import config, settings_file, setup
from syncd.cli.init import Dialogue
from syncd.domain.availability import Buffer
from syncd.errors import ConfigError, SyncdError
from syncd.systemd.accounts import System
from tests.as_root import ONLY_AS_ROOT, OTHER, open_folder
from tests.config_shops import find_kind

NOW = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)
NASTY = "a$b #c'd\"e\\f g\\"


class Script:
    """Answers as written down beforehand, and remembers what it was asked; a question too many fails the test."""

    def __init__(self, *answers: str | bool) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.hidden: list[str] = []

    def _next(self, question: str) -> str | bool:
        self.asked.append(question)
        assert self._answers, f"nobody foresaw the question: {question}"
        return self._answers.pop(0)

    def ask(self, question: str, *, default: str | None = None, hidden: bool = False) -> str:
        if hidden:
            self.hidden.append(question)
        answer = self._next(question)
        assert isinstance(answer, str), f"{question} takes words"
        return answer or default or ""

    def confirm(self, question: str, *, default: bool) -> bool:
        answer = self._next(question)
        assert isinstance(answer, bool), f"{question} takes yes or no"
        return answer

    @property
    def left(self) -> Sequence[str | bool]:
        return self._answers


def dialogue(
    tmp_path: Path, script: Script | None, given: Mapping[str, str] | None = None, *, try_shops: bool = True
) -> Dialogue:
    return Dialogue(
        script,
        given or {},
        try_shops=try_shops,
        find_kind=find_kind,
        kinds=lambda: ("silkshop", "woolshop"),
        surroundings=Surroundings(now=lambda: NOW, random=random.Random(1)),
        looked_for=(tmp_path / "etc" / ".env", tmp_path / ".env"),
        state_folder=tmp_path / "state",
        is_root=False,
    )


def settings_in(path: Path) -> config.Settings:
    return config.load(path, {}, find_kind=find_kind)


def test_a_first_shop_is_asked_for_tried_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script("woolshop", "woo", "https://1-2-2-9-0.example", NASTY, "", False)
    dialogue(tmp_path, script).hold(None, ())
    assert not script.left
    assert script.asked == [
        "Kind (silkshop, woolshop)",
        "Name",
        "the shop's address, such as https://shop.example.com",
        "the key",
        "Units to hold back: with 2, 3 SKUs would show sold out; with 1, 1.",
        "Another channel?",
    ]
    assert script.hidden == ["the key"]
    path = tmp_path / ".env"
    assert capsys.readouterr().out.splitlines() == [
        "In the shop: Settings > Keys > Add key, Read/Write",
        "  ok    woo: Wool 1.0, may read and write",
        f"Written: {path} (only you can read it).",
        f"Database: {path.parent}/state/syncd.db",
        "Next: syncd check",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = settings_in(path)
    (woo,) = settings.channels
    assert (woo.name, woo.kind, woo.connector["KEY"]) == ("woo", "woolshop", NASTY)
    assert settings.limits.buffer == Buffer(units=2)
    assert settings.database_url == f"sqlite:///{tmp_path}/state/syncd.db"


def test_the_written_file_explains_itself_and_names_every_other_setting(tmp_path: Path) -> None:
    dialogue(tmp_path, Script("woolshop", "woo", "https://5.example", "k", "3", False)).hold(None, ())
    text = (tmp_path / ".env").read_text()
    assert "# The settings of syncd, written by `syncd init` on 2026-11-22." in text
    assert (
        "# In the shop: Settings > Keys > Add key, Read/Write\nWOO_URL=https://5.example  # the shop's address\n"
        in text
    )
    assert re.search(r"\nSYNCD_BUFFER=3 +# units held back", text)
    for key in ("SYNCD_CAP", "SYNCD_RETURNS_TO", "WOO_ON_EDIT", "WOO_POLL"):
        assert f"\n#{key}=" in text


def test_a_shop_that_refuses_can_be_mended_on_the_spot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script("woolshop", "woo", "https://5.example", "wrong", "change", "", "right", "2", False)
    dialogue(tmp_path, script).hold(None, ())
    assert not script.left
    assert "  FAIL  woo: the shop refuses the key. Copy it again from Settings > Keys.\n" in capsys.readouterr().out
    assert settings_in(tmp_path / ".env").channels[0].connector["KEY"] == "right"
    assert settings_in(tmp_path / ".env").channels[0].connector["URL"] == "https://5.example"


def test_a_shop_that_may_not_write_can_be_tried_again_or_written_as_it_is(tmp_path: Path) -> None:
    script = Script("woolshop", "woo", "https://5.example", "read-only", "again?", "try", "write", "", False)
    dialogue(tmp_path, script).hold(None, ())
    assert not script.left
    assert "Units to hold back" in script.asked
    assert settings_in(tmp_path / ".env").channels[0].connector["KEY"] == "read-only"


def test_an_answer_that_cannot_be_is_asked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = Script("cotton", "woolshop", "Woo", "woo", "https://5.example", "two\nlines", "k", "many", "10%", False)
    dialogue(tmp_path, script).hold(None, ())
    assert not script.left
    told = capsys.readouterr().err
    assert "There is no connector 'cotton'" in told
    assert "Woo cannot be a channel's name" in told
    assert "WOO_KEY has a line break" in told
    assert "SYNCD_BUFFER takes units such as 2" in told
    assert settings_in(tmp_path / ".env").limits.buffer == Buffer(percent=10)


def test_an_optional_answer_may_be_left_empty(tmp_path: Path) -> None:
    script = Script("silkshop", "silk", "my-silk", "", "", False)
    dialogue(tmp_path, script).hold(None, ())
    assert "a fixed token (Enter: none)" in script.asked
    assert settings_in(tmp_path / ".env").channels[0].connector["TOKEN"] is None
    assert "#SILK_TOKEN=''" in (tmp_path / ".env").read_text()


def test_two_shops_in_one_go_are_asked_for_one_buffer(tmp_path: Path) -> None:
    script = Script(
        "woolshop", "woo", "https://5.example", "k", "1", True, "woolshop", "woo", "woo2",
        "https://7.example", "l", False,
    )  # fmt: skip
    dialogue(tmp_path, script).hold(None, ())
    assert not script.left
    assert sum(question.startswith("Units to hold back") for question in script.asked) == 1
    assert [channel.name for channel in settings_in(tmp_path / ".env").channels] == ["woo", "woo2"]


EXISTING = """# my own words
SYNCD_CHANNELS='woo:woolshop'   # one shop
 SYNCD_BUFFER = 4

WOO_URL=https://5.example
WOO_KEY='it\\'s $5' # mine
OTHER_PROGRAM=1"""


def test_a_channel_is_added_without_losing_a_line_or_a_comment(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(EXISTING)
    script = Script(True, "silkshop", "silk", "my-silk", "", False)
    dialogue(tmp_path, script).hold(None, ())
    assert script.asked[0] == f"{path} has woo. Add a channel to it?"
    before, after = EXISTING.splitlines(), path.read_text().splitlines()
    assert after[1] == "SYNCD_CHANNELS='woo:woolshop, silk:silkshop'   # one shop"
    assert [after[0], *after[2:7]] == [before[0], *before[2:]]
    settings = settings_in(path)
    assert [channel.name for channel in settings.channels] == ["woo", "silk"]
    assert settings.channels[0].connector["KEY"] == "it's $5"
    assert settings.limits.buffer == Buffer(units=4)
    assert (tmp_path / ".env.20261122-101400.bak").read_text() == EXISTING


def test_beginning_anew_is_asked_twice_and_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(EXISTING)
    script = Script(False, True, "woolshop", "eu", "https://7.example", "k", "", False)
    dialogue(tmp_path, script).hold(None, ())
    assert [channel.name for channel in settings_in(path).channels] == ["eu"]
    assert (tmp_path / ".env.20261122-101400.bak").read_text() == EXISTING


def test_saying_no_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(EXISTING)
    with pytest.raises(SyncdError, match="stays as it was") as caught:
        dialogue(tmp_path, Script(False, False)).hold(None, ())
    assert caught.value.exit_code == 0
    assert path.read_text() == EXISTING


def test_a_file_with_mistakes_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(EXISTING + "\nWOO_KAY=1\n")
    with pytest.raises(ConfigError) as caught:
        dialogue(tmp_path, Script()).hold(None, ())
    assert "WOO_KAY is not a setting" in str(caught.value.problems[0])


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SyncdError, match="may not be written by this user") as caught:
        dialogue(tmp_path, Script()).hold(tmp_path / "file" / "sub" / ".env", ())
    assert caught.value.exit_code == 2


def test_channels_of_the_environment_that_would_win_over_the_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(SyncdError, match="SYNCD_CHANNELS is set in the environment"):
        dialogue(tmp_path, Script(), {"SYNCD_CHANNELS": "woo:woolshop"}).hold(None, ())


def test_a_channel_whose_secret_comes_from_the_environment_does_not_hinder_another(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\n")
    script = Script(True, "silkshop", "silk", "my-silk", "", False)
    dialogue(tmp_path, script, {"WOO_KEY": "k"}).hold(None, ())
    assert "WOO_KEY=" not in path.read_text()
    assert settings_file.parse(path.read_text()).values["SYNCD_CHANNELS"].value == "woo:woolshop, silk:silkshop"


def test_the_lines_of_another_program_stay_in_front(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("DJANGO_DEBUG=1\n")
    dialogue(tmp_path, Script("woolshop", "woo", "https://5.example", "k", "", False)).hold(None, ())
    assert path.read_text().startswith("DJANGO_DEBUG=1\n\n# The settings of syncd")
    assert settings_in(path).channels[0].name == "woo"


@pytest.mark.parametrize(("is_root", "where"), [(True, "etc/.env"), (False, ".env")])
def test_a_new_file_goes_where_every_later_command_looks(tmp_path: Path, is_root: bool, where: str) -> None:
    asking = dialogue(tmp_path, Script("woolshop", "woo", "https://5.example", "k", "", False))
    asking.is_root = is_root
    asking.hold(None, ())
    assert settings_in(tmp_path / where).channels[0].name == "woo"


def test_a_script_gives_every_answer_beforehand(tmp_path: Path) -> None:
    given = {"WOO_URL": "https://5.example", "WOO_KEY": NASTY, "SYNCD_BUFFER": "7", "SYNCD_TIMEZONE": "Asia/Jerusalem"}
    path = tmp_path / "named.env"
    dialogue(tmp_path, None, given).hold(path, ("woo:woolshop",))
    settings = settings_in(path)
    assert settings.channels[0].connector["KEY"] == NASTY
    assert settings.limits.buffer == Buffer(units=7)
    assert settings.timezone.key == "Asia/Jerusalem"


def test_a_script_may_give_what_nobody_is_asked_and_is_told_what_nobody_knows(tmp_path: Path) -> None:
    given = {"WOO_URL": "https://5.example", "WOO_KEY": "k", "WOO_POLL": "5m", "WOO_BUFFER": "1", "SYNCD_CAP": "20"}
    path = tmp_path / ".env"
    dialogue(tmp_path, None, given).hold(None, ("woo:woolshop",))
    settings = settings_in(path)
    assert settings.channels[0].connector["POLL"] == timedelta(minutes=5)
    assert settings.channels[0].limits.buffer == Buffer(units=1)
    assert settings.limits.cap == 20
    path.unlink()
    with pytest.raises(ConfigError) as caught:
        dialogue(tmp_path, None, {**given, "WOO_POL": "5m"}).hold(None, ("woo:woolshop",))
    assert str(caught.value.problems[0]) == "environment: WOO_POL is not a setting. Did you mean WOO_POLL?"
    assert not path.exists()


def test_an_answer_that_no_line_would_hold_is_refused(tmp_path: Path) -> None:
    given = {"WOO_URL": "https://5.example", "WOO_KEY": "k", "FOO": "bar", "WO_POLL": "5m", "SYNCD_CAP": "3"}
    path = tmp_path / ".env"
    asking = dialogue(tmp_path, None, given)
    asking.typed = ("WOO_URL", "FOO", "WO_POLL", "SYNCD_CAP")
    with pytest.raises(ConfigError) as caught:
        asking.hold(None, ("woo:woolshop",))
    assert [str(problem) for problem in caught.value.problems] == [
        "--set: FOO is not a setting. All settings are in .env.example.",
        "--set: WO_POLL is not a setting. Did you mean WOO_POLL?",
    ]
    assert not path.exists()
    dialogue(tmp_path, None, given).hold(None, ("woo:woolshop",))
    again = dialogue(tmp_path, None, {**given, "EU_URL": "https://6.example", "EU_KEY": "k"})
    again.typed = ("EU_URL", "SYNCD_CAP")
    with pytest.raises(ConfigError, match="1 problem") as caught:
        again.hold(None, ("eu:woolshop",))
    assert str(caught.value.problems[0]) == "SYNCD_CAP stands in the file that is there. Change it there."


def test_a_script_is_told_every_answer_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        dialogue(tmp_path, None).hold(None, ("woo:woolshop",))
    assert [str(problem) for problem in caught.value.problems] == [
        "WOO_URL is missing: the shop's address. Give it with --set WOO_URL=...",
        "WOO_KEY is missing: the key. Give it as a variable of the environment.",
    ]
    assert not (tmp_path / ".env").exists()


def test_a_script_writes_nothing_where_the_trial_fails_unless_told_so(tmp_path: Path) -> None:
    given = {"WOO_URL": "https://5.example", "WOO_KEY": "wrong"}
    with pytest.raises(SyncdError, match="woo failed its trial; nothing is written"):
        dialogue(tmp_path, None, given).hold(None, ("woo:woolshop",))
    assert not (tmp_path / ".env").exists()
    dialogue(tmp_path, None, given, try_shops=False).hold(None, ("woo:woolshop",))
    assert settings_in(tmp_path / ".env").channels[0].connector["KEY"] == "wrong"


@pytest.mark.parametrize("named", ["woo", "woo:cotton", "Woo:woolshop", ":woolshop"])
def test_a_script_that_names_no_possible_shop_is_refused(tmp_path: Path, named: str) -> None:
    with pytest.raises(SyncdError) as caught:
        dialogue(tmp_path, None).hold(None, (named,))
    assert caught.value.exit_code == 2


def test_what_shows_nothing_already_is_not_sold_out_by_the_buffer() -> None:
    trial = setup.Trial((), shown=(0, -2, 1, 2, 3))
    assert [trial.sold_out_by(Buffer(units=units)) for units in (0, 1, 2)] == [0, 1, 2]
    assert trial.sold_out_by(Buffer(percent=100)) == 3


@pytest.mark.parametrize(
    ("target", "name"),
    [("usr/share/zoneinfo/Asia/Jerusalem", "Asia/Jerusalem"), ("usr/share/zoneinfo/No/Where", "UTC"), ("x", "UTC")],
)
def test_the_time_zone_of_the_machine_is_proposed(tmp_path: Path, target: str, name: str) -> None:
    localtime = tmp_path / "localtime"
    localtime.symlink_to(tmp_path / target)
    assert setup.local_timezone(localtime) == name


def test_at_a_real_terminal_a_secret_is_not_shown(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from tests.config_shops import find_kind\n"
        "from syncd.cli.init import Dialogue; from syncd.cli.output import asker\n"
        "Dialogue(asker(), {}, find_kind=find_kind).hold(Path(sys.argv[2]), ('woo:woolshop',))\n"
    )
    arguments = [sys.executable, "-c", code, str(Path(__file__).parents[2]), str(tmp_path / ".env")]
    with subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        shown = b""
        typed = [
            (b"address", b"https://5.example\n"),
            (b"the key", b"ck_planted\n"),
            (b"hold back", b"\n"),
            (b"Another", b"n\n"),
        ]
        try:
            while piece := os.read(master, 4096):
                shown += piece
                if typed and typed[0][0] in shown and shown.endswith(b": "):
                    os.write(master, typed.pop(0)[1])
        except OSError:  # Linux tells the end of a terminal by an error
            pass
    os.close(master)
    assert process.returncode == 0, shown.decode()
    assert b"planted" not in shown
    assert settings_in(tmp_path / ".env").channels[0].connector["KEY"] == "ck_planted"


@ONLY_AS_ROOT
def test_root_writes_settings_that_the_service_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    with open_folder() as folder:
        asking = dialogue(folder, Script("woolshop", "woo", "https://5.example", "k", "", False))
        asking.is_root, asking.machine = True, machine(folder)
        asking.hold(None, ())
        written, state = folder / "etc" / ".env", folder / "state"
        found = {
            path: (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) for path in (written, state)
        }
    assert found == {written: (0, OTHER.pw_gid, 0o640), state: (OTHER.pw_uid, OTHER.pw_gid, 0o750)}
    assert f"Written: {written} (root and nobody only).\n" in capsys.readouterr().out


@ONLY_AS_ROOT
def test_where_the_service_could_not_run_all_stays_roots(capsys: pytest.CaptureFixture[str]) -> None:
    with open_folder() as folder:
        asking = dialogue(folder, Script("woolshop", "woo", "https://5.example", "k", "", False))
        asking.is_root, asking.machine = True, machine(folder)
        asking.machine.program.chmod(0o700)
        asking.hold(None, ())
        written = folder / "etc" / ".env"
        assert (written.stat().st_gid, written.stat().st_mode & 0o777) == (0, 0o600)
        assert not (folder / "state").exists()
    told = capsys.readouterr()
    assert f"Written: {written} (only root can read it).\n" in told.out
    assert "cannot be run by nobody. Everything stays root's, and syncd cannot be a service." in told.err


def machine(folder: Path) -> System:
    """A machine whose service runs as a user that every machine has."""
    program = folder / "syncd"
    program.write_text("#!/bin/sh\necho syncd\n")
    program.chmod(0o755)
    return System(OTHER.pw_name, settings=folder / "etc" / ".env", state=folder / "state", program=program)
