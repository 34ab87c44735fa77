import errno
import json
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from skeleton_data import SkeletonDataError, Store, convert
from skeleton_data.conversion import partial
from skeleton_data.conversion.journal import read_journal
from skeleton_data.conversion.partial import claim, remove_dead, take_over
from skeleton_data.formats.ntu import NTU60
from skeleton_data.storage import locking

NAMES = [f"S001C00{c}P00{p}R001A00{a}" for c in (1, 2, 3) for p in (1, 3) for a in (1, 2)]
STOP_AT = 7


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder, ntu_text):
    folder = ntu_folder(tmp_path_factory.mktemp("source") / "raw", NAMES)
    (folder / f"{NAMES[2]}.skeleton").write_bytes(b"3\n1\n")
    (folder / f"{NAMES[3]}.skeleton").write_bytes(ntu_text([[], []]))
    return folder


@pytest.fixture(scope="module")
def whole(raw, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole") / "a.h5"
    convert("ntu60", raw, output)
    return output


class Stopped(NTU60):
    """NTU-60 read by a user who presses Ctrl-C at one recording."""

    def read(self, item):
        if item.name == NAMES[STOP_AT]:
            raise KeyboardInterrupt
        return super().read(item)


def stop(raw, output, **options):
    with pytest.raises(KeyboardInterrupt) as caught:
        convert(Stopped(**options.pop("of_format", {})), raw, output, **options)
    (left,) = output.parent.glob(".*.partial")
    return left, caught.value


def test_resumed_bytes_are_those_of_an_unbroken_conversion(raw, whole, tmp_path):
    """What was done is taken over, rejections and empty recordings included; the store and its report are the same."""
    output = tmp_path / "a.h5"
    _, error = stop(raw, output)
    assert error.__notes__ == ["7 raw files are done and kept: --resume goes on from there."]
    summary = convert("ntu60", raw, output, resume=True)
    assert summary.n_resumed == 7 and summary.n_samples == 10
    assert [e.file for e in summary.rejected] == [str(raw / f"{NAMES[2]}.skeleton")] and summary.empty == [NAMES[3]]
    assert output.read_bytes() == whole.read_bytes()
    assert (tmp_path / "a.h5.rejected.txt").read_text() == whole.with_name("a.h5.rejected.txt").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.h5", "a.h5.rejected.txt"]


def test_every_torn_end_is_cut_off(raw, whole, tmp_path):
    """Wherever the journal, the rows or both end, what is whole is used, and the result has the same bytes."""
    left, _ = stop(raw, tmp_path / "a.h5")
    kept = {name: (left / name).read_bytes() for name in ("journal", "rows.positions")}
    sizes = [len(content) for content in kept.values()]
    for at, (journal, rows) in enumerate([(n * 97 % sizes[0], n * 5003 % sizes[1]) for n in range(1, 9)]):
        for cut in ((journal, sizes[1]), (sizes[0], rows), (journal, rows)):
            output = tmp_path / f"{at}-{cut[0]}-{cut[1]}" / "a.h5"
            folder = output.parent / left.name
            folder.mkdir(parents=True)
            (folder / "journal").write_bytes(kept["journal"][: cut[0]])
            (folder / "rows.positions").write_bytes(kept["rows.positions"][: cut[1]])
            convert("ntu60", raw, output, resume=True)
            assert output.read_bytes() == whole.read_bytes(), cut


def test_flipped_bits_in_journal_and_rows_are_noticed(raw, whole, tmp_path):
    """A damaged line or row ends what is taken over; it never reaches the store."""
    left, _ = stop(raw, tmp_path / "a.h5")
    for name in ("journal", "rows.positions"):
        for place in (0.3, 0.6, 0.95):
            output = tmp_path / f"{name}-{place}" / "a.h5"
            folder = shutil.copytree(left, output.parent / left.name)
            content = bytearray((folder / name).read_bytes())
            content[int(place * len(content))] ^= 4
            (folder / name).write_bytes(content)
            assert convert("ntu60", raw, output, resume=True).n_resumed < 7
            assert output.read_bytes() == whole.read_bytes()


def test_resume_twice(raw, whole, tmp_path):
    """A resumed conversion that is stopped again can be resumed again."""
    output = tmp_path / "a.h5"
    stop(raw, output)
    stop(raw, output, resume=True)
    assert convert("ntu60", raw, output, resume=True).n_resumed == 7
    assert output.read_bytes() == whole.read_bytes()


def test_nothing_to_resume(raw, whole, tmp_path):
    """With nothing left behind a resumed conversion starts at the beginning, so a job can always say --resume."""
    assert convert("ntu60", raw, tmp_path / "a.h5", resume=True).n_resumed == 0
    assert (tmp_path / "a.h5").read_bytes() == whole.read_bytes()


def test_without_resume_it_starts_afresh(raw, whole, tmp_path, caplog):
    """Without --resume the unfinished work is named, left alone, and removed once the new store is there."""
    left, _ = stop(raw, tmp_path / "a.h5")
    convert(Peeking(sees=left), raw, tmp_path / "a.h5")
    assert "--resume would go on with that one" in caplog.text and not left.exists()
    assert Store.open(tmp_path / "a.h5").digest == Store.open(whole).digest


class Peeking(NTU60):
    """NTU-60 that looks, while it reads, whether a folder is still there."""

    def __init__(self, sees):
        super().__init__()
        object.__setattr__(self, "sees", sees)

    def read(self, item):
        assert self.sees.exists()
        return super().read(item)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b" "), r"bytes, had"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"0.0149", b"0.0148")), "other content"),
        (lambda path: path.unlink(), f"{NAMES[0]}.skeleton is gone"),
        (lambda path: shutil.copy(path, path.with_name("S001C001P001R001A000.skeleton")), None),
        (lambda path: shutil.copy(path, path.with_name("S001C001P000R001A001.skeleton")), "A001.skeleton has come"),
    ],
)
def test_changed_sources_are_noticed(raw, tmp_path, change, says):
    """A raw file that was read and has another size or content since, is gone or is new, stops the resumed run."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    stop(mine, tmp_path / "a.h5")
    change(mine / f"{NAMES[0]}.skeleton")
    if says is None:
        # A file that the format leaves out anyway changes nothing.
        assert convert("ntu60", mine, tmp_path / "a.h5", resume=True).n_resumed == 7
        return
    with pytest.raises(SkeletonDataError, match=says + r".*without --resume"):
        convert("ntu60", mine, tmp_path / "a.h5", resume=True)
    assert not (tmp_path / "a.h5").exists()


def test_touched_sources_are_compared_by_content(raw, whole, tmp_path):
    """A raw folder that was copied, so that only times differ, does not stop the resumed run."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    stop(mine, tmp_path / "a.h5")
    for path in mine.iterdir():
        if path.name != f"{NAMES[2]}.skeleton":
            os.utime(path, (1, 1))
    assert convert("ntu60", mine, tmp_path / "a.h5", resume=True).n_resumed == 7
    assert (tmp_path / "a.h5").read_bytes() == whole.read_bytes()


