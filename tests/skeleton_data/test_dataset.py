import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from skeleton_aug import Compose, FitLength, Normalize, presets
from skeleton_data import EpochBatches, Sample, SkeletonDataset, Store, ViewLoader, repack

VIEWS = [presets.aggressive("kinect_v2", 10), Compose([Normalize(), FitLength(n_frames=10)])]


@pytest.fixture(scope="module")
def store(varied_store):
    return Store.open(varied_store)


def alike(one, other):
    return (
        all(np.array_equal(a, b) for a, b in zip(one.views, other.views, strict=True))
        and one.label == other.label
        and np.array_equal(one.samples, other.samples)
    )


def test_without_pipelines_items_are_samples(store):
    """Items are the recordings themselves, by place among the given indices."""
    dataset = SkeletonDataset(store, [7, 2])
    assert len(dataset) == 2 and isinstance(dataset[0], Sample)
    assert [dataset[i].index for i in (0, 1, -1)] == [7, 2, 2]
    np.testing.assert_array_equal(dataset[0].positions, store[7].positions)
    with pytest.raises(IndexError):
        _ = dataset[2]


def test_by_default_all_samples_of_a_path(varied_store, store):
    """A path will do for a store, and all samples are there."""
    assert [sample.index for sample in SkeletonDataset(varied_store)] == list(range(len(store)))


def test_item_is_what_its_pipelines_make(store):
    """Each view is its pipeline's, with seed, epoch, sample and view number; the label is the recording's."""
    dataset = SkeletonDataset(store, [7, 2, 5], VIEWS, seed=3)
    item = dataset[4, 1]
    assert item.label == store.labels[2] and item.samples.tolist() == [2, 2]
    for number, (pipeline, view) in enumerate(zip(VIEWS, item.views, strict=True)):
        x = store[2].positions
        alone = pipeline(x, seed=3, epoch=4, index=2, view=number, layout="model")
        assert view.shape == (3, 10, 25, 2) and view.dtype == np.float32
        np.testing.assert_array_equal(view[..., : len(x)], alone)
    assert alike(dataset[1], dataset[0, 1]) and not alike(dataset[1], item)


def test_batch_equals_items(store):
    """Many keys at once give what each gives alone, in order, repetitions and counts from the end included."""
    dataset = SkeletonDataset(store, views=VIEWS, multi_view=True)
    keys = [(2, 3), (2, 0), (2, 3), (2, -1)]
    items = dataset.__getitems__(keys)
    assert len(items) == 4 and all(alike(item, dataset[key]) for item, key in zip(items, keys, strict=True))
    assert alike(items[3], dataset[2, len(dataset) - 1])


def test_batches_are_the_loaders(store):
    """Data set and batches of keys give exactly the epochs that ViewLoader gives."""
    train, _ = store.split("xview")
    settings = {"multi_view": True, "seed": 5}
    dataset = SkeletonDataset(store, train, VIEWS, **settings)
    batches = EpochBatches(dataset, 2, epoch=1)
    loader = ViewLoader(store, train, VIEWS, batch_size=2, **settings)
    assert len(batches) == len(loader)
    iter(batches)
    for epoch in (1, 2):
        for keys, expected in zip(batches, loader.epoch(epoch), strict=True):
            assert {key[0] for key in keys} == {epoch}
            made = dataset.__getitems__(keys).batch
            np.testing.assert_array_equal(made.views, expected.views)
            np.testing.assert_array_equal(made.samples, expected.samples)


def test_without_replacement_views_come_from_other_cameras(store):
    """Two views of a performance never show one recording, in a batch as alone; with replacement they may."""
    dataset = SkeletonDataset(store, views=VIEWS, multi_view=True, replacement=False)
    places = np.arange(len(dataset))
    pairs = np.concatenate([dataset.batch(places, epoch).samples for epoch in range(8)], axis=1)
    assert (pairs[0] != pairs[1]).all() and len({tuple(pair) for pair in pairs.T.tolist()}) > 12
    assert dataset[3, 2].samples.tolist() == dataset.batch(places, 3).samples[:, 2].tolist()
    loader = ViewLoader(store, np.arange(12), VIEWS, batch_size=2, multi_view=True, replacement=False)
    assert all((batch.samples[0] != batch.samples[1]).all() for batch in loader.epoch(1))
    usual = SkeletonDataset(store, views=VIEWS, multi_view=True)
    drawn = np.concatenate([usual.batch(places, epoch).samples for epoch in range(8)], axis=1)
    assert (drawn[0] == drawn[1]).any()


def test_order_without_shuffle_and_last_batch(store):
    """Without shuffling places come in order; a last batch that is not full is kept on request."""
    dataset = SkeletonDataset(store, [5, 1, 9], VIEWS)
    assert list(EpochBatches(dataset, 2, shuffle=False, drop_last=False)) == [[(0, 0), (0, 1)], [(0, 2)]]
    assert list(EpochBatches(dataset, 2, shuffle=False)) == [[(0, 0), (0, 1)]]


@pytest.mark.parametrize("filter", ["none", "lzf"])
@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_other_processes_make_the_same(varied_store, tmp_path, method, filter):
    """A data set that was read from already gives the same items in spawned and forked processes."""
    dataset = SkeletonDataset(repack(varied_store, tmp_path / "a.h5", filter=filter), views=VIEWS, multi_view=True)
    expected = [dataset[3, place] for place in range(len(dataset))]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        there = pool.submit(dataset.__getitems__, [(3, place) for place in range(len(dataset))]).result(60)
    assert all(alike(a, b) for a, b in zip(expected, there, strict=True))


def test_pickle_is_small(store):
    """A pickle carries the path and the indices, not the data, also after reading."""
    dataset = SkeletonDataset(store, views=VIEWS)
    _ = dataset[0]
    text = pickle.dumps(dataset)
    assert len(text) < 5000 and alike(pickle.loads(text)[1], dataset[1])


def test_torch_is_not_imported():
    """The package, its data sets and loaders work without PyTorch being imported."""
    code = "import sys, skeleton_data, skeleton_data.dataset; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"indices": [12]}, r"indices must lie in 0\.\.11, got 12 to 12"),
        ({"indices": []}, r"expected indices of some samples, \(n,\) ints, got shape \(0,\)"),
        ({"indices": [[1]]}, r"got shape \(1, 1\)"),
        ({"multi_view": True}, "give at least one pipeline"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(store, settings, message):
    """What no item can be made of is refused at once."""
    with pytest.raises(ValueError, match=message):
        SkeletonDataset(store, **settings)


def test_batches_that_cannot_be(store):
    """Batches larger than the set, of nothing, or of two epochs are refused with what to do."""
    dataset = SkeletonDataset(store, [1, 2], VIEWS)
    with pytest.raises(ValueError, match="2 samples do not fill one batch of 3"):
        EpochBatches(dataset, 3)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        EpochBatches(dataset, 0)
    with pytest.raises(ValueError, match=r"one epoch, got keys of epochs \[0, 1\]"):
        dataset.__getitems__([(0, 1), (1, 1)])
