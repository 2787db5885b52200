"""What the commands print with --json; docs/json.md shows each shape, and a test compares them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from syncd.alerts.desk import Board
from syncd.alerts.dispatcher import Delivered
from syncd.domain.availability import Pool
from syncd.storage.holds import Hold
from syncd.storage.incidents import Incident
from syncd.storage.incoming import Delivery
from syncd.storage.orders import ToDecide
from syncd.storage.permissions import Permission
from syncd.sync.cycle import Report
from syncd.sync.house import House
from syncd.sync.preview import ChannelPlan
from syncd.sync.pusher import Line, Pushed
from syncd.sync.replenishing import Draft, Need
from syncd.sync.standing import Explanation, Standing, StockLine, Waiting
from syncd.sync.suppliers import SupplierRecord
from syncd.sync.views import in_step, why_left_alone

Json = dict[str, object]


def local(instant: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The instant with the offset of the owner's time zone."""
    return None if instant is None else instant.astimezone(zone).replace(microsecond=0)


def of_plans(plans: list[ChannelPlan]) -> Json:
    return {"channels": [of_plan(one) for one in plans]}


def of_plan(plan: ChannelPlan) -> Json:
    return {
        "channel": plan.channel,
        "mode": plan.mode.value,
        "lower": plan.lower,
        "higher": plan.higher,
        "right": plan.right,
        "sold_out_by_buffer": plan.sold_out_by_buffer,
        "waits_for_approval": str(plan.hold.reason) if plan.hold is not None else None,
        "listings": [
            {
                "sku": line.sku,
                "name": line.name,
                "listing": line.listing_id,
                "shown": line.shown,
                "target": line.target,
                "sold_out_by_buffer": line.sold_out_by_buffer,
            }
            for line in plan.lines
        ],
    }


def of_alerts(board: Board, zone: ZoneInfo) -> Json:
    return {
        "alerts": [
            {
                "id": one.alert.id,
                "rule": one.alert.rule.value,
                "rule_now": one.item.rule.value,
                "severity": one.item.severity.value,
                "sku": one.item.sku,
                "channel": one.item.channel or None,
                "available": one.item.stock.available if one.item.stock else None,
                "reorder_point": one.item.stock.point.units if one.item.stock else None,
                "to_order": one.item.stock.to_order.units if one.item.stock else None,
                "text": None if one.item.what is None else str(one.item.what),
                "hint": None if one.item.hint is None else str(one.item.hint),
                "since": local(one.alert.opened_at, zone),
                "over_since": local(one.alert.closed_at, zone),
                "read_at": local(one.alert.seen_at, zone),
                "put_off_until": local(one.alert.put_off_until, zone),
                "due_at": local(one.due_at, zone),
            }
            for one in board.alerts
        ],
        "hidden": board.hidden,
        "targets": [
            {
                "name": one.name,
                "told_at": local(one.told_at, zone),
                "trouble": one.trouble,
                "retry_at": local(one.retry_at, zone),
            }
            for one in board.targets
        ],
    }


def of_sync(
    house: House,
    report: Report,
    incidents: Sequence[Incident],
    told: Sequence[Delivered],
    exit_code: int,
    zone: ZoneInfo,
) -> Json:
    return {
        "exit_code": exit_code,
        "channels": [_of_channel(report, port.name) for port in house.ports],
        "incidents": [of_incident(one, zone) for one in incidents],
        "told": [{"target": one.target, "alerts": one.alerts, "trouble": one.trouble or None} for one in told],
    }


def _of_channel(report: Report, name: str) -> Json:
    pulled, pushed, failed = report.pulled.get(name), report.pushed.get(name) or Pushed(name), report.failed.get(name)
    error, supplied = failed or pushed.error, report.supplied.get(name)
    return {
        "channel": name,
        "shadow": name in report.shadow,
        "read": {"orders": pulled.orders, "units": pulled.units} if pulled is not None else None,
        "right": pushed.right,
        "written": [_of_line(one) for one in pushed.written],
        "waiting": [_of_line(one) for one in pushed.waiting],
        "rejected": [_of_line(one) for one in pushed.rejected],
        "in_doubt": [_of_line(one) for one in pushed.in_doubt],
        "texts_written": pushed.shown,
        "warnings": list(supplied.warnings) if supplied is not None else [],
        "hold": {"id": pushed.hold.id, "reason": pushed.hold.reason} if pushed.hold is not None else None,
        "error": {"sentence": str(error), "hint": error.hint} if error is not None else None,
    }


