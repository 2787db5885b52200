"""The service: settings at work until it is told to stop, signals, and what systemd and monitors hear (N10).

It runs the same services as the commands, under the same leases.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType

import syncd
from connectors.contract import Surroundings
from syncd import logs
from syncd.config import Settings
from syncd.domain.said import Said
from syncd.errors import ConfigError, SyncdError
from syncd.settings_values import Address
from syncd.shift import Shift
from syncd.storage import incidents
from syncd.storage.incidents import IncidentKind
from syncd.storage.session import DatabaseProblem
from syncd.sync import freshness
from syncd.systemd.notify import Notifier
from syncd.web.app import web_app
from syncd.web.metrics import Metrics
from syncd.web.server import WebServer

log = logging.getLogger("syncd.daemon")

HEARTBEAT_S = 1.0
STATUS_EVERY_S = 30.0
STOP_WITHIN = timedelta(seconds=8)
"""Ten seconds in all: the rest is for the web server and the interpreter."""
SHIFT_CHANGE_WITHIN = timedelta(seconds=90)
"""A call under way ends after a minute at the latest."""


@dataclass(slots=True)
class Daemon:
    """The service. `load` reads the settings, at the start and at each SIGHUP.

    `on_ready` is told once the first round may begin, with the port that is listened at (``None``: none).
    """

    load: Callable[[], Settings]
    notifier: Notifier
    surroundings: Surroundings = field(default_factory=Surroundings)
    metrics: Metrics = field(default_factory=Metrics)
    on_ready: Callable[[int | None], None] = lambda _port: None
    _shift: Shift | None = None
    _server: WebServer | None = None
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _reload: bool = False
    _status_at: float = 0.0
    _alive_at: float = 0.0
    _leaving: list[threading.Thread] = field(default_factory=list)
    _heart_trouble: str = ""

    def run(self) -> bool:
        """Work until `stop`; True where everything ended in good order, False where a call still hangs.

        Raises:
            ConfigError: the settings are wrong; every problem is in it.
            SyncdError: the database cannot be used, or the address to listen at is taken.
        """
        settings = self.load()
        with self._signals():
            self._shift = self._ready(settings)
            try:
                self._server = self._listen(settings.listen)
                self._shift.start()
                self._tell_ready()
                while not self._stopping:
                    self._wake.wait(HEARTBEAT_S)
                    self._wake.clear()
                    if self._reload:
                        self._reload = False
                        self._change_settings()
                    self._beat_on()
            finally:
                self.notifier.stopping()
                if self._status_at:
                    logs.event(log, logging.INFO, "stopping")
                if self._server is not None:
                    self._server.stop()
                ended = self._shift.end(STOP_WITHIN) and not any(one.is_alive() for one in self._leaving)
        logs.event(log, logging.INFO, "stopped", in_good_order=ended)
        return ended

    def stop(self) -> None:
        """End `run` soon. May be called from a signal handler or another thread."""
        self._stopping = True
        self._wake.set()

    def reload(self) -> None:
        """Read the settings again soon; wrong ones are refused and the old ones stay."""
        self._reload = True
        self._wake.set()

    # ------------------------------------------------------------------ settings at work

    def _ready(self, settings: Settings) -> Shift:
        return Shift.ready(settings, self.metrics, self.metrics.observer, self.surroundings)

    def _listen(self, address: Address | None) -> WebServer | None:
        if address is None:
            return None
        app = web_app(
            ports=lambda: self._now_at_work.house.ports,
            database=lambda: self._now_at_work.house.db,
            on_news=self._on_news,
            alive=self._is_alive,
            look=self._look,
            metrics=self.metrics,
        )
        server = WebServer(app, address)
        server.start()
        return server

    def _on_news(self, channel: str) -> None:
        self._now_at_work.work.on_news(channel)

    def _look(self) -> freshness.Look:
        return self._now_at_work.look()

    def _is_alive(self) -> bool:
        return self._now_at_work.at_work()

    @property
    def _now_at_work(self) -> Shift:
        assert self._shift is not None
        return self._shift

    def _tell_ready(self) -> None:
        shift = self._now_at_work
        names = ",".join(port.name for port in shift.house.ports)
        listen = shift.settings.listen or "nowhere"
        fields = {"version": syncd.__version__, "channels": names, "listens": listen}
        logs.event(log, logging.INFO, "started", **fields, database=shift.house.db.shown_url)
        self._close_incidents()
        self.notifier.ready(shift.words())
        self._status_at = time.monotonic()
        self.on_ready(self._server.port if self._server is not None else None)

    def _change_settings(self) -> None:
        """Let the new settings work where they are good; else the old ones stay, and a person is told."""
        self.notifier.reloading()
        before, old = self._now_at_work, self._server
        try:
            settings = self.load()
            if settings.database_url != before.settings.database_url:
                raise SyncdError(
                    "SYNCD_DATABASE_URL was changed", "Another master table needs: systemctl restart syncd"
                )
            moved = settings.listen != before.settings.listen
            server = self._listen(settings.listen) if moved else old
            try:
                self._shift = self._ready(settings)
                self._shift.start()
            except SyncdError:
                if moved and server is not None:
                    server.stop()
                raise
        except SyncdError as error:
            self._refuse(before, error)
        else:
            self._server = server
            if moved and old is not None:
                old.stop()
            self._close_incidents()
            names = [port.name for port in self._now_at_work.house.ports]
            logs.event(log, logging.INFO, "settings_changed", settings=settings.count, channels=",".join(names))
            if left := [port.name for port in before.house.ports if port.name not in names]:
                logs.event(log, logging.WARNING, "channels_left_out", channels=",".join(left))
            leaving = threading.Thread(target=self._hand_over, args=(before,), name="old-settings", daemon=True)
            leaving.start()
            self._leaving = [*(one for one in self._leaving if one.is_alive()), leaving]
        self.notifier.ready(self._now_at_work.words())

    def _hand_over(self, before: Shift) -> None:
        """Let the old settings finish. What they wrote meanwhile, and what the new ones could not begin beside them, is
        looked at once more."""
        before.end(SHIFT_CHANGE_WITHIN)
        self._now_at_work.work.once_more()

    def _refuse(self, shift: Shift, error: SyncdError) -> None:
        problems = [str(one) for one in error.problems] if isinstance(error, ConfigError) else [str(error)]
        for problem in problems:
            logs.event(log, logging.ERROR, "settings_refused", why=problem)
        text = Said("The changed settings cannot be used, the old ones hold: {problem}", problem=problems[0])
        if len(problems) > 1:
            text = Said(
                "The changed settings cannot be used, the old ones hold: {problem} (and {more} more)",
                problem=problems[0],
                more=len(problems) - 1,
            )
        with _passing_over_trouble(), shift.house.db.write() as tx:
            incidents.open_incident(
                tx,
                IncidentKind.REFUSED,
                subject="settings",
                text=text,
                hint=Said("See them all: syncd check. Mend them, then: systemctl reload syncd"),
                now=shift.house.now(),
            )

    def _close_incidents(self) -> None:
        """The settings work, and so does the service."""
        house = self._now_at_work.house
        with _passing_over_trouble(), house.db.write() as tx:
            incidents.close_incident(tx, IncidentKind.REFUSED, subject="settings", now=house.now())
            incidents.close_incident(tx, IncidentKind.FAILED, subject=incidents.THE_SERVICE, now=house.now())

    # ------------------------------------------------------------------ the heart

    def _beat_on(self) -> None:
        """One beat; whatever it meets, the work of the lanes goes on."""
        try:
            self._beat()
            self._heart_trouble = ""
        except Exception as error:
            if self._heart_trouble != type(error).__name__:
                log.exception("heart_stumbles")
            self._heart_trouble = type(error).__name__

    def _beat(self) -> None:
        shift = self._now_at_work
        shift.look_outside()
        now = time.monotonic()
        if now - self._status_at >= STATUS_EVERY_S:
            self._status_at = now
            self.notifier.status(shift.words())
        wanted = self.notifier.watchdog
        if wanted is not None and now - self._alive_at >= wanted.total_seconds() / 2 and shift.at_work():
            self._alive_at = now
            self.notifier.alive()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Obey SIGTERM, SIGINT and SIGHUP while this runs in the main thread; elsewhere signals are nobody's."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def on_stop(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        def on_reload(_number: int, _frame: FrameType | None) -> None:
            self.reload()

        before = {
            number: signal.signal(number, handler)
            for number, handler in ((signal.SIGTERM, on_stop), (signal.SIGINT, on_stop), (signal.SIGHUP, on_reload))
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _passing_over_trouble() -> Iterator[None]:
    """A database that cannot be written now must not end the service: the log has told it."""
    try:
        yield
    except DatabaseProblem:
        return
