"""The composition root: the only place that wires settings, database, connectors and services together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from connectors import registry
from connectors.contract import CallEvent, Connector, SettingValue, Surroundings
from syncd.alerts import evaluator
from syncd.alerts.dispatcher import Office
from syncd.alerts.office import domain, notifiers
from syncd.config import ChannelSettings, Settings
from syncd.storage import runs
from syncd.storage.catalogue import OWN_SHELF, QUARANTINE
from syncd.storage.migrate import prepare
from syncd.storage.session import Database
from syncd.sync.cycle import remember_channels
from syncd.sync.house import House, Port, Progress, no_progress
from syncd.sync.settings_watch import note_settings


@contextmanager
def open_house(
    settings: Settings,
    *,
    command: str,
    progress: Progress = no_progress,
    patience: timedelta = timedelta(),
    surroundings: Surroundings | None = None,
    observers: Callable[[str], Callable[[CallEvent, str], None]] | None = None,
) -> Iterator[House]:
    """The house of these settings, ready for work: database up to date, a connector for each channel, a run record.

    `command` names the run record; `patience` is how long it waits for a channel on which another syncd works.
    Connectors are made but call nobody; they are closed at the end. `observers` gives, by a channel's name, who is told
    of its calls.

    Raises:
        DatabaseProblem: the database cannot be used.
    """
    surroundings = replace(surroundings or Surroundings(), zone=settings.timezone)
    db = Database(settings.database_url)
    try:
        prepare(db, surroundings.now())
        run = runs.begin(db, command, surroundings.now())
        ports = tuple(
            _port(
                channel,
                replace(surroundings, observe=observers(channel.name)) if observers is not None else surroundings,
            )
            for channel in settings.channels
        )
        house = House(
            db=db,
            ports=ports,
            default=settings.limits,
            hold_limits=settings.hold,
            caution=settings.caution,
            timezone=settings.timezone,
            workdays=settings.workdays,
            external=settings.external,
            returns_to=QUARANTINE if settings.returns_to == QUARANTINE else OWN_SHELF,
            routes=settings.alerts.routes,
            schedule=settings.alerts.schedule,
            dead_after=settings.alerts.dead_after,
            overstock_after=settings.alerts.overstock_after,
            order_for=settings.alerts.order_for,
            now=surroundings.now,
            sleep=surroundings.sleep,
            progress=progress,
            patience=patience,
        )
        evaluator.attach(house)
        remember_channels(house)
        note_settings(house)
        outcome = "stopped"
        try:
            yield house
            outcome = "done"
        finally:
            for port in ports:
                if isinstance(port.connector, Connector):
                    port.connector.close()
            runs.end(db, run, outcome, surroundings.now())
    finally:
        db.close()


def office(house: House, settings: Settings) -> Office:
    """Where people are told of the alerts of this house."""
    return Office(house, notifiers(settings.alerts), settings.language, domain(settings.alerts))


def _port(channel: ChannelSettings, surroundings: Surroundings) -> Port:
    return Port(
        name=channel.name,
        kind=channel.kind,
        connector=make_connector(registry.find(channel.kind), channel.name, channel.connector, surroundings),
        shop=channel.shop,
        limits=channel.limits,
        on_edit=channel.on_edit,
        silent_after=channel.silent_after,
        ships_from=channel.ships_from or (OWN_SHELF,),
        start_counting=channel.start_counting,
        poll=channel.poll,
        sells=channel.sells,
        buffers=channel.buffers,
        trust_percent=channel.trust_percent,
        promise_days=channel.promise_days,
        wording=channel.wording if channel.statuses else None,
    )


def make_connector(
    kind: type[Connector], name: str, settings: Mapping[str, SettingValue], surroundings: Surroundings
) -> Connector:
    """The connector of a channel, made as the contract says: ``Class(channel, settings, surroundings)``."""
    make: object = kind
    assert callable(make)
    made = make(name, settings, surroundings)
    assert isinstance(made, Connector)
    return made