def _of_line(line: Line) -> Json:
    return {"sku": line.sku, "listing": line.listing, "before": line.before, "target": line.target, "why": line.why}


def of_standing(found: Standing, now: datetime, zone: ZoneInfo) -> Json:
    return {
        "at": local(now, zone),
        "channels": [
            {
                "channel": one.name,
                "kind": one.kind,
                "mode": one.mode.value,
                "read_at": local(one.read_at, zone),
                "listed_at": local(one.listed_at, zone),
                "listings_kept": one.kept,
                "waiting": one.waiting,
                "oldest_waiting_since": local(one.oldest_waiting, zone),
                "pushed_at": local(one.pushed_at, zone),
                "paused_since": local(one.paused_at, zone),
                "stopped_because": one.parked_reason,
            }
            for one in found.channels
        ],
        "skus": found.skus,
        "not_counted": found.not_counted,
        "units_on_hand": found.units_on_hand,
        "units_available": found.available,
        "units_advertised": found.advertised,
        "exposed": [
            {"sku": one.sku, "advertised": one.advertised, "available": one.available} for one in found.exposed
        ],
        "low": list(found.low),
        "low_told_at": local(found.low_told_at, zone),
        "not_told": [{"target": one.name, "trouble": one.trouble} for one in found.not_told],
        "holds": found.holds,
        "to_decide": found.to_decide,
        "incidents": [of_incident(one, zone) for one in found.incidents],
    }


def of_incident(incident: Incident, zone: ZoneInfo) -> Json:
    return {
        "id": incident.id,
        "kind": incident.kind.value,
        "channel": incident.channel,
        "text": incident.text,
        "hint": incident.hint,
        "since": local(incident.opened_at, zone),
    }


def of_incidents(found: Sequence[Incident], zone: ZoneInfo) -> Json:
    return {
        "incidents": [
            {
                **of_incident(one, zone),
                "state": one.state,
                "closed_at": local(one.closed_at, zone),
                "closed_by": one.closed_by.value if one.closed_by is not None else None,
            }
            for one in found
        ]
    }


def of_explanation(found: Explanation, zone: ZoneInfo) -> Json:
    return {
        "sku": found.sku.sku,
        "name": found.sku.name,
        "on_hand": found.pools.on_hand,
        "reserved": found.pools.reserved,
        "available": found.pools.available,
        "pools": {pool.value: found.pools.units(pool) for pool in Pool},
        "reorder_point": found.point.units,
        "reorder_point_from": found.point.source.value,
        "counted_at": local(found.sku.counted_at, zone),
        "locations": [
            {
                "location": level.location,
                "stock_class": level.stock_class.value,
                "on_hand": level.on_hand,
                "counted_at": local(level.counted_at, zone),
            }
            for level in found.levels
        ],
        "reservations": [
            {"channel": one.channel, "order": one.number, "units": one.units} for one in found.reservations
        ],
        "deliveries": [_of_delivery(one, zone) for one in found.deliveries],
        "supplies": [
            {
                "feed": one.feed,
                "units": one.units,
                "trusted": one.trusted,
                "lead_time_days": one.lead_time_days,
                "pack_size": one.pack_size,
                "stated_at": local(one.stated_at, zone),
                "too_old": one.too_old,
            }
            for one in found.supplies
        ],
        "permissions": [_of_permission(one, found.today, zone) for one in found.permissions],
        "channels": [
            {
                "channel": view.row.channel,
                "listing": view.row.listing_id,
                "mode": found.modes[view.row.channel].value,
                "addends": [{"name": one.name, "units": one.units} for one in view.offer.addends],
                "offered": view.offer.units,
                "told": view.offer.told,
                "status": view.offer.status.value,
                "text": view.notice.text or None if view.notice is not None else None,
                "text_written": view.noticed if view.notice is not None else None,
                "shown": view.row.shown,
                "shown_at": local(view.row.shown_at, zone),
                "in_step": in_step(view),
            }
            for view in found.views
        ],
        "left_alone": [
            {"channel": row.channel, "listing": row.listing_id, "name": row.title, "why": why_left_alone(row)}
            for row in found.left_alone
        ],
    }


