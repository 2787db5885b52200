"""The service as systemd begins it: a process of its own, pipes for its log, and a socket that hears what it tells."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import requests

from syncd.__main__ import run
from syncd.sandbox.practice import PracticeShops
from syncd.storage import incidents
from syncd.storage.session import Database

SOON_S = 30
"""Nothing waits so long unless a test fails; the machine may be busy."""

SHOWN_IN_FAILURES = 4_000


def eventually(holds: Callable[[], object], what: object, within_s: float = SOON_S) -> None:
    """Wait until something holds; `what` is shown where it does not. A callable is asked when it is shown."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(0.05)


class Systemd:
    """Hears what a service tells systemd (sd_notify(3)): one message per datagram."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="sd")  # short: the path of a socket is limited
        self.address = f"{self._folder}/notify"
        self.heard: list[dict[str, str]] = []
        self._wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._wire.bind(self.address)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while message := self._wire.recv(65_536):
            self.heard.append(dict(line.split("=", 1) for line in message.decode().splitlines()))

    def told(self, key: str) -> list[str]:
        """Every value of a key, in order."""
        return [message[key] for message in list(self.heard) if key in message]

    def keys(self) -> list[str]:
        """The first key of each message, in order; signs of life left out."""
        return [key for message in list(self.heard) if (key := next(iter(message))) != "WATCHDOG"]

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as goodbye:
            goodbye.sendto(b"", self.address)  # an empty message ends the listener
        self._wire.close()
        shutil.rmtree(self._folder)


@dataclass
class Running:
    """One process of `syncd run`."""

    process: subprocess.Popen[bytes]
    systemd: Systemd
    _said: dict[str, bytearray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, pipe in (("out", self.process.stdout), ("err", self.process.stderr)):
            assert pipe is not None
            said = self._said[name] = bytearray()
            threading.Thread(target=_keep, args=(pipe, said), daemon=True).start()

    @property
    def log(self) -> str:
        return self._said["out"].decode()

    @property
    def complaint(self) -> str:
        """What it wrote to stderr."""
        return self._said["err"].decode()

    @property
    def everything(self) -> str:
        """Whatever it said, to whomever."""
        return f"{self.log}\n{self.complaint}\n{self.systemd.heard}"

    def lines(self, event: str) -> list[str]:
        """The lines of the log about an event."""
        return [line for line in self.log.splitlines() if re.search(rf"\b{event}\b", line)]

    def wait_for(self, event: str, times: int = 1) -> str:
        """The line about an event, once it is there so often."""
        self.until(lambda: len(self.lines(event)) >= times, event)
        return self.lines(event)[-1]

    def until(self, holds: Callable[[], object], what: str, within_s: float = SOON_S) -> None:
        def words() -> str:
            return f"not within {within_s} s: {what}\n{self.everything[-SHOWN_IN_FAILURES:]}"

        eventually(lambda: holds() or self._ended_early(what), words, within_s)

    def _ended_early(self, what: str) -> bool:
        code = self.process.poll()
        assert code is None, f"ended with {code} before {what}\n{self.everything[-SHOWN_IN_FAILURES:]}"
        return False

    def ready(self, times: int = 1) -> str:
        """Wait until it has said so often that it is ready; its status then."""
        self.until(lambda: len(self.systemd.told("READY")) >= times, "READY")
        return self.systemd.told("STATUS")[-1]

    @property
    def url(self) -> str:
        """Where it listens, by its latest word on that."""
        return "http://" + re.findall(r"listens=(\S+)", self.log)[-1]

    def signal(self, which: signal.Signals) -> None:
        self.process.send_signal(which)

    def stop(self) -> float:
        """End it as systemd does; how long that took, in seconds. It must end with code 0."""
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.process.wait(SOON_S)
        assert code == 0, self.everything[-SHOWN_IN_FAILURES:]
        return time.monotonic() - began


@dataclass
class Machine:
    """A folder with an `.env` for two practice shops, and the services that were begun there."""

    folder: Path
    shops: PracticeShops
    settings: dict[str, str] = field(default_factory=dict)
    begun: list[Running] = field(default_factory=list)
    python: str = sys.executable
    env_file: Path = field(init=False)
    secrets: list[str] = field(default_factory=list)  # beyond those of the shops

    def __post_init__(self) -> None:
        self.env_file = self.folder / ".env"
        lines = (line.partition("=") for line in self.shops.env(self.folder).splitlines() if line)
        self.settings |= {name: value.strip("'") for name, _, value in lines}
        self.settings |= {"SYNCD_POLL": "2s", "SYNCD_LISTEN": f"127.0.0.1:{free_port()}", "SYNCD_BACKUPS": "0"}

    @property
    def table(self) -> Path:
        return self.folder / "syncd.db"

    def write_settings(self, **settings: str) -> None:
        """Write the `.env`, with these changes."""
        self.settings |= settings
        self.env_file.touch(mode=0o600)
        self.env_file.write_text("".join(f"{name}='{value}'\n" for name, value in self.settings.items()))

    def command(self, *words: str) -> int:
        """Run a command in this process; its exit code."""
        return run(["--env-file", str(self.env_file), *words])

    def live(self) -> None:
        """The first hour: matched, counted from WooCommerce, both shops live."""
        self.write_settings()
        for words in (("map",), ("adopt", "woo_demo", "--yes"), ("go-live", "woo_demo", "shopify_demo", "--yes")):
            assert self.command(*words) == 0

    def start(self, **environ: str) -> Running:
        """Begin a service, as systemd would."""
        systemd = Systemd()
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "NOTIFY_SOCKET": systemd.address}
        process = subprocess.Popen(
            [self.python, "-m", "syncd", "--env-file", str(self.env_file), "run"],
            env={**clean, **environ},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.begun.append(Running(process, systemd))
        return self.begun[-1]

    def fails(self, **environ: str) -> Running:
        """Begin a service that ends by itself, with a complaint."""
        running = self.start(**environ)
        running.process.wait(SOON_S)
        eventually(lambda: running.complaint.endswith("\n"), running.everything)
        assert "Traceback" not in running.complaint
        assert running.systemd.told("READY") == []
        return running

    def open_incidents(self) -> list[str]:
        """The kind of each open incident."""
        db = self.database()
        with db.read() as tx:
            found = [one.kind.value for one in incidents.open_incidents(tx)]
        db.close()
        return found

    def shown(self, sku: str) -> tuple[int | None, int]:
        """What customers find in the WooCommerce shop and in the Shopify shop."""
        return self.shops.woo.stock_of(sku), self.shops.shopify.available(sku)

    def database(self) -> Database:
        return Database(f"sqlite:///{self.table}")

    def close(self) -> None:
        for running in self.begun:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
            running.systemd.close()


def _keep(pipe: IO[bytes], said: bytearray) -> None:
    while read := os.read(pipe.fileno(), 65_536):
        said += read
    pipe.close()


def free_port() -> int:
    """A port of this machine where nobody listens now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def taken_port() -> Iterator[int]:
    """A port where another program listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def asked(url: str) -> requests.Response:
    """What the service answers, whatever the proxy of this machine."""
    with requests.Session() as monitor:
        monitor.trust_env = False
        return monitor.get(url, timeout=10)
