import json
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
import pytest

from skeleton_aug import Compose, FitLength, Normalize, Resample, Shear, Transform, presets
from skeleton_data import Store, convert, repack
from skeleton_data.loader import ViewLoader

N_FRAMES = 10
# Subject 1 before three cameras, subject 2 before two, subject 3 before one; two actions each.
SEEN = {1: ((1, 2, 3), (1, 2)), 2: ((1, 3), (1, 3)), 3: ((2,), (2, 3))}
NAMES = [
    f"S001C00{camera}P00{subject}R001A00{action}"
    for subject, (cameras, actions) in SEEN.items()
    for action in actions
    for camera in cameras
]
COPY, ORIGINAL = NAMES[2], NAMES[1]


@pytest.fixture(scope="module")
def store(tmp_path_factory, ntu_text, ntu_frames):
    """Twelve recordings of 6 to 17 frames, every third with a second body that comes late, one a copy of another."""
    raw = tmp_path_factory.mktemp("raw")
    for number, name in enumerate(NAMES):
        length = 6 + number
        frames = ntu_frames(number, length)
        if number % 3 == 0:
            frames = [*frames[:3], *ntu_frames(100 + number, length - 3, (5, 6))]
        (raw / f"{name}.skeleton").write_bytes(ntu_text(frames))
    # The same positions under another body id.
    text = (raw / f"{ORIGINAL}.skeleton").read_bytes()
    (raw / f"{COPY}.skeleton").write_bytes(text.replace(b"72057594037930243 ", b"72057594037930299 "))
    path = tmp_path_factory.mktemp("store") / "store.h5"
    convert("ntu60", raw, path)
    return Store.open(path)


def index_of(store, name):
    return store.samples["name"].tolist().index(name)


def two_views():
    return [presets.aggressive("kinect_v2", N_FRAMES, "joint+bone"), presets.conservative("kinect_v2", N_FRAMES)]


def one_view():
    return [Compose([Normalize(), FitLength(n_frames=N_FRAMES)])]


def make(store, indices=None, views=None, **settings):
    indices = np.arange(len(store)) if indices is None else indices
    settings = {"batch_size": 4, **settings}
    return ViewLoader(store, indices, one_view() if views is None else views, **settings)


def drawn(loader, epoch=0):
    """Sample numbers of a whole epoch, (views, n)."""
    return np.concatenate([batch.samples for batch in loader.epoch(epoch)], axis=1)


def equal(one, other):
    return all(
        np.array_equal(a.labels, b.labels)
        and np.array_equal(a.samples, b.samples)
        and all(np.array_equal(x, y) for x, y in zip(a.views, b.views, strict=True))
        for a, b in zip(one, other, strict=True)
    )


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("ViewLoader")]


@dataclass(frozen=True, kw_only=True)
class Failing(Transform):
    """Fails when it meets a sample of a given length."""

    length: int

    def sample(self, draws, batch):
        if (batch.n_frames == self.length).any():
            raise RuntimeError("this sample is too much")
        return Shear(factor_range=(0.0, 0.0)).sample(draws, batch)


@dataclass(frozen=True, kw_only=True)
class Gated(Transform):
    """Passes a gate, and counts."""

    gate: threading.Semaphore
    made: deque

    def sample(self, draws, batch):
        assert self.gate.acquire(timeout=10)
        self.made.append(batch.n)
        return Shear(factor_range=(0.0, 0.0)).sample(draws, batch)


@pytest.mark.parametrize("multi_view", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4, 5])
def test_views_equal_the_pipelines(store, multi_view, batch_size):
    """Each view is what its pipeline makes of its sample alone, with the same seed, epoch, index and view number."""
    views = two_views()
    loader = make(store, views=views, batch_size=batch_size, multi_view=multi_view, seed=7, drop_last=False)
    for batch in loader.epoch(3):
        for number, (pipeline, made, samples) in enumerate(zip(views, batch.views, batch.samples, strict=True)):
            assert made.dtype == np.float32 and made.shape[1:] == ((6, 3)[number], N_FRAMES, 25, store.max_bodies)
            for view, i in zip(made, samples.tolist(), strict=True):
                x = store[i].positions
                alone = pipeline(x, seed=7, epoch=3, index=i, view=number, layout="model")
                np.testing.assert_array_equal(view[..., : len(x)], alone)
                assert not view[..., len(x) :].any()


