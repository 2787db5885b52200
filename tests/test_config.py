"""The settings of a run: what they mean, and how every mistake is told (first-hour.md)."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors import registry
from syncd import config, settings_file
from syncd.domain.availability import Buffer
from syncd.domain.drift import OnEdit
from syncd.domain.rules import Limits
from syncd.domain.safety import HoldLimits
from syncd.errors import ConfigError
from tests.config_shops import find_kind

ONE_SHOP = "SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\nWOO_KEY='ck_planted'\n"
TWO_SHOPS = """
SYNCD_CHANNELS=woo:woolshop, silk_il:silkshop   # two shops
WOO_URL=https://5.example
WOO_KEY='ck_planted'
SILK_IL_SHOP=my-silk
"""


def read(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> config.Settings:
    env_file = tmp_path / ".env"
    env_file.write_text(text, encoding="utf-8")
    return config.load(env_file, environ or {}, find_kind=find_kind)


def problems(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, environ)
    return [str(problem) for problem in caught.value.problems]


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    settings = read(tmp_path, ONE_SHOP)
    (woo,) = settings.channels
    assert (woo.name, woo.kind, woo.limits) == ("woo", "woolshop", Limits())
    assert (woo.on_edit, woo.start_counting, woo.silent_after) == (OnEdit.ASK, False, timedelta(hours=2))
    assert woo.ships_from == ()
    assert settings.limits == Limits(buffer=Buffer(units=2), reorder_point=5)
    assert (settings.timezone, settings.returns_to) == (ZoneInfo("UTC"), "quarantine")
    assert settings.hold == HoldLimits(zeroing_percent=20, jumps_percent=50, count=5)
    assert (settings.source, settings.count) == (tmp_path / ".env", 3)


def test_every_kind_of_value_is_parsed(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.touch()
    settings = read(
        tmp_path,
        TWO_SHOPS + "SYNCD_BUFFER=10%  # a share\nSYNCD_CAP=50\nSYNCD_CUT_OFF=3\nSYNCD_REORDER_POINT=0\n"
        "SYNCD_TIMEZONE=Asia/Jerusalem\nSYNCD_RETURNS_TO=stock\nSYNCD_HOLD_ZEROING=5 %\nSYNCD_HOLD_JUMPS=7\n"
        "SYNCD_HOLD_COUNT=1\nSYNCD_DATABASE_URL='postgresql://me:pa55word@db/syncd'\n"
        "WOO_BUFFER=0\nWOO_CAP=9\nWOO_CUT_OFF=1\nWOO_ON_EDIT=heal\nWOO_MANAGE_STOCK=on\nWOO_SILENT_AFTER=26h\n"
        "WOO_SHIPS_FROM=Herzl 12, Back room\nWOO_POLL=15m\nWOO_AUTH=query\nWOO_PARALLEL=4\nWOO_STRICT=yes\n"
        f"WOO_CA_FILE={certificate}\n",
    )
    woo, silk = settings.channels
    assert settings.limits == Limits(Buffer(percent=10), cap=50, cut_off=3, reorder_point=0)
    assert (settings.timezone, settings.returns_to) == (ZoneInfo("Asia/Jerusalem"), "stock")
    assert settings.hold == HoldLimits(zeroing_percent=5, jumps_percent=7, count=1)
    assert settings.database_url == "postgresql://me:pa55word@db/syncd"
    assert woo.limits == Limits(Buffer(units=0), cap=9, cut_off=1)
    assert (woo.on_edit, woo.start_counting) == (OnEdit.HEAL, True)
    assert (woo.silent_after, woo.ships_from) == (timedelta(hours=26), ("Herzl 12", "Back room"))
    assert dict(woo.connector) == {
        "URL": "https://5.example",
        "KEY": "ck_planted",
        "POLL": timedelta(minutes=15),
        "AUTH": "query",
        "PARALLEL": 4,
        "STRICT": True,
        "CA_FILE": str(certificate),
    }
    assert silk.limits == Limits()
    assert silk.connector["TOKEN"] is None


def test_webhooks_that_nobody_would_take_in_are_refused(tmp_path: Path) -> None:
    lines = "SYNCD_WEBHOOK_URL=https://sync.example.com\nSYNCD_LISTEN=off\n"
    (told,) = problems(tmp_path, ONE_SHOP + lines)
    assert told.startswith("SYNCD_WEBHOOK_URL is given and SYNCD_LISTEN is off")


def test_a_setting_that_is_common_and_the_connectors_has_the_common_meaning_and_its_default(tmp_path: Path) -> None:
    by_default = read(tmp_path, TWO_SHOPS).channels[1]
    assert by_default.silent_after == by_default.connector["SILENT_AFTER"] == timedelta(minutes=5)
    assert read(tmp_path, TWO_SHOPS).channels[0].silent_after == timedelta(hours=2)
    given = read(tmp_path, TWO_SHOPS + "SILK_IL_SILENT_AFTER=2d\n").channels[1]
    assert given.silent_after == given.connector["SILENT_AFTER"] == timedelta(days=2)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path,
        "SYNCD_CHANNELS=woo:woolshop, silk_il:silkshop\nSYNCD_BUFER=3\nSYNCD_BUFFER=-1\nthis is no setting\n"
        "WOO_URL=https://5.example\nSYNCD_TIMEZONE=Asia/Jerusalam\n",
    )
    assert told == [
        "line 4 cannot be read. Write KEY=value, and close each quote; a ' inside single quotes is written \\'.",
        "line 3: SYNCD_BUFFER takes units such as 2, or percent such as 10%, not '-1'.",
        "line 6: SYNCD_TIMEZONE takes a time zone by its name, such as Asia/Jerusalem, not 'Asia/Jerusalam'.",
        "WOO_KEY is missing: the key. Add it to the settings, or run: syncd init",
        "SILK_IL_SHOP is missing: the shop's name. Add it to the settings, or run: syncd init",
        "line 2: SYNCD_BUFER is not a setting. Did you mean SYNCD_BUFFER?",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("SYNCD_CAP=2.5", "a whole number, 0 or more"),
        ("SYNCD_CAP=٣", "a whole number, 0 or more"),
        ("SYNCD_CAP=" + "9" * 5000, "a whole number, 0 or more"),
        ("SYNCD_BUFFER=110%", "units such as 2, or percent such as 10%"),
        ("SYNCD_HOLD_JUMPS=a lot", "percent from 0% to 100%"),
        ("WOO_SILENT_AFTER=26", "a number and s, m, h or d, such as 60s, 26h or 2d"),
        ("WOO_SILENT_AFTER=0s", "a number and s, m, h or d, such as 60s, 26h or 2d"),
        ("WOO_SILENT_AFTER=999999999d", "a number and s, m, h or d, such as 60s, 26h or 2d"),
        ("WOO_ON_EDIT=Heal", "one of ask, adopt, heal"),
        ("WOO_AUTH=digest", "one of basic, query"),
        ("WOO_STRICT=perhaps", "yes or no"),
        ("WOO_PARALLEL=0", "a whole number, 1 or more"),
        ("WOO_PARALLEL=-2", "a whole number, 1 or more"),
        ("WOO_CA_FILE=/no/such/ca.pem", "the path of a file that exists"),
        ("SYNCD_TIMEZONE=Europe", "a time zone by its name"),
        ("SYNCD_TIMEZONE=../../etc/passwd", "a time zone by its name"),
        ("SYNCD_DATABASE_URL=sqlite:///syncd.db", "sqlite:////full/path/syncd.db (four slashes)"),
        ("SYNCD_DATABASE_URL=mysql://db/syncd", "postgresql://user:password@host/name"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_with_its_line_and_what_was_expected(
    tmp_path: Path, line: str, expected: str
) -> None:
    (told,) = problems(tmp_path, ONE_SHOP + line + "\n")
    key = line.partition("=")[0]
    assert told.startswith(f"line 4: {key} takes ")
    assert expected in told
    assert len(told) < 250


@pytest.mark.parametrize(
    ("channels", "sentence"),
    [
        ("woo", "woo has no kind. Write name:kind, such as woo:woocommerce."),
        ("Woo:woolshop", "Woo cannot be a channel's name"),
        ("woo-eu:woolshop", "woo-eu cannot be a channel's name"),
        ("woo_:woolshop", "woo_ cannot be a channel's name"),
        ("syncd:woolshop", "settings that begin with SYNCD_ are syncd's own"),
        ("syncd_eu:woolshop", "settings that begin with SYNCD_ are syncd's own"),
        ("silk:silkshop, silk:silkshop", "silk stands there twice"),
        ("silk:silkshop, silk_eu:silkshop", "silk_eu and silk cannot be told apart"),
        ("silk_eu:silkshop, silk:silkshop", "silk and silk_eu cannot be told apart"),
        ("woo:wolshop", "There is no connector 'wolshop'. Known: silkshop, woolshop."),
    ],
)
def test_channels_that_cannot_be_are_refused(tmp_path: Path, channels: str, sentence: str) -> None:
    told = problems(tmp_path, f"SYNCD_CHANNELS={channels}\nSILK_SHOP=a\nSILK_EU_SHOP=b\n")
    assert sentence in told[0]
    assert told[0].startswith("SYNCD_CHANNELS: ")


def test_settings_of_a_channel_of_unknown_kind_are_not_called_unknown(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "SYNCD_CHANNELS=acme:nokind\nACME_COLOUR=red\n")) == 1


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("WOO_SECRT", None),
        ("WOO_KEYS", "WOO_KEY"),
        ("woo_cap", "WOO_CAP"),
        ("WOO_URL_FILE", "WOO_URL"),
        ("SYNC_BUFFER", "SYNCD_BUFFER"),
        ("SYNCD_ENV_FILE", None),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name(tmp_path: Path, key: str, near: str | None) -> None:
    (told,) = problems(tmp_path, ONE_SHOP + f"{key}=1\n")
    assert told.startswith(f"line 4: {key} is not a setting.")
    if near:
        assert told.endswith(f"Did you mean {near}?")


def test_an_unknown_setting_in_the_environment_is_refused_too(tmp_path: Path) -> None:
    assert problems(tmp_path, ONE_SHOP, {"SYNCD_BUFER": "3", "PATH": "/bin", "WOOL": "1"}) == [
        "environment: SYNCD_BUFER is not a setting. Did you mean SYNCD_BUFFER?"
    ]


def test_other_programs_lines_are_left_alone(tmp_path: Path) -> None:
    settings = read(tmp_path, ONE_SHOP + "DJANGO_DEBUG=1\nSYSTEM_X=2\nOLD_SHOP_URL=https://gone.example\n")
    assert settings.count == 3


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, ONE_SHOP + "SYNCD_BUFFER=2\n", {"SYNCD_BUFFER": "7", "WOO_URL": ""})
    assert settings.limits.buffer == Buffer(units=7)
    assert settings.channels[0].connector["URL"] == "https://5.example"
    assert settings.count == 4


def test_the_environment_alone_is_enough() -> None:
    environ = {"SYNCD_CHANNELS": "woo:woolshop", "WOO_URL": "https://5.example", "WOO_KEY": "k", "HOME": "/root"}
    settings = config.load(None, environ, looked_for=(), find_kind=find_kind)
    assert settings.source is None
    assert settings.channels[0].connector["KEY"] == "k"


def test_a_secret_may_come_from_a_file_of_its_own(tmp_path: Path) -> None:
    credential = tmp_path / "key"
    credential.write_text("from a file \n")
    lines = f"SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\nWOO_KEY_FILE={credential}\n"
    settings = read(tmp_path, lines)
    assert settings.channels[0].connector["KEY"] == "from a file "
    assert settings.count == 3
    by_environment = read(tmp_path, ONE_SHOP, {"WOO_KEY_FILE": str(credential)})
    assert by_environment.channels[0].connector["KEY"] == "from a file "
    assert problems(tmp_path, lines + "WOO_KEY=x\n") == ["WOO_KEY and WOO_KEY_FILE are both given. Delete one of them."]


def test_the_service_reads_a_secret_from_the_copy_that_systemd_made_for_it(tmp_path: Path) -> None:
    """Its user need not be able to read the file itself."""
    credentials, secret = tmp_path / "credentials", tmp_path / "only root reads it"
    credentials.mkdir()
    (credentials / "WOO_KEY").write_text("from systemd\n")
    lines = f"SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\nWOO_KEY_FILE={secret}\n"
    settings = read(tmp_path, lines, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert settings.channels[0].connector["KEY"] == "from systemd"
    assert settings.paths.secrets == {"WOO_KEY": secret}
    (credentials / "WOO_KEY").unlink()
    secret.write_text("from the file\n")
    again = read(tmp_path, lines, {"CREDENTIALS_DIRECTORY": str(credentials)})
    assert again.channels[0].connector["KEY"] == "from the file"


def test_the_places_that_the_settings_name_are_known(tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    certificate.touch()
    table = "SYNCD_DATABASE_URL=sqlite:////srv/stock/table.db\n"
    settings = read(tmp_path, f"{ONE_SHOP}{table}WOO_CA_FILE={certificate}\n")
    assert (settings.table, settings.state_folder) == (Path("/srv/stock/table.db"), Path("/srv/stock"))
    assert (settings.paths.written, settings.paths.read) == ((Path("/srv/stock"),), (certificate,))
    server = read(tmp_path, f"{ONE_SHOP}SYNCD_DATABASE_URL=postgresql://db/syncd\n", {})
    assert (server.table, server.paths.written) == (None, ())
    assert server.state_folder == config.places.state_folder({})


def test_where_the_table_is_can_be_read_where_other_settings_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SYNCD_BUFER=2\nopen='\nSYNCD_DATABASE_URL=sqlite:////srv/stock/table.db\n")
    assert config.where_the_table_is(path, {}) == ("sqlite:////srv/stock/table.db", Path("/srv/stock"))
    path.write_text("SYNCD_DATABASE_URL=mysql://db/syncd\n")
    with pytest.raises(ConfigError):
        config.where_the_table_is(path, {})
    path.write_text("")
    usual = config.places.state_folder({})
    assert config.where_the_table_is(path, {}) == (f"sqlite:///{usual / 'syncd.db'}", usual)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "cannot be read (it is not a text)"),
        (b"ck_planted\nsecond line\n", "has a line break"),
    ],
)
def test_a_file_that_holds_no_secret_is_told_without_its_content(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    credential = tmp_path / "key"
    if content is not None:
        credential.write_bytes(content)
    lines = f"SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\nWOO_KEY_FILE={credential}\n"
    (told,) = problems(tmp_path, lines)
    assert sentence in told
    assert "planted" not in told


def test_no_secret_is_in_a_repr_or_a_problem(tmp_path: Path) -> None:
    database = "SYNCD_DATABASE_URL='postgresql://me:p%40ss-planted@db/syncd'\n"
    settings = read(tmp_path, ONE_SHOP + database)
    assert "planted" not in repr(settings)
    assert settings.secrets == {"ck_planted", "p%40ss-planted", "p@ss-planted"}
    told = problems(tmp_path, ONE_SHOP + "SYNCD_DATABASE_URL='mysql://me:planted@db/x'\nWOO_KAY='planted'\nplanted\n")
    assert len(told) == 3
    assert "planted" not in " ".join(told)


def test_the_file_is_looked_for_in_a_stated_order(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("named", "by_environment", "first", "second")}
    for number, file in enumerate(files.values()):
        file.write_text(ONE_SHOP + f"SYNCD_BUFFER={number}\n")
    places = (files["first"], files["second"])

    def found(named: Path | None, environ: Mapping[str, str]) -> Path | None:
        return config.load(named, environ, looked_for=places, find_kind=find_kind).source

    environ = {"SYNCD_ENV_FILE": str(files["by_environment"])}
    assert found(files["named"], environ) == files["named"]
    assert found(None, environ) == files["by_environment"]
    assert found(None, {}) == files["first"]
    files["first"].unlink()
    assert found(None, {}) == files["second"]


def test_a_named_file_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text(ONE_SHOP)
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path / "gone", {}, looked_for=(there,), find_kind=find_kind)
    assert str(caught.value.problems[0]) == f"{tmp_path / 'gone'} does not exist. Make it with: syncd init"


def test_without_any_settings_the_way_to_make_them_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(None, {}, looked_for=(tmp_path / "a", tmp_path / "b"), find_kind=find_kind)
    assert str(caught.value.problems[0]) == (
        f"There are no settings yet: neither {tmp_path / 'a'} nor {tmp_path / 'b'} exists. Make them with: syncd init"
    )
    assert caught.value.exit_code == 2


def test_without_a_database_setting_a_second_table_is_never_begun(tmp_path: Path) -> None:
    system = tmp_path / "system"
    own = config.places.state_folder({"XDG_STATE_HOME": "/state"}, is_root=False, system=system)
    assert own == Path("/state/syncd")
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert config.places.state_folder({}, is_root=False, system=system) == home / ".local/state/syncd"
    assert config.places.state_folder({}, is_root=True, system=system) == system
    system.mkdir(mode=0o500)
    assert config.places.state_folder({}, is_root=False, system=system) == system


def test_the_same_shop_under_two_names_is_refused() -> None:
    text = """
        SYNCD_CHANNELS=a:woocommerce, b:woocommerce
        A_URL=https://shop.example.com/
        A_KEY=ck_1
        A_SECRET=cs_1
        B_URL=http://www.Shop.example.com
        B_KEY=ck_2
        B_SECRET=cs_2
    """
    with pytest.raises(ConfigError) as caught:
        config.from_lines(settings_file.parse(text), {}, source=None, find_kind=registry.find)
    assert [problem.sentence for problem in caught.value.problems] == [
        "b and a are the same shop: each of its sales would count twice."
    ]
