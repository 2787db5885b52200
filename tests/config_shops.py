"""Two kinds of shop that declare settings as real connectors do, for the tests of the settings and of `init`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.contract import (
    Connector,
    CredentialsRejected,
    Finding,
    Level,
    Listing,
    ListingPage,
    Setting,
    SettingType,
    SettingValue,
    Surroundings,
)


class WoolShop:
    """Lists SKUs with the units that its address names: ``https://1-2-5.example`` shows 1, 2 and 5."""

    kind: ClassVar[str] = "woolshop"
    GUIDE: ClassVar[tuple[str, ...]] = ("In the shop: Settings > Keys > Add key, Read/Write",)
    SETTINGS: ClassVar[tuple[Setting, ...]] = (
        Setting("URL", "the shop's address", required=True, example="https://shop.example.com"),
        Setting("KEY", "the key", required=True, secret=True, example="ck_..."),
        Setting("POLL", "how often its orders are read", SettingType.DURATION, default="60s"),
        Setting("AUTH", "how the key is sent", SettingType.CHOICE, default="basic", choices=("basic", "query")),
        Setting("PARALLEL", "calls at once", SettingType.INT, default="2"),
        Setting("STRICT", "refuse what is odd", SettingType.BOOL, default="no"),
        Setting("CA_FILE", "the certificate of its own authority", SettingType.PATH),
    )

    def __init__(self, channel: str, settings: Mapping[str, SettingValue], surroundings: Surroundings) -> None:
        self._units = [int(units) for units in str(settings["URL"]).split("/")[-1].split(".")[0].split("-")]
        self._key = str(settings["KEY"])

    def check(self) -> Sequence[Finding]:
        if self._key == "wrong":
            raise CredentialsRejected("the shop refuses the key", hint="Copy it again from Settings > Keys.")
        if self._key == "read-only":
            return [Finding(Level.FAIL, "may not write stock", "Settings > Keys: choose Read/Write.")]
        return [Finding(Level.OK, "Wool 1.0, may read and write")]

    def close(self) -> None:
        pass

    def listings(self) -> Sequence[ListingPage]:
        return [
            ListingPage(
                tuple(Listing(str(n), f"SKU-{n}", f"Wool {n}", shown=units) for n, units in enumerate(self._units))
            )
        ]

    def read(self, refs: object) -> Mapping[str, Listing]:
        return {}


class SilkShop:
    kind: ClassVar[str] = "silkshop"
    SETTINGS: ClassVar[tuple[Setting, ...]] = (
        Setting("SHOP", "the shop's name", required=True, example="my-shop"),
        Setting("TOKEN", "a fixed token", secret=True),
        Setting("SILENT_AFTER", "when to give up", SettingType.DURATION, default="5m"),
    )

    def __init__(self, channel: str, settings: Mapping[str, SettingValue], surroundings: Surroundings) -> None:
        pass

    def check(self) -> Sequence[Finding]:
        return ()

    def close(self) -> None:
        pass


_KINDS: Mapping[str, type[Connector]] = {"woolshop": WoolShop, "silkshop": SilkShop}


def find_kind(kind: str) -> type[Connector]:
    try:
        return _KINDS[kind]
    except KeyError:
        raise LookupError(f"There is no connector {kind!r}. Known: silkshop, woolshop.") from None
