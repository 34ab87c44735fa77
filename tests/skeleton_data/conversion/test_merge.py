import shutil

import h5py
import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.cli import main
from skeleton_data.conversion.merge import merge
from skeleton_data.formats.ntu import NTU60, NTU120

OF_60 = [f"S00{s}C00{c}P00{p}R001A00{a}" for s in (1, 2) for c in (1, 2, 3) for p in (1, 3) for a in (1, 2)]
OF_120 = [f"S0{s}C00{c}P0{p}R001A0{a}" for s in (18, 19) for c in (1, 2, 3) for p in (41, 46) for a in (63, 64)]
CHANNELS = ("tracking_state", "depth_xy")


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder):
    """Two folders side by side, as the official archives unpack; a recording of one copies one of the other."""
    folder = tmp_path_factory.mktemp("raw")
    ntu_folder(folder / "nturgb+d_skeletons", OF_60)
    ntu_folder(folder / "nturgb+d_skeletons120", OF_120, n_frames=6)
    shutil.copy(
        folder / "nturgb+d_skeletons" / f"{OF_60[3]}.skeleton",
        folder / "nturgb+d_skeletons120" / f"{OF_120[5]}.skeleton",
    )
    return folder


@pytest.fixture(scope="module")
def parts(raw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    convert(NTU60(channels=CHANNELS), raw / "nturgb+d_skeletons", folder / "60.h5")
    convert(NTU120(channels=CHANNELS), raw / "nturgb+d_skeletons120", folder / "ext.h5")
    return folder / "60.h5", folder / "ext.h5"


def contents(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, node: found.update({name: node[()].tobytes()} if hasattr(node, "dtype") else {}))
    return found


@pytest.mark.parametrize("order", [1, -1])
def test_merged_is_as_converted_at_once(raw, parts, tmp_path, order):
    """Every dataset of NTU-60 + extension equals, byte for byte, that of both folders at once, but for provenance."""
    convert(NTU120(channels=CHANNELS), raw, tmp_path / "once.h5")
    merge(parts[::order], tmp_path / "merged.h5")
    once, merged = contents(tmp_path / "once.h5"), contents(tmp_path / "merged.h5")
    assert once.keys() == merged.keys() and "channels/depth_xy" in once
    assert [name for name in once if once[name] != merged[name]] == ["provenance"]
    one, other = Store.open(tmp_path / "once.h5"), Store.open(tmp_path / "merged.h5")
    assert one.digest == other.digest and not other.verify()
    assert one.provenance["counts"]["samples"] == other.provenance["counts"]["samples"] == 48
    assert one.provenance["counts"]["duplicates"] == other.provenance["counts"]["duplicates"] == 1
    assert one.provenance["counts"] == other.provenance["counts"]
    assert sorted(map(str, one.provenance["summary"])) == sorted(map(str, other.provenance["summary"]))
    assert [part["samples"] for part in other.provenance["merged"]] == [24, 24][::order]


def test_several_recordings_in_a_file(tmp_path):
    """PKU-MMD files hold several recordings each; merged stores still equal one conversion of both folders."""
    for folder, videos in (("a", ("0002", "0005")), ("b", ("0003",))):
        for kind in ("skeleton", "label"):
            (tmp_path / "raw" / folder / kind).mkdir(parents=True)
        for number, name in enumerate(f"{video}-{view}" for video in videos for view in "LMR"):
            rows = np.random.default_rng(int(name[:4]) + number).uniform(0.5, 4, (9, 150))
            text = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in rows) + "\n"
            (tmp_path / "raw" / folder / "skeleton" / f"{name}.txt").write_text(text)
            (tmp_path / "raw" / folder / "label" / f"{name}.txt").write_text("9,0,3,1\n2,3,9,1\n")
        convert("pku1", tmp_path / "raw" / folder, tmp_path / f"{folder}.h5")
    convert("pku1", tmp_path / "raw", tmp_path / "once.h5")
    merge([tmp_path / "a.h5", tmp_path / "b.h5"], tmp_path / "merged.h5")
    once, merged = contents(tmp_path / "once.h5"), contents(tmp_path / "merged.h5")
    assert [name for name in once if once[name] != merged[name]] == ["provenance"]
    assert len(Store.open(tmp_path / "merged.h5")) == 18


def test_same_recording_twice(parts, tmp_path):
    """A recording that stands in both stores is kept once."""
    done = merge([parts[0], parts[0], parts[1]], tmp_path / "merged.h5")
    assert (done.n_samples, done.n_repeated) == (48, 24)
    assert Store.open(tmp_path / "merged.h5").digest == merge_digest(parts, tmp_path)


def merge_digest(parts, tmp_path):
    merge(parts, tmp_path / "plain.h5")
    return Store.open(tmp_path / "plain.h5").digest


def test_one_name_for_two_recordings_is_refused(raw, parts, tmp_path, ntu_folder):
    """Different content under one name is not for the program to choose from."""
    convert(NTU60(channels=CHANNELS), ntu_folder(tmp_path / "other", OF_60[2:3], n_frames=5), tmp_path / "other.h5")
    with pytest.raises(SkeletonDataError, match=f"different recordings named {OF_60[2]}"):
        merge([parts[0], tmp_path / "other.h5"], tmp_path / "merged.h5")
    assert not (tmp_path / "merged.h5").exists()


def test_what_does_not_fit_is_refused(raw, parts, tmp_path, nucla_small):
    """Other options, channels, labels or skeletons, a single store and a damaged one are refused with the reason."""
    source = raw / "nturgb+d_skeletons"
    convert(NTU60(channels=CHANNELS), source, tmp_path / "options.h5", max_bodies=1)
    convert("ntu60", source, tmp_path / "plain.h5")
    damaged = tmp_path / "damaged.h5"
    content = bytearray(parts[0].read_bytes())
    content[-5] ^= 1
    damaged.write_bytes(content)
    for other, says in (
        (tmp_path / "options.h5", "max_bodies: 1 and 2"),
        (tmp_path / "plain.h5", "channels"),
        (nucla_small, "different skeletons"),
        (damaged, "differs from its checksum"),
        (tmp_path / "gone.h5", "no such file"),
    ):
        with pytest.raises(SkeletonDataError, match=says):
            merge([other, parts[1]], tmp_path / "merged.h5")
    with pytest.raises(SkeletonDataError, match="two stores or more"):
        merge(parts[:1], tmp_path / "merged.h5")
    assert not [path for path in tmp_path.iterdir() if "merged" in path.name]


@pytest.fixture(scope="module")
def nucla_small(tmp_path_factory):
    import json

    folder = tmp_path_factory.mktemp("nucla")
    content = {"skeletons": np.ones((2, 20, 3)).tolist(), "label": 1}
    (folder / "a01_s01_e00_v01.json").write_text(json.dumps(content))
    convert("nucla", folder, folder / "a.h5")
    return folder / "a.h5"


def test_command(parts, tmp_path, capsys):
    """The command prints what was merged, keeps an existing file, and answers a wrong store in one line."""
    output = tmp_path / "ntu120.h5"
    command = ["merge", *map(str, parts), "-o", str(output)]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "48 recordings (ntu120)" in out and "split     xset: 24 train, 24 test" in out
    assert main(command) == 2 and "--force" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
