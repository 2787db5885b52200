"""The service's jobs over the engine's world: real database, shops in RAM, virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from syncd.jobs.work import Plan, Work
from syncd.storage import incidents
from tests.engine.world import World
from tests.service.virtual import Virtual


@dataclass
class Counted:
    """A meter that remembers."""

    jobs: list[tuple[str, str, str]] = field(default_factory=list)
    lags: list[tuple[str, timedelta]] = field(default_factory=list)
    compared: dict[str, tuple[int, int]] = field(default_factory=dict)

    def job_ended(self, job: str, channel: str, outcome: str, took: timedelta) -> None:
        self.jobs.append((job, channel, outcome))

    def sale_pushed(self, channel: str, lag: timedelta) -> None:
        self.lags.append((channel, lag))

    def units(self, channel: str, *, offered: int, shown: int) -> None:
        self.compared[channel] = (offered, shown)


@dataclass
class Service:
    """The jobs of a world's house on a virtual timetable."""

    world: World
    plan: Plan
    meter: Counted = field(default_factory=Counted)
    timetable: Virtual = field(init=False)
    work: Work = field(init=False)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.timetable = Virtual(self.world.clock)
        self.start()

    def start(self) -> None:
        """Begin as a new process would."""
        self.timetable.forget()
        self.work = Work.of(self.world.house, self.plan, self.meter, lambda: self.stopping)
        self.work.attach(self.timetable)
        self.timetable.plan(self.work.jobs())

    def run(self, **length: float) -> None:
        """Let time go by, such as ``run(minutes=5)``."""
        self.timetable.run(timedelta(**length), self.work.look_outside)

    def open_incidents(self) -> list[tuple[str, str]]:
        """Kind and channel of each open incident."""
        with self.world.db.read() as tx:
            return [(one.kind.value, one.channel) for one in incidents.open_incidents(tx)]


def plan(folder: Path, **how: object) -> Plan:
    return Plan(**{"zone": ZoneInfo("Europe/Berlin"), "details_in": folder, **how})  # type: ignore[arg-type]
