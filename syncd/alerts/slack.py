"""Slack: a message becomes posts to an incoming webhook, each within Slack's limits (N52)."""

from __future__ import annotations

import html
import http.client
import json
import logging
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request

from slack_sdk.webhook import WebhookClient, WebhookResponse

from connectors.contract import Finding, Level
from syncd.alerts.notifier import Envelope, Message, NotTold, Part, TryAgain, TurnedAway, Unfit, Unsure
from syncd.alerts.reaching import connected

Block = Mapping[str, Any]

# docs.slack.dev/reference/block-kit/blocks
_MOST_BLOCKS = 50
_LONGEST_SECTION = 3000
_LONGEST_HEADER = 150
_MOST_IN_CONTEXT = 10
# Undocumented: beyond 12,000 characters or so, all blocks together, Slack says msg_blocks_too_long, sometimes sooner
# (github.com/slackapi/bolt-js/issues/2509 and 2867). Counted as JSON, which is more than Slack counts.
_LONGEST_POST = 10_000
_LONGEST_FALLBACK = 1000

_MOST_ANSWER_BYTES = 4096
_LONGEST_WAIT = timedelta(hours=1)
_NEW = "Make a new one at api.slack.com/apps (your app > Incoming Webhooks), for SYNCD_SLACK_WEBHOOK_URL."
# docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling-errors, and what has the same meaning
_WORDS: Mapping[str, tuple[str, str]] = {
    "no_service": ("no longer knows this webhook", _NEW),
    "no_service_id": ("no longer knows this webhook", _NEW),
    "no_active_hooks": ("no longer knows this webhook", _NEW),
    "invalid_token": ("no longer knows this webhook", _NEW),
    "no_team": ("no longer knows the workspace of this webhook", _NEW),
    "team_disabled": ("has switched this workspace off", "Ask its owner."),
    "channel_not_found": ("no longer has the channel of this webhook", _NEW),
    "user_not_found": ("no longer has the person to whom this webhook writes", _NEW),
    "channel_is_archived": ("has archived the channel of this webhook", f"Unarchive it, or: {_NEW}"),
    "action_prohibited": ("lets this webhook post nothing there", "Ask the administrators of the workspace."),
    "posting_to_general_channel_denied": ("lets this webhook post nothing there", f"Take another channel. {_NEW}"),
}
_WORD = re.compile(r"[a-z_]{2,40}")


class SlackNotifier:
    """Posts to the channel of an incoming webhook. `timeout_s`: for the connection and for each wait for an answer."""

    name = "slack"

    def __init__(self, url: str, *, timeout_s: int = 20, context: ssl.SSLContext | None = None) -> None:
        self._url, self._timeout_s = url, timeout_s
        self._context = context or ssl.create_default_context()

    def parts(self, message: Message, envelope: Envelope) -> Sequence[Part]:
        """The posts, in their order."""
        posts = list(_posts(message.blocks)) or [[]]
        subject = html.escape(message.subject, quote=False)[:_LONGEST_FALLBACK]
        return [
            {
                # What a notification and a screen reader say.
                "text": subject if len(posts) == 1 else f"{subject} ({number}/{len(posts)})",
                "blocks": blocks,
                "unfurl_links": False,
                "unfurl_media": False,
            }
            for number, blocks in enumerate(posts, 1)
        ]

    def send(self, part: Part) -> None:
        failure = self._attempt(part)
        if failure is not None:
            raise failure

    def check(self) -> Finding:
        """Whether Slack can be reached. Only a post tells whether it takes one."""
        parts = urlsplit(self._url)
        assert parts.hostname
        failure: NotTold | None = None
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            until = time.monotonic() + self._timeout_s
            with connected(parts.hostname, port, patience_s=self._timeout_s, until=until) as connection:
                if parts.scheme == "https":
                    self._context.wrap_socket(connection, server_hostname=parts.hostname).close()
        except OSError as error:
            failure = self._not_reached(error)
        if failure is None:
            return Finding(Level.OK, f"{parts.hostname} answers; syncd alerts test posts there")
        level = Level.FAIL if isinstance(failure, TurnedAway) else Level.WARN
        return Finding(level, failure.sentence, failure.hint)

    def _attempt(self, part: Part) -> NotTold | None:
        """How it failed. Returned, and raised by the caller: the context of an exception could hold the address."""
        hook = _Hook(self._url, self._timeout_s, self._context)
        try:
            return _meaning(hook.send_dict(dict(part)))
        except URLError as error:  # before all of it was sent
            return self._not_reached(error.reason if isinstance(error.reason, OSError) else error)
        except (OSError, http.client.HTTPException):
            return Unsure("Slack did not say whether it took the message", "It is sent once more.")

    def _not_reached(self, error: OSError) -> NotTold:
        host = urlsplit(self._url).hostname
        if isinstance(error, ssl.SSLCertVerificationError):
            return TurnedAway(
                f"{host} shows a certificate that cannot be trusted ({error.verify_message.rstrip('.')})",
                "Is the clock of this machine right, and nothing between it and Slack?",
            )
        why = "no answer" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
        return TryAgain(f"{host} cannot be reached ({why})", "May this machine call https addresses?")