def test_mended_source_is_noticed(raw, tmp_path):
    """A file that was rejected and is mended since is not silently left out by the resumed run."""
    mine = shutil.copytree(raw, tmp_path / "raw")
    stop(mine, tmp_path / "a.h5")
    bad = mine / f"{NAMES[2]}.skeleton"
    bad.write_bytes(b"4\n1\n")
    os.utime(bad, (1, 1))
    with pytest.raises(SkeletonDataError, match=f"{NAMES[2]}.*other content"):
        convert("ntu60", mine, tmp_path / "a.h5", resume=True)


def test_other_options_are_refused(raw, tmp_path):
    """The options of the stopped conversion must be given again; the error tells both."""
    stop(raw, tmp_path / "a.h5")
    with pytest.raises(SkeletonDataError, match="max_bodies: then 2, now 1"):
        convert("ntu60", raw, tmp_path / "a.h5", resume=True, max_bodies=1)
    assert len(list(tmp_path.glob(".*.partial"))) == 1


def test_killed_once_the_store_is_in_place(raw, whole, tmp_path, monkeypatch):
    """What a conversion leaves that is killed while it cleans up goes with the next one, even if that is refused."""
    with monkeypatch.context() as patched:
        patched.setattr(partial.shutil, "rmtree", lambda path, **options: None)
        convert("ntu60", raw, tmp_path / "a.h5")
    assert len(list(tmp_path.glob(".*.partial"))) == 1
    with pytest.raises(SkeletonDataError, match="exists already"):
        convert("ntu60", raw, tmp_path / "a.h5", resume=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "a.h5.rejected.txt"]
    assert (tmp_path / "a.h5").read_bytes() == whole.read_bytes()


