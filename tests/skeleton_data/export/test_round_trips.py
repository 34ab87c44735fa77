"""Raw text or a program to a store, to somebody's format, and back: what comes back is what the format can hold."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skeleton_aug.skeletons import KINECT_V1
from skeleton_data import Store, convert, export, get_format, verify
from skeleton_data.bodies import STRATEGIES
from skeleton_data.channels import CHANNELS
from skeleton_data.export.ctrgcn import CTRGCNExport
from skeleton_data.export.stgcn import STGCNExport
from skeleton_data.formats.folder import Folder
from skeleton_data.formats.ntu import NTU60
from tests.skeleton_data.made import BIG_IDS, NTU_NAMES, assert_same, odd_positions, odd_store

MANY = 99
ODD_NAMES = ["a/b", 'ü, "quoted"', "plain-1", "semi;colon", "S001C001P001R001A001x"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trips")


@given(seed=st.integers(0, 2**32 - 1), bodies=st.sampled_from(sorted(STRATEGIES)))
def test_ntu_text_to_store_and_back(folder, ntu_text, seed, bodies):
    """Text, store, text, store: the two stores agree to the last bit, whatever the first selection of bodies was."""
    # Scores of bodies are squares: numbers near the end of float32 are beyond them.
    rng, tame = np.random.default_rng(seed), bodies != "first"
    raw = folder / f"raw{seed}"
    raw.mkdir(exist_ok=True)
    for name in NTU_NAMES[:4]:
        frames = [
            [
                (int(body), odd_positions(rng, 1, tame=tame)[0])
                for body in rng.permutation(BIG_IDS)[: rng.integers(0, 4)]
            ]
            for _ in range(rng.integers(1, 30))
        ]
        frames.append([(BIG_IDS[0], odd_positions(rng, 1, tame=tame)[0] + np.float32(3))])
        (raw / f"{name}.skeleton").write_bytes(ntu_text(frames))
    there_and_back(folder, convert_to(folder / "one.h5", "ntu60", raw, bodies), "ntu", "ntu60")


@given(seed=st.integers(0, 2**32 - 1))
def test_store_to_ntu_text_and_back(folder, seed):
    """Tracks in any order, with gaps, of one id: the text gives back the very tracks in their order."""
    there_and_back(folder, odd_store(folder / "one.h5", seed), "ntu", "ntu60")


@given(seed=st.integers(0, 2**32 - 1))
def test_folder_and_back(folder, seed):
    """One's own format gives back everything, also names that make no file names, classes and splits."""
    there_and_back(folder, odd_store(folder / "one.h5", seed), "folder", "folder")
    labels = {name: at % 3 for at, name in enumerate(ODD_NAMES)}
    store = odd_store(
        folder / "two.h5", seed, ODD_NAMES, label=labels.get, class_names=["1", "walk, far", "2"], skeleton=KINECT_V1
    )
    there_and_back(folder, store, "folder", "folder")


def text_with_channels(rng):
    """NTU text with a number of its own in every column; some are none, some joints and bodies are missing."""
    lines = ["6"]
    for _ in range(6):
        bodies = rng.permutation(BIG_IDS)[: rng.integers(0, 3)]
        lines.append(str(len(bodies)))
        for body_id in bodies:
            states = " ".join(map(str, rng.integers(0, 256, 6)))
            lines += [f"{body_id} {states} {rng.normal():.9g} {rng.normal():.9g} {rng.integers(3)}", "25"]
            for joint in rng.normal(size=(25, 11)).astype(np.float32):
                values = ["-nan(ind)" if rng.random() < 0.05 else f"{value:.9g}" for value in joint.tolist()]
                values[:3] = ["0"] * 3 if rng.random() < 0.1 else [f"{value:.9g}" for value in joint[:3].tolist()]
                lines.append(" ".join([*values, str(rng.integers(3))]))
    return "\n".join(lines)


@given(seed=st.integers(0, 2**32 - 1), channels=st.sets(st.sampled_from(sorted(CHANNELS)), min_size=1))
def test_channels_there_and_back(folder, seed, channels):
    """Whatever is kept besides positions comes back bit for bit from NTU text and from a folder."""
    rng, raw = np.random.default_rng(seed), folder / f"channels{seed}"
    raw.mkdir(exist_ok=True)
    for name in NTU_NAMES[:3]:
        (raw / f"{name}.skeleton").write_text(text_with_channels(rng))
    options = {"bodies": "first", "max_bodies": 4, "force": True}
    convert(NTU60(channels=tuple(channels)), raw, folder / "one.h5", **options)
    one = Store.open(folder / "one.h5")
    for target, reader in (("ntu", NTU60(channels=tuple(channels))), ("folder", Folder(channels=tuple(channels)))):
        export(one, target, folder / "there", force=True)
        convert(reader, folder / "there", folder / "back.h5", **options)
        back = Store.open(folder / "back.h5")
        assert_same(one, back)
        assert back.channels == tuple(sorted(channels)) == one.channels and verify(back.path) == []
        for name in channels:
            assert one.channel(name).tobytes() == back.channel(name).tobytes()
        shutil.rmtree(folder / "there")


