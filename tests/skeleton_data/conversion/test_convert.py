import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from skeleton_data import RawFileError, SkeletonDataError, Store, convert
from skeleton_data.cli import main
from skeleton_data.conversion.merge import merge
from skeleton_data.formats.ntu import NTU60
from tests.skeleton_data import frozen

NAMES = [f"S001C00{c}P00{p}R00{r}A00{a}" for c in (1, 2, 3) for p in (1, 3) for r in (1, 2) for a in (1, 2)]


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder):
    return ntu_folder(tmp_path_factory.mktemp("source") / "raw", NAMES)


@dataclass(frozen=True)
class Slow(NTU60):
    """NTU-60 as the script below names it."""


@dataclass(frozen=True)
class Breaking(NTU60):
    """NTU-60 whose reader fails in a given way on one recording."""

    how: str = ""

    def read(self, item):
        if item.name == NAMES[3]:
            if self.how == "dies":
                os._exit(7)
            raise {"bug": IndexError("list index out of range"), "memory": MemoryError()}[self.how]
        return super().read(item)


def left_over(folder):
    return sorted(path.name for path in folder.iterdir())


def test_same_bytes_for_any_number_of_workers(raw, tmp_path):
    """One process, two processes, threads, and a source that lies elsewhere give the same file to the byte."""
    elsewhere = shutil.copytree(raw, tmp_path / "moved" / "raw")
    convert("ntu60", raw, tmp_path / "one.h5")
    convert("ntu60", raw, tmp_path / "two.h5", workers=2)
    with ThreadPoolExecutor(3) as pool:
        convert("ntu60", raw, tmp_path / "threads.h5", executor=pool)
    convert("ntu60", elsewhere, tmp_path / "moved.h5")
    contents = {(tmp_path / f"{name}.h5").read_bytes() for name in ("one", "two", "threads", "moved")}
    assert len(contents) == 1
    assert left_over(tmp_path) == ["moved", "moved.h5", "one.h5", "threads.h5", "two.h5"]


def test_rejections_do_not_tell_where_the_source_lies(raw, tmp_path, monkeypatch):
    """The stored reasons are the same for a source given by its full path, from beside it, and from within it."""
    for folder in ("here", "some where/else"):
        mine = shutil.copytree(raw, tmp_path / folder / "raw")
        (mine / "again").mkdir()
        (mine / "again" / f"{NAMES[0]}.skeleton").write_bytes(b"1\n0\n")
    convert("ntu60", mine, tmp_path / "full.h5")
    convert("ntu60", tmp_path / "here" / "raw", tmp_path / "other.h5")
    monkeypatch.chdir(mine.parent)
    convert("ntu60", "raw", tmp_path / "beside.h5")
    monkeypatch.chdir(mine)
    convert("ntu60", ".", tmp_path / "within.h5")
    assert len({(tmp_path / f"{name}.h5").read_bytes() for name in ("full", "other", "beside", "within")}) == 1


def test_summary_and_provenance_agree(raw, tmp_path):
    """Counts of the summary stand in the file too, with options, source name and per-file digests."""
    summary = convert("ntu60", raw, tmp_path / "a.h5", max_bodies=1, bodies="energy")
    store = Store.open(tmp_path / "a.h5")
    assert summary.n_samples == summary.n_files == len(store) == len(NAMES)
    assert summary.splits == {"xsub": (12, 12, 0), "xview": (16, 8, 0)} and summary.report is None
    assert store.provenance["counts"]["samples"] == len(NAMES)
    assert store.provenance["options"] == {
        "bodies": "energy",
        "max_bodies": 1,
        "fill_gaps": 0,
        "drop_empty_frames": False,
        "keep_missing": False,
        "channels": [],
    }
    assert store.provenance["source"] == "raw" and store.provenance["format"] == "ntu60"