def test_labels_belong_to_the_samples(store):
    """Labels are those of the sample that each view was made from."""
    loader = make(store, views=two_views(), multi_view=True, batch_size=2)
    for epoch in range(3):
        for batch in loader.epoch(epoch):
            assert batch.labels.dtype == np.int64
            for samples in batch.samples:
                np.testing.assert_array_equal(batch.labels, store.labels[samples])


def test_all_views_of_one_recording(store):
    """Without multi_view both views show the same recording, and an epoch shows every recording once."""
    loader = make(store, views=two_views(), batch_size=5, drop_last=False)
    first, second = drawn(loader)
    assert np.array_equal(first, second) and sorted(first.tolist()) == list(range(12))


def test_multi_view_draws_all_cameras(store):
    """Views come from two cameras of one performance, drawn with replacement: in time, every pair of recordings."""
    chosen = store.split("xsub")[0]
    loader = make(store, chosen, two_views(), batch_size=3, multi_view=True, drop_last=False)
    pairs = np.concatenate([drawn(loader, epoch) for epoch in range(60)], axis=1).T
    expected = {(a, b) for group in store.performances(chosen) for a in group.tolist() for b in group.tolist()}
    assert {tuple(pair) for pair in pairs.tolist()} == expected and len(pairs) == 60 * len(store.performances(chosen))
    performance = store.samples["performance"]
    assert (performance[pairs[:, 0]] == performance[pairs[:, 1]]).all()


def test_multi_view_stays_within_the_indices(store):
    """Recordings outside the given indices are never shown, though they belong to the same performance."""
    chosen, _ = store.split("xview")
    loader = make(store, chosen, two_views(), batch_size=2, multi_view=True, drop_last=False)
    shown = {i for epoch in range(40) for i in drawn(loader, epoch).ravel().tolist()}
    allowed = set(chosen.tolist()) - {index_of(store, COPY)}
    assert shown == allowed and set(store.samples["camera"][list(shown)]) == {2, 3}


def test_multi_view_never_pairs_a_recording_with_its_copy(store):
    """A copy is no second viewpoint: it is not drawn beside its original."""
    copy, original = index_of(store, COPY), index_of(store, ORIGINAL)
    assert store[copy].duplicate_of == original
    loader = make(store, [original, copy], two_views(), batch_size=1, multi_view=True)
    assert {tuple(drawn(loader, epoch)[:, 0]) for epoch in range(30)} == {(original, original)}


def test_cameras_do_not_depend_on_other_performances(store):
    """A performance draws the same cameras whether it is loaded alone or with others."""
    groups = store.performances()
    whole = make(store, views=two_views(), batch_size=2, multi_view=True)
    part = make(store, np.concatenate(groups[2:4]), two_views(), batch_size=1, multi_view=True)
    for epoch in range(5):
        performance = store.samples["performance"]
        all_pairs = {performance[a]: (a, b) for a, b in drawn(whole, epoch).T.tolist()}
        assert all(all_pairs[performance[a]] == (a, b) for a, b in drawn(part, epoch).T.tolist())


@pytest.mark.parametrize("multi_view", [False, True])
def test_prefetch_changes_nothing(store, multi_view):
    """Batches are the same to the bit however many are made ahead, and when an epoch is run again."""
    settings = {"views": two_views(), "multi_view": multi_view, "batch_size": 2, "seed": 1}
    expected = list(make(store, **settings, prefetch=0).epoch(2))
    for prefetch in (0, 1, 2, 50):
        assert equal(expected, list(make(store, **settings, prefetch=prefetch).epoch(2)))


def test_what_a_batch_depends_on(store):
    """Another seed, epoch or pipeline order gives other batches; what was loaded before does not count."""
    loader = make(store, views=two_views(), seed=1)
    expected = list(loader.epoch(2))
    assert not equal(expected, list(loader.epoch(3)))
    assert not equal(expected, list(make(store, views=two_views(), seed=2).epoch(2)))
    assert equal(expected, list(loader.epoch(2)))


def test_order(store):
    """Each epoch goes through everything once, in an order of its own that batch size does not change."""
    orders = [drawn(make(store, batch_size=size, drop_last=False), epoch)[0] for epoch in range(4) for size in (1, 5)]
    assert all(sorted(order.tolist()) == list(range(12)) for order in orders)
    for epoch in range(4):
        assert np.array_equal(orders[2 * epoch], orders[2 * epoch + 1])
    assert len({tuple(order) for order in orders}) == 4
    assert not any((order == np.arange(12)).all() for order in orders)


