"""Tells systemd how the service stands: sd_notify(3), datagrams to ``$NOTIFY_SOCKET``."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Notifier:
    """Speaks to systemd where it listens; elsewhere nobody is told. Never raises and never blocks."""

    address: str | None
    watchdog: timedelta | None = None
    """How often systemd wants a sign of life; ``None`` where it wants none."""

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> Notifier:
        """The notifier of this process, by what systemd put into its environment."""
        micros, meant_for = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
        wanted = micros.isdecimal() and int(micros) > 0 and meant_for == str(pid)
        return cls(environ.get("NOTIFY_SOCKET") or None, timedelta(microseconds=int(micros)) if wanted else None)

    def ready(self, status: str) -> None:
        """The service works (also: works again, after `reloading`)."""
        self._say(f"READY=1\nSTATUS={_line(status)}")

    def status(self, text: str) -> None:
        """What `systemctl status` shows."""
        self._say(f"STATUS={_line(text)}")

    def reloading(self) -> None:
        micros = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000  # systemd tells by it which reload is meant
        self._say(f"RELOADING=1\nMONOTONIC_USEC={micros}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def alive(self) -> None:
        """The sign of life that the watchdog waits for."""
        self._say("WATCHDOG=1")

    def _say(self, message: str) -> None:
        if self.address is None:
            return
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as wire:
            wire.setblocking(False)
            try:
                wire.sendto(message.encode(), address)
            except OSError:
                return  # nobody listens any more: what is told is a courtesy


def _line(text: str) -> str:
    return " ".join(text.split())
