import numpy as np
import pytest

from skeleton_aug import presets
from skeleton_data import SkeletonDataset, Store, ViewItem, ViewLoader

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402

from skeleton_data.torch import collate, data_loader  # noqa: E402

VIEWS = [presets.conservative("kinect_v2", 10), presets.conservative("kinect_v2", 12)]
# A spawned worker imports everything first, which takes seconds: each of its settings comes up once.
WORKERS = [
    (0, None, False),
    *((workers, "fork", persistent) for workers in (1, 2) for persistent in (False, True)),
    (1, "spawn", True),
    (2, "spawn", False),
]


@pytest.fixture(scope="module")
def dataset(varied_store):
    return SkeletonDataset(varied_store, views=VIEWS, multi_view=True, seed=2)


@pytest.fixture(scope="module")
def expected(dataset):
    """Epochs 4 and 5 as ViewLoader makes them in this process."""
    indices = np.arange(len(dataset.store))
    loader = ViewLoader(dataset.store, indices, VIEWS, batch_size=2, multi_view=True, seed=2, drop_last=False)
    return [list(loader.epoch(epoch)) for epoch in (4, 5)]


@pytest.mark.parametrize(("workers", "method", "persistent"), WORKERS)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_any_workers_give_the_same(dataset, expected, workers, method, persistent):
    """Any number of workers, forked or spawned, started anew or kept, give the same batches, epoch by epoch."""
    options = {"multiprocessing_context": method, "persistent_workers": persistent} if workers else {}
    loader = data_loader(dataset, 2, drop_last=False, epoch=4, num_workers=workers, **options)
    # Where spawned workers are started for every pass, one pass shows what there is to see.
    for epoch in expected[: 1 if method == "spawn" and not persistent else 2]:
        assert len(loader) == len(epoch)
        for made, wanted in zip(loader, epoch, strict=True):
            assert all(np.array_equal(a.numpy(), b) for a, b in zip(made.views, wanted.views, strict=True))
            assert made.label.tolist() == wanted.labels.tolist()
            assert made.samples.T.tolist() == wanted.samples.tolist()


def test_tensors_share_the_memory_of_the_batch(dataset):
    """The collation copies nothing, and gives what PyTorch's own gives."""
    items = dataset.__getitems__([(0, 1), (0, 0)])
    ours, usual = collate(items), collate(list(items))
    assert isinstance(ours, ViewItem) and isinstance(usual, ViewItem)
    for a, b, array in zip(ours.views, usual.views, items.batch.views, strict=True):
        assert a.dtype == torch.float32 and torch.equal(a, b)
        assert a.data_ptr() == array.ctypes.data != b.data_ptr()
    assert torch.equal(ours.label, usual.label) and torch.equal(ours.samples, usual.samples)


def test_a_plain_data_loader_works_too(dataset):
    """Without anything of ours PyTorch's loader takes places and collates; every item is of epoch 0."""
    (batch,) = DataLoader(dataset, batch_size=len(dataset))
    expected = dataset.batch(np.arange(len(dataset)))
    assert all(np.array_equal(a.numpy(), b) for a, b in zip(batch.views, expected.views, strict=True))


def test_a_set_without_pipelines_makes_no_batches(varied_store):
    """Recordings of different lengths are refused with what to do."""
    with pytest.raises(ValueError, match="give the data set pipelines"):
        data_loader(SkeletonDataset(Store.open(varied_store)), 2)