@given(seed=st.integers(0, 2**32 - 1))
def test_pyskl_and_back(folder, seed):
    """All but the body ids comes back: they are places then."""
    one = odd_store(folder / "one.h5", seed, most=2)
    there_and_back(folder, one, "pyskl", "pyskl", but=("body_id",))
    assert Store.open(folder / "back.h5").tracks["body_id"].max() <= 1


def test_pyskl_of_plain_numbers(folder):
    """Without NTU names the pickle loses numbers, performances and class names, and nothing else."""
    one = odd_store(folder / "one.h5", 3, ["x", "y"], label=lambda name: 1, class_names=["a", "b"])
    there_and_back(folder, one, "pyskl", "pyskl", but=("body_id", "class_names"))
    assert Store.open(folder / "back.h5").class_names == ("0", "1")


@given(seed=st.integers(0, 2**32 - 1), padding=st.integers(0, 3))
def test_stgcn_and_back(folder, seed, padding):
    """The split's recordings come back by name, empty frames at the end included, whatever the padding."""
    one = odd_store(folder / "one.h5", seed, NTU_NAMES, most=2)
    frames = int(one.samples["n_frames"].max()) + padding
    export(one, STGCNExport(frames=frames), folder / "xview", split="xview", force=True)
    back = convert_to(folder / "back.h5", "stgcn", folder / "xview")
    assert back.splits == ("xview",)
    assert_same_by_name(one, back, "xview")


@given(seed=st.integers(0, 2**32 - 1), split=st.sampled_from(["xsub", "xview"]))
def test_ctrgcn_and_back(folder, seed, split):
    """With the list of names the recordings come back under them; only empty frames at the end are lost."""
    one = odd_store(folder / "one.h5", seed, NTU_NAMES, most=2)
    export(one, "ctrgcn", folder / "x.npz", split=split, force=True)
    names = folder / "names.txt"
    names.write_text("\n".join(sorted(NTU_NAMES)))
    options = get_format("ctrgcn", split=split, names=names)
    back = convert_to(folder / "back.h5", options, folder / "x.npz")
    assert back.splits == (split,)
    assert_same_by_name(one, back, split, trimmed=True)


def test_stgcn_and_ctrgcn_hold_what_peers_expect(folder):
    """The arrays have the shapes that st-gcn and CTR-GCN read, with each coordinate in its place."""
    one = odd_store(folder / "one.h5", 5, NTU_NAMES, most=2)
    export(one, STGCNExport(frames=12), folder / "st", split="xsub", force=True)
    export(one, CTRGCNExport(frames=12), folder / "x.npz", split="xsub", force=True)
    train, _ = one.split("xsub")
    data = np.load(folder / "st" / "train_data.npy", mmap_mode="r")
    assert data.shape == (len(train), 3, 12, 25, 2) and data.dtype == np.float32
    sample = one[train[3]]
    n_bodies, n_frames = sample.positions.shape[:2]
    np.testing.assert_array_equal(data[3, :, :n_frames, :, :n_bodies], sample.positions.transpose(3, 1, 2, 0))
    assert not data[3, :, n_frames:].any() and not data[3, ..., n_bodies:].any()
    with np.load(folder / "x.npz", allow_pickle=False) as archive:
        assert sorted(archive) == ["x_test", "x_train", "y_test", "y_train"]
        x, y = archive["x_train"], archive["y_train"]
    assert x.shape == (len(train), 12, 150) and y.shape == (len(train), 60) and (y.sum(axis=1) == 1).all()
    # CTR-GCN's order is by subject, then by name: here subject 1 alone trains, so it is by name.
    sample = one[min(train, key=lambda index: str(one.samples["name"][index]))]
    read = x[0].reshape(12, 2, 25, 3).transpose(1, 0, 2, 3)
    np.testing.assert_array_equal(read[: len(sample.positions), : sample.positions.shape[1]], sample.positions)
    assert y[0].argmax() == sample.label


def convert_to(path, raw_format, source, bodies="first"):
    convert(raw_format, source, path, bodies=bodies, max_bodies=MANY, force=True, strict=True)
    return Store.open(path)


def there_and_back(folder, store, there, back, but=()):
    export(store, there, folder / f"as_{there}", force=True)
    again = convert_to(folder / "back.h5", back, folder / f"as_{there}")
    assert_same(store, again, but=but)


def assert_same_by_name(one, back, split, *, trimmed=False):
    for part in (0, 1):
        names = [set(store.samples["name"][store.split(split)[part]].tolist()) for store in (one, back)]
        assert names[0] == names[1]
    places = {name: at for at, name in enumerate(back.samples["name"].tolist())}
    assert len(places) == len(one)
    for sample in one:
        other = back[places[sample.name]]
        expected = sample.positions
        if trimmed:
            expected = expected[:, : np.flatnonzero(expected.any(axis=(0, 2, 3)))[-1] + 1]
        assert other.positions.tobytes() == expected.tobytes() and other.label == sample.label
        for field in ("subject", "camera", "setup", "replication"):
            assert getattr(other, field) == getattr(sample, field)
        assert back.performance_names[other.performance] == one.performance_names[sample.performance]