class _Hook(WebhookClient):
    """The client without what does not suit a service: proxies of the environment (as for the shops), redirects, an
    answer of any length, tries of its own, and log lines, in which the address would stand."""

    def __init__(self, url: str, timeout_s: int, context: ssl.SSLContext) -> None:
        mute = logging.Logger("slack", logging.CRITICAL + 1)
        super().__init__(url, timeout_s, context, logger=mute, retry_handlers=[])
        self._opener = OpenerDirector()
        for handler in (HTTPHandler(), HTTPSHandler(context=context)):
            self._opener.add_handler(handler)

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        with self._opener.open(req, timeout=self.timeout) as answer:
            try:
                body = answer.read1(_MOST_ANSWER_BYTES)
            except (OSError, http.client.HTTPException):
                body = b""  # the status has said it all
            return WebhookResponse(
                url="",
                status_code=answer.status,
                body=body.decode("utf-8", "replace"),
                headers={name.lower(): value for name, value in answer.headers.items()},
            )


def _meaning(answer: WebhookResponse) -> NotTold | None:
    """What Slack's answer means; ``None``: it took the message."""
    status, said = answer.status_code, answer.body.strip()
    if 200 <= status <= 299:
        # A mistyped address may well be somebody's page, which answers so to everything.
        return TurnedAway("a web page answers, not Slack", _NEW) if said.startswith("<") else None
    if status == 429:
        asked = answer.headers.get("retry-after", "")
        wait_s = int(asked) if re.fullmatch(r"[0-9]{1,6}", asked) else None
        wait = None if wait_s is None else min(timedelta(seconds=wait_s), _LONGEST_WAIT)
        return TryAgain("Slack asks to wait (429)", retry_after=wait)
    if status >= 500 or status == 408:
        return TryAgain(f"Slack has troubles of its own ({status})")
    if said in _WORDS:
        sentence, hint = _WORDS[said]
        return TurnedAway(f"Slack {sentence} ({status} {said})", hint)
    word = f" {said}" if _WORD.fullmatch(said) else ""
    if status == 413 or (status == 400 and word):
        # Of all that is wrong with a message it tells a few words only (invalid_blocks, msg_too_long, no_text, ...).
        return Unfit(f"Slack does not take this message ({status}{word})", "Report this: it must not happen.")
    return TurnedAway(f"Slack refuses the message ({status}{word})", _NEW)


def _posts(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """The blocks in as few posts as Slack's limits allow."""
    post: list[Block] = []
    length = 0
    for piece in (piece for block in blocks for piece in _fitting(block)):
        more = len(json.dumps(piece, ensure_ascii=False))
        if post and (len(post) == _MOST_BLOCKS or length + more > _LONGEST_POST):
            yield post
            post, length = [], 0
        post.append(piece)
        length += more
    if post:
        yield post


def _fitting(block: Block) -> Iterator[Block]:
    """The block, in pieces where it is too long for one."""
    match block:
        case {"type": "header", "text": {"text": str(text)}} if len(text) > _LONGEST_HEADER:
            yield {**block, "text": {**block["text"], "text": f"{text[: _LONGEST_HEADER - 1]}…"}}
        case {"type": "section", "text": {"text": str(text)}} if len(text) > _LONGEST_SECTION:
            first, *others = _pieces(text)
            yield {**block, "text": {**block["text"], "text": first}}
            for piece in others:
                yield {"type": "section", "text": {**block["text"], "text": piece}}
        case {"type": "context", "elements": [*elements]} if len(elements) > _MOST_IN_CONTEXT:
            for at in range(0, len(elements), _MOST_IN_CONTEXT):
                yield {**block, "elements": elements[at : at + _MOST_IN_CONTEXT]}
        case _:
            yield block


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces of a section's length, cut where a line or at least a word ends."""
    while len(text) > _LONGEST_SECTION:
        ends = [text.rfind(sign, 1, _LONGEST_SECTION + 1) for sign in "\n "]
        end = next((end for end in ends if end > 0), _LONGEST_SECTION)
        yield text[:end]
        text = text[end:].lstrip("\n ")
    if text:
        yield text
