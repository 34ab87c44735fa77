"""The complete grid of official names: size, order, and who acts what no simulator knows."""

from collections import Counter
from pathlib import Path

import pytest

from skeleton_data import Store, convert
from skeleton_data.cli import main
from skeleton_data.formats.ntu import RecordingName
from skeleton_data.raw import SkeletonDataError
from skeleton_data.synthetic import performance_list, synthesize
from skeleton_data.synthetic.grid import GridPerformance, grid
from skeleton_data.synthetic.performances import ACTIONS, TWO_PERSON


@pytest.mark.parametrize(("shape", "count", "n_classes"), [("ntu60", 18_960, 60), ("ntu120", 38_160, 120)])
def test_grids_have_the_official_size(shape: str, count: int, n_classes: int) -> None:
    """Every performance occurs once; three cameras make 56,880 and 114,480 names, all of the official form."""
    names = {performance.name for performance in grid(shape)}
    assert len(grid(shape)) == len(names) == count
    assert len({performance.label for performance in grid(shape)}) == n_classes
    assert all(RecordingName.parse(performance.sample(3)) is not None for performance in grid(shape)[::500])


def test_a_shorter_grid_is_the_start_of_a_longer_one_and_spreads() -> None:
    """A tenth of the grid has every class and setup, each with nearly its share."""
    tenth = grid("ntu120", 3816)
    assert grid("ntu120", 50) == tenth[:50]
    classes = Counter(performance.label for performance in tenth)
    assert len(classes) == 120 and max(classes.values()) <= 2 * min(classes.values())
    assert len({performance.setup for performance in tenth}) == 32


def test_unknown_classes_are_acted_by_as_many_persons() -> None:
    """A class that is not simulated is acted by a simulated one, of two persons where it needs two."""
    for performance in grid("ntu120", 3816):
        assert performance.acted in ACTIONS
        two = performance.label + 1 in {*range(50, 61), *range(106, 121)}
        assert (performance.acted in TWO_PERSON) == two, performance
    known = next(performance for performance in grid("ntu60") if performance.label in ACTIONS)
    assert known.acted == known.label


def test_files_of_the_grid_convert(tmp_path: Path) -> None:
    """Files of the grid are read as NTU-120, no two of them alike, those on the missing list left out."""
    paths = synthesize(tmp_path / "raw", shape="ntu120", performances=5)
    summary = convert("ntu120", tmp_path / "raw", tmp_path / "a.h5")
    assert len(paths) == 15 and summary.n_samples + sum(summary.left_out.values()) == 15
    assert summary.n_duplicates == 0 and not summary.rejected
    assert {p.stem for p in paths} >= set(Store.open(tmp_path / "a.h5").samples["name"].tolist())


def test_a_performance_has_the_same_bytes_in_either_shape(tmp_path: Path) -> None:
    """A file's bytes depend on the seed and its name alone, whatever shape it belongs to."""
    from skeleton_data.synthetic.ntu_text import ntu_text
    from skeleton_data.synthetic.recording import simulate

    known = next(
        p for p in performance_list(400) if (p.setup, p.subject) in {(g.setup, g.subject) for g in grid("ntu60")}
    )
    same = GridPerformance(known.setup, known.subject, known.replication, known.label)
    assert ntu_text(simulate(known, 2, 3), 3) == ntu_text(simulate(same, 2, 3), 3)


@pytest.mark.parametrize(
    "wrong", [{"setup": 33}, {"subject": 9}, {"label": 60}, {"replication": 3}, {"setup": 20, "subject": 8}]
)
def test_what_is_not_in_the_grid_is_refused(wrong: dict[str, int]) -> None:
    """Setups, subjects, classes and replications that were never recorded together are refused."""
    with pytest.raises(SkeletonDataError, match="is no performance of NTU RGB"):
        GridPerformance(**{"setup": 1, "subject": 1, "replication": 1, "label": 5, **wrong})


def test_impossible_grids_are_refused(tmp_path: Path) -> None:
    """Unknown shapes and counts beyond the grid are refused; without a shape a count is needed."""
    with pytest.raises(SkeletonDataError, match="Unknown shape 'ntu61'; choose from ntu60, ntu120"):
        grid("ntu61")
    for count in (0, 18_961):
        with pytest.raises(SkeletonDataError, match="ntu60 has 1 to 18960 performances"):
            grid("ntu60", count)
    with pytest.raises(SkeletonDataError, match="how many performances"):
        synthesize(tmp_path / "raw")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shape is a flag of the command, which tells what it wrote."""
    assert main(["synth", str(tmp_path / "raw"), "--shape", "ntu120", "--performances", "2"]) == 0
    assert "6 recordings of 2 performances" in capsys.readouterr().out
