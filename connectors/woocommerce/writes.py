"""Writes numbers: batches of deltas, each answer compared with what was sent (woocommerce-facts §3, §4, §9)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import Batch, InDoubt, ItemError, Notice, Op, Outcome, Rejected, Write
from connectors.woocommerce.client import Client, Row, error_words
from connectors.woocommerce.pages import PER_PAGE
from connectors.woocommerce.reading import LARGEST_UNITS, whole

# Inside an entry `_fields` shortens the answer; on the address it would empty it (woocommerce-facts §3).
ANSWER_FIELDS = "id,manage_stock,stock_quantity"

NO_NUMBER = (Op.SHOW, Op.STOP)

STATUS, TEXT, LEAD_TIME, EXPECTED_ON = META_KEYS = (
    "_syncd_status",
    "_syncd_text",
    "_syncd_lead_time_days",
    "_syncd_expected_on",
)
"""What the plugin of ``storefront/`` reads. A leading underscore keeps it out of the shop's custom fields."""


def group(writes: Sequence[Write]) -> list[tuple[Write, ...]]:
    """The writes as calls: products together, variations per parent, at most 100 a call."""
    by_endpoint: dict[str, list[Write]] = {}
    for write in writes:
        by_endpoint.setdefault(_endpoint(write), []).append(write)
    return [tuple(of_one[n : n + PER_PAGE]) for of_one in by_endpoint.values() for n in range(0, len(of_one), PER_PAGE)]


def send(client: Client, batch: Batch) -> list[Outcome]:
    """Sends one call; an outcome per write, in the order sent.

    A lowering or raise goes as `inventory_delta`, which adds to what the shop has now. Only the start of counting is
    absolute. A notice rides as metadata in the same entry. 200 is no proof: a number counts as written where the shop
    answers its id, that it counts it, and a whole number; a notice where the metadata comes back as it was sent.

    Raises:
        InDoubt: no answer, a broken one, or one without entries.
        Unavailable, RateLimited, CredentialsRejected, Unreadable: nothing was written.
    """
    outcomes: dict[int, Outcome] = {}
    sent: list[tuple[int, Write]] = []
    for n, write in enumerate(batch.writes):
        if fault := _fault(write):
            outcomes[n] = Outcome(write.listing_id, fault)
        else:
            sent.append((n, write))
    if sent:
        entries = _answered(client, [write for _, write in sent])
        for (n, write), entry in zip(sent, entries, strict=True):
            outcomes[n] = _outcome(client, write, entry)
    return [outcomes[n] for n in range(len(batch.writes))]


def _answered(client: Client, writes: Sequence[Write]) -> list[object]:
    endpoints = {_endpoint(write) for write in writes}
    if len(endpoints) != 1 or len(writes) > PER_PAGE:
        raise ValueError("a batch holds the writes of one call, as group() makes them")
    answer = client.post(endpoints.pop(), {"update": [_entry(write) for write in writes]})
    if answer.status >= 400:
        raise client.refusal(answer)
    body = answer.json()
    entries = body.get("update") if isinstance(body, dict) else None
    if not isinstance(entries, list) or len(entries) != len(writes):
        raise InDoubt(
            "The shop's answer does not name what it wrote.",
            hint="It is looked at again by itself; nothing is to be done.",
        )
    return entries


def _endpoint(write: Write) -> str:
    return f"products/{write.parent_id}/variations/batch" if write.parent_id else "products/batch"


def _entry(write: Write) -> Row:
    entry: Row = {"id": int(write.listing_id)}
    fields = ANSWER_FIELDS
    if write.op is Op.START:
        entry |= {"manage_stock": True, "stock_quantity": write.target}
    elif write.op is Op.STOP:
        entry["backorders"] = "no"
        fields += ",backorders"
    elif write.op is not Op.SHOW:
        entry["inventory_delta"] = write.delta
    if write.notice is not None:
        entry["meta_data"] = [{"key": key, "value": value} for key, value in meta_of(write.notice).items()]
        entry["include_meta"] = list(META_KEYS)  # else all metadata of the product would come back
        fields += ",meta_data"
    return {**entry, "_fields": fields}


