"""Other services through Apprise, over real HTTP: a target for each address, and no address in anything written."""

from __future__ import annotations

import json
import logging
import sys
import traceback

import pytest

from connectors.contract import Level
from syncd import config, logs, settings_file
from syncd.alerts.notifier import Envelope, Message, NotTold, TryAgain, TurnedAway
from syncd.alerts.office import notifiers
from syncd.alerts.others import AppriseNotifier, names
from syncd.alerts.settings import AlertSettings
from syncd.sandbox.server import Request, Response, SandboxServer
from tests.alerts.wire_kit import refusing_port
from tests.config_shops import find_kind
from tests.log_kit import logged

MESSAGE = Message("3 SKUs are low", "HAT: 3 left\nCAP: 2 left", "<p>", (), "en")
ENVELOPE = Envelope("<17.me@shop.example>")


class Service:
    """Takes Apprise's JSON posts."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, str]] = []
        self.status = 200

    def __call__(self, request: Request) -> Response:
        self.bodies.append(json.loads(request.body))
        return Response(self.status, {}, b"token=0planted0")


def test_each_address_is_a_target_of_its_own() -> None:
    service = Service()
    with SandboxServer(service) as one, SandboxServer(service) as two:
        urls = tuple(f"json://me:0planted0@127.0.0.1:{port}/" for port in (one.port, two.port))
        targets = notifiers(AlertSettings(apprise_urls=urls))
        for target in targets:
            (part,) = target.parts(MESSAGE, ENVELOPE)
            target.send(json.loads(json.dumps(part)))
            assert "planted" not in repr(part)
        assert (len(one.calls), len(two.calls)) == (1, 1)
    assert tuple(target.name for target in targets) == names(urls)
    assert [(body["title"], body["message"]) for body in service.bodies] == [(MESSAGE.subject, MESSAGE.text)] * 2


def test_an_address_keeps_its_name_whatever_stands_beside_it() -> None:
    telegram, ntfy, other = "tgram://0planted0/1", "ntfys://ntfy.sh/0planted1", "ntfys://ntfy.sh/0planted2"
    together = names([telegram, ntfy, other])
    assert [name.rpartition(" ")[0] for name in together] == ["apprise tgram", "apprise ntfys", "apprise ntfys"]
    assert len(set(together)) == 3
    assert names([other, telegram]) == (together[2], together[0])
    assert all(len(name.rpartition(" ")[2]) == 4 for name in together)


def test_no_two_addresses_have_the_same_name() -> None:
    urls = [f"ntfys://ntfy.sh/{number}" for number in range(2000)]  # two of them share four digits
    assert len({name[:18] for name in names(urls)}) < 2000
    assert len(set(names(urls))) == 2000


def test_what_a_service_does_not_take_is_tried_again() -> None:
    service = Service()
    service.status = 500
    with SandboxServer(service) as server:
        target = AppriseNotifier(f"json://127.0.0.1:{server.port}/")
        with pytest.raises(TryAgain, match="the service did not take the message"):
            target.send(target.parts(MESSAGE, ENVELOPE)[0])
    assert len(service.bodies) == 1


def test_an_address_that_apprise_does_not_know_is_turned_away() -> None:
    target = AppriseNotifier("pigeon://planted")
    assert target.check().level is Level.FAIL
    assert target.check().message == "its address in SYNCD_APPRISE_URLS is none that Apprise knows"
    with pytest.raises(TurnedAway, match="none that Apprise knows"):
        target.send(target.parts(MESSAGE, ENVELOPE)[0])
    assert AppriseNotifier("json://127.0.0.1/").check().level is Level.OK


def test_without_apprise_it_is_told_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)  # as where the extra was not installed
    target = AppriseNotifier("json://127.0.0.1/")
    assert target.check().level is Level.FAIL
    assert "pip install apprise" in target.check().hint
    with pytest.raises(TurnedAway, match="Apprise is not there"):
        target.send(target.parts(MESSAGE, ENVELOPE)[0])


def test_apprise_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG it logs whole addresses, and what a service answers."""
    with SandboxServer(Service()) as server, caplog.at_level(1):
        target = AppriseNotifier(f"json://me:0planted0@127.0.0.1:{server.port}/")
        target.send(target.parts(MESSAGE, ENVELOPE)[0])
        target.check()
        AppriseNotifier("json://").check()
    assert [record for record in caplog.records if record.name.startswith("apprise")] == []


def test_no_address_is_written_anywhere() -> None:
    shop = "SYNCD_CHANNELS=woo:woolshop\nWOO_URL=https://5.example\nWOO_KEY='k'\n"
    with SandboxServer(Service()) as server:
        urls = [
            f"json://me:0planted0@127.0.0.1:{server.port}/0planted1/?-X-Token=0planted2",
            f"json://me:0planted0@127.0.0.1:{refusing_port()}/0planted1",
            "tgram://0planted0/0planted1",
        ]
        text = f"{shop}SYNCD_APPRISE_URLS='{' '.join(urls)}'\n"
        settings = config.from_lines(settings_file.parse(text), {}, source=None, find_kind=find_kind)
        logs.hide(settings.secrets)
        targets = notifiers(settings.alerts)
        written = [repr(settings), *(f"{target!r} {target.check()}" for target in targets)]
        with logged(level=logging.DEBUG) as lines:
            for target in targets:
                try:
                    target.send(target.parts(MESSAGE, ENVELOPE)[0])
                except NotTold as error:
                    assert error.__context__ is None
                    written += [repr(error), *traceback.format_exception(error)]
    written.append(lines.getvalue())
    assert [text for text in written if "planted" in text] == []
