"""Finds the connector of a kind. Outsiders announce theirs by an entry point of the group `syncd.connectors`:

    [project.entry-points."syncd.connectors"]
    acme = "acme_shop.connector:Acme"

The class is imported when it is asked for, so that a shop's library is loaded only by those who use that shop.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from connectors.contract import Connector, Setting

GROUP = "syncd.connectors"

_BUILTIN = {
    "shopify": "connectors.shopify.connector:Shopify",
    "supplier_feed": "connectors.supplier_feed.connector:SupplierFeed",
    "till": "connectors.till.connector:Till",
    "woocommerce": "connectors.woocommerce.connector:WooCommerce",
}


def kinds() -> tuple[str, ...]:
    """The kinds that may stand in `SYNCD_CHANNELS`, sorted: those that ship and those of installed packages."""
    return tuple(sorted({*_BUILTIN, *(point.name for point in entry_points(group=GROUP))}))


def find(kind: str) -> type[Connector]:
    """The connector class of `kind`. A kind that ships cannot be replaced by an installed package.

    Raises:
        LookupError: no such kind, or the package that announces it is broken; the sentence names the way out.
    """
    if kind in _BUILTIN:
        module, _, name = _BUILTIN[kind].partition(":")
        return cast(type[Connector], getattr(importlib.import_module(module), name))
    announced = {(point.value, _package(point)): point for point in entry_points(group=GROUP, name=kind)}
    if not announced:
        raise LookupError(_unknown(kind))
    if len(announced) > 1:
        packages = " and ".join(sorted(package for _, package in announced))
        raise LookupError(f"The connector {kind} comes from {packages}: uninstall all but one.")
    return _load(*announced.values())


def _load(point: EntryPoint) -> type[Connector]:
    origin = f"The connector {point.name} of the package {_package(point)}"
    try:
        found = point.load()
    except Exception as error:  # a stranger's code may raise anything; the owner needs a sentence
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise LookupError(f"{origin} cannot be loaded ({reason}). Update or uninstall it.") from error
    faults = "; ".join(_faults(point.name, found))
    if faults:
        raise LookupError(f"{origin} is not a connector ({faults}). Update or uninstall it.")
    return cast(type[Connector], found)


def _faults(kind: str, found: object) -> Iterator[str]:
    if not isinstance(found, type):
        yield "it names no class"
        return
    if getattr(found, "kind", None) != kind:
        yield f"its kind is {getattr(found, 'kind', None)!r}"
    settings = getattr(found, "SETTINGS", None)
    if not isinstance(settings, tuple) or not all(isinstance(setting, Setting) for setting in settings):
        yield "its SETTINGS are not a tuple of Setting"
    for method in ("check", "close"):
        if not callable(getattr(found, method, None)):
            yield f"it has no {method}()"


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def _unknown(kind: str) -> str:
    known = kinds()
    near = difflib.get_close_matches(kind, known, n=1)
    did_you_mean = f" Did you mean {near[0]}?" if near else ""
    return f"There is no connector {kind!r}.{did_you_mean} Known: {', '.join(known)}."