def test_order_without_shuffle(store):
    """shuffle=False keeps the order given, repetitions included; of performances, their number's."""
    given = [5, 1, 9, 1, 0]
    assert drawn(make(store, given, batch_size=2, shuffle=False, drop_last=False))[0].tolist() == given
    loader = make(store, views=two_views(), batch_size=4, multi_view=True, shuffle=False, drop_last=False)
    assert store.samples["performance"][drawn(loader)[0]].tolist() == list(range(len(store.performances())))


@pytest.mark.parametrize(("drop_last", "sizes"), [(True, [5, 5]), (False, [5, 5, 2])])
def test_last_batch(store, drop_last, sizes):
    """drop_last leaves out a batch that is not full; the length says how many come."""
    loader = make(store, batch_size=5, drop_last=drop_last)
    assert [len(batch.labels) for batch in loader.epoch()] == sizes and len(loader) == len(sizes)


def test_full_last_batch_is_kept(store):
    """Where batches fit exactly, none is left out."""
    assert [len(batch.labels) for batch in make(store, batch_size=6).epoch()] == [6, 6]


def test_batches_belong_to_the_caller(store):
    """Writing into a batch changes neither the others nor the store, which is mapped read-only."""
    loader = make(store, batch_size=4, shuffle=False)
    expected = list(loader.epoch())
    assert isinstance(store.rows, np.memmap) and not store.rows.flags.writeable
    for batch in loader.epoch():
        for array in (*batch.views, batch.labels, batch.samples):
            assert array.flags.writeable
            array.fill(7)
    assert equal(expected, list(loader.epoch())) and store.verify() == []


def test_early_end_leaves_no_thread(store):
    """A consumer that stops after one batch, or forgets the iterator, leaves no thread behind."""
    loader = make(store, batch_size=1, prefetch=3)
    for _ in loader.epoch():
        assert loader_threads()
        break
    # The loop above dropped its iterator, which closes it.
    assert not loader_threads()
    batches = loader.epoch()
    next(batches)
    batches.close()
    assert not loader_threads()
    assert len(list(loader.epoch())) == 12 and not loader_threads()


def test_early_end_cancels_what_was_ordered(store):
    """Of ten batches ordered ahead, those not begun are not made any more once the consumer stops."""
    gate, made = threading.Semaphore(1), deque()
    pipeline = Compose([Gated(gate=gate, made=made), FitLength(n_frames=4)])
    batches = make(store, views=[pipeline], batch_size=1, prefetch=9).epoch()
    next(batches)
    # The second batch, which may have begun, needs the gate to end.
    opener = threading.Timer(0.3, gate.release, [10])
    opener.start()
    batches.close()
    opener.join()
    assert not loader_threads() and 1 <= len(made) <= 2


@pytest.mark.parametrize("prefetch", [0, 3])
def test_worker_error_reaches_the_consumer(store, prefetch):
    """What fails in the background is raised where the batch is asked for, after the good batches before it."""
    # Lengths rise with the sample's number, but for the copy.
    lengths = store.samples["n_frames"].tolist()
    bad = lengths.index(max(lengths))
    order = [i for i in range(12) if i != bad]
    order.insert(6, bad)
    loader = make(
        store, order, [Compose([Failing(length=max(lengths)), FitLength(n_frames=4)])], batch_size=2, shuffle=False,
        prefetch=prefetch,
    )  # fmt: skip
    seen = []
    with pytest.raises(RuntimeError, match="too much"):
        for batch in loader.epoch():
            seen.extend(batch.samples[0].tolist())
    assert seen == order[:6] and not loader_threads()


