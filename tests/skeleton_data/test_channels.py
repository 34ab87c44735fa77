import h5py
import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert, verify
from skeleton_data.channels import CHANNELS, check_channels
from skeleton_data.cli import main
from skeleton_data.formats.ntu import NTU60

NAME = "S001C001P001R001A001"
FIELDS = {"depth_xy": (277.4, 191.8), "color_xy": (1036.2, 519.16), "orientation": (-0.2130, 0.0233, 0.9760, -0.0373)}


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_text, ntu_frames):
    """Six frames of two bodies, the second one gone for a frame; one joint inferred, one pixel without a number."""
    folder = tmp_path_factory.mktemp("raw")
    frames = [list(bodies) for bodies in ntu_frames(0, 6, (7, 9))]
    frames[2] = frames[2][:1]
    lines = ntu_text(frames).split(b"\n")
    lines[4] = lines[4][:-1] + b"1"
    lines[5] = lines[5].replace(b"277.4", b"-nan(ind)")
    (folder / f"{NAME}.skeleton").write_bytes(b"\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def store(raw, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "a.h5"
    convert(NTU60(channels=tuple(CHANNELS)), raw, path, bodies="first")
    return Store.open(path)


def test_values_of_the_file(store):
    """Every channel has the numbers of the text at the rows of its body, and zeros where the body is not seen."""
    assert store.channels == tuple(sorted(CHANNELS))
    for name, channel in CHANNELS.items():
        values = store.sample_channel(0, name)
        assert values.dtype == channel.dtype and values.shape == (2, 6, *channel.shape(25))
        assert not values[1, 2].any()
    for name, expected in FIELDS.items():
        values = store.sample_channel(0, name)
        np.testing.assert_array_equal(values[0, 1], np.broadcast_to(np.float32(expected), values[0, 1].shape))
    states = store.sample_channel(0, "tracking_state")
    assert states[0, 0, 0] == 1 and (states[0].reshape(-1)[1:] == 2).all()
    assert np.isnan(store.sample_channel(0, "depth_xy")[0, 0, 1, 0])
    assert store.sample_channel(0, "hands")[0, 0].tolist() == [1, 1, 0, 1]
    assert store.sample_channel(0, "lean")[0, 0].tolist() == np.float32([0.0149, -0.0238]).tolist()
    assert store.sample_channel(0, "body_state")[0].tolist() == [2] * 6


def test_rows_lie_beside_positions(store):
    """A channel is mapped from the file, read-only, with as many rows as the positions."""
    states = store.channel("tracking_state")
    assert isinstance(states, np.memmap) and len(states) == len(store.rows) and not states.flags.writeable


def test_positions_are_the_same_without_channels(raw, store, tmp_path):
    """Asking for channels changes no position."""
    convert("ntu60", raw, tmp_path / "plain.h5", bodies="first")
    plain = Store.open(tmp_path / "plain.h5")
    assert plain.digest == store.digest and plain.channels == ()
    np.testing.assert_array_equal(plain.rows, store.rows)


def test_pieces_of_a_person_keep_their_channels(tmp_path, ntu_text, ntu_frames):
    """A person joined from two ids has the channels of both, each at its own frames."""
    frames = [[*ntu_frames(n, 1, (5 if n < 20 else 6,))[0]] for n in range(40)]
    text = ntu_text(frames).split(b"\n")
    for line in range(1, len(text)):
        if text[line].startswith(b"6 "):
            text[line] = text[line].replace(b"0.0149", b"0.5")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / f"{NAME}.skeleton").write_bytes(b"\n".join(text))
    convert(NTU60(channels=("lean",)), tmp_path / "raw", tmp_path / "a.h5")
    (lean,) = Store.open(tmp_path / "a.h5").sample_channel(0, "lean")[..., 0]
    assert sorted(lean[:20].tolist() + lean[20:].tolist()) == sorted([np.float32(0.0149)] * 20 + [np.float32(0.5)] * 20)
    assert len(set(lean[:20].tolist())) == len(set(lean[20:].tolist())) == 1


@pytest.mark.parametrize(("name", "kept"), [("ntu", True), ("folder", True), ("pyskl", False)])
def test_exports_say_what_they_leave_out(store, tmp_path, capsys, name, kept):
    """A format that holds positions only says which channels it leaves out."""
    assert main(["export", str(store.path), name, "-o", str(tmp_path / "x")]) == 0
    warned = capsys.readouterr().err
    assert warned == "" if kept else "pyskl holds positions only; left out: body_state, clipped_edges" in warned


def test_digest_finds_a_flipped_bit(store, tmp_path):
    """Each channel's digest tells when a byte of it has changed; the tables' digest does not depend on channels."""
    assert verify(store.path) == []
    with h5py.File(store.path) as file:
        offset = file["channels/color_xy"].id.get_offset()
    content = bytearray(store.path.read_bytes())
    content[offset + 17] ^= 1
    (tmp_path / "a.h5").write_bytes(content)
    assert [finding.place for finding in verify(tmp_path / "a.h5")] == ["channel color_xy"]
    assert Store.open(tmp_path / "a.h5").digest == store.digest


def test_state_that_is_no_state(raw, tmp_path):
    """A tracking state that is no small whole number rejects the file only where that channel is asked for."""
    (tmp_path / "raw").mkdir()
    text = (raw / f"{NAME}.skeleton").read_bytes().split(b"\n")
    text[9] = text[9][:-1] + b"2.5"
    (tmp_path / "raw" / f"{NAME}.skeleton").write_bytes(b"\n".join(text))
    assert convert("ntu60", tmp_path / "raw", tmp_path / "a.h5").n_samples == 1
    with pytest.raises(SkeletonDataError, match=r"tracking_state in frame 1 is 2\.5; expected a whole number"):
        convert(NTU60(channels=("tracking_state",)), tmp_path / "raw", tmp_path / "b.h5")


def test_wrong_names(store, raw, tmp_path, capsys):
    """An unknown channel lists the known ones, in the library and on the command line."""
    for names, says in ((("colour",), "choose from tracking_state"), (("hands", "hands"), "stands twice")):
        with pytest.raises(SkeletonDataError, match=says):
            check_channels(names)
    with pytest.raises(SkeletonDataError, match="no channel 'colour'; it has body_state"):
        store.channel("colour")
    code = main(["convert", "ntu60", str(raw), "-o", str(tmp_path / "a.h5"), "--channels", "colour"])
    assert code == 2 and "Unknown channel 'colour'" in capsys.readouterr().err
    assert main(["convert", "ntu60", str(raw), "-o", str(tmp_path / "a.h5"), "--channels", "hands,lean"]) == 0
    assert Store.open(tmp_path / "a.h5").channels == ("hands", "lean")