def test_rejected_files_are_reported_and_the_rest_is_kept(raw, tmp_path, ntu_text):
    """Cut, misnamed and body-less files stand in the report with file, line and reason; the others are converted."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    cut = mine / f"{NAMES[0]}.skeleton"
    cut.write_bytes(cut.read_bytes()[:2000])
    (mine / "strange.skeleton").write_bytes(b"1\n0\n")
    (mine / f"{NAMES[1]}.skeleton").write_bytes(ntu_text([[], []]))
    (mine / f"{NAMES[2]}.skeleton").write_bytes(ntu_text([[(5, np.zeros((25, 3), np.float32))]] * 3))
    summary = convert("ntu60", mine, tmp_path / "a.h5")
    assert len(Store.open(tmp_path / "a.h5")) == len(NAMES) - 3
    assert sorted(summary.empty) == sorted(NAMES[1:3]) and len(summary.rejected) == 2
    lines = (tmp_path / "a.h5.rejected.txt").read_text().splitlines()
    assert summary.report == tmp_path / "a.h5.rejected.txt" and lines[0] == "file\tline\treason"
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines[1:]}
    assert set(rows) == {str(cut), str(mine / "strange.skeleton"), *NAMES[1:3]}
    assert rows[str(cut)][0].isdigit() and "cut short" in rows[str(cut)][1]
    assert "no body in any frame" in rows[NAMES[1]][1]


def test_progress_tells_rate_and_time_left(raw, tmp_path, capsys):
    """The bar counts raw files and shows files a second and the time left."""
    convert("ntu60", raw, tmp_path / "a.h5", progress=True)
    shown = capsys.readouterr().err.split("\r")
    assert "24/24" in shown[-1] and " files/s]" in shown[-1] and "<00:00" in shown[-1]


def test_report_of_an_earlier_run_goes(raw, tmp_path):
    """A clean conversion leaves no report from a worse one before it."""
    (tmp_path / "a.h5.rejected.txt").write_text("old")
    convert("ntu60", raw, tmp_path / "a.h5")
    assert left_over(tmp_path) == ["a.h5"]


def test_strict_stops_at_the_first_rejection(raw, tmp_path):
    """Strict conversion raises the very error and writes nothing."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    (mine / f"{NAMES[5]}.skeleton").write_bytes(b"3\n1\n")
    with pytest.raises(RawFileError, match=NAMES[5]):
        convert("ntu60", mine, tmp_path / "a.h5", strict=True)
    assert left_over(tmp_path) == ["raw"]


@pytest.mark.parametrize("how", ["bug", "memory"])
def test_failing_reader_costs_one_file(raw, tmp_path, how):
    """An unforeseen failure of a reader rejects that file with its cause, and the conversion goes on."""
    summary = convert(Breaking(how=how), raw, tmp_path / "a.h5")
    assert summary.n_samples == len(NAMES) - 1
    assert "the reader failed on it" in summary.rejected[0].reason and NAMES[3] in summary.rejected[0].file


def test_reading_process_that_dies(raw, tmp_path):
    """A worker taken by the system ends the conversion with a sentence, and no file stands at the final path."""
    with pytest.raises(SkeletonDataError, match="fewer workers"):
        convert(Breaking(how="dies"), raw, tmp_path / "a.h5", workers=2)
    assert not (tmp_path / "a.h5").exists()


def test_nothing_readable(tmp_path, ntu_folder):
    """When every file is rejected or left out, the error tells why and nothing is written."""
    folder = ntu_folder(tmp_path / "raw", ["S020C001P008R001A061"])
    (folder / "S001C001P001R001A001.skeleton").write_bytes(b"")
    with pytest.raises(SkeletonDataError, match=r"no recording could be read.*Rejected: 1.*1 left out"):
        convert("ntu60", folder, tmp_path / "a.h5")
    assert left_over(tmp_path) == ["raw"]


def test_existing_output_is_kept_unless_forced(raw, tmp_path):
    """An existing file is refused before anything is read, and replaced when forced."""
    output = tmp_path / "a.h5"
    output.write_text("mine")
    with pytest.raises(SkeletonDataError, match="exists already"):
        convert("ntu60", raw, output)
    assert output.read_text() == "mine"
    convert("ntu60", raw, output, force=True)
    assert len(Store.open(output)) == len(NAMES)


def test_failed_conversion_keeps_the_old_store(raw, tmp_path):
    """A forced conversion that fails leaves the former store in place."""
    output = tmp_path / "a.h5"
    convert("ntu60", raw, output)
    before = output.read_bytes()
    with pytest.raises(SkeletonDataError):
        convert("ntu60", tmp_path, output, force=True)
    assert output.read_bytes() == before and left_over(tmp_path) == ["a.h5"]


def test_bad_targets_and_numbers(raw, tmp_path):
    """A missing folder, a folder as target and senseless numbers are refused in words."""
    with pytest.raises(SkeletonDataError, match="folder does not exist"):
        convert("ntu60", raw, tmp_path / "none" / "a.h5")
    with pytest.raises(SkeletonDataError, match="is a folder"):
        convert("ntu60", raw, tmp_path, force=True)
    for wrong in ({"workers": 0}, {"max_bodies": 0}):
        with pytest.raises(SkeletonDataError, match="at least 1"):
            convert("ntu60", raw, tmp_path / "a.h5", **wrong)
    with pytest.raises(SkeletonDataError, match="Unknown body selection"):
        convert("ntu60", raw, tmp_path / "a.h5", bodies="best")


def test_numbers_that_are_none_become_missing(tmp_path, ntu_text, ntu_frames):
    """A joint with NaN is all zeros in the store, is counted, and opens a gap; its neighbours are untouched."""
    (tmp_path / "raw").mkdir()
    frames = ntu_frames(0, 5)
    text = ntu_text(frames).split(b"\n")
    text[10] = b" ".join([b"NaN", *text[10].split()[1:]])
    (tmp_path / "raw" / f"{NAMES[0]}.skeleton").write_bytes(b"\n".join(text))
    summary = convert("ntu60", tmp_path / "raw", tmp_path / "a.h5")
    store = Store.open(tmp_path / "a.h5")
    expected = np.stack([bodies[0][1] for bodies in frames])
    expected[0, 6] = 0
    np.testing.assert_array_equal(store[0].positions[0], expected)
    assert summary.n_missing_joints == 1 and not store.tracks["gapless"][0]


