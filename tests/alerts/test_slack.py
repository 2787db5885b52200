"""Posts to a webhook that answers as Slack does: what arrives, what each answer means, and that it stays secret."""

from __future__ import annotations

import json
import logging
import ssl
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Level
from syncd.alerts.notifier import Envelope, Message, NotTold, TryAgain, TurnedAway, Unfit, Unsure
from syncd.alerts.slack import SlackNotifier
from syncd.sandbox.server import Response
from tests.alerts.slack_kit import OK, PATH, STALL, SlackServer, answer
from tests.alerts.wire_kit import WireServer, refusing_port, says, stalls

Block = Mapping[str, Any]
ENVELOPE = Envelope("<17.me@shop.example>")


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def message(*blocks: Block, subject: str = "3 SKUs are low") -> Message:
    return Message(subject, "text", "<p>", blocks, "en")


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


def told(target: SlackNotifier, of: Message) -> None:
    for part in target.parts(of, ENVELOPE):
        target.send(json.loads(json.dumps(part)))


def failure(target: SlackNotifier) -> NotTold:
    with pytest.raises(NotTold) as caught:
        target.send(target.parts(message(section("HAT")), ENVELOPE)[0])
    return caught.value


def test_a_message_is_one_post_with_words_for_the_notification(slack: SlackServer) -> None:
    blocks = (header("3 SKUs are low"), section("*HAT* שלום"), {"type": "divider"})
    told(SlackNotifier(slack.url), message(*blocks))
    (post,) = slack.posts
    assert post["blocks"] == list(blocks)
    assert post["text"] == "3 SKUs are low"
    assert (post["unfurl_links"], post["unfurl_media"]) == (False, False)


def test_a_name_cannot_call_everybody(slack: SlackServer) -> None:
    told(SlackNotifier(slack.url), message(section("x"), subject="<!channel> & more"))
    assert slack.posts[0]["text"] == "&lt;!channel&gt; &amp; more"


def test_a_message_without_blocks_is_one_post(slack: SlackServer) -> None:
    told(SlackNotifier(slack.url), message())
    assert [post["text"] for post in slack.posts] == ["3 SKUs are low"]


def test_500_skus_come_in_order_in_posts_that_slack_takes(slack: SlackServer) -> None:
    blocks = [section(f"SKU-{number} " + "why " * (number % 60)) for number in range(500)]
    told(SlackNotifier(slack.url), message(*blocks))
    assert [block for post in slack.posts for block in post["blocks"]] == blocks
    count = len(slack.posts)
    assert 10 <= count < 30
    assert [post["text"] for post in slack.posts] == [f"3 SKUs are low ({n}/{count})" for n in range(1, count + 1)]


def test_what_is_too_long_for_one_block_becomes_several(slack: SlackServer) -> None:
    lines = [f"line {number} of a long list" for number in range(400)]
    elements = [{"type": "mrkdwn", "text": str(number)} for number in range(23)]
    told(
        SlackNotifier(slack.url),
        message(
            header("h" * 200), section("\n".join(lines)), section("y" * 7000), {"type": "context", "elements": elements}
        ),
    )
    blocks = [block for post in slack.posts for block in post["blocks"]]
    assert blocks[0]["text"]["text"] == "h" * 149 + "…"
    texts = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    assert "\n".join(text for text in texts if text.startswith("line")).split("\n") == lines
    assert "".join(text for text in texts if text.startswith("y")) == "y" * 7000
    assert [one for block in blocks if block["type"] == "context" for one in block["elements"]] == elements


_TEXTS = st.text(st.sampled_from("ab \nש鞋"), min_size=1, max_size=40).map(lambda text: text * 150)
_BLOCKS = st.lists(st.one_of(_TEXTS.map(section), st.text("ab", min_size=1, max_size=400).map(header)), max_size=70)


