"""Folders of simulated files: same bytes however they are made, and no harm to other people's files."""

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from skeleton_data.raw import SkeletonDataError
from skeleton_data.synthetic import performance_list, synthesize
from skeleton_data.synthetic.writing import MARKER


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.skeleton"))}


def test_one_and_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    alone = synthesize(tmp_path / "one", performances=6, seed=3)
    shared = synthesize(tmp_path / "two", performances=6, seed=3, workers=2)
    assert [path.name for path in alone] == [path.name for path in shared]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_fewer_performances_are_a_part_of_more(tmp_path: Path) -> None:
    synthesize(tmp_path / "few", performances=4)
    synthesize(tmp_path / "many", performances=9)
    few, many = contents(tmp_path / "few"), contents(tmp_path / "many")
    assert (len(few), len(many)) == (12, 27)
    assert few.items() <= many.items()


def test_another_seed_gives_other_bytes_under_the_same_names(tmp_path: Path) -> None:
    synthesize(tmp_path / "a", performances=2, seed=0)
    synthesize(tmp_path / "b", performances=2, seed=1)
    a, b = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert a.keys() == b.keys()
    assert all(a[name] != b[name] for name in a)


def test_files_are_returned_by_performance_and_camera_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    paths = synthesize(folder, performances=3)
    names = [f"{p.sample(camera)}.skeleton" for p in performance_list(3) for camera in (1, 2, 3)]
    assert [path.name for path in paths] == names
    assert {entry.name for entry in folder.iterdir()} == {*names, MARKER}


def test_a_second_run_replaces_damaged_files_and_sweeps_up_after_a_killed_one(tmp_path: Path) -> None:
    paths = synthesize(tmp_path / "out", performances=2)
    whole = contents(tmp_path / "out")
    paths[0].write_bytes(b"12\n")
    leftover = tmp_path / "out" / f".{paths[1].name}.123.part"
    leftover.write_bytes(b"half")
    synthesize(tmp_path / "out", performances=2)
    assert contents(tmp_path / "out") == whole
    assert not leftover.exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    real = tmp_path / "S001C001P001R001A006.skeleton"
    real.write_text("real data")
    with pytest.raises(SkeletonDataError, match=r"S001C001P001R001A006.*did not write; choose an empty folder"):
        synthesize(tmp_path, performances=1)
    assert [entry.name for entry in tmp_path.iterdir()] == [real.name]
    assert real.read_text() == "real data"


def test_recordings_of_two_seeds_do_not_mix(tmp_path: Path) -> None:
    synthesize(tmp_path / "out", performances=1, seed=1)
    with pytest.raises(SkeletonDataError, match=r"seed 1.*choose an empty folder, or that seed"):
        synthesize(tmp_path / "out", performances=1, seed=2)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(SkeletonDataError, match="is a file"):
        synthesize(tmp_path / "out", performances=1)
    with pytest.raises(SkeletonDataError, match="cannot be made"):
        synthesize(tmp_path / "out" / "below", performances=1)


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    synthesize(tmp_path / "out", performances=1)
    taken = tmp_path / "out" / f"{performance_list(1)[0].sample(1)}.skeleton"
    taken.unlink()
    taken.mkdir()
    with pytest.raises(SkeletonDataError, match=f"{taken.name}: cannot be written"):
        synthesize(tmp_path / "out", performances=1)
    assert not list((tmp_path / "out").glob(".*.part"))


@pytest.mark.parametrize("wrong", [{"performances": 0}, {"seed": -1}, {"workers": 0}])
def test_impossible_arguments_are_refused_before_anything_is_written(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(SkeletonDataError):
        synthesize(tmp_path / "out", **{"performances": 1, **wrong})
    assert not (tmp_path / "out").exists()


def test_the_progress_bar_is_shown_on_request_only(tmp_path: Path) -> None:
    for progress in (False, True):
        screen = io.StringIO()
        with redirect_stderr(screen):
            synthesize(tmp_path / "out", performances=2, progress=progress)
        assert ("2/2" in screen.getvalue()) == progress
