"""What `syncd check` looks at beside the settings: the database, every channel, and rules that defeat one another."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from connectors.contract import Connector, ConnectorError, Finding, Level
from syncd.domain.availability import Pools, offered
from syncd.domain.promise import longest_wait
from syncd.domain.replenishment import PointSource
from syncd.domain.status import StockStatus
from syncd.storage import catalogue, channels, ledger, supplies
from syncd.storage.incidents import IncidentKind, open_incidents
from syncd.sync import mapper, permits, replenishing, stock, views
from syncd.sync.cycle import SHIPPING, wrong_shop
from syncd.sync.house import House, Port
from syncd.texts import commands

NAMES_SHOWN = 3
_NO_WAIT = (StockStatus.IN_STOCK, StockStatus.OUT_OF_STOCK)


def database(house: House) -> Finding:
    """Where the master table is, what is in it, and whether its books add up (design.md §3.1)."""
    with house.db.read() as tx:
        counted = sum(sku.counted_at is not None for sku in catalogue.all_skus(tx))
        wrong = ledger.audit(tx)
    if wrong:
        first = wrong[0]
        return Finding(
            Level.FAIL,
            f"{house.db.shown_url}: {len(wrong)} levels are not the sum of their movements, such as {first.sku}"
            f" ({first.what} is {first.by_level}, its movements make {first.by_movements})",
            "Put the last backup in its place, and report this: it must never happen.",
        )
    stock = f"{counted} SKUs, the books add up" if counted else "no stock yet"
    return Finding(Level.OK, f"{house.db.shown_url}, {stock}")


def restored(house: House) -> Finding | None:
    """What to do about a database that is an older copy, until every shop is live again (design.md §6)."""
    with house.db.read() as tx:
        incident = next((one for one in open_incidents(tx) if one.kind is IncidentKind.RESTORED), None)
    return Finding(Level.FAIL, incident.text, incident.hint) if incident else None


def every_place(house: House) -> list[tuple[str, Finding]]:
    """A failure for each place that a channel is set to ship from and that is no own location: its units leave none."""
    with house.db.read() as tx:
        known = catalogue.location_names(tx)
    places = [name for name, stock_class in known.items() if stock_class in SHIPPING]
    return [
        (
            port.name,
            Finding(
                Level.FAIL,
                f"{port.name.upper()}_SHIPS_FROM names {place}, which is no location of your own",
                f"Yours: {', '.join(places)}. An import file can bring new ones.",
            ),
        )
        for port in house.ports
        for place in port.ships_from
        if place not in places
    ]


def every_shop(house: House) -> list[tuple[str, Finding]]:
    """A failure for each channel whose settings name another shop than before, or one known by another name."""
    with house.db.read() as tx:
        wrong = [(port.name, wrong_shop(tx, port)) for port in house.ports]
    return [(name, Finding(Level.FAIL, refusal.sentence, refusal.hint)) for name, refusal in wrong if refusal]


def every_channel(house: House) -> list[tuple[str, Finding]]:
    """What each channel's connector finds, in the order of the settings; one that is dead hides no other."""
    with ThreadPoolExecutor(max_workers=max(1, len(house.ports))) as pool:
        found = list(pool.map(_ask, house.ports))
    return [(port.name, finding) for port, findings in zip(house.ports, found, strict=True) for finding in findings]


def _ask(port: Port) -> Sequence[Finding]:
    assert isinstance(port.connector, Connector)
    try:
        findings = port.connector.check()
    except ConnectorError as error:
        return [Finding(Level.FAIL, str(error), error.hint)]
    except Exception as error:  # noqa: BLE001 - a defect of one connector must not hide what the others say
        return [
            Finding(
                Level.FAIL,
                f"its connector {port.kind} stopped at something unexpected ({type(error).__name__})",
                "Look for an update of that connector; the other channels go on.",
            )
        ]
    fine = [finding for finding in findings if finding.level is Level.OK]
    together = "; ".join(finding.message.rstrip(".") for finding in fine)
    return [
        *([Finding(Level.OK, together)] if fine else []),
        *(finding for finding in findings if finding.level is not Level.OK),
    ]


