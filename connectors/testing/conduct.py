"""What every connector promises, whatever its roles: settings, check, outages, limits, secrets."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from connectors.contract import (
    Connector,
    ConnectorError,
    CredentialsRejected,
    Display,
    InDoubt,
    Level,
    ListingRef,
    ListingSource,
    NewsSource,
    Notice,
    Op,
    RateLimited,
    SalesSource,
    SettingType,
    StockSink,
    SupplyFeed,
    Unavailable,
    Write,
)
from connectors.testing.rig import (
    ADDRESS,
    Capability,
    Promises,
    Rig,
    as_sales,
    as_sink,
    lowering,
    needs,
    one_batch,
    push,
    walk,
)

Calls = Mapping[str, Callable[[], object]]


def every_call(connector: Connector, ref: ListingRef, order_ids: list[str]) -> Calls:
    """One call of each kind that asks the channel; the write lowers `ref` from 9 to 4."""
    calls: dict[str, Callable[[], object]] = {}
    if isinstance(connector, SalesSource):
        calls["orders"] = lambda: list(connector.orders(None))
        calls["orders_by_id"] = lambda: connector.orders_by_id(order_ids)
    if isinstance(connector, ListingSource):
        calls["listings"] = lambda: list(connector.listings())
        calls["read"] = lambda: connector.read([ref])
    if isinstance(connector, StockSink):
        calls["send"] = lambda: connector.send(one_batch(lowering(ref, target=4, expected=9)))
    if isinstance(connector, StockSink) and isinstance(connector, Display):
        shown = Write(ref.id, ref.parent_id, Op.SHOW, 0, 0, Notice("in_stock", "In stock"))
        calls["send a notice"] = lambda: connector.send(one_batch(shown))
    if isinstance(connector, NewsSource):
        calls["subscribe"] = lambda: connector.subscribe(ADDRESS)
    if isinstance(connector, SupplyFeed):
        calls["supplies"] = lambda: connector.supplies(None)
    return calls


class ConductPromises(Promises):
    def made(self, rig: Rig) -> tuple[ListingRef, list[str]]:
        """A listing that shows 9, or a SKU of which a supplier has 9, and the orders there are."""
        if Capability.SUPPLY in self.capabilities:
            rig.state({"A": 9})
            return ListingRef("A"), []
        ref = rig.add_listing("A", 10)
        if Capability.SALES not in self.capabilities:
            rig.set_shown(ref, 9)
            return ref, []
        order_id = rig.buy(ref)
        rig.catch_up()
        return ref, [order_id]

    def errors(self, connector: Connector, ref: ListingRef, order_ids: list[str]) -> dict[str, ConnectorError]:
        """The error that each kind of call raises; each must raise one."""
        raised = {}
        for name, call in every_call(connector, ref, order_ids).items():
            with pytest.raises(ConnectorError) as caught:
                call()
            raised[name] = caught.value
        return raised

    def test_it_has_the_roles_that_it_claims(self, rig: Rig) -> None:
        connector = rig.connector()
        assert isinstance(connector, SalesSource) == bool(self.capabilities & {Capability.SALES, Capability.TOLD})
        assert not isinstance(connector, SalesSource) or connector.steady == (Capability.SALES in self.capabilities)
        roles = {
            Capability.LISTINGS: ListingSource,
            Capability.STOCK: StockSink,
            Capability.NEWS: NewsSource,
            Capability.NOTICES: Display,
            Capability.SUPPLY: SupplyFeed,
        }
        assert isinstance(connector, Connector)
        for capability, role in roles.items():
            assert isinstance(connector, role) == (capability in self.capabilities)

    def test_its_kind_and_settings_are_told_well(self, rig: Rig) -> None:
        connector = rig.connector()
        assert re.fullmatch(r"[a-z][a-z0-9_]*", connector.kind)
        assert len({setting.name for setting in connector.SETTINGS}) == len(connector.SETTINGS)
        for setting in connector.SETTINGS:
            assert re.fullmatch(r"[A-Z][A-Z0-9_]*", setting.name)
            assert not setting.name.endswith("_FILE") or setting.type is SettingType.PATH, "secrets come as X_FILE"
            assert setting.help.strip()
            assert bool(setting.choices) == (setting.type is SettingType.CHOICE)
            assert setting.default is None or not (setting.required or setting.secret)
            assert setting.default is None or not setting.choices or setting.default in setting.choices

    def test_making_it_calls_nobody_and_closing_it_twice_is_harmless(self, rig: Rig) -> None:
        rig.go_down()
        connector = rig.connector()
        connector.close()
        connector.close()

    def test_checking_a_healthy_channel_finds_no_fault_and_changes_nothing(self, rig: Rig) -> None:
        ref, _ = self.made(rig)
        findings = rig.connector().check()
        assert findings
        assert all(finding.message.strip() for finding in findings)
        assert [finding.message for finding in findings if finding.level is Level.FAIL] == []
        assert rig.shown(ref) == 9

    def test_an_outage_changes_nothing_and_is_over_when_it_is_over(self, rig: Rig) -> None:
        ref, order_ids = self.made(rig)
        connector = rig.connector()
        rig.go_down()
        for name, error in self.errors(connector, ref, order_ids).items():
            # Whether a write that met a dead host arrived is not always known; that it did not is checked below.
            assert isinstance(error, (Unavailable, InDoubt) if name.startswith("send") else Unavailable)
            assert str(error).strip()
        with pytest.raises(ConnectorError):
            connector.check()
        rig.come_back()
        assert rig.shown(ref) == 9
        for call in every_call(connector, ref, order_ids).values():
            call()

    @needs(Capability.SALES)
    def test_a_cursor_outlives_an_outage(self, rig: Rig) -> None:
        ref, order_ids = self.made(rig)
        connector = as_sales(rig.connector())
        _, cursor = walk(connector)
        newer = rig.buy(ref)
        rig.catch_up()
        rig.go_down()
        with pytest.raises(Unavailable):
            walk(connector, cursor)
        rig.come_back()
        assert newer in walk(connector, cursor)[0]
        assert order_ids != [newer]

    @needs(Capability.RATE_LIMIT)
    def test_a_rate_limit_carries_its_wait_and_changes_nothing(self, rig: Rig) -> None:
        ref, order_ids = self.made(rig)
        rig.limit_rate()
        for error in self.errors(rig.connector(), ref, order_ids).values():
            assert isinstance(error, RateLimited)
            assert error.retry_after > timedelta()
        rig.come_back()
        assert rig.shown(ref) == 9

    @needs(Capability.CREDENTIALS)
    def test_credentials_that_are_refused_are_told_as_such_and_change_nothing(self, rig: Rig) -> None:
        ref, order_ids = self.made(rig)
        connector = rig.wrong_credentials()
        for error in self.errors(connector, ref, order_ids).values():
            assert isinstance(error, CredentialsRejected)
            assert error.hint.strip()
        try:
            findings = connector.check()
        except CredentialsRejected:
            findings = ()
        assert not findings or any(finding.level is Level.FAIL for finding in findings)
        assert rig.shown(ref) == 9

    @needs(Capability.CREDENTIALS)
    def test_no_error_log_line_or_repr_holds_a_secret(self, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0)
        ref, order_ids = self.made(rig)
        good, wrong = rig.connector(), rig.wrong_credentials()
        good.check()
        errors = list(self.errors(wrong, ref, order_ids).values())
        if isinstance(good, StockSink):
            rig.lose_next_answer(effect=False)
            try:
                good.send(one_batch(lowering(ref, target=8, expected=9)))
            except InDoubt as doubt:
                errors.append(doubt)
        rig.go_down()
        errors += self.errors(good, ref, order_ids).values()
        if Capability.RATE_LIMIT in self.capabilities:
            rig.come_back()
            rig.limit_rate()
            errors += self.errors(good, ref, order_ids).values()
        told = [repr(good), repr(wrong), caplog.text]
        for error in errors:
            told += [error.hint, repr(error), *traceback.format_exception(error), getattr(error, "sample", "")]
        assert [secret for secret in rig.secrets if any(secret in text for text in told)] == []

    @needs(Capability.STOCK, Capability.CREDENTIALS)
    def test_each_connector_keeps_to_its_own_credentials(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 9)
        good, wrong = rig.connector(), rig.wrong_credentials()
        for _ in range(2):
            with pytest.raises(CredentialsRejected):
                push(as_sink(wrong), lowering(ref, target=1, expected=9))
        assert push(as_sink(good), lowering(ref, target=4, expected=9))[ref.id].written
        assert rig.shown(ref) == 4
