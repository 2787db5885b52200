"""No secret gets out, in whatever form it travels."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from connectors.redaction import Redactor

SECRET = "cs_very/secret+0123456789"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        SECRET.replace("/", "\\/"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"a:{SECRET}".encode()).decode(),
        base64.b64encode(f"ab:{SECRET}".encode()).decode(),
        base64.b64encode(f"abc:{SECRET}:more".encode()).decode(),
        "https://shop.example/?x=1&consumer_key=ck_unknown0&oauth_signature=Zm9v%3D",
        '{"client_secret": "unknown00"}',
        "Authorization: Basic dW5rbm93bjAwOmFiYw==",
        "Bearer unknown00abc",
    ],
)
def test_each_form_of_a_secret_is_taken_out(form: str) -> None:
    shown = Redactor((SECRET,)).redact(f"before {form} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "***" in shown
    assert "very" not in shown
    assert "unknown0" not in shown
    assert base64.b64encode(SECRET.encode()).decode()[4:20] not in shown


def test_a_secret_learned_later_is_taken_out_too() -> None:
    redactor = Redactor((SECRET,))
    redactor.learn("shpat_later")
    assert redactor.redact(f"{SECRET} shpat_later") == "*** ***"


def test_a_secret_behind_an_entity_is_taken_out_of_a_sample() -> None:
    assert Redactor((SECRET,)).sample(b"<b>see</b> cs&#95;" + SECRET[3:].encode()) == "see ***"


@pytest.mark.parametrize("secret", ["it's very", 'a "very" one', """both ' and " very""", "back\\very", "vérý-κλειδί"])
@pytest.mark.parametrize("more", ["", "'", '"', "'\""])
def test_a_secret_that_python_quotes_is_taken_out(secret: str, more: str) -> None:
    redactor = Redactor((secret,))
    for quoted in (repr(secret + more), repr((secret + more).encode()), repr({"a": [secret + more]}), ascii(secret)):
        shown = redactor.redact(f"before {quoted} after")
        assert "***" in shown
        assert secret[-3:] not in shown
        assert secret[:3] not in shown
