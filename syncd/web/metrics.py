"""Counts what the service does, in the form that Prometheus reads (N2, N45). docs/service.md explains every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

import syncd
from connectors.contract import CallEvent
from syncd.domain.freshness import Freshness
from syncd.sync.freshness import Look

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
SALE_TO_PUSHED_BUCKETS_S = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 90, 120, 300, 900)
JOB_BUCKETS_S = (0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)


class Metrics:
    """What one running service counted. Each has a registry of its own. Thread-safe."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._lag = Histogram(
            "syncd_sale_to_pushed_seconds",
            "From the instant of a sale elsewhere, in whole seconds, to the moment this channel showed it",
            ["channel"],
            buckets=SALE_TO_PUSHED_BUCKETS_S,
            registry=registry,
        )
        self._calls = Counter("syncd_calls", "Requests sent to the channel", ["channel"], registry=registry)
        self._errors = Counter(
            "syncd_call_errors", "Requests without a usable answer", ["channel", "kind"], registry=registry
        )
        self._throttled = Counter(
            "syncd_throttled", "Requests that the channel asked to send later", ["channel"], registry=registry
        )
        self._jobs = Counter(
            "syncd_jobs", "Jobs of the service that ended", ["channel", "job", "outcome"], registry=registry
        )
        self._job_s = Histogram(
            "syncd_job_seconds", "How long jobs took", ["job"], buckets=JOB_BUCKETS_S, registry=registry
        )
        self._deliveries = Counter(
            "syncd_deliveries", "Webhooks that came in", ["channel", "outcome"], registry=registry
        )
        self._offered = Gauge(
            "syncd_offered_units", "Units that the channel is told it may sell", ["channel"], registry=registry
        )
        self._shown = Gauge("syncd_shown_units", "Units that the channel shows", ["channel"], registry=registry)
        Info("syncd_build", "What runs here", registry=registry).info({"version": syncd.__version__})

    def sale_pushed(self, channel: str, lag: timedelta) -> None:
        """A sale elsewhere is shown by this channel, so long after it was made."""
        self._lag.labels(channel).observe(max(0.0, lag.total_seconds()))

    def observer(self, channel: str) -> Callable[[CallEvent, str], None]:
        """What the connector of this channel is to tell of its calls (`Surroundings.observe`)."""
        return partial(self._called, channel)

    def _called(self, channel: str, event: CallEvent, kind: str) -> None:
        if event is CallEvent.CALL:
            self._calls.labels(channel).inc()
        elif event is CallEvent.THROTTLED:
            self._throttled.labels(channel).inc()
        else:
            self._errors.labels(channel, kind).inc()

    def job_ended(self, job: str, channel: str, outcome: str, took: timedelta) -> None:
        """A job came to its end; `channel` is empty for one that serves all."""
        self._jobs.labels(channel, job, outcome).inc()
        self._job_s.labels(job).observe(took.total_seconds())

    def delivered(self, channel: str, outcome: str) -> None:
        """A webhook came in; `channel` is empty where it is none of ours."""
        self._deliveries.labels(channel, outcome).inc()

    def units(self, channel: str, *, offered: int, shown: int) -> None:
        """What the channel is told and what it shows, summed over its listings, as last computed."""
        self._offered.labels(channel).set(offered)
        self._shown.labels(channel).set(shown)

    def exposition(self, look: Look | None, *, up: bool, now: datetime) -> bytes:
        """Everything, in the Prometheus text format; without the database's part where it could not be read."""
        return generate_latest(_Scrape(self.registry, look, up, now))


class _Scrape(Collector):
    """One scrape: what was counted, then what the database says now."""

    def __init__(self, registry: CollectorRegistry, look: Look | None, up: bool, now: datetime) -> None:
        self._registry, self._look, self._up, self._now = registry, look, up, now

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            # The instants at which counters were made: in this format each would be a metric of its own.
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family
        up = self._up and self._look is not None
        yield GaugeMetricFamily("syncd_up", "1 while the service works and its database can be read", float(up))
        if self._look is not None:
            yield from _gauges(self._look, self._now)


def _gauges(look: Look, now: datetime) -> Iterator[Metric]:
    incidents = GaugeMetricFamily("syncd_incidents_open", "Incidents that nobody closed yet", labels=["kind"])
    for kind, how_many in look.incidents.items():
        incidents.add_metric([kind], how_many)
    yield incidents
    alerts = GaugeMetricFamily("syncd_alerts_open", "Alerts that are not over yet", labels=["rule"])
    for rule, how_many in look.alerts.items():
        alerts.add_metric([rule], how_many)
    yield alerts
    yield GaugeMetricFamily(
        "syncd_targets_failing",
        "Addresses and channels of those to be told that did not take the last message",
        look.not_told,
    )
    yield _by_channel(
        "syncd_backlog",
        "Listings that do not show yet what they should",
        ((at, at.waiting) for at in look.channels),
    )
    yield _by_channel(
        "syncd_oldest_waiting_seconds",
        "How long the oldest of them has waited; 0 where nothing waits",
        ((at, 0.0 if at.oldest_waiting is None else _age_s(at.oldest_waiting, now)) for at in look.channels),
    )
    yield _by_channel(
        "syncd_read_age_seconds",
        "How old the last complete reading of orders is",
        ((at, _age_s(at.read_at, now)) for at in look.channels if at.read_at is not None),
    )


def _by_channel(name: str, text: str, values: Iterable[tuple[Freshness, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["channel"])
    for at, value in values:
        family.add_metric([at.channel], value)
    return family


def _age_s(instant: datetime, now: datetime) -> float:
    return max(0.0, (now - instant).total_seconds())