def every_mapping(house: House) -> list[tuple[str, Finding]]:
    """A warning for each channel with listings that are left alone, by what is known since it was last listed."""
    found = []
    with house.db.read() as tx:
        for port in house.ports:
            channel = channels.get(tx, port.name)
            if channel is None or channel.listed_at is None:
                continue
            known = mapper.mapping(tx, port)
            parts = [
                f"{len(rows)} {words}"
                for words, rows in (
                    ("without SKU", known.without_sku),
                    ("with an unknown SKU", known.unknown),
                    ("whose SKU differs from one only by case or blanks", known.twins),
                    ("whose stock the shop does not count", known.not_counted),
                    ("that share a SKU", known.duplicates),
                    ("that would go on selling at 0", known.sells_at_zero),
                )
                if rows
            ]
            if parts:
                text = f"of {len(known.listings)} listings, {', '.join(parts)}: not touched"
                found.append((port.name, Finding(Level.WARN, text, f"See them: syncd map {port.name} --known")))
    return found


def late_alerts(house: House) -> Finding | None:
    """A warning about SKUs that are sold out in a channel before their reorder point is reached (N5)."""
    late: dict[str, str] = {}
    with house.db.read() as tx:
        rules, points = house.rules(tx), replenishing.points(tx, house)
        for sku in catalogue.all_skus(tx):
            for port in house.ports:
                rule = rules.rule(sku.facts, port.name)
                if port.sink is None or rule.cap == 0:
                    continue
                if not offered(Pools(own=max(1, points[sku.id].units)), rule).units:
                    late.setdefault(sku.sku, port.name)
    if not late:
        return None
    names = ", ".join(f"{sku} in {channel}" for sku, channel in list(late.items())[:NAMES_SHOWN])
    more = f" and {len(late) - NAMES_SHOWN} more" if len(late) > NAMES_SHOWN else ""
    return Finding(
        Level.WARN,
        f"sold out by the buffer before the alert comes: {names}{more}",
        "Put the reorder point above the buffer: syncd set SKU --reorder-point N",
    )


def own_thresholds(house: House) -> Finding | None:
    """Which reorder points hold for the SKUs for which the owner told none."""
    with house.db.read() as tx:
        points = replenishing.points(tx, house)
        names = {
            sku.sku: points[sku.id] for sku in catalogue.all_skus(tx) if points[sku.id].source is not PointSource.SET
        }
    if not names:
        return None
    default = house.default.reorder_point or 0
    by_sales = sum(point.source is PointSource.SALES for point in names.values())
    if len(names) == 1:
        holds = "its sales make it" if by_sales else f"{default} holds for it"
        return Finding(Level.OK, f"1 SKU has no reorder point of its own ({next(iter(names))}): {holds}")
    parts = [f"{default} holds for {len(names) - by_sales:,}"] if len(names) > by_sales else []
    parts += [f"{by_sales:,} {'is' if by_sales == 1 else 'are'} worked out of their sales"] if by_sales else []
    have = f"{len(names):,} SKUs have no reorder point of their own ({_names(list(names))})"
    return Finding(Level.OK, f"{have}: {', '.join(parts)}")


def unknown_categories(house: House) -> list[Finding]:
    """A warning for each category that the settings of alerts name and no SKU has: nothing ever fits it (N50)."""
    with house.db.read() as tx:
        skus = list(catalogue.all_skus(tx))
    known = {sku.category.casefold(): sku.category for sku in skus if sku.category}
    named = {
        "SYNCD_ROUTES": [one.matter for one in house.routes.routes],
        "SYNCD_AT_ONCE": house.schedule.at_once,
        "SYNCD_QUIET_EXCEPT": house.schedule.quiet_except,
    }
    found = []
    for key, matters in named.items():
        for category in dict.fromkeys(one.category for one in matters if one.category):
            if not skus or category.casefold() in known:
                continue
            near = difflib.get_close_matches(category.casefold(), known, n=1)
            hint = f"Did you mean {known[near[0]]}?" if near else "syncd export writes each SKU with its category."
            found.append(Finding(Level.WARN, f"{key} names the category {category}, which no SKU has", hint))
    return found


