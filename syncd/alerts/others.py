"""Other services (Telegram, ntfy, Teams, …) through Apprise, which is an extra of ours: ``syncd[apprise]``."""

from __future__ import annotations

import importlib.util
import logging
import shlex
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.contract import Finding, Level
from syncd.alerts.notifier import Envelope, Message, Part, TryAgain, TurnedAway

if TYPE_CHECKING:
    from apprise import NotifyBase

NAME = "apprise"
INSTALL = f"Install it beside syncd: {shlex.quote(str(Path(sys.executable).with_name('pip')))} install apprise"
_UNKNOWN = "its address in SYNCD_APPRISE_URLS is none that Apprise knows"
_LONGEST_SCHEME = 20  # characters; Apprise's have up to 13
_HOW = "How they are written: appriseit.com/services"


def installed() -> bool:
    """True where Apprise is."""
    return importlib.util.find_spec("apprise") is not None


class AppriseNotifier:
    """Sends to one address of SYNCD_APPRISE_URLS, each of which is a target by its `name`: one that does not answer
    delays no other. Apprise has its own time-outs (4 s each)."""

    def __init__(self, url: str, name: str = NAME) -> None:
        self._url, self.name = url, name

    def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
        return [{"title": message.subject, "body": message.text}]

    def send(self, part: Part) -> None:
        service = self._service()
        if service is None:
            raise TurnedAway(_UNKNOWN, _HOW)
        if not _told(service, part["title"], part["body"]):
            raise TryAgain("the service did not take the message", "Is its address right, and does the service answer?")

    def check(self) -> Finding:
        """Whether Apprise understands the address. Only a message tells whether it arrives."""
        if not installed():
            return Finding(Level.FAIL, "Apprise is not there", INSTALL)
        if self._service() is None:
            return Finding(Level.FAIL, _UNKNOWN, _HOW)
        return Finding(Level.OK, "its address is understood; syncd alerts test sends there")

    def _service(self) -> NotifyBase | None:
        if not installed():
            raise TurnedAway("Apprise is not there", INSTALL)
        import apprise  # noqa: PLC0415 - an extra, and slow to load

        logging.getLogger("apprise").disabled = True  # it logs addresses, with their tokens
        asset = apprise.AppriseAsset(app_id="syncd", app_desc="syncd", async_mode=False, storage_mode="memory")
        service = apprise.Apprise.instantiate(self._url, asset=asset)
        if service is not None and "overflow=" not in self._url:
            service.overflow_mode = apprise.OverflowMode.SPLIT  # a long digest would be refused
        return service


def names(urls: Sequence[str]) -> tuple[str, ...]:
    """What each of these addresses is called: "apprise tgram 3f2a", the same whatever stands beside it in the list.

    The address is a secret. Of each that a guess would name there are as many as 65,536 others.
    """
    digits = next(digits for digits in range(4, 65) if len({_named(url, digits) for url in urls}) == len(set(urls)))
    return tuple(_named(url, digits) for url in urls)


def _named(url: str, digits: int) -> str:
    scheme = url.partition("://")[0].lower()[:_LONGEST_SCHEME]
    return f"{NAME} {scheme} {sha256(f'syncd {url}'.encode()).hexdigest()[:digits]}"


def _told(service: NotifyBase, title: str, body: str) -> bool:
    import apprise  # noqa: PLC0415 - as above

    every = apprise.Apprise()
    every.add(service)
    try:
        return bool(every.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
    except Exception:  # noqa: BLE001 - plugins of many hands: what one raises may name the address
        return False
