import re
import shutil

import pytest

from skeleton_data import SkeletonDataError, convert
from skeleton_data.cli import main
from skeleton_data.conversion.preview import preview

NAMES = [f"S001C00{c}P00{p}R001A00{a}" for c in (1, 2, 3) for p in (1, 3) for a in (1, 2)]
ON_MISSING_LIST = "S001C002P005R002A008"


@pytest.fixture
def raw(tmp_path, ntu_folder):
    folder = ntu_folder(tmp_path / "raw", [*NAMES, ON_MISSING_LIST, "S018C001P041R001A061"], n_frames=30)
    (folder / "strange.skeleton").write_bytes(b"1\n0\n")
    return folder


def test_counts_and_size(raw, tmp_path):
    """A dry run counts what a conversion would read and leave out, and its size is that of the store."""
    seen = preview("ntu60", raw)
    assert (seen.n_found, seen.n_selected) == (15, 12)
    assert seen.left_out == {
        "on the official list of missing skeletons": 1,
        "not part of ntu60 (setups 1-17, actions 1-60)": 1,
    }
    assert [error.file for error in seen.rejected] == [str(raw / "strange.skeleton")]
    summary = convert("ntu60", raw, tmp_path / "a.h5")
    assert summary.n_found == 15 and seen.seconds > 0 and seen.n_probed == 12
    positions = 12 * 30 * 25 * 3 * 4
    assert positions < seen.store_bytes < (tmp_path / "a.h5").stat().st_size


def test_command_writes_nothing(raw, tmp_path, capsys):
    """``--dry-run`` prints the counts and leaves the target's folder as it was."""
    before = sorted(tmp_path.rglob("*"))
    code = main(["convert", "ntu60", str(raw), "-o", str(tmp_path / "a.h5"), "--dry-run"])
    out = capsys.readouterr().out
    assert code == 3 and "a.h5: nothing was written (dry run)" in out
    assert "leave out   1: on the official list of missing skeletons" in out and re.search(r"read +12 raw files", out)
    assert sorted(tmp_path.rglob("*")) == before


def test_unreadable_files_are_seen(raw, tmp_path):
    """Files that the probe cannot read are told, and nothing to read is an error."""
    (raw / f"{NAMES[0]}.skeleton").write_bytes(b"4\n1\n")
    assert len(preview("ntu60", raw).rejected) == 2
    shutil.rmtree(raw)
    with pytest.raises(SkeletonDataError, match="no such file"):
        preview("ntu60", raw)
