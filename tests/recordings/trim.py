"""Cuts recordings of real shops down to what the tests compare: request, status, code, field names and types.

    python tests/recordings/trim.py FOLDER-OF-RECORDINGS tests/recordings/woocommerce

Long texts and lists are shortened, headers that carry nothing are left out, and webhook bodies, once shortened, are
signed again with the secret that their recording names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

TEXT_LENGTH = 60
LIST_LENGTH = 2
BATCH_LENGTH = 6  # a batch's answer is read entry by entry
KEPT_HEADERS = ("content-type", "x-wp-total", "x-wp-totalpages", "link", "allow", "location", "retry-after")
KEPT_DELIVERY_HEADERS = ("content-type", "user-agent")


def shortened(value: Any, length: int = LIST_LENGTH) -> Any:
    """The same shape with less in it."""
    if isinstance(value, dict):
        return {key: shortened(each, BATCH_LENGTH if key == "update" else LIST_LENGTH) for key, each in value.items()}
    if isinstance(value, list):
        return [shortened(each) for each in value[:length]]
    return value[:TEXT_LENGTH] if isinstance(value, str) else value


def trimmed_call(recording: dict[str, Any]) -> dict[str, Any]:
    request, response = recording["request"], recording["response"]
    return {
        "name": recording["name"],
        "note": recording.get("note"),
        "request": {
            "method": request["method"],
            "path": request["path"],
            "query": request["query"],
            "content_type": {k.lower(): v for k, v in request["headers"].items()}.get("content-type"),
            "body": request["body"],
        },
        "status": response["status"],
        "headers": {k.lower(): v for k, v in response["headers"].items() if k.lower() in KEPT_HEADERS},
        "body": shortened(response["body"]),
    }


def trimmed_deliveries(recording: dict[str, Any]) -> dict[str, Any]:
    secret = recording["secret"]
    deliveries = []
    for delivery in recording["deliveries"]:
        headers = {
            key: value
            for key, value in delivery["headers"].items()
            if key.lower() in KEPT_DELIVERY_HEADERS or key.lower().startswith("x-wc-")
        }
        body = delivery["body"]
        if "X-WC-Webhook-Signature" in headers:
            body = json.dumps(shortened(json.loads(body)), separators=(",", ":"))
            digest = hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest()
            headers["X-WC-Webhook-Signature"] = base64.b64encode(digest).decode()
        deliveries.append({"method": delivery["method"], "path": delivery["path"], "headers": headers, "body": body})
    note = "Deliveries of one request, in the order they came; bodies shortened and signed again."
    return {"name": recording["name"], "note": note, "secret": secret, "deliveries": deliveries}


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.json")):
        recording = json.loads(path.read_text("utf-8"))
        trimmed = trimmed_deliveries(recording) if "deliveries" in recording else trimmed_call(recording)
        lines = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in trimmed.items())
        (target / path.name).write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
