"""What befalls conversions in practice: kills, full disks, rights, races. Each ends with no file or a whole one."""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.cli import main
from skeleton_data.formats import FORMATS, format_class
from skeleton_data.formats.ntu import NTU60

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals, limits and rights")

NAMES = [
    f"S001C00{c}P0{p:02}R00{r}A0{a:02}" for c in (1, 2, 3) for p in (1, 2, 3) for r in (1, 2) for a in range(1, 11)
]


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder):
    return ntu_folder(tmp_path_factory.mktemp("source") / "raw", NAMES, n_frames=20)


@pytest.fixture(scope="module")
def whole(raw, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole") / "a.h5"
    convert("ntu60", raw, output)
    return output.read_bytes()


def command(raw, output, *options):
    return [sys.executable, "-m", "skeleton_data", "convert", "ntu60", str(raw), "-o", str(output), *options]


def start(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command(*arguments), env=environment, **pipes, **options)


def partials(folder):
    return sorted(path for path in folder.iterdir() if path.suffix == ".partial")


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_a_random_moment(raw, whole, tmp_path, seed):
    """After SIGKILL at any moment there is no file or a whole one, and --resume ends with the same bytes."""
    output = tmp_path / "a.h5"
    process = start(raw, output, "--workers", "1")
    while process.poll() is None and not partials(tmp_path):
        time.sleep(0.005)
    time.sleep(random.Random(seed).uniform(0, 0.4))
    process.kill()
    process.communicate()
    if output.exists():
        assert output.read_bytes() == whole
    else:
        convert("ntu60", raw, output, resume=True)
    assert output.read_bytes() == whole
    convert("ntu60", raw, output, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def limit_files(n_bytes):
    def apply():
        # Writing past the limit is then an error like a full disk, instead of a signal.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    return apply


@pytest.mark.parametrize("share", [0.3, 1.005])
def test_full_disk(raw, whole, tmp_path, share):
    """No room for more while reading, or while the store is put together: one line, no file, and --resume goes on."""
    output = tmp_path / "a.h5"
    rows = len(NAMES) * 20 * 25 * 3 * 4
    process = start(raw, output, "--workers", "1", preexec_fn=limit_files(int(share * rows)))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2 and err.count("\n") == 1, err
    assert "cannot be written or read (File too large)" in err and "--resume goes on from there" in err
    assert not output.exists() and len(partials(tmp_path)) == 1
    assert convert("ntu60", raw, output, resume=True).n_resumed > 20
    assert output.read_bytes() == whole and [path.name for path in tmp_path.iterdir()] == ["a.h5"]


@pytest.fixture
def unprivileged():
    """Give a folder below which rights count, also where the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="rights-"))
    folder.chmod(0o755)
    root = os.geteuid() == 0

    def lower():
        # Without those rights Python itself may be out of reach.
        for name in FORMATS:
            format_class(name)
        if root:
            os.seteuid(65534)

    yield folder, lower
    if root:
        os.seteuid(0)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_read_only_target(raw, unprivileged, capsys):
    """A folder that may not be written to is answered in one line before anything is read."""
    folder, lower = unprivileged
    shutil.copytree(raw, folder / "raw")
    target = folder / "target"
    target.mkdir()
    target.chmod(0o555)
    lower()
    assert main(["convert", "ntu60", str(folder / "raw"), "-o", str(target / "a.h5")]) == 2
    assert "cannot write to its folder (Permission denied)" in capsys.readouterr().err
    assert list(target.iterdir()) == []


def test_read_only_source(raw, whole, unprivileged):
    """A source that may only be read is enough, and is left as it was; a file without that right is reported."""
    folder, lower = unprivileged
    shutil.copytree(raw, folder / "raw")
    (folder / "raw" / f"{NAMES[1]}.skeleton").chmod(0)
    (folder / "raw").chmod(0o555)
    before = {path: path.stat().st_mtime_ns for path in (folder / "raw").iterdir()}
    (folder / "out").mkdir()
    (folder / "out").chmod(0o777)
    lower()
    summary = convert("ntu60", folder / "raw", folder / "out" / "a.h5")
    assert summary.n_samples == len(NAMES) - 1 and "Permission denied" in str(summary.rejected[0])
    assert {path: path.stat().st_mtime_ns for path in (folder / "raw").iterdir()} == before


class Meanwhile(NTU60):
    """NTU-60 during the reading of which something happens, once."""

    def __init__(self, happens):
        super().__init__()
        object.__setattr__(self, "happens", [happens])

    def read(self, item):
        if item.name == NAMES[5] and self.happens:
            self.happens.pop()()
        return super().read(item)


def test_file_vanishing_midway(raw, tmp_path):
    """A raw file that goes away between listing and reading is reported by name, and the rest is converted."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    gone = mine / f"{NAMES[50]}.skeleton"
    summary = convert(Meanwhile(gone.unlink), mine, tmp_path / "a.h5")
    assert summary.n_samples == len(NAMES) - 1
    assert [error.file for error in summary.rejected] == [str(gone)]
    assert "No such file" in (tmp_path / "a.h5.rejected.txt").read_text()


def test_folder_vanishing_midway(raw, tmp_path):
    """A target's folder that is removed midway ends the conversion with a sentence, not a traceback."""
    (tmp_path / "out").mkdir()
    with pytest.raises(SkeletonDataError, match=r"cannot be written or read \(No such file"):
        convert(Meanwhile(lambda: shutil.rmtree(tmp_path / "out")), raw, tmp_path / "out" / "a.h5")


def test_two_conversions_to_one_target(raw, whole, tmp_path):
    """The first to finish wins; the other says so, throws its own away, and leaves that file alone."""
    output = tmp_path / "a.h5"
    with pytest.raises(SkeletonDataError, match="another process has made it meanwhile; that file stays"):
        convert(Meanwhile(lambda: convert("ntu60", raw, output, max_bodies=1)), raw, output)
    assert Store.open(output).provenance["options"]["max_bodies"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]
    convert(Meanwhile(lambda: convert("ntu60", raw, output, max_bodies=1, force=True)), raw, output, force=True)
    assert output.read_bytes() == whole


def test_report_that_cannot_be_written(raw, tmp_path):
    """When only the report of rejected files fails, the store is there and the error says so."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    (mine / f"{NAMES[3]}.skeleton").write_bytes(b"3\n1\n")
    (tmp_path / "a.h5.rejected.txt").mkdir()
    with pytest.raises(SkeletonDataError, match=r"a\.h5\.rejected\.txt.*The store itself is whole"):
        convert("ntu60", mine, tmp_path / "a.h5")
    assert len(Store.open(tmp_path / "a.h5")) == len(NAMES) - 1 and partials(tmp_path) == []


def test_no_hard_links(raw, whole, tmp_path, monkeypatch):
    """On a file system without hard links the finished store is renamed into place."""

    def refuse(self, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    convert("ntu60", raw, tmp_path / "a.h5")
    assert (tmp_path / "a.h5").read_bytes() == whole


def test_store_replaced_while_open(raw, ntu_folder, tmp_path):
    """A store that was read keeps its content when its file is replaced; one that was not says to open it again."""
    output = tmp_path / "a.h5"
    convert("ntu60", raw, output)
    reading, waiting = Store.open(output), Store.open(output)
    before = np.array(reading.rows)
    convert("ntu60", ntu_folder(tmp_path / "other", NAMES[:12], n_frames=50), output, force=True)
    np.testing.assert_array_equal(reading.rows, before)
    assert not reading.verify()
    with pytest.raises(SkeletonDataError, match="was replaced since it was opened"):
        waiting[0]
    with pytest.raises(SkeletonDataError, match="was replaced"):
        reading.sources()
    assert len(Store.open(output)) == 12


def test_stop_request_tells_how_to_go_on(raw, whole, tmp_path):
    """SIGTERM midway exits with 130 and one line that says how much is kept and how to go on."""
    output = tmp_path / "a.h5"
    process = start(raw, output, "--workers", "1")
    while process.poll() is None and not any(
        (path / "journal").exists() and (path / "journal").stat().st_size > 2000 for path in partials(tmp_path)
    ):
        time.sleep(0.002)
    process.terminate()
    _, err = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("the conversion was done before it could be stopped")
    assert process.returncode == 130 and err.count("\n") == 1
    assert err.startswith("skeleton-data: stopped; nothing was written.") and "--resume goes on from there" in err
    assert main(command(raw, output, "--resume")[3:]) == 0
    assert output.read_bytes() == whole
