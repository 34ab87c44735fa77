import numpy as np
import pytest

from skeleton_aug import Compose, FitLength
from skeleton_data import EpochBatches, SkeletonDataset, Store

VIEWS = [Compose([FitLength(n_frames=8)])]


class Made:
    """What EpochBatches asks of a data set: 1,000 recordings of five classes, of which one is rare."""

    multi_view = False

    def __init__(self, n=1000, seed=0):
        rng = np.random.default_rng(n)
        self.seed, self.numbers = seed, np.arange(n) * 3
        self.labels = np.minimum(rng.integers(0, 40, n), 4)
        self.lengths, self.rows = rng.integers(20, 300, n), rng.permutation(n) * 100

    def __len__(self):
        return len(self.numbers)


def ranks(dataset, world_size, batch_size, **settings):
    """Batches of each rank."""
    return [
        EpochBatches(dataset, batch_size, rank=rank, world_size=world_size, **settings).batches(3)
        for rank in range(world_size)
    ]


@pytest.mark.parametrize("sampling", ["plain", "balanced", "length", "near"])
@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
def test_ranks_share_one_epoch(sampling, world_size):
    """Batches of all ranks, put together, are those of one process; each rank has as many."""
    dataset = Made()
    alone = EpochBatches(dataset, 24, sampling=sampling, drop_last=False).batches(3)
    shared = ranks(dataset, world_size, 24 // world_size, sampling=sampling, drop_last=False)
    assert {len(batches) for batches in shared} == {len(alone)} == {-(-1000 // 24)}
    for batch, *parts in zip(alone, *shared, strict=True):
        np.testing.assert_array_equal(np.concatenate(parts), batch)


def test_a_last_batch_smaller_than_the_number_of_ranks():
    """It is shared out as evenly as it goes; who would get nothing gets its first item again."""
    shared = ranks(Made(26), 4, 6, drop_last=False, shuffle=False)
    assert [batches[-1].tolist() for batches in shared] == [[24], [25], [24], [24]]
    assert all(len(batches) == 1 for batches in ranks(Made(26), 4, 6))


@pytest.mark.parametrize("sampling", ["plain", "length", "near"])
def test_everything_comes_once(sampling):
    """And in another order each epoch, the same for the same seed."""
    batches = EpochBatches(Made(), 64, sampling=sampling, drop_last=False)
    orders = [np.concatenate(batches.batches(epoch)) for epoch in (0, 1)]
    assert all(sorted(order.tolist()) == list(range(1000)) for order in orders)
    assert (orders[0] != orders[1]).mean() > 0.9
    again = EpochBatches(Made(), 64, sampling=sampling, drop_last=False)
    np.testing.assert_array_equal(np.concatenate(again.batches(1)), orders[1])
    other = EpochBatches(Made(seed=1), 64, sampling=sampling, drop_last=False)
    assert (np.concatenate(other.batches(1)) != orders[1]).mean() > 0.9


def test_balanced_classes():
    """Each class has its equal share of an epoch; repetitions of an item are items of their own."""
    dataset = Made()
    counts = np.bincount(dataset.labels)
    items = EpochBatches(dataset, 10, sampling="balanced").order(0)
    assert len(items) == len(set(items.tolist())) == 1000
    assert np.bincount(dataset.labels[items % 1000]).tolist() == [200] * 5
    rare = items[dataset.labels[items % 1000] == 0]
    times = np.unique(np.unique(rare % 1000, return_counts=True)[1])
    assert len(np.unique(rare % 1000)) == counts[0] and np.ptp(times) <= 1
    # Not sorted by class.
    assert len(np.unique(dataset.labels[items[:40] % 1000])) == 5


def test_similar_lengths():
    """Batches hold recordings of similar length, and come in no order of length."""
    dataset = Made()
    batches = EpochBatches(dataset, 16, sampling="length").batches(0)
    spread = np.mean([np.ptp(dataset.lengths[batch]) for batch in batches])
    usual = np.mean([np.ptp(dataset.lengths[batch]) for batch in EpochBatches(dataset, 16).batches(0)])
    assert spread < usual / 5
    means = np.array([dataset.lengths[batch].mean() for batch in batches])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


def test_near_in_the_file():
    """Batches stay near one another in the file, and are no stretches of it."""
    dataset = Made(50_000)
    batches = EpochBatches(dataset, 100, sampling="near").batches(0)
    inside = [np.ptp(dataset.rows[batch]) / 100 for batch in batches]
    assert max(inside) < 50_000 and np.median([len(np.unique(dataset.rows[b] // 6400)) for b in batches]) <= 17
    assert all((np.diff(dataset.rows[batch]) < 0).any() for batch in batches)


def test_repeats_draw_anew(varied_store):
    """An epoch of three repeats has everything three times: each time the cameras and the views are drawn anew."""
    dataset = SkeletonDataset(Store.open(varied_store), views=VIEWS * 2, multi_view=True)
    batches = EpochBatches(dataset, 4, repeats=3, drop_last=False)
    n = len(dataset)
    items = np.concatenate(batches.batches(0))
    assert sorted(items.tolist()) == list(range(3 * n)) and len(batches) == -(-3 * n // 4)
    drawn = [dataset.batch(np.arange(n) + n * copy).samples for copy in range(3)]
    assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[1], drawn[2])
    np.testing.assert_array_equal(EpochBatches(dataset, 4).order(0), items[:n])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rank": 2, "world_size": 2}, r"rank must lie in 0\.\.world_size - 1, got 2 of 2"),
        ({"repeats": 0}, "repeats must be at least 1, got 0"),
        ({"sampling": "rare"}, "sampling must be one of .*'balanced'.*, got 'rare'"),
        ({"sampling": "length", "shuffle": False}, "'length' has an order of its own; leave shuffle"),
        ({"batch_size": 300, "world_size": 4}, "1000 samples do not fill one batch of 4 times 300"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(settings, message):
    """Contradictions are refused at once."""
    with pytest.raises(ValueError, match=message):
        EpochBatches(Made(), **{"batch_size": 10, **settings})