SCRIPT = """
    import os, sys, time
    from pathlib import Path
    from skeleton_data import convert
    from skeleton_data.formats.ntu import NTU60

    class Slow(NTU60):
        def read(self, item):
            if item.name.endswith("R002A001"):
                Path(sys.argv[2] + ".pids").joinpath(str(os.getpid())).touch()
                time.sleep(60)
            return super().read(item)

    if __name__ == "__main__":
        try:
            convert(Slow(), sys.argv[1], sys.argv[2], workers=int(sys.argv[3]), force=True)
        except KeyboardInterrupt:
            sys.exit(130)
"""


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def begun(raw, tmp_path):
    """Give a function that starts a conversion in another process and returns once it is in the midst of reading."""
    script, output = tmp_path / "script.py", tmp_path / "out" / "a.h5"
    script.write_text(textwrap.dedent(SCRIPT))
    pids = Path(f"{output}.pids")
    pids.mkdir(parents=True)
    started = []

    def begin(workers):
        command = [sys.executable, str(script), str(raw), str(output), str(workers)]
        started.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}))
        wait_for(lambda: any(pids.iterdir()))
        return started[0], output, pids

    yield begin
    started[0].kill()
    started[0].wait(10)


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_killed_conversion_leaves_nothing_at_the_final_path(begun, raw):
    """After SIGKILL no file stands at the final path, the readers end too, and the next conversion cleans up."""
    process, output, pids = begun(2)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert not output.exists() and [p.suffix for p in output.parent.glob(".*")] == [".partial"]
    wait_for(lambda: not any(running(int(pid.name)) for pid in pids.iterdir()), 10)
    convert("ntu60", raw, output)
    assert left_over(output.parent) == ["a.h5", "a.h5.pids"]


def test_another_conversion_under_way_is_left_alone(begun, raw):
    """Cleaning up after the dead does not touch the living."""
    _, output, _ = begun(1)
    before = list(output.parent.glob(".*.partial/rows.positions"))
    convert("ntu60", raw, output)
    assert before == list(output.parent.glob(".*.partial/rows.positions")) and len(before) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_conversion_keeps_its_work(begun, raw, workers):
    """Ctrl-C leaves no file at the final path, and a partial folder that a resumed conversion finishes and removes."""
    process, output, pids = begun(workers)
    (journal,) = output.parent.glob(".*.partial/journal")
    wait_for(lambda: journal.read_bytes().count(b"\n") >= 3)
    process.send_signal(signal.SIGINT)
    if workers == 2:
        for pid in pids.iterdir():
            os.kill(int(pid.name), signal.SIGTERM)
    assert process.wait(20) != 0
    assert not output.exists() and [p.suffix for p in output.parent.glob(".*")] == [".partial"]
    convert("ntu60", raw, output.parent / "whole.h5")
    assert convert(Slow(), raw, output, resume=True).n_resumed >= 2
    assert output.read_bytes() == (output.parent / "whole.h5").read_bytes()
    assert left_over(output.parent) == ["a.h5", "a.h5.pids", "whole.h5"]


def test_frame_rate(raw, tmp_path, capsys):
    """The store tells what the data set says of itself, or whoever converts it; merging keeps what all agree on."""
    convert("ntu60", raw, tmp_path / "own.h5")
    assert Store.open(tmp_path / "own.h5").frame_rate == 30.0
    command = ["convert", "ntu60", str(raw), "-o", str(tmp_path / "given.h5"), "--frame-rate", "25"]
    assert main(command) == 0 and Store.open(tmp_path / "given.h5").frame_rate == 25.0
    merge([tmp_path / "own.h5", tmp_path / "own.h5"], tmp_path / "same.h5")
    merge([tmp_path / "own.h5", tmp_path / "given.h5"], tmp_path / "other.h5")
    assert [Store.open(tmp_path / f"{name}.h5").frame_rate for name in ("same", "other")] == [30.0, None]
    capsys.readouterr()
    for name, says in (("given", "h at 25 frames a second)"), ("other", None)):
        assert main(["info", str(tmp_path / f"{name}.h5")]) == 0
        out = capsys.readouterr().out
        assert says in out if says else "a second" not in out
    with pytest.raises(SkeletonDataError, match="frame_rate must be a number above 0"):
        convert("ntu60", raw, tmp_path / "x.h5", frame_rate=0.0)


def test_stores_from_before_there_were_frame_rates():
    """They have that of their data set."""
    store = Store.open(frozen.FOLDER / "store_v1.h5")
    assert "frame_rate" not in store.provenance and store.frame_rate == 30.0