@settings(max_examples=40, deadline=None)
@given(_BLOCKS)
def test_nothing_is_lost_whatever_is_posted(blocks: list[Block]) -> None:
    parts = SlackNotifier("https://hooks.slack.com/services/x").parts(message(*blocks), ENVELOPE)
    sent = [block for part in parts for block in part["blocks"]]
    assert parts
    assert all(len(part["blocks"]) <= 50 for part in parts)
    assert all(len(block["text"]["text"]) <= (150 if block["type"] == "header" else 3000) for block in sent)
    assert all(sum(len(json.dumps(block, ensure_ascii=False)) for block in part["blocks"]) <= 10_000 for part in parts)

    def letters(of: list[Block]) -> str:
        return "".join("".join(block["text"]["text"].split()) for block in of if block["type"] == "section")

    assert letters(sent) == letters(blocks)


@pytest.mark.parametrize(
    ("response", "kind", "says"),
    [
        (answer(429, "rate_limited", {"Retry-After": "30"}), TryAgain, "asks to wait"),
        (answer(500, "rollup_error"), TryAgain, "troubles of its own (500)"),
        (answer(503), TryAgain, "troubles of its own (503)"),
        (answer(408), TryAgain, "troubles of its own (408)"),
        (answer(400, "invalid_payload"), Unfit, "does not take this message (400 invalid_payload)"),
        (answer(400, "invalid_blocks"), Unfit, "does not take this message (400 invalid_blocks)"),
        (answer(400, "msg_too_long"), Unfit, "does not take this message (400 msg_too_long)"),
        (answer(413), Unfit, "does not take this message (413)"),
        (answer(400, "<html>Bad Request</html>"), TurnedAway, "refuses the message (400)"),
        (answer(400, "user_not_found"), TurnedAway, "no longer has the person"),
        (answer(403, "action_prohibited"), TurnedAway, "lets this webhook post nothing there"),
        (answer(403, "invalid_token"), TurnedAway, "no longer knows this webhook"),
        (answer(404, "no_service"), TurnedAway, "no longer knows this webhook (404 no_service)"),
        (answer(404, "channel_not_found"), TurnedAway, "no longer has the channel"),
        (answer(410, "channel_is_archived"), TurnedAway, "has archived the channel"),
        (answer(404, "<html>secretplanted0123</html>"), TurnedAway, "refuses the message (404)"),
        (answer(302, "", {"Location": "http://127.0.0.1:1/"}), TurnedAway, "refuses the message (302)"),
        (answer(200, "<!doctype html><p>Welcome"), TurnedAway, "a web page answers"),
        (answer(500, "x" * 3_000_000), TryAgain, "troubles of its own"),
        (Response(404, {"Content-Type": "text/plain; charset=nonsense"}, b"\xff\xfe"), TurnedAway, "refuses"),
    ],
)
def test_each_answer_says_what_happens_next(
    slack: SlackServer, response: Response, kind: type[NotTold], says: str
) -> None:
    slack.answers = [response]
    target = SlackNotifier(slack.url)
    error = failure(target)
    assert type(error) is kind
    assert says in error.sentence
    assert error.hint or kind is TryAgain
    assert slack.asked == 1
    told(target, message(section("again")))


def test_slack_says_how_long_to_wait(slack: SlackServer) -> None:
    waits = []
    for asked in (
        {"Retry-After": "30"},
        {"Retry-After": "9999999"},
        {"Retry-After": "soon"},
        {"Retry-After": "999999"},
        {},
    ):
        slack.answers = [answer(429, "", asked)]
        error = failure(SlackNotifier(slack.url))
        assert isinstance(error, TryAgain)
        waits.append(error.retry_after)
    assert waits == [timedelta(seconds=30), None, None, timedelta(hours=1), None]


def test_an_unknown_address_is_told_as_slack_tells_it(slack: SlackServer) -> None:
    error = failure(SlackNotifier(slack.url.replace("B0PLANTED", "B1")))
    assert isinstance(error, TurnedAway)
    assert "api.slack.com/apps" in error.hint


def test_silence_after_the_post_leaves_a_doubt(slack: SlackServer) -> None:
    slack.answers = [STALL]
    started = time.monotonic()
    error = failure(SlackNotifier(slack.url, timeout_s=1))
    assert isinstance(error, Unsure)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 two hundred\r\n\r\n"])
