"""Scripted misbehaviour of a practice shop: what real hosts, proxies and firewalls do to a request.

A test says what is to go wrong, and when::

    server.faults.add(Answer(429, {"Retry-After": "30"}), match="POST .*/products/batch", times=2)
    server.faults.add(LateEffect(), body="inventoryAdjustQuantities")
    server.faults.release_late()
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Slow:
    """The effect happens at once, the answer comes after `seconds`: a client with a short time-out has lost it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """This answer instead of the shop's: 429, 503 with HTML, 200 with a firewall's page.

    With `effect` the shop does what was asked all the same (a PHP worker killed after its write: 502).
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    effect: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """No effect, and a pointer to `location` (absolute, or a path)."""

    status: int
    location: str


@dataclass(frozen=True, slots=True)
class ResetBefore:
    """No effect, no answer: the connection breaks."""


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """The effect happens, the answer is lost: the connection breaks."""


@dataclass(frozen=True, slots=True)
class LateEffect:
    """No answer, and the effect happens only at `Faults.release_late()`: long after the client gave up."""


@dataclass(frozen=True, slots=True)
class NoticeBeforeJson:
    """A PHP warning printed before the body: 200, and not JSON any more."""

    notice: bytes = b"<br />\n<b>Warning</b>:  Undefined variable $x in <b>plugin.php</b> on line <b>3</b><br />\n"


@dataclass(frozen=True, slots=True)
class FatalAt:
    """The shop dies at entry `n` of a batch (counted from 1): entries before it are written, none is reported.

    Only shops that take `Request.fatal_at` into account know it (WooCommerce).
    """

    n: int


Fault = Slow | Answer | Redirect | ResetBefore | ResetAfter | LateEffect | NoticeBeforeJson | FatalAt


@dataclass(slots=True)
class _Planned:
    fault: Fault
    match: re.Pattern[str]
    body: re.Pattern[str]
    times: int | None


class Faults:
    """Faults waiting for their requests. A request meets at most one: the first added that matches.

    `wait` takes seconds; a test passes one that blocks until the client has given up.
    """

    def __init__(self, *, wait: Callable[[float], None] = time.sleep) -> None:
        self.wait = wait
        self._planned: list[_Planned] = []
        self._late: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, *, match: str = "", body: str = "", times: int | None = 1) -> None:
        """Let the next `times` requests meet `fault` (``None``: until `clear()`).

        `match` is a regular expression searched in ``METHOD /path``, `body` one searched in the body; both must hit.
        """
        with self._lock:
            self._planned.append(_Planned(fault, re.compile(match), re.compile(body), times))

    def clear(self) -> None:
        """Behave from now on. Late effects keep waiting."""
        with self._lock:
            self._planned.clear()

    def release_late(self) -> int:
        """Let the requests caught by `LateEffect` take effect now, in their order. Returns how many."""
        with self._lock:
            late, self._late = self._late, []
        for effect in late:
            effect()
        return len(late)

    def take(self, line: str, body: str) -> Fault | None:
        """The fault that the request ``METHOD /path`` with this body meets, if any; it counts as met."""
        with self._lock:
            for planned in self._planned:
                if planned.match.search(line) and planned.body.search(body):
                    if planned.times is not None:
                        planned.times -= 1
                        if planned.times == 0:
                            self._planned.remove(planned)
                    return planned.fault
        return None

    def hold(self, effect: Callable[[], object]) -> None:
        """Keep an effect until `release_late()`."""
        with self._lock:
            self._late.append(effect)
