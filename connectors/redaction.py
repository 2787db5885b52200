"""Takes secrets out of everything that a person or a log may see."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

SAMPLE_LENGTH = 200

_HIDDEN = "***"
_TELLING_NAMES = (
    r"consumer_key|consumer_secret|oauth_[a-z_]+|client_secret|access_token|refresh_token|signature|hmac|password|token"
)
_SECRET_SHAPES = re.compile(
    rf"(?P<name>\b(?:{_TELLING_NAMES})\b[\"']?\s*(?:=|%3D|:)\s*[\"']?)[^\s&\"'<>]+"
    r"|(?P<scheme>\b(?:Basic|Bearer)\s+)[A-Za-z0-9+/=._~-]{8,}",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<(style|script)\b.*?(</\1>|$)|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Redactor:
    """Takes secrets out of text, in each form in which they travel; its repr shows nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.learn(secret)

    def __repr__(self) -> str:
        return "Redactor()"

    def learn(self, secret: str) -> None:
        """Hides this secret from now on, too."""
        if not secret:
            return
        in_json = json.dumps(secret)[1:-1]
        # PHP escapes the slashes of JSON.
        forms = {secret, quote(secret, safe=""), quote_plus(secret), in_json, in_json.replace("/", r"\/")}
        forms |= {json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
        self._forms |= forms | _python_forms(secret) | _base64_forms(secret)
        # Longest first, so that no form leaves the rest of a longer one behind.
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in longest_first), re.IGNORECASE)

    def redact(self, text: str) -> str:
        """The text without any known secret and without what stands where secrets stand (keys, tokens, signatures)."""
        if self._pattern is not None:
            text = self._pattern.sub(_HIDDEN, text)
        return _SECRET_SHAPES.sub(lambda found: (found["name"] or found["scheme"]) + _HIDDEN, text)

    def sample(self, body: bytes) -> str:
        """A short readable piece of an answer for an error: one line, no tags, no secrets."""
        text = self.redact(body[:4096].decode("utf-8", errors="replace"))
        text = html.unescape(_TAGS.sub(" ", text))
        line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
        # Redacted once more: an entity may have hidden a part of a secret.
        return self.redact(line)[:SAMPLE_LENGTH]


def _python_forms(secret: str) -> set[str]:
    """How the secret stands in a Python text or bytes that a message quotes, with whichever quotes around it."""
    quotes = "'\""  # with both of them in it, a text is written between ' and those within are escaped
    escaped = {repr(secret + quotes)[1:-4], ascii(secret + quotes)[1:-4], repr((secret + quotes).encode())[2:-4]}
    return escaped | {form.replace("\\'", "'") for form in escaped}


def _base64_forms(secret: str) -> set[str]:
    """What base64 of a longer text shows of the secret, at each of its three alignments (Basic credentials)."""
    raw = secret.encode()
    forms = {base64.b64encode(raw).decode()}
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        known_bits = 8 * len(raw) - (6 * -(-8 * before // 6) - 8 * before)
        first = -(-8 * before // 6)
        middle = encoded[first : first + known_bits // 6]
        if len(middle) >= 8:
            forms.add(middle)
    return forms