def of_stock(lines: list[StockLine], zone: ZoneInfo) -> Json:
    return {
        "skus": [
            {
                "sku": line.sku.sku,
                "name": line.sku.name,
                "category": line.sku.category,
                "supplier": line.sku.supplier,
                "on_hand": line.pools.on_hand,
                "reserved": line.pools.reserved,
                "available": line.pools.available,
                "reorder_point": line.point.units,
                "reorder_point_from": line.point.source.value,
                "low": line.low and line.sku.counted_at is not None,
                "counted_at": local(line.sku.counted_at, zone),
                "locations": [
                    {"location": level.location, "stock_class": level.stock_class.value, "on_hand": level.on_hand}
                    for level in line.levels
                ],
            }
            for line in lines
        ]
    }


def of_waiting(found: Waiting, zone: ZoneInfo) -> Json:
    rejected = [replace(hold, changes=changes) for hold, changes in found.rejected]
    return {
        "holds": [_of_hold(hold, found.skus_of_listings, zone) for hold in (*found.holds, *rejected)],
        "to_decide": [_of_decision(one) for one in found.to_decide],
        "incidents": [of_incident(one, zone) for one in found.incidents],
    }


def _of_hold(hold: Hold, skus: dict[int, str], zone: ZoneInfo) -> Json:
    return {
        "id": hold.id,
        "state": hold.state.value,
        "channel": hold.channel,
        "reason": hold.reason,
        "since": local(hold.created_at, zone),
        "changes": [
            {"sku": skus.get(change.listing), "before": change.before, "after": change.after} for change in hold.changes
        ],
    }


def _of_decision(one: ToDecide) -> Json:
    return {
        "channel": one.channel,
        "order": one.number,
        "status": one.status,
        "missing": one.missing,
        "sku": one.sku,
        "name": one.name,
        "units": one.units,
    }


def of_deliveries(found: Sequence[Delivery], zone: ZoneInfo) -> Json:
    return {"deliveries": [_of_delivery(one, zone) for one in found]}


def _of_delivery(one: Delivery, zone: ZoneInfo) -> Json:
    return {
        "number": one.id,
        "sku": one.sku,
        "units": one.units,
        "received": one.received,
        "due": one.due,
        "expected_on": _day(one.expected_on),
        "promised_on": _day(one.promised_on),
        "supplier": one.supplier,
        "reference": one.reference,
        "announced_at": local(one.announced_at, zone),
        "received_at": local(one.received_at, zone),
        "closed_at": local(one.closed_at, zone),
    }


def of_permissions(found: Sequence[Permission], today: date, zone: ZoneInfo) -> Json:
    return {"permissions": [_of_permission(one, today, zone) for one in found]}


def _of_permission(one: Permission, today: date, zone: ZoneInfo) -> Json:
    return {
        "sku": one.sku,
        "kind": one.kind.value,
        "units": one.units or None,
        "status": one.status.value if one.status else None,
        "from": _day(one.starts_on),
        "until": _day(one.until),
        "holds": one.holds(today),
        "reason": one.reason,
        "made_at": local(one.made_at, zone),
        "ended_at": local(one.ended_at, zone),
    }


def of_suppliers(found: Sequence[SupplierRecord]) -> Json:
    return {
        "suppliers": [
            {
                "supplier": one.supplier,
                "deliveries": one.deliveries,
                "units_announced": one.announced,
                "units_received": one.received,
                "in_time": one.in_time,
                "days_late": one.days_late,
                "overdue": one.overdue,
            }
            for one in found
        ],
    }


def of_drafts(found: Sequence[Draft]) -> Json:
    return {
        "suppliers": [
            {
                "supplier": draft.supplier,
                "units": draft.units,
                "cost": str(draft.cost),
                "without_cost": draft.without_cost,
                "skus": [_of_need(one) for one in draft.needs],
            }
            for draft in found
        ]
    }


def _of_need(one: Need) -> Json:
    demand = one.demand
    return {
        "sku": one.sku.sku,
        "name": one.sku.name,
        "order": one.units,
        "available": one.pools.available,
        "on_order": one.on_order,
        "reorder_point": one.point.units,
        "reorder_point_from": one.point.source.value,
        "sold_per_week": round(demand.per_week, 2) if demand is not None else None,
        "pack_size": one.pack_size,
        "minimum_order": one.minimum_order,
        "lead_time_days": one.lead_time_days,
        "supplier_units": one.supplier_units,
        "cost_per_unit": str(one.cost) if one.cost is not None else None,
        "cost": str(one.sum) if one.sum is not None else None,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
