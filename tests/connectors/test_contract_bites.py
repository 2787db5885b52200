"""The contract suite finds connectors that break a promise: each of these breaks one."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import (
    NOTHING,
    Batch,
    ConnectorError,
    InDoubt,
    NotGenuine,
    Notice,
    Op,
    OrderPage,
    Outcome,
    RateLimited,
    Subscriptions,
    Unavailable,
    Untouched,
)
from connectors.memory import MemoryConnector
from connectors.memory.hooks import SIGNATURE, Subscription, signature
from connectors.testing import OF_A_SHOP, ContractSuite
from connectors.testing.notices import AT_HAND, BACK_ON
from tests.connectors.test_contract_memory import MemoryRig


class WritesAbsolutely(MemoryConnector):
    def send(self, batch):
        from_there = (replace(write, expected=self._shop.shown(write.listing_id)) for write in batch.writes)
        return super().send(Batch(batch.key, tuple(from_there)))


class TakesALostAnswerForSuccess(MemoryConnector):
    def send(self, batch):
        try:
            return super().send(batch)
        except InDoubt:
            return [Outcome(write.listing_id) for write in batch.writes]


class SendsALostWriteAgain(MemoryConnector):
    def send(self, batch):
        try:
            return super().send(batch)
        except InDoubt:
            return super().send(Batch(batch.key + "-again", batch.writes))


class TakesEffectAtEachReplay(MemoryConnector):
    def send(self, batch):
        self.sent = getattr(self._shop, "sent", 0) + 1
        self._shop.sent = self.sent
        return super().send(Batch(f"{batch.key}-{self.sent}", batch.writes))


class FailsTheBatchForOneItem(MemoryConnector):
    def send(self, batch):
        outcomes = super().send(batch)
        bad = next((outcome.error for outcome in outcomes if outcome.error), None)
        return [Outcome(outcome.listing_id, bad) if bad else outcome for outcome in outcomes]


class BlamesNobody(MemoryConnector):
    def send(self, batch):
        return [replace(outcome, error=Untouched("?")) if outcome.error else outcome for outcome in super().send(batch)]


class AnswersInAnotherOrder(MemoryConnector):
    def send(self, batch):
        return list(reversed(super().send(batch)))


class SendsWhatItGets(MemoryConnector):
    def send(self, batch):
        for write in batch.writes:
            self._shop.enter("send", self._secret)
            self._shop.edit(write.listing_id, int(write.target))
        return [Outcome(write.listing_id) for write in batch.writes]


class LosesTheRestOfAGroup(MemoryConnector):
    def group(self, writes):
        return list(super().group(writes))[:1]


class MakesGroupsTooLarge(MemoryConnector):
    def group(self, writes):
        return [tuple(writes)] if writes else []


class RemembersWhatItRead(MemoryConnector):
    def read(self, refs):
        self.cache = getattr(self, "cache", None) or super().read(refs)
        return self.cache


class CallsAMissingSkuEmpty(MemoryConnector):
    def listings(self):
        for page in super().listings():
            yield replace(page, listings=tuple(replace(listing, sku=listing.sku or "") for listing in page.listings))


class ListsOnlyTheFirstPage(MemoryConnector):
    def listings(self):
        yield replace(next(iter(super().listings())), total=None)


class ChangedOrders(MemoryConnector):
    """Tells orders otherwise than they are."""

    def told(self, state):
        return state

    def orders(self, cursor):
        for page in super().orders(cursor):
            yield replace(page, orders=tuple(map(self.told, page.orders)))

    def orders_by_id(self, ids):
        answer = super().orders_by_id(ids)
        return replace(answer, orders=tuple(map(self.told, answer.orders)))


class HasOneVersionForEver(ChangedOrders):
    def told(self, state):
        return replace(state, version=1)


class ForgetsWhatIsUndecided(ChangedOrders):
    def told(self, state):
        return replace(state, lines=tuple(replace(line, undecided=0) for line in state.lines))


class CountsWhatCameBackAsNeverShipped(ChangedOrders):
    def told(self, state):
        lines = (replace(line, fulfilled=line.fulfilled - line.returned, returned=0) for line in state.lines)
        return replace(state, lines=tuple(lines))


class SkipsAPage(MemoryConnector):
    def orders(self, cursor):
        pages = list(super().orders(cursor))
        cursors = [page.cursor for page in pages[1:]] + [pages[-1].cursor]
        for page, ahead in zip(pages, cursors, strict=True):
            yield replace(page, cursor=ahead)


class BeginsAnywhereWithAnUnknownCursor(MemoryConnector):
    def orders(self, cursor):
        return super().orders(cursor if cursor and cursor[0].isdigit() else None)


class GivesNoPageWhenNothingChanged(MemoryConnector):
    def orders(self, cursor):
        return (page for page in super().orders(cursor) if page.orders)


class BeginsWithoutOpenOrders(MemoryConnector):
    def orders(self, cursor):
        pages = list(super().orders(cursor))
        return iter(pages if cursor else [OrderPage((), pages[-1].cursor)])


class SaysNothingOfWhatIsMissing(MemoryConnector):
    def orders_by_id(self, ids):
        return replace(super().orders_by_id(ids), missing=())


class TellsItsSecretInErrors(MemoryConnector):
    def read(self, refs):
        try:
            return super().read(refs)
        except ConnectorError as error:
            error.args = (f"{error} ({self._secret})",)
            raise


class TellsItsSecretToTheLog(MemoryConnector):
    def check(self):
        logging.getLogger("acme").debug("with %s", self._secret)
        return super().check()


class TellsItsSecretInItsRepr(MemoryConnector):
    def __repr__(self):
        return f"{self._secret}"


class DoesNotSayHowLongToWait(MemoryConnector):
    def read(self, refs):
        try:
            return super().read(refs)
        except RateLimited as error:
            raise Unavailable(str(error)) from None


class WaitsNotAtAll(MemoryConnector):
    def read(self, refs):
        try:
            return super().read(refs)
        except RateLimited as error:
            raise RateLimited(str(error), retry_after=timedelta()) from None


class TakesAnOutageForAnEmptyShop(MemoryConnector):
    def read(self, refs):
        try:
            return super().read(refs)
        except Unavailable:
            return {}


class BeginsToCountUnasked(MemoryConnector):
    def send(self, batch):
        uncounted = {listing.id for listing in self._shop.listings() if listing.shown is None}
        writes = (replace(write, op=Op.START) if write.listing_id in uncounted else write for write in batch.writes)
        return super().send(Batch(batch.key, tuple(writes)))


class ChecksByWriting(MemoryConnector):
    def check(self):
        for listing in self._shop.listings():
            self._shop.edit(listing.id, 1)
        return super().check()


class ConnectsWhenMade(MemoryConnector):
    def __init__(self, shop, **settings):
        super().__init__(shop, **settings)
        self.check()


class BelievesEverybody(MemoryConnector):
    def news(self, headers, body):
        return super().news({**headers, SIGNATURE: signature(self._secret, body)}, body)


class LooksAtTheLengthOfASignatureOnly(MemoryConnector):
    def news(self, headers, body):
        right = signature(self._secret, body)
        alike = len(headers.get(SIGNATURE, "")) == len(right)
        return super().news({**headers, SIGNATURE: right} if alike else headers, body)


class RepeatsWhatItRefuses(MemoryConnector):
    def news(self, headers, body):
        try:
            return super().news(headers, body)
        except NotGenuine as error:
            raise NotGenuine(f"{error} {body!r}") from None


class AsksTheShopForNews(MemoryConnector):
    def news(self, headers, body):
        self._shop.enter("news", self._secret)
        return super().news(headers, body)


class NamesOrdersAsTheOwnerDoes(MemoryConnector):
    def news(self, headers, body):
        told = super().news(headers, body)
        return replace(told, order_id=told.order_id and f"#{told.order_id}")


class NamesListingsByTheirSku(MemoryConnector):
    def news(self, headers, body):
        told = super().news(headers, body)
        return replace(told, listing_id=told.listing_id and "A")


class CountsDeliveriesItself(MemoryConnector):
    counted = itertools.count()

    def news(self, headers, body):
        return replace(super().news(headers, body), delivery_id=str(next(self.counted)))


class SubscribesAgainAndAgain(MemoryConnector):
    def subscribe(self, address):
        self._shop.hooks.subscriptions.append(Subscription(address, "order", "syncd"))
        return super().subscribe(address)


class SubscribesOnlyWhereNothingStands(MemoryConnector):
    def subscribe(self, address):
        ours = tuple(one.topic for one in self._ours(address))
        return Subscriptions(ours) if ours else super().subscribe(address)


class TakesEverythingAnewEachTime(MemoryConnector):
    def subscribe(self, address):
        self.unsubscribe(address)
        return super().subscribe(address)


class TakesStrangersAway(MemoryConnector):
    def unsubscribe(self, address):
        self._shop.hooks.subscriptions = [one for one in self._shop.hooks.subscriptions if one.owner == "syncd"]
        return super().unsubscribe(address)


class TakesAwayWhatGoesElsewhere(MemoryConnector):
    def unsubscribe(self, address):
        everywhere = {one.address for one in self._shop.hooks.subscriptions if one.owner == "syncd"}
        return max((super(type(self), self).unsubscribe(one) for one in everywhere), default=0)


class MovesTheNumberWithANotice(MemoryConnector):
    def send(self, batch):
        writes = (replace(w, op=Op.DELTA) if w.op is Op.SHOW else w for w in batch.writes)
        return super().send(Batch(batch.key, tuple(writes)))


class ShowsNothing(MemoryConnector):
    def send(self, batch):
        return super().send(Batch(batch.key, tuple(replace(w, notice=None) for w in batch.writes)))


class ForgetsTheDay(MemoryConnector):
    def send(self, batch):
        writes = (replace(w, notice=w.notice and replace(w.notice, expected_on=None)) for w in batch.writes)
        return super().send(Batch(batch.key, tuple(writes)))


class LeavesOldFields(MemoryConnector):
    def send(self, batch):
        return super().send(Batch(batch.key, tuple(replace(w, notice=self.mixed(w)) for w in batch.writes)))

    def mixed(self, write):
        new, old = write.notice, self._shop.notice(write.listing_id)
        return replace(new, expected_on=new.expected_on or old.expected_on) if new and old else new


class ShowsOnlyTheFirst(MemoryConnector):
    def send(self, batch):
        first, *rest = batch.writes
        return super().send(Batch(batch.key, (first, *(replace(w, notice=None) for w in rest))))


class TakesNothingBack(MemoryConnector):
    def send(self, batch):
        writes = (replace(w, notice=w.notice if w.notice and w.notice.status else None) for w in batch.writes)
        return super().send(Batch(batch.key, tuple(writes)))


class ClearsTheNoticeWithEachNumber(MemoryConnector):
    def send(self, batch):
        return super().send(Batch(batch.key, tuple(replace(w, notice=w.notice or NOTHING) for w in batch.writes)))


class CutsLongTexts(MemoryConnector):
    def send(self, batch):
        writes = (replace(w, notice=w.notice and replace(w.notice, text=w.notice.text[:99])) for w in batch.writes)
        return super().send(Batch(batch.key, tuple(writes)))


class MixesNoticesWithNumbers(MemoryConnector):
    def group(self, writes):
        limit = self._shop.batch_limit
        return [tuple(writes[n : n + limit]) for n in range(0, len(writes), limit)]


class SpendsACallOnEachNotice(MemoryConnector):
    def group(self, writes):
        return [group for write in writes for group in super(type(self), self).group([write])]


class BeginsToCountForANotice(MemoryConnector):
    def send(self, batch):
        outcomes = super().send(batch)
        for w in batch.writes:
            if self._shop.shown(w.listing_id) is None:
                self._shop._items[w.listing_id].shown = 0
        return outcomes


class StopsNothing(MemoryConnector):
    def send(self, batch):
        writes = (replace(w, op=Op.SHOW) if w.op is Op.STOP else w for w in batch.writes)
        return super().send(Batch(batch.key, tuple(writes)))


class StopsByZeroing(MemoryConnector):
    def send(self, batch):
        outcomes = super().send(batch)
        for w in batch.writes:
            if w.op is Op.STOP:
                self._shop.edit(w.listing_id, 0)
        return outcomes


BITES = [
    (WritesAbsolutely, "delta", "a_delta_lets_a_sale_in_between_stand", {}),
    (WritesAbsolutely, "delta", "a_raise_lets_a_sale_in_between_stand", {}),
    (TakesALostAnswerForSuccess, "delta", "a_lost_answer_is_in_doubt", {"effect": True}),
    (TakesALostAnswerForSuccess, "compare", "a_lost_answer_is_in_doubt", {"effect": False}),
    (SendsALostWriteAgain, "delta", "a_lost_answer_is_in_doubt", {"effect": True}),
    (SendsALostWriteAgain, "compare", "a_lost_answer_is_in_doubt", {"effect": True}),
    (TakesEffectAtEachReplay, "compare", "where_keys_are_known_a_batch_sent_again_takes_effect_once", {}),
    (FailsTheBatchForOneItem, "delta", "one_bad_item_does_not_fail_its_batch", {}),
    (BlamesNobody, "delta", "one_bad_item_does_not_fail_its_batch", {}),
    (AnswersInAnotherOrder, "delta", "one_bad_item_does_not_fail_its_batch", {}),
    (SendsWhatItGets, "delta", "what_is_not_a_whole_number_of_units_is_refused", {"target": -1}),
    (LosesTheRestOfAGroup, "compare", "grouping_keeps_every_write_once", {}),
    (MakesGroupsTooLarge, "delta", "grouping_keeps_every_write_once", {}),
    (RemembersWhatItRead, "delta", "reading_shows_the_number_of_this_instant", {}),
    (RemembersWhatItRead, "delta", "a_number_arrives_and_is_what_the_next_buyer_meets", {"shown": 9, "target": 4}),
    (CallsAMissingSkuEmpty, "delta", "a_missing_sku_is_none", {}),
    (ListsOnlyTheFirstPage, "delta", "everything_on_sale_is_listed_once", {}),
    (HasOneVersionForEver, "delta", "the_same_version_is_the_same_state", {}),
    (ForgetsWhatIsUndecided, "delta", "units_of_an_order_that_ended_without_putting_them_back", {}),
    (ForgetsWhatIsUndecided, "delta", "refunded_units_that_were_not_put_back_wait", {}),
    (ForgetsWhatIsUndecided, "delta", "whatever_happens_no_unit_is_lost", {"seed": 1}),
    (CountsWhatCameBackAsNeverShipped, "delta", "units_that_came_back_stay_counted_as_fulfilled", {}),
    (SkipsAPage, "delta", "a_cursor_resumes_after_its_page", {}),
    (BeginsAnywhereWithAnUnknownCursor, "delta", "a_cursor_that_is_not_known_has_expired", {}),
    (GivesNoPageWhenNothingChanged, "delta", "a_shop_without_orders_gives_a_page_and_a_cursor", {}),
    (BeginsWithoutOpenOrders, "delta", "first_contact_brings_every_open_order", {}),
    (SaysNothingOfWhatIsMissing, "delta", "an_order_that_vanished_is_reported_missing", {}),
    (TellsItsSecretInErrors, "delta", "no_error_log_line_or_repr_holds_a_secret", {}),
    (TellsItsSecretToTheLog, "delta", "no_error_log_line_or_repr_holds_a_secret", {}),
    (TellsItsSecretInItsRepr, "delta", "no_error_log_line_or_repr_holds_a_secret", {}),
    (DoesNotSayHowLongToWait, "delta", "a_rate_limit_carries_its_wait", {}),
    (WaitsNotAtAll, "delta", "a_rate_limit_carries_its_wait", {}),
    (TakesAnOutageForAnEmptyShop, "delta", "an_outage_changes_nothing", {}),
    (WritesAbsolutely, "compare", "of_several_raises_only_the_stale_one_is_in_conflict", {}),
    (BeginsToCountUnasked, "delta", "counting_begins_at_the_target_and_only_when_asked", {}),
    (ChecksByWriting, "delta", "checking_a_healthy_channel_finds_no_fault_and_changes_nothing", {}),
    (BelievesEverybody, "delta", "a_changed_body_is_refused", {}),
    (BelievesEverybody, "delta", "the_signature_of_another_channel_is_refused", {}),
    (LooksAtTheLengthOfASignatureOnly, "delta", "a_changed_or_absent_signature_is_refused", {}),
    (RepeatsWhatItRefuses, "delta", "no_refusal_of_a_delivery_holds_a_secret", {}),
    (AsksTheShopForNews, "delta", "listening_calls_nobody", {}),
    (NamesOrdersAsTheOwnerDoes, "delta", "a_sale_is_told_by_the_order_s_own_id", {}),
    (NamesListingsByTheirSku, "delta", "a_changed_number_is_told_by_the_listing_s_own_id", {"known": True}),
    (NamesListingsByTheirSku, "delta", "a_variation_is_told_by_its_own_id", {}),
    (CountsDeliveriesItself, "delta", "each_delivery_has_an_id_of_its_own", {}),
    (SubscribesAgainAndAgain, "delta", "subscribing_makes_the_channel_deliver", {}),
    (SubscribesAgainAndAgain, "delta", "subscribing_twice_is_subscribing_once", {}),
    (TakesEverythingAnewEachTime, "delta", "subscribing_twice_is_subscribing_once", {}),
    (SubscribesOnlyWhereNothingStands, "delta", "a_missing_subscription_is_put_back", {}),
    (SubscribesOnlyWhereNothingStands, "delta", "a_subscription_that_was_switched_off_is_put_back", {}),
    (TakesStrangersAway, "delta", "subscriptions_of_strangers_are_left_alone", {}),
    (TakesAwayWhatGoesElsewhere, "delta", "unsubscribing_takes_away_all_of_ours", {}),
    (MovesTheNumberWithANotice, "delta", "a_notice_arrives_whole_and_the_number_stays", {"notice": AT_HAND}),
    (ShowsNothing, "delta", "a_notice_arrives_whole_and_the_number_stays", {"notice": AT_HAND}),
    (ShowsNothing, "compare", "numbers_and_notices_travel_as_the_display_says", {}),
    (ForgetsTheDay, "compare", "a_notice_arrives_whole_and_the_number_stays", {"notice": BACK_ON}),
    (LeavesOldFields, "delta", "a_new_notice_leaves_nothing_of_the_old", {}),
    (TakesNothingBack, "delta", "nothing_takes_everything_back", {}),
    (ClearsTheNoticeWithEachNumber, "delta", "a_number_alone_leaves_the_notice_that_is_there", {}),
    (CutsLongTexts, "delta", "a_text_arrives_letter_by_letter", {"text": "x" * 200}),
    (CutsLongTexts, "delta", "what_cannot_be_shown_is_refused", {"notice": Notice("in_stock", "x" * 201)}),
    (FailsTheBatchForOneItem, "delta", "one_refused_notice_does_not_spoil_the_others", {}),
    (BlamesNobody, "delta", "one_refused_notice_does_not_spoil_the_others", {}),
    (MixesNoticesWithNumbers, "compare", "numbers_and_notices_travel_as_the_display_says", {}),
    (SpendsACallOnEachNotice, "delta", "numbers_and_notices_travel_as_the_display_says", {}),
    (LosesTheRestOfAGroup, "compare", "groups_of_notices_keep_each_once", {}),
    (ShowsOnlyTheFirst, "delta", "more_notices_than_a_call_holds_all_arrive", {}),
    (BeginsToCountForANotice, "delta", "a_notice_does_not_begin_to_count", {}),
    (TakesALostAnswerForSuccess, "delta", "a_lost_answer_to_a_notice_is_mended", {"effect": False}),
    (StopsNothing, "delta", "what_would_sell_on_at_0_can_be_stopped", {}),
    (StopsByZeroing, "delta", "what_would_sell_on_at_0_can_be_stopped", {}),
    (FailsTheBatchForOneItem, "delta", "stopping_one_that_is_gone_does_not_spoil_the_others", {}),
    (ConnectsWhenMade, "delta", "making_it_calls_nobody", {}),
]


class Suite(ContractSuite):
    capabilities = OF_A_SHOP


def promise(prefix: str) -> Callable[..., None]:
    (name,) = [name for name in dir(Suite) if name.startswith(f"test_{prefix}")]
    return getattr(Suite(), name)


@pytest.mark.parametrize(("breaker", "style", "prefix", "arguments"), BITES)
def test_a_broken_promise_is_found(breaker, style, prefix, arguments, caplog):
    class Rig(MemoryRig):
        made: type[MemoryConnector] = MemoryConnector

        def connector(self):
            return self.made(self.shop)

        def wrong_credentials(self):
            return self.made(self.shop, secret="open-barley")

    if prefix.startswith(("no_error_log_line", "no_refusal_of_a_delivery")):
        arguments = {"caplog": caplog}
    kept = Rig(style)
    promise(prefix)(rig=kept, **arguments)  # the same test passes with the connector that keeps it

    broken = Rig(style)
    broken.made = breaker
    caplog.clear()
    with pytest.raises((AssertionError, pytest.fail.Exception, ConnectorError)):
        promise(prefix)(rig=broken, **arguments)
