"""Installing the service: its user, folders and units, what it could not reach, and what `syncd check` says of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.contract import Level
from syncd import config
from syncd.cli import install_service
from syncd.cli.check import service_findings
from syncd.errors import ConfigError
from syncd.systemd import accounts, service, units
from syncd.systemd.accounts import System
from tests.as_root import ONLY_AS_ROOT, OTHER, open_folder, owners
from tests.config_shops import find_kind

NOW = datetime(2026, 11, 22, 10, 14, tzinfo=UTC)
SHOP = "SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\n"


class Here:
    """A machine in a folder: its `System`, whose user is one that every machine has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / "syncd"
        self.program.parent.mkdir()
        self.program.write_text("#!/bin/sh\necho syncd\n")
        self.program.chmod(0o755)
        self.system = System(
            user=OTHER.pw_name,
            settings=folder / "etc" / ".env",
            state=folder / "lib",
            units=folder / "units",
            cron=folder / "cron",
            booted=folder / "no systemd",
            program=self.program,
            hidden=(folder / "homes",),
        )
        self.system.settings.parent.mkdir()
        self.key = self.system.settings.parent / "woo_key"
        self.key.write_text("ck_1\n")
        self.key.chmod(0o600)

    def settings(self, more: str = "") -> config.Settings:
        lines = more if "DATABASE" in more else f"{more}SYNCD_DATABASE_URL=sqlite:///{self.system.state}/syncd.db\n"
        self.system.settings.write_text(f"{SHOP}WOO_KEY_FILE={self.key}\n{lines}")
        return config.load(self.system.settings, {}, find_kind=find_kind)

    def install(self, settings: config.Settings) -> None:
        install_service.install(settings, self.system, now=NOW)

    def unit(self) -> list[str]:
        return (self.system.units / units.SERVICE).read_text().splitlines()


@pytest.fixture
def here() -> Iterator[Here]:
    with open_folder() as folder:
        yield Here(folder)


