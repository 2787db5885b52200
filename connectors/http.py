"""One transport for the shops: keep-alive, time-outs, retries, rate limits, status → error, redaction.

What may be sent again is said by the caller, never guessed here (`safe`). What is not known to be harmless is taken for
done: an answer that is lost after a write raises `InDoubt` (design.md §3.4).
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from connectors.contract import (
    CallEvent,
    ConnectorError,
    CredentialsRejected,
    InDoubt,
    RateLimited,
    Surroundings,
    Unavailable,
    Unreadable,
)
from connectors.public_addresses import NotPublic, PublicOnly, guarded
from connectors.redaction import Redactor

Params = Mapping[str, str | int]
Auth = AuthBase | tuple[str, str]

TRIES = 4
FIRST_PAUSE_S = 1.0
# A longer wait would hold a worker that could serve other channels; the engine comes back after `retry_after`.
LONGEST_PAUSE_S = 30.0
PAUSE_WHERE_UNSTATED = timedelta(seconds=60)
LONGEST_STATED_PAUSE = timedelta(days=1)
FIRST_WORDS_LENGTH = 120

# A site that shows the errors of its programs writes them in front of its JSON.
_PHP_SPEAKS = re.compile(rb"<br\s*/?>\s*<b>(?:Warning|Notice|Deprecated|Fatal error|Parse error)</b>", re.IGNORECASE)

# urllib3 writes addresses into its log, with the keys in their queries. Every failure is told by an error anyway.
for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(lambda _record: False)


class Redirected(Unavailable):
    """The address answers with a redirect, which is not followed: a redirected write is lost silently.

    `location` is where it points (redacted; empty where the answer does not say), `target` the same as it was said, for
    a caller that may follow. Nothing was written.
    """

    def __init__(self, message: str, *, location: str, target: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.location = location
        self.target = target


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status below 500 that is neither a redirect nor 429. `url` is redacted; headers ignore case.

    304 (unchanged) answers only who asked for it, and is no redirect.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str
    writes: bool = field(repr=False)
    redactor: Redactor = field(repr=False)

    @property
    def sample(self) -> str:
        """A short readable piece of the body, redacted."""
        return self.redactor.sample(self.body)

    @property
    def said(self) -> str:
        """What the body says to a person: the message of a JSON error, else a sample of the whole; redacted."""
        try:
            message = json.loads(self.body)["message"]
        except (ValueError, RecursionError, TypeError, KeyError):
            return self.sample
        return self.redactor.sample(str(message).encode())

    def json(self) -> object:
        """The body as parsed JSON.

        Raises:
            InDoubt: it is not JSON, and was the answer to a write that was not refused (status below 400).
            Unreadable: it is not JSON, in every other case.
        """
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            pass
        host = _host(self.url)
        body = self.body.lstrip(b"\xef\xbb\xbf \r\n\t")
        if body.startswith(b"<") and not _PHP_SPEAKS.match(body):
            message = f"{host} answered with a web page instead of JSON (a firewall or a login page?)"
        else:
            message = f"{host} answered with something that is not JSON"
        first_words = textwrap.shorten(self.sample, FIRST_WORDS_LENGTH, placeholder=" …")
        message += f": {first_words}" if first_words else ", with nothing."
        hint = "Open the address in a browser; a firewall or security plugin must let the API through."
        if self.writes and self.status < 400:
            raise InDoubt(message, hint=hint)
        raise Unreadable(message, sample=self.sample, hint=hint)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: though it is not to follow, requests would read the whole body of a redirect, and fail on a bad one."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why one try brought no usable answer. `sent`: the other side may have acted on it."""

    error: ConnectorError
    sent: bool
    again: bool = True
    wait: timedelta | None = None


