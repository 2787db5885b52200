"""The units of systemd: those in the repository are the generated ones, and what the settings name is open to them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from syncd.alerts.email import LIMIT_S, VERDICT_S
from syncd.systemd import units
from syncd.systemd.units import Service

ROOT = Path(__file__).parents[1]
ALL = [units.SERVICE, units.FAILED, units.TELLS]
WITH_SYSTEMD = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here: apt install systemd"
)
RICH = Service(
    program=Path("/bin/true"),
    settings=Path("/srv/my shop/100%.env"),
    folders=(Path("/srv/stock table"), Path("/srv/50%")),
    credentials=(("WOO_KEY", Path("/etc/syncd/woo key")), ("WOO_SECRET", Path("/etc/syncd/100%"))),
)


def of(service: Service) -> dict[str, list[str]]:
    return {name: text.splitlines() for name, text in units.rendered(service).items()}


@pytest.mark.parametrize("name", ALL)
def test_the_units_in_the_repository_are_the_generated_ones(name: str) -> None:
    shown = (ROOT / "systemd" / name).read_text(encoding="utf-8")
    assert shown == units.rendered(Service())[name], "run: python -m syncd.systemd.units systemd"


def test_the_units_are_written_by_the_command_that_the_repository_names(tmp_path: Path) -> None:
    units.main(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(ALL)


def test_what_the_settings_name_is_open_to_the_service() -> None:
    lines = of(RICH)[units.SERVICE]
    for line in (
        'ExecStart=/bin/true --env-file "/srv/my shop/100%%.env" run',
        'ReadWritePaths=-"/srv/stock table"',
        "ReadWritePaths=-/srv/50%%",
        'RequiresMountsFor="/srv/stock table"',
        "LoadCredential=WOO_KEY:/etc/syncd/woo key",
        "LoadCredential=WOO_SECRET:/etc/syncd/100%%",
    ):
        assert line in lines


def test_nothing_that_may_be_missing_keeps_the_news_from_being_noted() -> None:
    failed = of(RICH)[units.FAILED]
    assert not [line for line in failed if line.startswith(("LoadCredential", "RequiresMountsFor"))]
    assert 'ReadWritePaths=-"/srv/stock table"' in failed


def test_who_tells_people_has_every_secret_and_can_do_without_any_of_them() -> None:
    tells = of(RICH)[units.TELLS]
    assert "LoadCredential=WOO_KEY:/etc/syncd/woo key" in tells
    for key, _ in RICH.credentials:
        # Of one that is missing the default is taken: an empty secret, which is none (systemd.exec(5)).
        assert f"SetCredential={key}:\\n" in tells
    assert not [line for line in tells if line.startswith("RequiresMountsFor")]
    assert 'ReadWritePaths=-"/srv/stock table"' in tells


def test_the_service_is_told_of_by_the_units_that_note_and_tell() -> None:
    usual = of(Service())
    assert "OnFailure=syncd-failed@%n.service syncd-failed-tell@%n.service" in usual[units.SERVICE]
    begins = "ExecStart=/opt/syncd/bin/syncd --env-file /etc/syncd/.env"
    assert f"{begins} report-failure %i" in usual[units.FAILED]
    assert f"{begins} tell-failure %i" in usual[units.TELLS]
    assert "After=network-online.target syncd-failed@%i.service" in usual[units.TELLS]


def test_who_tells_people_has_the_time_that_ten_mail_servers_take_to_stall() -> None:
    (minutes,) = (line.removeprefix("TimeoutStartSec=") for line in of(RICH)[units.TELLS] if "TimeoutStartSec" in line)
    assert int(minutes.removesuffix("min")) * 60 > 10 * (LIMIT_S + VERDICT_S)


@pytest.mark.parametrize("path", ["relative/key", "/a\nUser=root", '/a"b', "/a\\b", "/a'b"])
def test_a_path_that_could_mean_something_else_is_refused(path: str) -> None:
    for service in ({"program": Path(path)}, {"folders": (Path(path),)}, {"credentials": (("WOO_KEY", Path(path)),)}):
        with pytest.raises(ValueError, match="cannot stand in a systemd unit"):
            Service(**service)  # type: ignore[arg-type]


@WITH_SYSTEMD
@pytest.mark.parametrize("service", [Service(program=Path("/bin/true")), RICH], ids=["usual", "with all"])
def test_systemd_finds_nothing_to_say_about_the_units(tmp_path: Path, service: Service) -> None:
    for name, text in units.rendered(service).items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in units.rendered(service)]
    said = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@WITH_SYSTEMD
@pytest.mark.parametrize("name", ALL)
def test_systemd_rates_the_units_as_safe(tmp_path: Path, name: str) -> None:
    """2.0 or better, of 10."""
    (tmp_path / name).write_text(units.rendered(RICH)[name])
    rate = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(tmp_path / name)]
    said = subprocess.run(rate, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
