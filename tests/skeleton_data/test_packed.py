import random
import tracemalloc
from pathlib import Path

import pytest

from skeleton_data.packed import Packed, in_order
from skeleton_data.raw import RawItem


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 1000])
def test_is_the_list_it_was_made_of(n):
    """Length, items from either end, slices and iteration are those of a list."""
    items = [RawItem(f"S{at:04}", Path(f"folder/S{at:04}.skeleton"), size=at) for at in range(n)]
    packed = Packed(items)
    assert len(packed) == n and list(packed) == items == [packed[at] for at in range(n)]
    assert packed[-3:] == items[-3:] and packed[5:300:7] == items[5:300:7] and bool(packed) == bool(items)
    with pytest.raises(IndexError):
        packed[n]


def test_appending_while_it_is_read():
    """What was read stays right when more comes: the batch that was open may be full by then."""
    packed = Packed(range(256))
    assert packed[0] == 0
    packed.extend(range(256, 600))
    assert [packed[at] for at in (0, 255, 256, 599)] == [0, 255, 256, 599]


def test_sorting_keeps_equal_items_in_their_order():
    """Items come as ``sorted`` gives them, over any number of runs."""
    rng = random.Random(0)
    items = [(rng.randrange(5000), at) for at in range(40_000)]
    assert list(in_order(items, key=lambda item: item[0])) == sorted(items, key=lambda item: item[0])


def test_a_listing_takes_tens_of_bytes_an_item():
    """A file of a listing takes less than a tenth of the objects that tell of it."""
    archive = Path("archive.zip")
    tracemalloc.start()
    try:
        packed = Packed(RawItem(f"S{at:06}", archive, f"folder/S{at:06}.skeleton", at) for at in range(20_000))
        assert tracemalloc.get_traced_memory()[0] < 60 * len(packed)
    finally:
        tracemalloc.stop()