def test_views_without_one_length(store):
    """A pipeline that leaves the sequences at several lengths is named with the mend."""
    with pytest.raises(ValueError, match=r"end the pipeline with FitLength"):
        list(make(store, views=[Resample()]).epoch())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 13}, "12 samples do not fill one batch of 13. Use a smaller batch_size"),
        ({"batch_size": 7, "multi_view": True}, "6 performances do not fill one batch of 7"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"views": []}, "at least one pipeline"),
        ({"indices": []}, r"indices of some samples, \(n,\) ints, got shape \(0,\)"),
        ({"indices": [[1, 2]]}, r"got shape \(1, 2\)"),
        ({"indices": [0, 12]}, r"indices must lie in 0..11, got 0 to 12"),
        ({"indices": [-1, 5], "multi_view": True}, r"indices must lie in 0..11, got -1 to 5"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(store, settings, message):
    """What no batch can be made of is refused at once, with what to do."""
    with pytest.raises(ValueError, match=message):
        make(store, **settings)


def test_small_sets_load_with_drop_last_off(store):
    """A batch larger than the set is fine when it need not be full."""
    assert [len(batch.labels) for batch in make(store, batch_size=100, drop_last=False).epoch()] == [12]


def test_described_tracks(store):
    """The description says for each body where its rows lie; absent bodies have none."""
    described = store.describe([3, 0])
    for n, i in enumerate((3, 0)):
        sample = store[i]
        x = np.zeros((store.max_bodies, *sample.positions.shape[1:]), np.float32)
        for m in range(store.max_bodies):
            row, first, length = (int(a[n, m]) for a in (described.row, described.first, described.length))
            x[m, first : first + length] = described.rows[row : row + length]
        np.testing.assert_array_equal(x[: len(sample.positions)], sample.positions)
        assert described.n_frames[n] == sample.positions.shape[1] and not x[len(sample.positions) :].any()


def all_in_order(loader, epochs=(0,)):
    return [batch for epoch in epochs for batch in loader.epoch(epoch)]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("filter", ["none", "lzf"])
@pytest.mark.parametrize("multi_view", [False, True])
def test_same_bits_everywhere(store, tmp_path, threads, ranks, filter, multi_view):
    """Threads, ranks and compression change no bit of any view, nor does a stop in the middle of an epoch."""
    settings = {"views": two_views(), "multi_view": multi_view, "seed": 4, "drop_last": False}
    expected = all_in_order(make(store, batch_size=4, **settings), (0, 1))
    other = Store.open(repack(store.path, tmp_path / "other.h5", filter=filter))
    shared = []
    for rank in range(ranks):
        part = {"batch_size": 4 // ranks, "threads": threads, "rank": rank, "world_size": ranks, **settings}
        first = make(other, **part)
        batches = iter(first)
        made = [next(batches)]
        state = json.loads(json.dumps(first.state_dict()))
        batches.close()
        resumed = make(other, **part)
        resumed.load_state_dict(state)
        made += list(resumed)
        made += list(resumed)
        shared.append(made)
    for batch, *parts in zip(expected, *shared, strict=True):
        np.testing.assert_array_equal(np.concatenate([part.samples for part in parts], axis=1), batch.samples)
        for number, view in enumerate(batch.views):
            np.testing.assert_array_equal(np.concatenate([part.views[number] for part in parts]), view)


def test_states(store):
    """A state counts the batches that were given, and moves on to the next epoch with the last of them."""
    loader = make(store, batch_size=5)
    assert [(s["epoch"], s["batch"]) for s in [loader.state_dict()]] == [(0, 0)]
    seen = []
    for _ in loader.epoch(3):
        seen.append((loader.state_dict()["epoch"], loader.state_dict()["batch"]))
    assert seen == [(3, 1), (3, 2)] and loader.state_dict()["epoch"] == 4 and loader.state_dict()["batch"] == 0
    other = make(store, batch_size=5)
    other.load_state_dict({**loader.state_dict(), "epoch": 3, "batch": 2})
    assert equal(list(other), all_in_order(loader, (4,)))
    # One process in place of two, whose batches are as large together.
    other.load_state_dict({**make(store, batch_size=1, world_size=5, rank=3).state_dict(), "batch": 1})
    assert equal(list(other), all_in_order(loader)[1:])


@pytest.mark.parametrize("settings", [{"batch_size": 3}, {"seed": 9}, {"multi_view": True}, {"repeats": 2}], ids=str)
def test_states_of_others_are_refused(store, settings):
    """A state goes with the settings that decide what comes."""
    with pytest.raises(ValueError, match="state is that of another loader"):
        make(store).load_state_dict(make(store, **settings).state_dict())
    with pytest.raises(ValueError, match="epoch and batch differ"):
        make(store).load_state_dict({k: v for k, v in make(store).state_dict().items() if k != "epoch"})


def test_passes_are_epochs(store):
    """Each pass over a loader is the next epoch, also after one that was left early."""
    loader = make(store, seed=3)
    for _ in loader:
        break
    assert equal(list(loader), all_in_order(make(store, seed=3), (1,)))


def test_memory_is_used_again(store):
    """An epoch takes no more memory than the batches under way and the one that is looked at; what is kept stays."""
    loader = make(store, views=two_views(), batch_size=1, prefetch=2, threads=2)
    places = {view.ctypes.data for batch in loader.epoch() for view in batch.views}
    assert len(places) <= 2 * (2 + 2 + 1)
    kept = list(loader.epoch())
    assert equal(kept, all_in_order(make(store, views=two_views(), batch_size=1)))


def test_tensors(store):
    """Tensors on request, of the same numbers."""
    torch = pytest.importorskip("torch")
    for batch, expected in zip(make(store, tensors=True).epoch(), make(store).epoch(), strict=True):
        assert all(torch.equal(a, torch.from_numpy(b)) for a, b in zip(batch.views, expected.views, strict=True))
        assert torch.is_tensor(batch.labels) and batch.samples.tolist() == expected.samples.tolist()


@pytest.mark.parametrize("channels", ["bone", "joint+bone"])
def test_bones_on_request(store, channels):
    """Bones are taken of what the pipelines make, which draw what they draw without."""
    (batch, *_) = make(store, channels=channels, seed=2).epoch()
    (plain, *_) = make(store, seed=2).epoch()
    parents = np.maximum(store.skeleton.parent_array, 0)
    joints = plain.views[0]
    bones = np.where((joints == 0).all(axis=1, keepdims=True), 0, joints - joints[:, :, :, parents])
    expected = bones if channels == "bone" else np.concatenate([joints, bones], axis=1)
    assert batch.views[0].shape == expected.shape
    rooted = store.skeleton.parent_array >= 0
    np.testing.assert_allclose(batch.views[0][:, :, :, rooted], expected[:, :, :, rooted], atol=1e-6)
    with pytest.raises(ValueError, match="channels"):
        make(store, channels="bones")


def test_time_waited(store):
    """What a consumer waits for is counted: all of it where nothing is made ahead, little where it takes its time."""
    gate, made = threading.Semaphore(100), deque()
    loader = make(
        store, views=[Compose([Gated(gate=gate, made=made), FitLength(n_frames=4)])], batch_size=1, prefetch=0
    )
    assert loader.waited == 0
    list(loader.epoch())
    eager = loader.waited
    assert eager > 0
    list(loader.epoch())
    assert loader.waited > eager


def test_reading_ahead_changes_nothing(store):
    """Advice to the operating system is only that."""
    settings = {"views": two_views(), "multi_view": True, "batch_size": 2}
    assert equal(list(make(store, read_ahead=True, **settings).epoch()), list(make(store, **settings).epoch()))


def test_errors_name_the_recording(store):
    """What a pipeline raises comes with a note that says of which recording, and of which store."""
    lengths = store.samples["n_frames"].tolist()
    bad = lengths.index(max(lengths))
    loader = make(store, views=[Compose([Failing(length=max(lengths)), FitLength(n_frames=4)])], shuffle=False)
    with pytest.raises(RuntimeError, match="too much") as caught:
        list(loader.epoch(2))
    (note,) = caught.value.__notes__
    assert note == f"While views were made of {store.samples['name'][bad]} of {store.path}, epoch 2."


def test_an_interrupted_process_ends(store, tmp_path):
    """Ctrl-C in the middle of a loop ends the process at once, ten times over, with no thread that holds it up."""
    code = f"""
import sys, numpy as np
from skeleton_aug import presets
from skeleton_data import Store, ViewLoader
store = Store.open({str(store.path)!r})
loader = ViewLoader(store, np.arange(12), [presets.conservative(n_frames=10)] * 2, batch_size=2, threads=2, prefetch=4)
while True:
    for batch in loader:
        print("x", flush=True)
"""
    for attempt in range(10):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            for _ in range(1 + 3 * attempt):
                assert process.stdout.readline()
            process.send_signal(signal.SIGINT if attempt % 2 else signal.SIGTERM)
            _, errors = process.communicate(timeout=20)
        assert process.returncode != 0 and (not attempt % 2 or b"KeyboardInterrupt" in errors)
