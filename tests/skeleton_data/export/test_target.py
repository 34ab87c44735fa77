"""Exports appear whole or not at all, and replace only what they may."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from skeleton_data import SkeletonDataError
from skeleton_data.export.target import replacing


def fill(place, names=("a.npy",)):
    place.mkdir()
    for name in names:
        (place / name).write_text("new")


def test_file(tmp_path):
    """A file stands at its place after the block, not within it, and nothing else is left."""
    target = tmp_path / "x.pkl"
    with replacing(target, (), False) as place:
        place.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new" and [p.name for p in tmp_path.iterdir()] == ["x.pkl"]
    with pytest.raises(SkeletonDataError, match="--force"), replacing(target, (), False):
        pass
    with replacing(target, (), True) as place:
        place.write_text("newer")
    assert target.read_text() == "newer"


def test_folder(tmp_path):
    """So does a folder; an empty one in its place does not matter, a full one needs force, and goes whole."""
    target = tmp_path / "x"
    target.mkdir()
    with replacing(target, (".npy",), False) as place:
        fill(place, ("a.npy", "b.npy"))
        assert not any(target.iterdir())
    with pytest.raises(SkeletonDataError, match="--force"), replacing(target, (".npy",), False):
        pass
    with replacing(target, (".npy",), True) as place:
        fill(place)
    assert [p.name for p in target.iterdir()] == ["a.npy"] and [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("foreign", ["thesis.tex", "deep/a.npy"])
def test_force_replaces_no_other_folder(tmp_path, foreign):
    """A folder with anything else in it is left as it is, forced or not."""
    (tmp_path / "x" / foreign).parent.mkdir(parents=True)
    (tmp_path / "x" / foreign).write_text("mine")
    with pytest.raises(SkeletonDataError, match="is not of this format"), replacing(tmp_path / "x", (".npy",), True):
        pass
    assert (tmp_path / "x" / foreign).read_text() == "mine"


def test_kinds_are_not_mixed_up(tmp_path):
    """A folder is no file's place, nor the other way round; a missing folder above is told."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SkeletonDataError, match="is a folder"), replacing(tmp_path, (), True):
        pass
    with pytest.raises(SkeletonDataError, match="is a file"), replacing(tmp_path / "file", (".npy",), True):
        pass
    with pytest.raises(SkeletonDataError, match="folder does not exist"), replacing(tmp_path / "no" / "x", (), True):
        pass


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_failure_leaves_what_was_there(tmp_path, error):
    """Whatever ends the block, the former target stays and no temporary file does."""
    target = tmp_path / "x.pkl"
    target.write_text("old")
    with pytest.raises(type(error)), replacing(target, (), True) as place:
        place.write_text("half")
        raise error
    assert target.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["x.pkl"]


def test_full_disk_is_told(tmp_path):
    """An error of the system becomes one sentence with the target's name."""
    with (
        pytest.raises(SkeletonDataError, match=r"x\.pkl: cannot be written \(No space left"),
        replacing(tmp_path / "x.pkl", (), False),
    ):
        raise OSError(28, "No space left on device")


def test_read_only_folder(tmp_path, monkeypatch):
    """A folder that may not be written to is told before anything is done."""

    def refuse(**where):
        raise PermissionError(13, "Permission denied", where["dir"])

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(SkeletonDataError, match="cannot write to its folder"), replacing(tmp_path / "x", (), False):
        pass


def test_target_that_appears_meanwhile(tmp_path):
    """A file that another program has put there meanwhile is not replaced without force."""
    with pytest.raises(SkeletonDataError, match="exists already"), replacing(tmp_path / "x", (), False) as place:
        place.write_text("new")
        (tmp_path / "x").write_text("other")
    assert (tmp_path / "x").read_text() == "other"


KILLED = """
import sys, time
from pathlib import Path
from skeleton_data.export.target import replacing
with replacing(Path(sys.argv[1]), (".npy",), False) as place:
    place.mkdir()
    print("writing", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_killed_export(tmp_path):
    """A kill leaves no target; the next export removes what was left, but not what one under way writes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "x")]
    running, killed = (subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2))
    try:
        for process in (running, killed):
            assert process.stdout.readline() == "writing\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        assert len(list(tmp_path.glob(".x.*.exporting"))) == 2 and not (tmp_path / "x").exists()
        with replacing(tmp_path / "x", (".npy",), False) as place:
            fill(place)
        assert len(list(tmp_path.glob(".x.*.exporting"))) == 1
    finally:
        running.terminate()
        running.wait(10)
        for process in (running, killed):
            process.stdout.close()
