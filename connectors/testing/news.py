"""What a `NewsSource` promises."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from random import Random

import pytest

from connectors.contract import ListingRef, ListingSource, News, NewsSource, NotGenuine
from connectors.testing.rig import ADDRESS, Capability, Promises, Rig, as_news, as_sales, needs

ANOTHER_ADDRESS = "https://sync.example/hooks/another"
STRANGER = "https://stranger.example/hook"

Delivered = tuple[Mapping[str, str], bytes]


def all_news(source: NewsSource, delivered: Sequence[Delivered]) -> list[News]:
    """What the deliveries say, without signs of life."""
    told = (source.news(headers, body) for headers, body in delivered)
    return [news for news in told if news is not None]


class NewsPromises(Promises):
    def sold(self, rig: Rig) -> tuple[ListingRef, Sequence[Delivered]]:
        """A listing of which one unit was sold, and the deliveries that told it."""
        ref = rig.add_listing("A", 10)
        as_news(rig.connector()).subscribe(ADDRESS)
        rig.delivered(ADDRESS)
        rig.buy(ref)
        delivered = rig.delivered(ADDRESS)
        assert all_news(as_news(rig.connector()), delivered)
        return ref, delivered

    # ------------------------------------------------------------------ subscribing

    @needs(Capability.NEWS)
    def test_subscribing_makes_the_channel_deliver(self, rig: Rig) -> None:
        done = as_news(rig.connector()).subscribe(ADDRESS)
        assert (done.standing, done.revived) == ((), ())
        assert done.made
        assert sorted(done.made) == sorted(rig.subscribed(ADDRESS))
        assert len(set(done.made)) == len(done.made)

    @needs(Capability.NEWS)
    def test_subscribing_twice_is_subscribing_once(self, rig: Rig) -> None:
        as_news(rig.connector()).subscribe(ADDRESS)
        before = sorted(rig.subscribed(ADDRESS))
        again = as_news(rig.connector()).subscribe(ADDRESS)
        assert (again.made, again.revived) == ((), ())
        assert sorted(again.standing) == before == sorted(rig.subscribed(ADDRESS))

    @needs(Capability.NEWS)
    def test_a_missing_subscription_is_put_back_and_the_others_are_left_alone(self, rig: Rig) -> None:
        source = as_news(rig.connector())
        source.subscribe(ADDRESS)
        before = sorted(rig.subscribed(ADDRESS))
        rig.remove_subscription(ADDRESS, before[0])
        assert before[0] not in rig.subscribed(ADDRESS)
        done = source.subscribe(ADDRESS)
        assert ((*done.made, *done.revived), sorted(done.standing)) == ((before[0],), before[1:])
        assert sorted(rig.subscribed(ADDRESS)) == before

    @needs(Capability.NEWS)
    def test_a_subscription_that_was_switched_off_is_put_back(self, rig: Rig) -> None:
        source = as_news(rig.connector())
        source.subscribe(ADDRESS)
        before = sorted(rig.subscribed(ADDRESS))
        rig.switch_off_subscription(ADDRESS, before[-1])
        assert before[-1] not in rig.subscribed(ADDRESS)
        done = source.subscribe(ADDRESS)
        assert ((*done.made, *done.revived), sorted(done.standing)) == ((before[-1],), before[:-1])
        assert sorted(rig.subscribed(ADDRESS)) == before

    @needs(Capability.NEWS)
    def test_subscriptions_of_strangers_are_left_alone(self, rig: Rig) -> None:
        rig.subscribe_stranger(STRANGER)
        theirs = list(rig.subscribed(STRANGER))
        assert theirs
        source = as_news(rig.connector())
        source.subscribe(ADDRESS)
        source.subscribe(ADDRESS)
        assert source.unsubscribe(ADDRESS) > 0
        assert list(rig.subscribed(STRANGER)) == theirs

    @needs(Capability.NEWS)
    def test_unsubscribing_takes_away_all_of_ours_at_this_address_and_nothing_else(self, rig: Rig) -> None:
        source = as_news(rig.connector())
        made = len(source.subscribe(ADDRESS).made)
        source.subscribe(ANOTHER_ADDRESS)
        elsewhere = sorted(rig.subscribed(ANOTHER_ADDRESS))
        rig.switch_off_subscription(ADDRESS, rig.subscribed(ADDRESS)[0])
        assert source.unsubscribe(ADDRESS) in (made, made - 1)  # a channel may give up by deleting
        assert source.unsubscribe(ADDRESS) == 0
        assert list(rig.subscribed(ADDRESS)) == []
        assert sorted(rig.subscribed(ANOTHER_ADDRESS)) == elsewhere

    # ------------------------------------------------------------------ what a delivery says

    @needs(Capability.NEWS, Capability.SALES)
    def test_a_sale_is_told_by_the_order_s_own_id(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10)
        connector = rig.connector()
        source = as_news(connector)
        source.subscribe(ADDRESS)
        rig.delivered(ADDRESS)
        order_id = rig.buy(ref)
        told = all_news(source, rig.delivered(ADDRESS))
        assert order_id in {news.order_id for news in told}
        named = [news.order_id for news in told if news.order_id is not None]
        assert {state.id for state in as_sales(connector).orders_by_id(named).orders} == {order_id}

    @needs(Capability.NEWS)
    @pytest.mark.parametrize("known", [True, False])
    def test_a_changed_number_is_told_by_the_listing_s_own_id(self, rig: Rig, known: bool) -> None:
        ref = rig.add_listing("A", 10)
        connector = rig.connector()
        as_news(connector).subscribe(ADDRESS)
        if known and isinstance(connector, ListingSource):  # a connector may have to learn first where it stands
            connector.read([ref])
        rig.delivered(ADDRESS)
        rig.set_shown(ref, 4)
        told = [news for news in all_news(as_news(connector), rig.delivered(ADDRESS)) if news.listing_id]
        assert {news.listing_id for news in told} == {ref.id}
        assert {news.shown for news in told} <= {None, 4}

    @needs(Capability.NEWS, Capability.VARIATIONS)
    def test_a_variation_is_told_by_its_own_id(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 10, variation=True)
        source = as_news(rig.connector())
        source.subscribe(ADDRESS)
        rig.delivered(ADDRESS)
        rig.set_shown(ref, 4)
        assert ref.id in {news.listing_id for news in all_news(source, rig.delivered(ADDRESS))}

    @needs(Capability.NEWS)
    def test_each_delivery_has_an_id_of_its_own_and_says_the_same_each_time(self, rig: Rig) -> None:
        _, delivered = self.sold(rig)
        first = all_news(as_news(rig.connector()), delivered)
        assert first == all_news(as_news(rig.connector()), delivered)
        assert all(news.delivery_id and news.topic for news in first)
        assert len({news.delivery_id for news in first}) == len(first)

    @needs(Capability.NEWS)
    def test_listening_calls_nobody(self, rig: Rig) -> None:
        _, delivered = self.sold(rig)
        before = all_news(as_news(rig.connector()), delivered)
        rig.go_down()
        assert all_news(as_news(rig.connector()), delivered) == before

    # ------------------------------------------------------------------ what is not believed

    @needs(Capability.NEWS)
    def test_a_changed_body_is_refused(self, rig: Rig) -> None:
        _, delivered = self.sold(rig)
        source = as_news(rig.connector())
        random = Random(1)  # noqa: S311 - which bytes are changed is no secret
        for headers, body in delivered:
            place = random.randrange(len(body))
            other = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            for changed in (other, body + b" ", body[:-1], b"", b"{}"):
                with pytest.raises(NotGenuine):
                    source.news(headers, changed)

    @needs(Capability.NEWS)
    def test_a_changed_or_absent_signature_is_refused(self, rig: Rig) -> None:
        _, delivered = self.sold(rig)
        source = as_news(rig.connector())
        for headers, body in delivered:
            right = headers[rig.signature_header]
            others = {name: value for name, value in headers.items() if name != rig.signature_header}
            swapped = right[1] + right[0] + right[2:] if right[0] != right[1] else right[::-1]
            for wrong in ("", right[:-1], right + "=", swapped, right.swapcase(), "ä", "\udcff"):
                with pytest.raises(NotGenuine):
                    source.news({**others, rig.signature_header: wrong}, body)
            with pytest.raises(NotGenuine):
                source.news(others, body)
            with pytest.raises(NotGenuine):
                source.news({}, body)

    @needs(Capability.NEWS, Capability.CREDENTIALS)
    def test_the_signature_of_another_channel_is_refused(self, rig: Rig) -> None:
        _, delivered = self.sold(rig)
        for headers, body in delivered:
            with pytest.raises(NotGenuine):
                as_news(rig.wrong_credentials()).news(headers, body)

    @needs(Capability.NEWS, Capability.CREDENTIALS)
    def test_no_refusal_of_a_delivery_holds_a_secret_or_what_was_delivered(
        self, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(0)
        _, delivered = self.sold(rig)
        source = as_news(rig.connector())
        told = [repr(source)]
        for headers, body in delivered:
            with pytest.raises(NotGenuine) as caught:
                source.news(headers, body + b"?secret-of-a-customer")
            error = caught.value
            assert str(error).strip()
            told += [error.hint, repr(error), *traceback.format_exception_only(error)]
        told.append(caplog.text)
        secrets = (*rig.secrets, "secret-of-a-customer", *(headers[rig.signature_header] for headers, _ in delivered))
        assert [secret for secret in secrets if any(secret in text for text in told)] == []