def broken_promises(house: House) -> list[tuple[str, Finding]]:
    """A warning for each channel that sells what cannot ship within the delivery that its site promises, or of which
    nobody knows how long it takes (N26)."""
    found = []
    today = house.today()
    with house.db.read() as tx:
        for port in house.ports:
            if port.promise_days is None or port.sink is None:
                continue
            late, unknown = [], []
            for view in views.load(tx, house, port):
                if not view.offer.units or view.offer.status in _NO_WAIT:
                    continue
                days = longest_wait(view.promise, today, house.workdays)
                if days is None:
                    unknown.append(view.sku.sku)
                elif days > port.promise_days:
                    late.append(view.sku.sku)
            named = [("longer take", late), ("nobody knows how long it takes for", unknown)]
            told = "; ".join(f"{what}: {_names(skus)}" for what, skus in named if skus)
            if told:
                text = f"its site promises delivery in {port.promise_days} working days; {told}"
                hint = "Why: syncd explain SKU. Promise less, tell the times, or sell only what is there: SELLS=own"
                found.append((port.name, Finding(Level.WARN, text, hint)))
    return found


def _names(skus: Sequence[str]) -> str:
    more = f" and {len(skus) - NAMES_SHOWN} more" if len(skus) > NAMES_SHOWN else ""
    return ", ".join(skus[:NAMES_SHOWN]) + more


def unnamed_external(house: House) -> list[Finding]:
    """A warning for each external warehouse with units that the settings do not name any more: renamed, or mistyped."""
    with house.db.read() as tx:
        stocked = catalogue.stocked_external(tx)
    return [
        Finding(
            Level.WARN,
            f"{place} has units of {skus} SKU{'s' * (skus != 1)} and is not in SYNCD_EXTERNAL: it stays an external"
            " warehouse, and buyers are told no time",
            "Name it there as it is called here. It has another name now, or is yours? Count its units at the other"
            f" place, and 0 here: {commands.about(('count',), ('SKU', '0'), commands.option('--location', place))}",
        )
        for place, skus in stocked.items()
        if place not in house.external
    ]


def forgotten_permissions(house: House) -> Finding | None:
    """A warning about permissions without an end that are old: somebody may have forgotten them (N30)."""
    today = house.today()
    old = [
        one
        for one in permits.every(house)
        if one.until is None and (today - one.made_at.date()).days > permits.FORGOTTEN_AFTER_DAYS
    ]
    if not old:
        return None
    names = ", ".join(f"{one.sku} ({one.kind.value})" for one in old[:NAMES_SHOWN])
    more = f" and {len(old) - NAMES_SHOWN} more" if len(old) > NAMES_SHOWN else ""
    text = f"without an end, and older than {permits.FORGOTTEN_AFTER_DAYS} days: {names}{more}"
    return Finding(Level.WARN, text, "Still meant? syncd permissions")


def old_feeds(house: House) -> list[tuple[str, Finding]]:
    """A warning for each supplier's feed that is too old to be sold."""
    with house.db.read() as tx:
        known = supplies.every_feed(tx)
    return [
        (
            port.name,
            Finding(
                Level.WARN,
                "what it says is too old to be sold",
                f"Does the supplier still write it? It is sold for {port.name.upper()}_SILENT_AFTER.",
            ),
        )
        for port in house.ports
        if port.name in known and known[port.name].version is not None and stock.expired(house, known[port.name])
    ]
