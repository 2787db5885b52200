"""A supplier's feed keeps every promise of the contract, from an address and from a folder; broken ones are found."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import ConnectorError, ListingRef, SettingValue, Unavailable
from connectors.supplier_feed.connector import SupplierFeed
from connectors.testing import Capability, ContractSuite
from tests.connectors.supplier_feed.conftest import COLUMNS, NOW, Clock, Supplier, answer, put

SECRETS = ("s3cret-of-acme/+", "wr0ng-of-acme/+", "k3y-in-the-address")


class FeedRig:
    """What is common to both: what the supplier says, in a file of CSV."""

    secrets: Sequence[str] = SECRETS
    batch_limit = 1
    made: type[SupplierFeed] = SupplierFeed

    def __init__(self) -> None:
        self.clock = Clock()
        self.stated: dict[str, int | None] = {}
        self.feeds: list[SupplierFeed] = []

    def feed(self, given: Mapping[str, SettingValue]) -> SupplierFeed:
        made = self.made("acme", {"COLUMNS": COLUMNS, **given}, self.clock.surroundings)
        self.feeds.append(made)
        return made

    def close(self) -> None:
        for feed in self.feeds:
            feed.close()

    def state(self, units: Mapping[str, int | None], *, unreadable: Sequence[str] = ()) -> None:
        self.stated = dict(units)
        rows = [f"{sku},{'' if stock is None else stock}" for sku, stock in units.items()]
        rows += [f"{sku},1.234" for sku in unreadable]
        self.clock.pass_by(60)
        self.write("\n".join(["Article,Stock", *rows]))

    def shown(self, ref: ListingRef) -> int | None:
        return self.stated[ref.id]

    def write(self, text: str) -> None:
        raise NotImplementedError


class WebRig(FeedRig):
    def __init__(self, supplier: Supplier) -> None:
        super().__init__()
        self.supplier = supplier
        self.limited = False

    def write(self, text: str) -> None:
        self.text = text

        def respond(handler):
            good = handler.headers["Authorization"] == f"Bearer {SECRETS[0]}"
            if self.limited:
                answer(429, Retry_After="60")(handler)
            elif not good:
                answer(401, f"Bad token {handler.headers['Authorization']}".encode())(handler)
            elif handler.headers["If-None-Match"] == f'"{hash(text)}"':
                answer(304)(handler)
            else:
                answer(200, text.encode(), ETag=f'"{hash(text)}"')(handler)

        self.supplier.answers["/stock"] = respond

    def connector(self, token: str = SECRETS[0]) -> SupplierFeed:
        url = self.supplier.url(f"/stock?key={SECRETS[2]}")
        return self.feed({"URL": url, "PRIVATE_ADDRESSES": True, "TOKEN": token})

    def wrong_credentials(self) -> SupplierFeed:
        return self.connector(SECRETS[1])

    def go_down(self) -> None:
        self.supplier.down = True

    def limit_rate(self) -> None:
        self.limited = True

    def come_back(self) -> None:
        self.supplier.down = self.limited = False


class FolderRig(FeedRig):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.away = folder.with_name("away")

    def write(self, text: str) -> None:
        put(self.folder, text, age_s=(NOW - self.clock.now).total_seconds() + 30)

    def connector(self) -> SupplierFeed:
        return self.feed({"FOLDER": str(self.folder)})

    def go_down(self) -> None:
        self.folder.rename(self.away)

    def come_back(self) -> None:
        self.away.rename(self.folder)


class TestAFeedAtAnAddress(ContractSuite):
    capabilities = frozenset({Capability.SUPPLY, Capability.CREDENTIALS, Capability.RATE_LIMIT})

    @pytest.fixture
    def rig(self, supplier: Supplier) -> Iterator[WebRig]:
        rig = WebRig(supplier)
        yield rig
        rig.close()


class TestAFeedInAFolder(ContractSuite):
    capabilities = frozenset({Capability.SUPPLY})

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[FolderRig]:
        folder = tmp_path / "feed"
        folder.mkdir()
        rig = FolderRig(folder)
        yield rig
        rig.close()


class Changed(SupplierFeed):
    """Tells its feed otherwise than it is."""

    def told(self, found):
        return found

    def supplies(self, known):
        found = super().supplies(known)
        return found and self.told(found)


class TakesSilenceForZero(Changed):
    def told(self, found):
        return replace(found, supplies=tuple(replace(one, units=one.units or 0) for one in found.supplies))


class RemembersWhatIsAbsent(Changed):
    def told(self, found):
        ghost = replace(found.supplies[0], sku="B", units=0)
        return found if len(found.supplies) > 1 else replace(found, supplies=(*found.supplies, ghost))


class CountsItsVersions(Changed):
    def told(self, found):
        return replace(found, version=os.urandom(8).hex())


class TellsEverythingAlways(SupplierFeed):
    def supplies(self, known):
        return super().supplies(None)


class HearsNoChange(SupplierFeed):
    def supplies(self, known):
        return None if known else super().supplies(known)


class SwallowsWhatItCannotRead(Changed):
    def told(self, found):
        return replace(found, parked=())


class SpoilsTheRest(Changed):
    def told(self, found):
        return replace(found, supplies=()) if found.parked else found


class GoesBackInTime(Changed):
    def told(self, found):
        return replace(found, stated_at=found.stated_at - timedelta(days=found.supplies[0].units or 0))


class TakesAnOutageForAnEmptyFeed(SupplierFeed):
    def supplies(self, known):
        try:
            return super().supplies(known)
        except Unavailable:
            return None


BITES = [
    (TakesSilenceForZero, "what_the_supplier_does_not_say_is_none"),
    (RemembersWhatIsAbsent, "what_is_absent_is_not_spoken_of"),
    (CountsItsVersions, "reading_twice_is_reading_once"),
    (CountsItsVersions, "the_same_content_has_the_same_version"),
    (TellsEverythingAlways, "what_has_not_changed_is_not_told_again"),
    (HearsNoChange, "a_change_is_told"),
    (SwallowsWhatItCannotRead, "a_row_that_cannot_be_read_is_parked"),
    (SpoilsTheRest, "a_row_that_cannot_be_read_is_parked"),
    (GoesBackInTime, "the_instant_of_a_feed"),
    (TakesAnOutageForAnEmptyFeed, "an_outage_is_no_empty_feed"),
]


class Suite(ContractSuite):
    capabilities = frozenset({Capability.SUPPLY})


@pytest.mark.parametrize(("breaker", "prefix"), BITES)
def test_a_broken_promise_is_found(breaker: type[SupplierFeed], prefix: str, tmp_path: Path) -> None:
    (name,) = [name for name in dir(Suite) if name.startswith(f"test_{prefix}")]
    for made, keeps in ((SupplierFeed, True), (breaker, False)):
        folder = tmp_path / made.__name__
        folder.mkdir()
        rig = FolderRig(folder)
        rig.made = made
        if keeps:
            getattr(Suite(), name)(rig=rig)
        else:
            with pytest.raises((AssertionError, pytest.fail.Exception, ConnectorError)):
                getattr(Suite(), name)(rig=rig)
