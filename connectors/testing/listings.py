"""What a `ListingSource` promises."""

from __future__ import annotations

from connectors.contract import Listing, ListingRef, StockKeeping
from connectors.testing.rig import Capability, Promises, Rig, as_listings, needs


def everything(rig: Rig) -> list[Listing]:
    pages = list(as_listings(rig.connector()).listings())
    assert not any(page.parked for page in pages)
    found = [listing for page in pages for listing in page.listings]
    totals = {page.total for page in pages} - {None}
    assert totals <= {len(found)}
    return found


def read_one(rig: Rig, ref: ListingRef) -> Listing:
    return as_listings(rig.connector()).read([ref])[ref.id]


class ListingPromises(Promises):
    @needs(Capability.LISTINGS)
    def test_everything_on_sale_is_listed_once_with_its_number(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", n) for n in range(7)]
        found = everything(rig)
        assert sorted((listing.id, listing.sku, listing.shown) for listing in found) == sorted(
            (ref.id, f"SKU-{n}", n) for n, ref in enumerate(refs)
        )
        assert all(listing.stock is StockKeeping.OWN for listing in found)
        assert all(listing.sells_at_zero == () for listing in found)

    @needs(Capability.LISTINGS)
    def test_an_empty_shop_has_no_listings(self, rig: Rig) -> None:
        assert everything(rig) == []

    @needs(Capability.LISTINGS, Capability.VARIATIONS)
    def test_a_variation_is_listed_and_read_by_its_own_reference(self, rig: Rig) -> None:
        ref = rig.add_listing("SHOE-39", 4, variation=True)
        (listed,) = everything(rig)
        assert (listed.ref, listed.sku, listed.shown) == (ref, "SHOE-39", 4)
        assert read_one(rig, listed.ref).shown == 4

    @needs(Capability.LISTINGS)
    def test_a_missing_sku_is_none(self, rig: Rig) -> None:
        ref = rig.add_listing(None, 1)
        assert [listing.sku for listing in everything(rig)] == [None]
        assert read_one(rig, ref).sku is None

    @needs(Capability.LISTINGS)
    def test_ids_are_stable_across_reads(self, rig: Rig) -> None:
        rig.add_listing("A", 1)
        rig.add_listing("B", 2)
        assert [listing.ref for listing in everything(rig)] == [listing.ref for listing in everything(rig)]

    @needs(Capability.LISTINGS)
    def test_reading_shows_the_number_of_this_instant(self, rig: Rig) -> None:
        ref = rig.add_listing("A", 5)
        source = as_listings(rig.connector())
        assert source.read([ref])[ref.id].shown == 5
        rig.set_shown(ref, 3)
        assert source.read([ref])[ref.id].shown == 3

    @needs(Capability.LISTINGS)
    def test_a_negative_number_is_told_as_it_is(self, rig: Rig) -> None:
        ref = rig.add_listing("A", -2)
        assert read_one(rig, ref).shown == -2
        assert [listing.shown for listing in everything(rig)] == [-2]

    @needs(Capability.LISTINGS)
    def test_what_is_gone_is_absent_and_the_others_are_there(self, rig: Rig) -> None:
        here, gone = rig.add_listing("A", 1), rig.add_listing("B", 2)
        rig.remove_listing(gone)
        assert set(as_listings(rig.connector()).read([gone, here])) == {here.id}
        assert [listing.id for listing in everything(rig)] == [here.id]

    @needs(Capability.LISTINGS)
    def test_reading_nothing_brings_nothing(self, rig: Rig) -> None:
        rig.add_listing("A", 1)
        assert dict(as_listings(rig.connector()).read([])) == {}

    @needs(Capability.LISTINGS)
    def test_reading_takes_more_listings_than_a_page_holds(self, rig: Rig) -> None:
        refs = [rig.add_listing(f"SKU-{n}", n) for n in range(rig.batch_limit + 1)]
        found = as_listings(rig.connector()).read(refs)
        assert {ref.id: found[ref.id].shown for ref in refs} == {ref.id: n for n, ref in enumerate(refs)}

    @needs(Capability.LISTINGS, Capability.UNCOUNTED)
    def test_what_the_channel_does_not_count_has_no_number(self, rig: Rig) -> None:
        ref = rig.add_listing("A", None)
        listing = read_one(rig, ref)
        assert (listing.shown, listing.stock) == (None, StockKeeping.NONE)
        assert [(listed.shown, listed.stock) for listed in everything(rig)] == [(None, StockKeeping.NONE)]