class Transport:
    """Sends requests of one channel; may be used by several threads.

    One session serves all threads: the pool below it is made for that, keeps connections alive across threads and never
    opens more than `parallel` at once, however many threads ask. What is not safe to share, cookies, is switched off.

    The environment is not looked at: no proxy variables, no .netrc, no CA bundle variables. A password in .netrc would
    replace the channel's credentials, and a daemon must reach the same place as the command line of its owner.
    """

    def __init__(
        self,
        *,
        surroundings: Surroundings,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 60.0,
        verify: bool | str = True,
        parallel: int = 2,
        secrets: Iterable[str] = (),
        largest_body_bytes: int = 64 * 2**20,
        only: PublicOnly | None = None,
    ) -> None:
        """`verify` is True for the usual certificates, or the path of a file with the certificates to trust.

        With `only`, hosts are asked that lie in the public internet, and no other.
        """
        self.redactor = Redactor(secrets)
        self._surroundings = surroundings
        self._timeouts_s = (connect_timeout_s, read_timeout_s)
        self._verify = verify
        self._largest_body_bytes = largest_body_bytes
        self._session = _Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["User-Agent"] = "syncd"
        for scheme in ("https://", "http://"):
            adapter = HTTPAdapter(pool_connections=4, pool_maxsize=parallel, pool_block=True)
            self._session.mount(scheme, guarded(adapter, only) if only else adapter)

    def __repr__(self) -> str:
        return "Transport()"

    def redact(self, text: str) -> str:
        """The text without any secret of this channel."""
        return self.redactor.redact(text)

    def close(self) -> None:
        """Closes the connections. May be called twice."""
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        auth: Auth | None = None,
        safe: bool,
        writes: bool | None = None,
    ) -> Answer:
        """The answer, where there is one with a status below 500 that is neither a redirect nor 429.

        `safe`: sending twice is sending once (reads, writes under a key), so it is retried with jittered back-off on
        lost connections, time-outs, 429 and 5xx; `Retry-After` is obeyed up to 30 s. `writes`: a lost answer leaves a
        doubt; where not given, what is not safe writes. 401, 403 and all other statuses below 500 are the caller's.

        Raises:
            Unavailable: no connection, or 5xx to what does not write. `Redirected`: it points elsewhere.
            RateLimited: 429, or 5xx with a `Retry-After`, to what was not acted on.
            InDoubt: it writes, was sent, and no usable answer came.
            Unreadable: the answer to what does not write is larger than the limit.
        """
        writes = not safe if writes is None else writes
        tries = TRIES if safe else 1
        doubtful = False
        for attempt in range(1, tries + 1):
            outcome = self._attempt(method, url, params=params, headers=headers, body=body, auth=auth, writes=writes)
            self._tell(outcome)
            if isinstance(outcome, Answer):
                if writes and doubtful and outcome.status >= 400:
                    break
                return outcome
            doubtful = doubtful or outcome.sent
            pause_s = self._pause_s(outcome, attempt)
            if attempt == tries or not outcome.again or pause_s > LONGEST_PAUSE_S:
                if not (writes and doubtful):
                    raise outcome.error
                break
            self._surroundings.sleep(pause_s)
        raise InDoubt(
            f"{_host(url)} did not confirm a change; whether it was made is not known.",
            hint="It is looked at again by itself; nothing is to be done.",
        )

    def _tell(self, outcome: Answer | _Failure) -> None:
        observe = self._surroundings.observe
        observe(CallEvent.CALL, "")
        if isinstance(outcome, Answer):
            if outcome.status in (401, 403):
                observe(CallEvent.ERROR, "credentials")
        elif isinstance(outcome.error, RateLimited):
            observe(CallEvent.THROTTLED, "")
        else:
            observe(CallEvent.ERROR, type(outcome.error).__name__.lower())

    def _pause_s(self, failure: _Failure, attempt: int) -> float:
        if failure.wait is not None:
            return failure.wait.total_seconds() + self._surroundings.random.uniform(0, FIRST_PAUSE_S)
        return FIRST_PAUSE_S * 2.0 ** (attempt - 1) * self._surroundings.random.uniform(0.5, 1.5)

    def _attempt(
        self,
        method: str,
        url: str,
        *,
        params: Params | None,
        headers: Mapping[str, str] | None,
        body: bytes | str | None,
        auth: Auth | None,
        writes: bool,
    ) -> Answer | _Failure:
        host = _host(url)
        started = self._surroundings.now()
        try:
            with self._session.request(
                method,
                url,
                params=params,
                headers=headers,
                data=body.encode() if isinstance(body, str) else body,
                auth=auth,
                timeout=self._timeouts_s,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                # What a redirect says beside its target is of no use, and may be without end.
                content = b"" if _redirects(response.status_code) else self._content(response, started, host)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError, NotPublic) as error:
            # The error itself stays behind: its text and its request carry the address with its keys.
            return self._failure(error, host)
        if isinstance(content, _Failure):
            return content
        where = self.redact(response.url)
        answer = Answer(response.status_code, response.headers, content, where, writes, self.redactor)
        return self._refusal(answer, host) or answer

    def _content(self, response: requests.Response, started: datetime, host: str) -> bytes | _Failure:
        """The whole body. A body that trickles in ends when connecting and reading together took their time."""
        chunks: list[bytes] = []
        size = 0
        while chunk := response.raw.read1(65536, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._largest_body_bytes:
                sentence = f"{host} answered with more than {self._largest_body_bytes // 2**20} MB."
                return _Failure(Unreadable(sentence, hint="Something else than the shop answers."), True, again=False)
            if (self._surroundings.now() - started).total_seconds() > sum(self._timeouts_s):
                return _Failure(Unavailable(f"{host} answers too slowly.", hint=_COMES_BACK), sent=True)
        return b"".join(chunks)

    def _refusal(self, answer: Answer, host: str) -> _Failure | None:
        """What the status says before anybody reads the body; None where the answer is the caller's."""
        if _redirects(answer.status):
            target = answer.headers.get("Location", "")
            location = self.redact(target)
            return _Failure(
                Redirected(
                    f"{host} redirects to {location or 'another address'}; redirects are not followed.",
                    location=location,
                    target=target,
                    hint="Set the channel's address to where it points.",
                ),
                sent=False,
                again=False,
            )
        wait = _retry_after(answer.headers.get("Retry-After"), self._surroundings.now)
        if answer.status == 429:
            retry_after = wait or PAUSE_WHERE_UNSTATED
            error = RateLimited(f"{host} asks for fewer calls (429).", retry_after=retry_after, hint=_COMES_BACK)
            return _Failure(error, sent=False, wait=wait)
        if answer.status >= 500:
            sentence = f"{host} answered with error {answer.status}."
            hint = f"It said: {answer.said}" if answer.said else _COMES_BACK
            if wait is not None:
                return _Failure(RateLimited(sentence, retry_after=wait, hint=hint), sent=True, wait=wait)
            return _Failure(Unavailable(sentence, hint=hint), sent=True)
        return None

    def _failure(self, error: Exception, host: str) -> _Failure:
        """What a failed try means: was it sent, may it be tried again, and the sentence for the owner."""
        if isinstance(error, ConnectorError):
            return _Failure(error, sent=False, again=False)
        cause = _cause(error)
        if _certificates_unreadable(error, cause):
            unreadable_file = Unavailable(f"The file {self._verify} with certificates cannot be read.", hint=_TLS)
            return _Failure(unreadable_file, sent=False, again=False)
        if isinstance(error, _NO_ADDRESS):
            no_address = Unavailable(f"{host} is not an address that can be called.", hint=_ADDRESS)
            return _Failure(no_address, sent=False, again=False)
        if isinstance(error, (requests.exceptions.InvalidHeader, UnicodeError)):
            unsendable = CredentialsRejected(
                f"The key or secret for {host} holds a character that none can hold.", hint="Copy it once more."
            )
            return _Failure(unsendable, sent=False, again=False)
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return _Failure(Unavailable(f"The name {host} is not known.", hint=_ADDRESS), sent=False)
        if isinstance(cause, urllib3.exceptions.NewConnectionError):
            return _Failure(Unavailable(f"{host} refuses connections.", hint=_ADDRESS), sent=False)
        if isinstance(cause, urllib3.exceptions.ConnectTimeoutError):
            return _Failure(Unavailable(f"{host} cannot be reached.", hint=_ADDRESS), sent=False)
        if isinstance(cause, urllib3.exceptions.SSLError):
            wrong_certificate = isinstance(cause.args[0], ssl.SSLCertVerificationError)
            sentence = f"No secure connection to {host}: {self.redact(_tls_reason(cause))}."
            # Only a refused certificate is sure to come before the request; other TLS errors may come after it.
            return _Failure(Unavailable(sentence, hint=_TLS), sent=not wrong_certificate, again=not wrong_certificate)
        if isinstance(cause, (urllib3.exceptions.TimeoutError, requests.exceptions.Timeout)):
            return _Failure(
                Unavailable(f"{host} did not answer within {self._timeouts_s[1]:g} s.", hint=_COMES_BACK), sent=True
            )
        return _Failure(Unavailable(f"{host} broke off its answer.", hint=_COMES_BACK), sent=True)


_NO_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
)
_FILE_READERS = ("X509", "PEM", "ASN1")  # the parts of OpenSSL that read certificates
_COMES_BACK = "It is tried again by itself."
_ADDRESS = "Check the channel's address, and that this machine is online."
_TLS = "Check the shop's certificate; for one of your own, name its CA file in the channel's CA_FILE."