def test_a_broken_answer_leaves_a_doubt(said: bytes) -> None:
    with WireServer(says(said)) as server:
        error = failure(SlackNotifier(f"http://127.0.0.1:{server.port}{PATH}"))
    assert isinstance(error, Unsure)


def test_a_status_says_it_all_where_its_text_breaks_off() -> None:
    for status, kind in ((b"200 OK", None), (b"404 Not Found", TurnedAway), (b"500 Oh", TryAgain)):
        with WireServer(says(b"HTTP/1.1 " + status + b"\r\nContent-Length: 100\r\n\r\n")) as server:
            target = SlackNotifier(f"http://127.0.0.1:{server.port}{PATH}")
            if kind is None:
                told(target, message(section("HAT")))
            else:
                assert isinstance(failure(target), kind)


def test_nobody_there_is_surely_not_told() -> None:
    error = failure(SlackNotifier(f"http://127.0.0.1:{refusing_port()}{PATH}"))
    assert isinstance(error, TryAgain)
    assert error.sentence == "127.0.0.1 cannot be reached (Connection refused)"
    unknown = failure(SlackNotifier(f"https://slack.invalid{PATH}"))
    assert isinstance(unknown, TryAgain)
    with WireServer(stalls) as server:
        silent = failure(SlackNotifier(f"https://127.0.0.1:{server.port}{PATH}", timeout_s=1))
    assert isinstance(silent, TryAgain)


def test_a_certificate_that_nobody_vouches_for_is_turned_away(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    both = (str(tmp_path / "server.pem"), str(tmp_path / "server.pem"))
    with SlackServer(certificate=both) as slack:
        told(SlackNotifier(slack.url, context=trusting), message(section("HAT")))
        assert SlackNotifier(slack.url, context=trusting).check().level is Level.OK
        error = failure(SlackNotifier(slack.url))
        finding = SlackNotifier(slack.url).check()
    assert isinstance(error, TurnedAway)
    assert "a certificate that cannot be trusted" in error.sentence
    assert (finding.level, finding.message) == (Level.FAIL, error.sentence)
    assert len(slack.posts) == 1


def test_a_proxy_of_the_environment_is_not_used(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://user:planted@127.0.0.1:{refusing_port()}")
    told(SlackNotifier(slack.url), message(section("HAT")))
    assert len(slack.posts) == 1


def test_the_check_posts_nothing(slack: SlackServer) -> None:
    finding = SlackNotifier(slack.url).check()
    assert (finding.level, finding.message) == (Level.OK, "127.0.0.1 answers; syncd alerts test posts there")
    assert slack.asked == 0
    nobody = SlackNotifier(f"http://127.0.0.1:{refusing_port()}{PATH}").check()
    assert (nobody.level, nobody.message) == (Level.WARN, "127.0.0.1 cannot be reached (Connection refused)")


def test_the_address_is_in_no_error_no_log_and_no_repr(
    slack: SlackServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:planted@127.0.0.1:1")
    answers = [OK, STALL, *(answer(code, f"you asked {PATH}") for code in (200, 302, 400, 404, 429, 500))]
    targets = [SlackNotifier(slack.url, timeout_s=1) for _ in answers]
    targets += [
        SlackNotifier(f"http://127.0.0.1:{refusing_port()}{PATH}"),
        SlackNotifier(f"https://slack.invalid{PATH}"),
    ]
    slack.answers = answers
    written = []
    with caplog.at_level(logging.DEBUG), WireServer(says(b"")) as broken:
        for target in (*targets, SlackNotifier(f"http://127.0.0.1:{broken.port}{PATH}")):
            parts = target.parts(message(section("HAT")), ENVELOPE)
            written += [repr(target), repr(parts), str(target.check())]
            try:
                target.send(parts[0])
            except NotTold as error:
                assert error.__context__ is None
                assert error.__cause__ is None
                written += [repr(error), error.sentence, error.hint, *traceback.format_exception(error)]
    written += [record.getMessage() for record in caplog.records]
    assert len(written) > 30
    assert [text for text in written if "planted" in text.lower()] == []