def meta_of(notice: Notice) -> dict[str, str | None]:
    """A notice as metadata; null deletes. As text, because numbers come back as text (woocommerce-facts §2)."""
    if not notice.status:
        return dict.fromkeys(META_KEYS)
    days, day = notice.lead_time_days, notice.expected_on
    return {
        STATUS: notice.status,
        TEXT: notice.text or None,
        LEAD_TIME: None if days is None else str(days),
        EXPECTED_ON: None if day is None else day.isoformat(),
    }


def _fault(write: Write) -> Rejected | None:
    """Why this is not sent: a batch validates nothing, ``"abc"`` would become 0 (woocommerce-facts §3)."""
    if write.notice is not None and write.notice.fault:
        return Rejected(write.notice.fault)
    if write.op not in NO_NUMBER:
        if any(type(units) is not int or abs(units) >= LARGEST_UNITS for units in (write.target, write.expected)):
            return Rejected(f"{write.target!r} and {write.expected!r} are not whole numbers of units.")
        if write.target < 0:
            return Rejected(f"A shop is never offered less than 0 units, here {write.target}.")
    if write.op is Op.SET:
        return Rejected("WooCommerce cannot compare before it writes.")
    ids = [write.listing_id] if write.parent_id is None else [write.listing_id, write.parent_id]
    if not all(id_.isascii() and id_.isdigit() for id_ in ids):
        return Rejected(f"{write.listing_id} is not the id of a product.")
    return None


def _outcome(client: Client, write: Write, entry: object) -> Outcome:
    problem, shown = _judged(client, write, entry)
    unshown = None if problem or not isinstance(entry, dict) else _unshown(write, entry)
    if write.op in NO_NUMBER:
        return Outcome(write.listing_id, problem or unshown, shown)
    return Outcome(write.listing_id, problem, shown, unshown)


def _judged(client: Client, write: Write, entry: object) -> tuple[ItemError | InDoubt | None, int | None]:
    """What the entry proves: an error or none, and the number that the shop shows now."""
    doubt = InDoubt("The shop's answer does not prove that the number was written.")
    if not isinstance(entry, dict) or entry.get("id") != int(write.listing_id):
        return doubt, None
    if "error" in entry:
        return _refused(client, entry["error"]) or doubt, None
    if write.op in NO_NUMBER:
        if write.op is Op.STOP and entry.get("backorders") != "no":
            return _sells_on(entry.get("manage_stock")), None
        return None, whole(entry.get("stock_quantity")) if entry.get("manage_stock") is True else None
    if entry.get("manage_stock") is not True:
        return _not_counted(client.name, entry.get("manage_stock")), None
    shown = whole(entry.get("stock_quantity"))
    if shown is None or (write.op is Op.START and shown != write.target):
        return doubt, None
    return None, shown


def _unshown(write: Write, entry: Row) -> Rejected | None:
    """Why the notice does not count as written: the shop did not answer with the metadata that was sent."""
    if write.notice is None:
        return None
    wanted = {key: value for key, value in meta_of(write.notice).items() if value is not None}
    rows = entry.get("meta_data")
    found = {
        row["key"]: row.get("value")
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("key") in META_KEYS
    }
    if isinstance(rows, list) and found == wanted:
        return None
    return Rejected(
        "The shop does not answer with the text that the buyer is to read.",
        hint="A plugin of the shop may remove or change metadata (meta_data) of products in the REST API.",
    )


def _sells_on(manage_stock: object) -> Rejected:
    where = "its product" if manage_stock == "parent" else "it"
    return Rejected(
        "The shop goes on allowing backorders of this listing.",
        hint=f"Set Allow backorders to Do not allow on the Inventory tab of {where}.",
    )


def _refused(client: Client, error: object) -> Rejected | None:
    """The shop's own words; ``None`` where it broke down over the entry (5xx), which may have come after writing."""
    code, message = error_words(error)
    details = error.get("data") if isinstance(error, dict) else None
    status = details.get("status") if isinstance(details, dict) else details
    if not code or (isinstance(status, int) and status >= 500):
        return None
    return Rejected(f"The shop refuses it: {client.transport.redact(message) or code}")


def _not_counted(channel: str, manage_stock: object) -> Rejected:
    if manage_stock == "parent":
        return Rejected("The shop counts this variation by its product.", hint="Give the SKU to the product instead.")
    return Rejected(
        "The shop does not count this listing, so the number has no effect.",
        hint=f"Tick Stock management on its Inventory tab, or set {channel}_MANAGE_STOCK=on. For the whole shop it "
        "is under WooCommerce > Settings > Products > Inventory.",
    )
