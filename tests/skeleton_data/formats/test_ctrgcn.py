"""The archives of CTR-GCN read: layout, labels, made-up and given names, compressed or not."""

import tracemalloc

import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.formats.ctrgcn import CTRGCN, documented_order
from skeleton_data.formats.ntu_lists import CLASSES

LENGTHS = {"train": [3, 6, 4], "test": [5, 1]}


def part(name):
    """Positions (N, 6, 2, 25, 3), the second body absent from the first recording."""
    x = np.zeros((len(LENGTHS[name]), 6, 2, 25, 3), np.float32)
    rng = np.random.default_rng(len(name))
    for at, length in enumerate(LENGTHS[name]):
        x[at, :length] = rng.normal(size=(length, 2, 25, 3))
    x[0, :, 1] = 0
    return x


def arrays(n_classes=60):
    made = {}
    for name, labels in (("train", [0, 5, 59]), ("test", [1, 0])):
        made[f"x_{name}"] = part(name).reshape(-1, 6, 150)
        made[f"y_{name}"] = np.eye(n_classes)[labels]
    return made


def converted(tmp_path, content=None, save=np.savez, name="NTU60_CS.npz", **options):
    save(tmp_path / name, **(arrays() if content is None else content))
    summary = convert(CTRGCN(**options), tmp_path / name, tmp_path / "a.h5", force=True)
    return summary, Store.open(tmp_path / "a.h5")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_whole_file(tmp_path, save):
    """Each coordinate in its place, padding cut, labels, names made up, the split of the file's name."""
    summary, store = converted(tmp_path, save=save)
    assert summary.n_samples == 5 and not summary.rejected and store.labels.tolist() == [0, 5, 59, 1, 0]
    assert store.samples["name"].tolist() == [
        *(f"xsub_train_00000{at}" for at in range(3)),
        *(f"xsub_test_00000{at}" for at in range(2)),
    ]
    expected = [*part("train"), *part("test")]
    for sample, entry, length in zip(store, expected, [3, 6, 4, 5, 1], strict=True):
        n_bodies = len(sample.positions)
        np.testing.assert_array_equal(sample.positions, entry[:length, :n_bodies].transpose(1, 0, 2, 3))
    assert [len(sample.positions) for sample in store] == [1, 2, 2, 1, 2]
    assert store.splits == ("xsub",) and [list(p) for p in store.split("xsub")] == [[0, 1, 2], [3, 4]]
    assert store.class_names == tuple(map(str, range(60))) and (store.samples["subject"] == -1).all()


def test_options(tmp_path):
    """Padding kept, classes named, the split named, other file names."""
    _, store = converted(tmp_path, keep_padding=True, classes="ntu60", split="a/b", name="x.npz")
    assert store.samples["n_frames"].tolist() == [6] * 5 and store.class_names == CLASSES[:60]
    assert store.splits == ("a_b",)
    splits = {
        "NTU120_CSub": "xsub",
        "NTU120_CSet": "xset",
        "NTU60_CV": "xview",
        "PKUv1_XView": "xview",
        "mine": "given",
    }
    for stem, split in splits.items():
        assert converted(tmp_path, name=f"{stem}.npz")[1].splits == (split,)


def test_names_in_the_documented_order(tmp_path):
    """Names of a list go to the entries as CTR-GCN orders them: by subject in order, then by place in the list."""
    names = ["S001C001P002R001A001", "S001C001P003R001A002", "S001C002P001R001A060", "S001C003P001R001A006"]
    names.append("S002C001P003R001A001")
    (tmp_path / "names.txt").write_text("\n".join(f"{name}.skeleton" for name in names) + "\n")
    content = arrays()
    content["y_train"], content["y_test"] = np.eye(60)[[59, 5, 0]], np.eye(60)[[1, 0]]
    _, store = converted(tmp_path, content, names=tmp_path / "names.txt")
    assert store.samples["name"].tolist() == [names[2], names[3], names[0], names[1], names[4]]
    assert store.class_names == CLASSES[:60] and store.samples["camera"].tolist() == [2, 3, 1, 1, 1]
    assert store.performance_names[0] == "S001P001R001A060"


