"""Writes trimmed copies of recorded Shopify calls: ``python trim_shopify.py FOLDER`` → `shopify/*.json` beside this.

A recording is a tree with calls somewhere inside: nodes with ``variables`` and a ``response``. What stays is a list of
these calls in their order, each with its place in the tree as name, its document where it was recorded, variables,
HTTP status and body. What goes: calls that only made or removed the recorder's own products, the catalogue of all
topics and fields, free text, and points of cost beyond what was asked for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent / "shopify"
DROPPED = {"cleanup", "upstreamCalls", "setup", "schemaAndAccess", "catalog", "graphqlValidation"}


def calls(node: Any, name: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """The calls inside a recording, in their order."""
    if not isinstance(node, dict):
        return
    response = node.get("response")
    if isinstance(response, dict) and ("data" in response or "errors" in response or "payload" in response):
        body = response.get("payload", response)
        trimmed = {key: value for key, value in body.items() if key != "extensions"}
        extensions = body.get("extensions", {})
        yield {
            "name": ".".join(name),
            "document": node.get("query"),
            "variables": node.get("variables") or node.get("request", {}).get("variables"),
            "status": response.get("status", 200),
            "body": trimmed,
            "cost": extensions.get("cost", {}).get("requestedQueryCost"),
            "search": extensions.get("search"),
        }
        return
    for key, child in node.items():
        if key not in DROPPED and not key.startswith("cleanup"):
            yield from calls(child, (*name, key))


def trim(recording: dict[str, Any]) -> dict[str, Any]:
    # where the tree itself is the variables of its first call, that call lies beside them under "mutation"
    if "mutation" in recording and "variables" in recording:
        recording["mutation"] = {**recording["mutation"], "variables": recording["variables"]}
    read = recording.get("downstreamRead")
    if read and "response" not in read and "data" in read:
        recording["downstreamRead"] = {"response": read}
    kept = [{key: value for key, value in call.items() if value is not None} for call in calls(recording)]
    return {"apiVersion": recording.get("apiVersion"), "calls": kept}


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for path in sorted(Path(sys.argv[1]).glob("*.json")):
        text = json.dumps(trim(json.loads(path.read_text())), indent=1)
        (HERE / path.name).write_text(text + "\n")