def rights(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


@ONLY_AS_ROOT
def test_the_service_can_read_its_settings_and_owns_its_table_and_nobody_else_can(here: Here) -> None:
    here.system.state.mkdir()
    (here.system.state / "syncd.db").touch(mode=0o600)  # by an earlier line of cron, as root
    here.install(here.settings())
    assert rights(here.system.settings.parent) == (0, OTHER.pw_gid, 0o750)
    assert rights(here.system.settings) == (0, OTHER.pw_gid, 0o640)
    assert rights(here.system.state) == (OTHER.pw_uid, OTHER.pw_gid, 0o750)
    assert owners(here.system.state) == {"syncd.db": OTHER.pw_uid}


@ONLY_AS_ROOT
def test_a_secret_in_a_file_of_its_own_stays_readable_by_root_alone(here: Here) -> None:
    here.install(here.settings())
    for name in (units.SERVICE, units.TELLS):
        assert f"LoadCredential=WOO_KEY:{here.key}" in (here.system.units / name).read_text().splitlines()
    assert rights(here.key) == (0, 0, 0o600)


@ONLY_AS_ROOT
def test_installing_twice_is_installing_once(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    here.install(here.settings())
    names = [units.SERVICE, units.FAILED, units.TELLS]
    assert [f"Written: {here.system.units / name}" for name in names] == capsys.readouterr().out.splitlines()[:3]
    here.install(here.settings())
    assert "The units are as they should be." in capsys.readouterr().out
    assert sorted(file.name for file in here.system.units.iterdir()) == sorted(names)


@ONLY_AS_ROOT
def test_a_unit_that_somebody_edited_is_kept_beside_the_new_one(here: Here, capsys: pytest.CaptureFixture[str]) -> None:
    here.install(here.settings())
    unit = here.system.units / units.SERVICE
    unit.write_text("mine\n")
    here.install(here.settings())
    kept = here.system.units / "syncd.service.20261122-101400.bak"
    assert kept.read_text() == "mine\n"
    assert f"What was there before: {kept}" in capsys.readouterr().out
    assert rights(unit)[2] == 0o644


@ONLY_AS_ROOT
def test_a_table_in_a_folder_of_its_own_is_handed_over_and_open_to_the_service(here: Here) -> None:
    elsewhere = here.folder / "srv"
    elsewhere.mkdir()
    (elsewhere / "stock.db").touch(mode=0o600)
    here.install(here.settings(f"SYNCD_DATABASE_URL=sqlite:///{elsewhere}/stock.db\n"))
    assert f"ReadWritePaths=-{elsewhere}" in here.unit()
    assert (rights(elsewhere)[0], owners(elsewhere)) == (OTHER.pw_uid, {"stock.db": OTHER.pw_uid})
    new = here.folder / "new" / "folder"
    here.install(here.settings(f"SYNCD_DATABASE_URL=sqlite:///{new}/stock.db\n"))
    assert rights(new)[0] == OTHER.pw_uid


@ONLY_AS_ROOT
def test_a_folder_with_other_things_in_it_is_not_handed_over(here: Here) -> None:
    elsewhere = here.folder / "srv"
    elsewhere.mkdir()
    (elsewhere / "accounts.ods").touch()
    with pytest.raises(ConfigError) as caught:
        here.install(here.settings(f"SYNCD_DATABASE_URL=sqlite:///{elsewhere}/stock.db\n"))
    told = f"{elsewhere} cannot be written by nobody. Give it away: chown nobody: {elsewhere}"
    assert [str(problem) for problem in caught.value.problems] == [told]
    assert rights(elsewhere)[0] == rights(elsewhere / "accounts.ods")[0] == 0
    assert not here.system.units.exists()


@ONLY_AS_ROOT
def test_a_certificate_that_the_service_cannot_read_is_told(here: Here) -> None:
    private = here.folder / "private.pem"
    private.touch(mode=0o600)
    with pytest.raises(ConfigError) as caught:
        here.install(here.settings(f"WOO_CA_FILE={private}\n"))
    assert f"{private} cannot be read by nobody." in str(caught.value.problems[0])


@ONLY_AS_ROOT
def test_a_program_that_the_service_cannot_run_is_told_before_anything_is_handed_over(here: Here) -> None:
    here.program.parent.chmod(0o700)
    with pytest.raises(ConfigError) as caught:
        here.install(here.settings())
    (told,) = map(str, caught.value.problems)
    assert told.startswith(f"{here.program} cannot be run by nobody. Install it as the README says")
    assert not here.system.state.exists()


def test_what_lies_in_a_home_or_a_temporary_folder_is_told(here: Here) -> None:
    homes = here.folder / "homes"
    table, certificate = homes / "me" / "syncd.db", homes / "ca.pem"
    table.parent.mkdir(parents=True)
    certificate.touch()
    settings = here.settings(f"WOO_CA_FILE={certificate}\nSYNCD_DATABASE_URL=sqlite:///{table}\n")
    described = service.describe(settings, here.system)
    assert [str(problem) for problem in service.hidden(described, settings, here.system)] == [
        f"The folder {table.parent} is where the service may not look: below {homes}. "
        "Move it, such as to /var/lib/syncd, and name it anew.",
        f"The file {certificate} is where the service may not look: below {homes}. "
        "Move it, such as to /etc/syncd, and name it anew.",
    ]
    usual = System().hidden
    assert [Path(place) in usual for place in ("/home", "/root", "/tmp", "/srv")] == [True, True, True, False]


def test_a_secret_by_a_relative_path_cannot_be_a_credential(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here.key.parent)
    here.key = Path("woo_key")
    settings = here.settings()
    with pytest.raises(ConfigError) as caught:
        service.describe(settings, here.system)
    assert str(caught.value.problems[0]).startswith("woo_key cannot stand in a systemd unit. Name a full path")


@ONLY_AS_ROOT
def test_check_says_when_the_unit_no_longer_fits_the_settings(here: Here) -> None:
    settings = here.settings()
    assert list(service_findings(settings, here.system)) == []
    here.install(settings)
    (fine,) = service_findings(settings, here.system)
    assert (fine.level, fine.message) == (Level.OK, "installed, runs as nobody")
    (here.system.units / units.TELLS).unlink()  # as before an upgrade
    (old,) = service_findings(settings, here.system)
    assert (old.level, units.TELLS in old.message) == (Level.WARN, True)
    here.install(settings)
    other = here.key.with_name("other_key")
    other.write_text("ck_2\n")
    here.key = other
    here.system.cron.write_text("*/5 * * * * root /usr/local/bin/syncd sync >> /var/log/syncd.log 2>&1\n")
    unfit, cron = service_findings(here.settings(), here.system)
    assert (unfit.level, cron.level) == (Level.WARN, Level.WARN)
    assert f"LoadCredential=WOO_KEY:{other}" in unfit.message
    assert unfit.hint == "syncd install-service && systemctl restart syncd"
    assert "still runs syncd sync" in cron.message
    for name in (units.SERVICE, units.TELLS):
        more = here.system.units / f"{name}.d"
        more.mkdir()
        (more / "override.conf").write_text(f"[Service]\nLoadCredential=WOO_KEY:{other}\n")
    here.system.cron.write_text("# */5 * * * * root /usr/local/bin/syncd sync\n")
    (fine,) = service_findings(here.settings(), here.system)
    assert fine.level is Level.OK


@ONLY_AS_ROOT
def test_check_fails_where_the_service_cannot_reach_what_the_settings_name(here: Here) -> None:
    here.install(here.settings())
    here.system.settings.chmod(0o600)
    (told,) = service_findings(config.load(here.system.settings, {}, find_kind=find_kind), here.system)
    assert (told.level, told.message) == (Level.FAIL, f"{here.system.settings} cannot be read by nobody.")


@ONLY_AS_ROOT
def test_an_old_line_of_cron_is_told_when_the_service_is_installed(
    here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here.system.cron.write_text("*/5 * * * * root /usr/local/bin/syncd sync\n")
    here.install(here.settings())
    assert f"Delete that line, or: rm {here.system.cron}" in capsys.readouterr().err


@ONLY_AS_ROOT
def test_settings_that_only_root_and_the_service_can_read_are_private(here: Here) -> None:
    file = here.system.settings
    here.settings()
    for mode, gid, who in (
        (0o600, 0, ""),
        (0o640, OTHER.pw_gid, "the service"),
        (0o640, 0, "others"),
        (0o660, OTHER.pw_gid, "others"),
        (0o644, OTHER.pw_gid, "others"),
    ):
        file.chmod(mode)
        os.chown(file, 0, gid)
        assert accounts.readers(file, of=here.system) == who
