"""Other services (Telegram, ntfy, Teams, …) through Apprise, which is an extra: ``pip install 'syncd[apprise]'``."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.contract import Finding, Level
from syncd.alerts.notifier import Envelope, Message, Part, TryAgain, TurnedAway

if TYPE_CHECKING:
    from apprise import NotifyBase

INSTALL = "Install it beside syncd: pip install 'syncd[apprise]'"
_UNKNOWN = "How they are written: appriseit.com/services"


def installed() -> bool:
    """True where Apprise is."""
    return importlib.util.find_spec("apprise") is not None


class AppriseNotifier:
    """Sends to all addresses of SYNCD_APPRISE_URLS, which are one target. Apprise has its own time-outs (4 s each)."""

    name = "apprise"

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)

    def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
        """One part for each address, which is named by its place: the address itself is a secret."""
        return [{"place": place, "title": message.subject, "body": message.text} for place in range(len(self._urls))]

    def send(self, part: Part) -> None:
        place = part["place"]
        if place >= len(self._urls):
            raise TurnedAway(f"there is no {place + 1}. address in SYNCD_APPRISE_URLS any more")
        service = self._service(place)
        if service is None:
            raise TurnedAway(f"{self._named(place)} is none that Apprise knows", _UNKNOWN)
        if not _told(service, part["title"], part["body"]):
            raise TryAgain(f"{self._named(place)} did not take the message", "Try it: syncd alerts test")

    def check(self) -> Finding:
        """Whether Apprise understands each address. Only a message tells whether it arrives."""
        if not installed():
            return Finding(Level.FAIL, "Apprise is not there", INSTALL)
        wrong = [self._named(place) for place in range(len(self._urls)) if self._service(place) is None]
        if wrong:
            return Finding(Level.FAIL, f"{wrong[0]} is none that Apprise knows", _UNKNOWN)
        count = len(self._urls)
        return Finding(Level.OK, f"{count} address{'es' * (count != 1)} understood; syncd alerts test sends there")

    def _named(self, place: int) -> str:
        return f"the {place + 1}. address in SYNCD_APPRISE_URLS"

    def _service(self, place: int) -> NotifyBase | None:
        if not installed():
            raise TurnedAway("Apprise is not there", INSTALL)
        import apprise  # noqa: PLC0415 - an extra, and slow to load

        logging.getLogger("apprise").disabled = True  # it logs addresses, with their tokens
        asset = apprise.AppriseAsset(app_id="syncd", app_desc="syncd", async_mode=False, storage_mode="memory")
        service = apprise.Apprise.instantiate(self._urls[place], asset=asset)
        if service is not None and "overflow=" not in self._urls[place]:
            service.overflow_mode = apprise.OverflowMode.SPLIT  # a long digest would be refused
        return service


def _told(service: NotifyBase, title: str, body: str) -> bool:
    import apprise  # noqa: PLC0415

    every = apprise.Apprise()
    every.add(service)
    try:
        return bool(every.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
    except Exception:  # noqa: BLE001 - plugins of many hands: what one raises may name the address
        return False