def _redirects(status: int) -> bool:
    return 300 <= status < 400 and status != 304


def _cause(error: Exception) -> Exception:
    """The innermost reason that urllib3 gave, where requests wraps one."""
    inner = error.args[0] if error.args else None
    if isinstance(inner, urllib3.exceptions.MaxRetryError) and inner.reason is not None:
        return inner.reason
    return inner if isinstance(inner, urllib3.exceptions.HTTPError) else error


def _certificates_unreadable(error: Exception, cause: Exception) -> bool:
    """True where the file with the certificates to trust was the trouble; no connection was tried then."""
    if isinstance(cause, urllib3.exceptions.SSLError):
        inner = cause.args[0]
        return isinstance(inner, (FileNotFoundError, PermissionError)) or getattr(inner, "library", "") in _FILE_READERS
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _tls_reason(cause: urllib3.exceptions.SSLError) -> str:
    inner = cause.args[0]
    return str(getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or "the handshake failed")


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "The address"
    except ValueError:
        return "The address"


def _retry_after(text: str | None, now: Callable[[], datetime]) -> timedelta | None:
    """The stated wait, 0 s to a day; None where nothing (readable) is stated."""
    if text is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text):
        wait = timedelta(seconds=int(text))
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now()
    return min(max(wait, timedelta()), LONGEST_STATED_PAUSE)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
