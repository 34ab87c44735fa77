"""Stores from iterators: what is stored, what is rejected, and how little is held."""

import weakref

import numpy as np
import pytest

from skeleton_aug.skeletons import KINECT_V1, KINECT_V2
from skeleton_data import RawBody, RawFileError, RawSequence, SkeletonDataError, Store, convert_sequences
from skeleton_data.splits import by_values
from tests.skeleton_data.made import BIG_IDS


def sequence(name="a", n_frames=4, label=0, **changed):
    rng = np.random.default_rng(len(name))
    positions = rng.normal(size=(n_frames - 1, 25, 3)).astype(np.float32)
    bodies = [RawBody(BIG_IDS[0], np.arange(1, n_frames, dtype=np.int32), positions)]
    return RawSequence(
        **{"name": name, "n_frames": n_frames, "bodies": bodies, "label": label, "performance": name} | changed
    )


def made(tmp_path, sequences, **options):
    options = {"skeleton": "kinect_v2", "class_names": ["x", "y"], **options}
    summary = convert_sequences(sequences, tmp_path / "a.h5", **options)
    return summary, Store.open(tmp_path / "a.h5")


def test_everything_given_is_stored(tmp_path):
    """Positions, exact ids, numbers, classes, layout and splits; the given objects stay as they are."""
    given = [sequence("a", subject=3, camera=1), sequence("b", label=1, subject=4, camera=2)]
    summary, store = made(
        tmp_path, given, splits=lambda samples: {"cross": by_values(samples["subject"], [3])}, name="mine"
    )
    assert summary.n_samples == 2 and store.skeleton == KINECT_V2 and store.class_names == ("x", "y")
    for sample, expected in zip(store, given, strict=True):
        np.testing.assert_array_equal(sample.positions[0, 1:], expected.bodies[0].positions)
        assert sample.body_ids.tolist() == [BIG_IDS[0]] and not sample.positions[0, 0].any()
        assert (sample.subject, sample.camera) == (expected.subject, expected.camera)
    assert [list(part) for part in store.split("cross")] == [[0], [1]]
    assert store.provenance["format"] == store.provenance["source"] == "mine"


def test_same_sequences_give_the_same_bytes(tmp_path):
    """Two runs over equal recordings make equal files."""
    for name in ("1.h5", "2.h5"):
        convert_sequences([sequence("a"), sequence("bb")], tmp_path / name, skeleton=KINECT_V2, class_names=["x"])
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()


def test_one_at_a_time(tmp_path):
    """Of a hundred recordings that a generator makes, no more than a few are ever alive."""
    alive, most = set(), 0

    def endless():
        nonlocal most
        for at in range(100):
            made_now = sequence(f"n{at}")
            body = made_now.bodies[0].positions
            alive.add(at)
            weakref.finalize(body, alive.discard, at)
            most = max(most, len(alive))
            yield made_now
            del made_now, body

    assert made(tmp_path, endless())[0].n_samples == 100
    assert most <= 4


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"label": 2}, "has label 2, outside 0..1"),
        ({"name": ""}, "is empty"),
        ({"name": "x\n"}, "control characters"),
        ({"performance": "p" * 300}, "longer"),
        ({"subject": 2**31}, "its subject does not fit into 32 bits"),
        ({"bodies": [RawBody(2**63, np.arange(1, dtype=np.int32), np.ones((1, 25, 3), np.float32))]}, "64 bits"),
        ({"bodies": [RawBody(0, np.arange(1, dtype=np.int32), np.ones((1, 20, 3), np.float32))]}, "expected positions"),
        ({"bodies": [RawBody(0, np.array([9], np.int32), np.ones((1, 25, 3), np.float32))]}, "do not increase within"),
        ({"name": "good"}, "was read before"),
    ],
)
def test_recordings_that_cannot_be_stored(tmp_path, changed, says):
    """A wrong recording is rejected with its name or place, the others are stored; strict stops."""
    wrong = [sequence("good"), sequence(**{"name": "bad", **changed})]
    summary, store = made(tmp_path, wrong)
    assert store.samples["name"].tolist() == ["good"] and says in str(summary.rejected[0])
    with pytest.raises(RawFileError, match="sequence 1"):
        made(tmp_path, wrong, strict=True, force=True)


def test_iterator_that_fails(tmp_path):
    """The iterator's own exception comes through, and there is no store."""

    def failing():
        yield sequence("a")
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        made(tmp_path, failing())
    assert not (tmp_path / "a.h5").exists()


@pytest.mark.parametrize(
    ("sequences", "options", "says"),
    [
        ([{"name": "a"}], {}, "Entry 0 of the sequences is no RawSequence but dict"),
        ([sequence(bodies=[RawBody(0, [0], [[0.0]])])], {}, "positions must be NumPy arrays"),
        ([], {}, "no recording could be read"),
        ([sequence()], {"skeleton": "kinect"}, "Unknown skeleton 'kinect'"),
        ([sequence()], {"bodies": "all"}, "Unknown body selection"),
        ([sequence()], {"skeleton": KINECT_V1}, "joints|positions of shape"),
    ],
)
def test_bad_calls(tmp_path, sequences, options, says):
    """What is no iterator of recordings, or no option, is one clear error."""
    with pytest.raises(SkeletonDataError, match=says):
        made(tmp_path, sequences, **options)
    assert list(tmp_path.iterdir()) == []


def test_existing_file(tmp_path):
    """An existing store is kept unless forced."""
    made(tmp_path, [sequence("a")])
    with pytest.raises(SkeletonDataError, match="exists already"):
        made(tmp_path, [sequence("b")])
    assert made(tmp_path, [sequence("b")], force=True)[1][0].name == "b"