def test_documented_order():
    """By subject, camera or setup as the split says; any other split or name has no such order."""
    names = [f"S00{s}C00{c}P00{p}R001A001" for s in (1, 2, 4) for c in (1, 2, 3) for p in (2, 1, 3)]
    by_camera = documented_order(names, "xview")
    assert [name[5:8] for name in by_camera["train"]] == ["002"] * 9 + ["003"] * 9
    assert by_camera["train"][:3] == ["S001C002P002R001A001", "S001C002P001R001A001", "S001C002P003R001A001"]
    assert [name[1:4] for name in documented_order(names, "xset")["train"]] == ["002"] * 9 + ["004"] * 9
    assert {name[9:12] for name in documented_order(names, "xsub")["test"]} == {"003"}
    assert documented_order(names, "given") is None and documented_order([*names, "x"], "xsub") is None


def test_names_of_other_data(tmp_path):
    """Names that are not NTU's go to the entries in order; a list of another length is refused."""
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\ne\n")
    assert converted(tmp_path, names=tmp_path / "names.txt")[1].samples["name"].tolist() == list("abcde")
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    with pytest.raises(SkeletonDataError, match="gives 1 names for x_test by the split xsub, which has 2 recordings"):
        converted(tmp_path, names=tmp_path / "names.txt")
    with pytest.raises(SkeletonDataError, match="cannot be read"):
        converted(tmp_path, names=tmp_path / "gone.txt")


def test_repeated_body(tmp_path):
    """A second body that equals the first, as in NTU-120's archives, is no second person."""
    content = arrays()
    x = part("train")
    x[1, :, 1] = x[1, :, 0]
    content["x_train"] = x.reshape(3, 6, 150)
    assert converted(tmp_path, content)[1][1].positions.shape == (1, 6, 25, 3)


def test_other_labels(tmp_path):
    """Labels may be numbers; a row that is not one-hot rejects its recording."""
    content = arrays() | {"y_train": np.array([3, 2, 1])}
    assert converted(tmp_path, content)[1].labels.tolist() == [3, 2, 1, 1, 0]
    content["y_train"] = np.array([[0, 1, 0], [0, 0, 0], [0.5, 1, 0]])
    summary, store = converted(tmp_path, content)
    assert len(store) == 3 and ["not one-hot" in str(error) for error in summary.rejected] == [True, True]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"x_train": None}, None),
        ({"y_train": None}, "expected x_train, y_train, x_test and y_test; it holds x_test, x_train, y_test"),
        ({"x_train": np.zeros((3, 6, 149), np.float32)}, "149 values per frame.*--skeleton"),
        ({"x_train": np.zeros((3, 6, 2, 75), np.float32)}, "expected floats"),
        ({"x_train": np.zeros((3, 6, 150), int)}, "expected floats"),
        ({"y_train": np.eye(4)}, "expected one-hot labels of 3 samples"),
        ({"y_train": np.array([{}] * 3)}, "Python objects"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, changed, says):
    """Missing and misshapen arrays are one error; a test part alone is fine."""
    content = {name: array for name, array in (arrays() | changed).items() if array is not None}
    if says is None:
        assert len(converted(tmp_path, content)[1]) == 2
    else:
        with pytest.raises(SkeletonDataError, match=says):
            converted(tmp_path, content)


def test_sources_that_are_none(tmp_path):
    """A folder, a missing file and a file that is no archive are told."""
    (tmp_path / "x.npz").write_bytes(b"PK")
    for name, says in ((".", "is a folder"), ("gone", "no such file"), ("x.npz", "no readable")):
        with pytest.raises(SkeletonDataError, match=says):
            CTRGCN().bind(tmp_path / name)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_are_not_taken_into_memory(tmp_path, save):
    """A conversion needs a small part of the memory that the array would take."""
    x = np.zeros((300, 200, 150), np.float32)
    x[:, :20] = np.random.default_rng(0).normal(size=(300, 20, 150))
    save(tmp_path / "x.npz", x_train=x, y_train=np.arange(300) % 60)
    tracemalloc.start()
    convert("ctrgcn", tmp_path / "x.npz", tmp_path / "a.h5")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert x.nbytes > 34 << 20 and peak < 12 << 20


def test_workers_give_the_same_bytes(tmp_path):
    """Reading a compressed archive in two processes gives the very file that one gives."""
    np.savez_compressed(tmp_path / "NTU60_CV.npz", **arrays())
    for workers in (1, 2):
        convert("ctrgcn", tmp_path / "NTU60_CV.npz", tmp_path / f"{workers}.h5", workers=workers)
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()
