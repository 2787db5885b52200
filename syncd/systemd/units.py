"""The systemd units of the service, as text: ``python -m syncd.systemd.units systemd`` writes those of the repository.

What a setting outside the service's own folders needs is opened here; all else stays shut.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syncd.places import SETTINGS, SYSTEM_STATE

SERVICE = "syncd.service"
FAILED = "syncd-failed@.service"
TELLS = "syncd-failed-tell@.service"

_CANNOT_STAND_IN_A_UNIT = re.compile(r"[\"'\\]|[^\x20-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Service:
    """What differs between machines. `folders` are written beside the state folder, `credentials` are secrets by
    their setting, with the file that only root has to be able to read."""

    program: Path = Path("/opt/syncd/bin/syncd")
    settings: Path = SETTINGS[0]
    user: str = "syncd"
    folders: tuple[Path, ...] = ()
    credentials: tuple[tuple[str, Path], ...] = ()

    def __post_init__(self) -> None:
        """Raises `ValueError` with the path that a unit cannot name."""
        for path in (self.program, self.settings, *self.folders, *(path for _, path in self.credentials)):
            if not path.is_absolute() or _CANNOT_STAND_IN_A_UNIT.search(str(path)):
                raise ValueError(f"{path} cannot stand in a systemd unit")

    def lines(self) -> list[str]:
        """The lines that open what the settings name."""
        opened = [f"RequiresMountsFor={_word(folder)}" for folder in self.folders]
        opened += [f"ReadWritePaths=-{_word(folder)}" for folder in self.folders]
        # All up to the end of the line is the path: no quotes.
        return opened + [f"LoadCredential={key}:{_literal(path)}" for key, path in self.credentials]


def _literal(path: Path) -> str:
    return str(path).replace("%", "%%")


def _word(path: Path) -> str:
    literal = _literal(path)
    return f'"{literal}"' if re.search(r"[\s;#$]", literal) else literal


def _command(service: Service, verb: str) -> str:
    program, settings = (_word(path).replace("$", "$$") for path in (service.program, service.settings))
    return f"{program} --env-file {settings} {verb}"


def rendered(service: Service) -> dict[str, str]:
    """The text of each unit by its name."""
    return {SERVICE: _service(service), FAILED: _failed(service), TELLS: _tells(service)}


def _service(service: Service) -> str:
    opened = service.lines()
    mounts = [line for line in opened if line.startswith("RequiresMountsFor=")]
    return "\n".join(
        [
            *_HEAD,
            "[Unit]",
            "Description=syncd keeps the stock of all shops true",
            "Wants=network-online.target",
            "# A PostgreSQL server on this machine comes first; where there is none, the name is passed over.",
            "After=network-online.target postgresql.service",
            *mounts,
            "# Two hours of starts, one a minute, outlast a database server that comes back: then a person is told.",
            "StartLimitIntervalSec=4h",
            "StartLimitBurst=120",
            "OnFailure=syncd-failed@%n.service syncd-failed-tell@%n.service",
            "",
            "[Service]",
            "# Ready when the settings are read and the master table is up to date.",
            "Type=notify",
            f"ExecStart={_command(service, 'run')}",
            "# Reads the settings anew; secrets in files of their own only at a start: systemctl restart syncd",
            "ExecReload=/bin/kill -HUP $MAINPID",
            "Restart=on-failure",
            "# A database that answers again within the minute needs nobody.",
            "RestartSec=1min",
            "# Wrong settings stay wrong: 2 waits for a person.",
            "RestartPreventExitStatus=2",
            "# A new version may copy a large table when it starts.",
            "TimeoutStartSec=10min",
            "# Work is given 10 s to come to an end; what is cut off is found again at the next start.",
            "TimeoutStopSec=15s",
            "# Told only while work really goes on.",
            "WatchdogSec=5min",
            *_running_as(service),
            *(line for line in opened if line not in mounts),
            *_HARDENING,
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


def _failed(service: Service) -> str:
    return "\n".join(
        [
            *_HEAD,
            "[Unit]",
            "Description=Note that %i has stopped",
            "",
            "[Service]",
            "# Writes to the journal what happened and what to do, and an incident that syncd holds shows. It takes no",
            "# secret and no network: whatever stopped the service does not stop this.",
            "Type=oneshot",
            f"ExecStart={_command(service, 'report-failure %i')}",
            "TimeoutStartSec=2min",
            "# May read what the service said last.",
            "SupplementaryGroups=systemd-journal",
            *_running_as(service),
            *_written(service),
            *_HARDENING,
            "",
        ]
    )


def _tells(service: Service) -> str:
    secrets = [line for line in service.lines() if line.startswith("LoadCredential=")]
    # Its default makes a secret that is missing no reason not to start (systemd.exec(5)): others may do to tell.
    defaults = [f"SetCredential={key}:\\n" for key, _ in service.credentials]
    return "\n".join(
        [
            *_HEAD,
            "[Unit]",
            "Description=Tell people that %i has stopped",
            "Wants=network-online.target",
            "After=network-online.target syncd-failed@%i.service",
            "",
            "[Service]",
            "# Tells by mail and Slack, also where the master table cannot be opened. A mail server may be slow to",
            "# say that it is not there: two minutes for each address.",
            "Type=oneshot",
            f"ExecStart={_command(service, 'tell-failure %i')}",
            "TimeoutStartSec=30min",
            *_running_as(service),
            *_written(service),
            *secrets,
            *defaults,
            *_HARDENING,
            "",
        ]
    )


def _written(service: Service) -> list[str]:
    """The lines for the folders, which need not be there."""
    return [line for line in service.lines() if line.startswith("ReadWritePaths=")]


def _running_as(service: Service) -> Iterator[str]:
    yield from ("", f"User={service.user}", f"Group={service.user}")
    yield f"StateDirectory={SYSTEM_STATE.name}"
    yield "StateDirectoryMode=0750"
    yield f"WorkingDirectory={SYSTEM_STATE}"
    yield "UMask=0077"


_HEAD = (
    "# Written by syncd install-service, which writes it anew: put changes into a file of their own, with",
    "# systemctl edit syncd",
    "",
)
_HARDENING = (
    "",
    "# It calls shops over https, may talk to PostgreSQL, and writes its own folders. Nothing else is needed.",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "PrivateMounts=yes",
    "DevicePolicy=closed",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectControlGroups=yes",
    "# The user itself stays known to a PostgreSQL server that asks who calls (peer).",
    "PrivateUsers=yes",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "# AF_UNIX: PostgreSQL on this machine, the journal, and telling systemd that all is well.",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "RemoveIPC=yes",
    "KeyringMode=private",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "# A call that is not allowed fails as any other; the service is not killed for it.",
    "SystemCallErrorNumber=EPERM",
)


def main(folder: Path) -> None:
    """Write the units of a machine on which everything is where the README puts it."""
    for name, text in rendered(Service()).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
