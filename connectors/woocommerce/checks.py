"""What `syncd check` finds about a WooCommerce shop. Changes nothing there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from connectors.contract import Finding, Level, Surroundings, Unreadable
from connectors.http import Answer, Redirected
from connectors.woocommerce.client import Client, words
from connectors.woocommerce.reading import shop_clock

# `modified_after` came with 5.8: an older shop would ignore it and tell all its orders at every look.
OLDEST = (5, 8)
# What was measured (woocommerce-facts) and tried.
TRIED = (10, 0)

# WooCommerce refuses signatures whose clock is off by more than 15 minutes (woocommerce-facts §9).
LARGEST_SKEW = timedelta(minutes=5)
OAUTH_SKEW = timedelta(minutes=14)


def check(client: Client, surroundings: Surroundings) -> Sequence[Finding]:
    """Every finding, in the order in which an owner would mend them; ends early where nothing further can be seen.

    Raises:
        Unavailable, RateLimited: the shop could not be asked at all.
    """
    try:
        index = client.index()
        findings = list(_site(client, index))
        if _failed(findings):
            return findings
        products = client.get("products", per_page=1, _fields="id")
    except Redirected as redirect:
        return [Finding(Level.FAIL, str(redirect), redirect.hint)]
    findings += _clock(client, products, surroundings.now())
    findings += _read_access(client, products)
    if not _failed(findings):
        findings += _write_access(client)
        findings += _version(client)
        findings += _stock_management(client)
    if not _failed(findings):
        findings.append(Finding(Level.OK, f"{client.url} may be read and written; {_size(client, products)}"))
    return findings


def _failed(findings: Sequence[Finding]) -> bool:
    return any(finding.level is Level.FAIL for finding in findings)


def _site(client: Client, index: Answer) -> Iterator[Finding]:
    """Is there a REST API, with WooCommerce in it, under the address that the site itself uses?"""
    code, _ = words(index)
    if index.status in (401, 403) and code:
        return  # some security plugins hide the index from strangers; the key may see it
    site = _object(index)
    namespaces = site.get("namespaces")
    if index.status == 403:
        yield Finding(
            Level.FAIL,
            "A firewall in front of the shop refuses the call (403).",
            f"Let this machine through in the firewall or security plugin. It said: {index.sample}",
        )
    elif index.status == 404:
        yield Finding(
            Level.FAIL,
            f"{client.url}/wp-json/ is not there (404).",
            "In the shop: Settings > Permalinks, choose anything but Plain, save. If the shop lives in a folder, "
            f"{client.name}_URL ends with it.",
        )
    elif not isinstance(namespaces, list):
        yield _no_json(client, index)
    elif "wc/v3" not in namespaces:
        yield Finding(
            Level.FAIL,
            f"{client.url} is a WordPress site without WooCommerce, or with one from before 2018.",
            f"Switch WooCommerce on, or set {client.name}_URL to the shop.",
        )
    else:
        yield from _own_address(client, site.get("url"))


def _no_json(client: Client, answer: Answer) -> Finding:
    return Finding(
        Level.FAIL,
        f"{client.url} answers with something else than JSON (a firewall, a login or a waiting page?).",
        f"Let this machine through; and Settings > Permalinks must not be Plain. It said: {answer.sample}",
    )


def _own_address(client: Client, own: object) -> Iterator[Finding]:
    if isinstance(own, str) and own.startswith("http") and own.rstrip("/") != client.url:
        told, asked = urlsplit(own), urlsplit(client.url)
        if (told.netloc, told.path.rstrip("/")) != (asked.netloc, asked.path):
            yield Finding(
                Level.WARN,
                f"The shop calls itself {client.transport.redact(own)}, not {client.url}.",
                f"If calls fail, set {client.name}_URL={own.rstrip('/')}",
            )


def _clock(client: Client, answer: Answer, now: datetime) -> Iterator[Finding]:
    theirs = shop_clock(answer)
    if theirs is None or abs(theirs - now) <= LARGEST_SKEW:
        return
    minutes = round(abs(theirs - now) / timedelta(minutes=1))
    refused = client.auth == "oauth" and abs(theirs - now) > OAUTH_SKEW
    yield Finding(
        Level.FAIL if refused else Level.WARN,
        f"The clocks of this machine and of the shop differ by {minutes} minutes.",
        "Set this machine's clock: timedatectl set-ntp true. If it is right, tell the shop's host.",
    )


def _read_access(client: Client, products: Answer) -> Iterator[Finding]:
    for answer in (products, client.get("orders", per_page=1, _fields="id")):
        if answer.status != 200:
            yield _refused(client, answer)
        elif not isinstance(_parsed(answer), list):
            yield _no_json(client, answer)
        else:
            continue
        return


def _refused(client: Client, answer: Answer) -> Finding:
    """Why the shop refuses the key, by the words that it has for each reason (woocommerce-facts §9)."""
    _, message = words(answer)
    if answer.status not in (401, 403) or not message:
        refusal = client.refusal(answer)
        return Finding(Level.FAIL, str(refusal), refusal.hint)
    if "secret is invalid" in message:
        return Finding(
            Level.FAIL, "The consumer secret is wrong.", f"Copy it into {client.name}_SECRET, or make a new key."
        )
    if "permissions" in message:
        return _permissions("read" if "read" in message else "write")
    if "timestamp" in message:
        return Finding(Level.FAIL, "The shop refuses the signature: this machine's clock is wrong.", "Set it.")
    if "signature" in message:
        return Finding(
            Level.FAIL,
            "The shop refuses the signature of the call.",
            f"{client.name}_SECRET may be wrong, or {client.name}_URL other than the shop's own address.",
        )
    if client.auth == "basic" and client.get_by_query("products", per_page=1, _fields="id").status == 200:
        return Finding(
            Level.FAIL,
            "The shop's host takes the Authorization header away before WordPress sees it.",
            f"Set {client.name}_AUTH=query",
        )
    return Finding(
        Level.FAIL,
        "The shop does not know the consumer key, or its user may not see products and orders.",
        f"Copy it into {client.name}_KEY, or make a new one as an administrator: WooCommerce > Settings > Advanced > "
        "REST API > Add key, Permissions: Read/Write",
    )


def _permissions(missing: str) -> Finding:
    return Finding(
        Level.FAIL,
        f"The key may not {missing}.",
        "In the shop: WooCommerce > Settings > Advanced > REST API > the key > Permissions: Read/Write",
    )


def _write_access(client: Client) -> Iterator[Finding]:
    """Asked by a batch without entries: permissions are looked at, and nothing is written (woocommerce-facts §3)."""
    answer = client.post("products/batch", {}, safe=True)
    code, message = words(answer)
    if answer.status in (401, 403) and code:
        yield _permissions("write") if "write" in message or "batch" in code else _refused(client, answer)
    elif answer.status != 200:
        refusal = client.refusal(answer)
        yield Finding(Level.FAIL, f"Stock cannot be written. {refusal}", refusal.hint)
    elif not isinstance(_parsed(answer), (list, dict)):
        yield _no_json(client, answer)


def _version(client: Client) -> Iterator[Finding]:
    status = client.get("system_status", _fields="environment")
    environment = _object(status).get("environment") if status.status == 200 else None
    version = str(environment.get("version")) if isinstance(environment, dict) else ""
    known = re.match(r"(\d{1,4})\.(\d{1,4})", version, re.ASCII)
    if not known:
        yield Finding(Level.WARN, "The shop does not tell its WooCommerce version.", "Give the key an administrator.")
        return
    number = (int(known[1]), int(known[2]))
    if number < OLDEST:
        yield Finding(Level.FAIL, f"WooCommerce {version[:20]} is too old.", "Update WooCommerce to 10 or later.")
    elif number < TRIED:
        yield Finding(
            Level.WARN, f"WooCommerce {version[:20]} is older than what was tried.", "Update it to 10 or later."
        )
    else:
        yield Finding(Level.OK, f"WooCommerce {version[:20]}")


def _stock_management(client: Client) -> Iterator[Finding]:
    if client.setting("woocommerce_manage_stock") == "no":
        yield Finding(
            Level.FAIL,
            "Stock management is off for the whole shop: it would ignore every number.",
            "In the shop: WooCommerce > Settings > Products > Inventory > Enable stock management",
        )


def _size(client: Client, products: Answer) -> str:
    variations = client.get("variations", per_page=1, _fields="id")
    told = [f"{total} products" for total in [products.headers.get("X-WP-Total")] if total]
    if variations.status == 200 and (total := variations.headers.get("X-WP-Total")):
        told.append(f"{total} variations")
    return ", ".join(told) or "it does not count its products"


def _object(answer: Answer) -> dict[str, object]:
    body = _parsed(answer)
    return body if isinstance(body, dict) else {}


def _parsed(answer: Answer) -> object:
    try:
        return answer.json()
    except Unreadable:
        return None