def test_refused_conversion_spares_unfinished_work(raw, tmp_path):
    """A conversion that is refused because its target exists does not throw a stopped one away."""
    (tmp_path / "a.h5").write_text("mine")
    left, _ = stop(raw, tmp_path / "a.h5", force=True)
    for resume in (False, True):
        with pytest.raises(SkeletonDataError, match="exists already"):
            convert("ntu60", raw, tmp_path / "a.h5", resume=resume)
    assert convert("ntu60", raw, tmp_path / "a.h5", resume=True, force=True).n_resumed == 7 and not left.exists()


def test_the_one_with_the_same_options_is_resumed(raw, whole, tmp_path):
    """Of two unfinished conversions that one goes on whose options are given, though the other got further."""
    stop(raw, tmp_path / "a.h5")
    (left,) = tmp_path.glob(".*.partial")
    content = (left / "journal").read_bytes().splitlines(keepends=True)
    (left / "journal").write_bytes(b"".join(content[:4]))
    other = shutil.copytree(left, tmp_path / "kept")
    shutil.rmtree(left)
    stop(raw, tmp_path / "a.h5", max_bodies=1)
    other.rename(left)
    assert convert("ntu60", raw, tmp_path / "a.h5", resume=True).n_resumed == 3
    assert (tmp_path / "a.h5").read_bytes() == whole.read_bytes()
    assert list(tmp_path.glob(".*.partial")) == []


def test_channels_resume(raw, tmp_path):
    """Channels are taken over like positions."""
    options = {"channels": ("tracking_state", "color_xy")}
    stop(raw, tmp_path / "a.h5", of_format=options)
    convert(NTU60(**options), raw, tmp_path / "a.h5", resume=True)
    convert(NTU60(**options), raw, tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_living_process_keeps_its_folder(tmp_path):
    """A folder that a process holds is neither taken over nor removed; once let go of it is."""
    target = tmp_path / "a.h5"
    folder = claim(target)
    with pytest.raises(SkeletonDataError, match="being made by another process"):
        take_over(target, {})
    remove_dead(target)
    assert folder.path.exists()
    folder.release(keep=True)
    taken = take_over(target, {})
    assert taken is not None and taken.path == folder.path
    taken.release(keep=False)
    assert list(tmp_path.iterdir()) == []


def test_journal_lines_have_checksums(raw, tmp_path):
    """A journal is lines of JSON behind a checksum each: the header first, then one for every file."""
    left, _ = stop(raw, tmp_path / "a.h5")
    lines = (left / "journal").read_bytes().splitlines()
    assert len(lines) == 8 and json.loads(lines[0][17:])["format"] == "ntu60"
    assert len(list(read_journal(left / "journal"))) == 8


def test_file_system_without_locks(raw, whole, tmp_path, monkeypatch):
    """Where files cannot be locked a conversion works, and what others left is neither taken over nor removed."""

    def refuse(file, operation):
        raise OSError(errno.ENOLCK, "No locks available")

    left, _ = stop(raw, tmp_path / "a.h5")
    monkeypatch.setattr(locking.fcntl, "flock", refuse)
    with pytest.raises(SkeletonDataError, match="or its folder does not support locks"):
        convert("ntu60", raw, tmp_path / "a.h5", resume=True)
    convert("ntu60", raw, tmp_path / "a.h5")
    assert (tmp_path / "a.h5").read_bytes() == whole.read_bytes() and left.exists()


def test_folder_removed_while_it_is_claimed(tmp_path, monkeypatch):
    """A folder that another process took for a dead one's before it was locked is given up for a new one."""
    made = []

    def make(**options):
        folder = tempfile.mkdtemp(**options)
        made.append(Path(folder))
        if len(made) == 1:
            made[0].rmdir()
        return folder

    monkeypatch.setattr(partial, "tempfile", SimpleNamespace(mkdtemp=make))
    folder = claim(tmp_path / "a.h5")
    assert len(made) == 2 and folder.path == made[1]
    folder.release(keep=False)


def test_nothing_stays_where_open_files_outlive_their_removal(tmp_path, monkeypatch):
    """On network file systems a folder can only be removed once the lock in it is closed; then it is."""
    remove, tries = partial.shutil.rmtree, []

    def first_in_vain(path, **options):
        tries.append(path)
        if len(tries) > 1:
            remove(path, **options)

    monkeypatch.setattr(partial.shutil, "rmtree", first_in_vain)
    partial.claim(tmp_path / "a.h5").release(keep=False)
    assert len(tries) == 2 and list(tmp_path.glob(".*.partial")) == []
