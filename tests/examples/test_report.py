from dataclasses import replace
from pathlib import Path

import matplotlib.image
import pytest

from examples import supervised
from examples.report import FIGURE3, PAPER, ROWS, ReportConfig, report
from skeleton_aug.presets import ABLATIONS
from tests.examples.test_results import linear, pretrained, tuned, write


def table_of(text, title):
    """Rows under a heading, as lists of cells: of the paper's table, and of the one with other data."""
    section = text.split(f"## {title}")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in section.splitlines() if line[:1] == "|"]
    heads = [place for place, row in enumerate(rows) if row[0] in ("", "ours")]
    return rows[: heads[1]] if len(heads) > 1 else rows, rows[heads[1] :] if len(heads) > 1 else []


@pytest.fixture
def made(tmp_path):
    """A report of a few runs at both scales."""
    runs = tmp_path / "runs"
    write(runs / "a", linear(), [pretrained()], 86.0)
    write(runs / "b", replace(supervised.PAPER, store=Path("ntu60.h5"), out=Path("s")), [], 88.1)
    for seed in (0, 1):
        write(runs / f"c{seed}", tuned(fraction=0.01, seed=seed), [pretrained(width=2.0)], 78.0 + seed)
    write(runs / "d", linear("SMALL", store=Path("sim.h5"), split="xview"), [pretrained("laptop")], 77.7)
    report(ReportConfig(runs=runs, out=tmp_path / "out", figure=False))
    return tmp_path / "out"


def test_ours_beside_the_papers(made):
    """Our numbers stand in the column after the paper's, with their deviation where there are seeds."""
    text = (made / "report.md").read_text()
    first = {row[0]: row for row in table_of(text, "Table 1")[0]}
    assert first["BYOL, the method (linear)"][1:3] == ["86.8", "86.0"]
    assert first["supervised ST-GCN"][1:3] == ["88.5", "88.1"] and first["3s-AimCLR"][1:3] == ["78.9", ""]
    third = {row[0]: row for row in table_of(text, "Table 3")[0]}
    assert third["fine-tuned 2x"][1:3] == ["79.3", "78.5 ± 0.7 (2)"]
    fifth = {row[0]: row for row in table_of(text, "Table 5")[0]}
    assert fifth["fine-tuned 2x"][1:3] == ["79.3 ± 0.6", "78.5 ± 0.7 (2)"]


def test_other_data_stand_below(made):
    """Runs on other data or at laptop scale get a table of their own under the paper's."""
    _, rows = table_of((made / "report.md").read_text(), "Table 1")
    assert table_of((made / "report.md").read_text(), "Table 2")[1] == []
    assert rows[0] == ["ours", "sim-xview, laptop"] and ["BYOL, the method (linear)", "77.7"] in rows


def test_empty_cells_say_what_to_run(made):
    """Each empty cell has a letter, and each letter a script that exists, with the right config."""
    text = (made / "report.md").read_text()
    first = {row[0]: row for row in table_of(text, "Table 1")[0]}
    letter = first["BYOL, the method (linear)"][4].removeprefix("run ")
    section = text.split("## Table 1")[1].split("\n## ")[0]
    assert f"- {letter}: `sh examples/runs/table1.sh ntu60-xview`" in section
    assert (
        "`sh examples/runs/table3.sh ntu120-xset`" in text
        and "`sh examples/runs/table6.sh pku2-xsub ntu60-xsub`" in text
    )
    folder = Path(__file__).parents[2]
    scripts = {word for line in text.splitlines() for word in line.replace("`", " ").split() if word.endswith(".sh")}
    assert len(scripts) >= 5 and all((folder / script).is_file() for script in scripts)


def test_commands_and_pictures(made):
    """The commands of what is shown stand below it; every table has a picture with something in it."""
    text = (made / "report.md").read_text()
    assert "python -m a\n" in text and "python -m c1\n" in text
    for place in range(1, 7):
        image = matplotlib.image.imread(made / f"table{place}.png")
        assert f"(table{place}.png)" in text and image.std() > 0.01


def test_rows_have_the_papers_numbers():
    """Each row of ours that the paper has is in its numbers, with a number for every column; spot checks."""
    for name, rows in ROWS.items():
        assert all(len(numbers) == len(PAPER[name]["columns"]) for numbers in PAPER[name]["rows"].values())
        assert {row.key for row in rows if row.key} <= set(PAPER[name]["rows"])
    assert set(PAPER["table2"]["rows"]) == set(ABLATIONS) > set(FIGURE3)
    assert PAPER["table2"]["rows"]["no_multi_view"] == [81.8, 82.3]
    assert PAPER["table5"]["rows"]["distilled 0.25x"] == [[76.8, 0.7], [80.4, 1.4], [81.3, 0.9]]
    assert PAPER["table6"]["rows"]["transfer"] == [68.3]


def test_figure_of_four_encoders(store_path, trained, tmp_path):
    """Where the four rows' encoders and the store are there, they are drawn side by side under the paper's captions."""
    for name in FIGURE3:
        how = ABLATIONS[name]
        pairs = "aggressive" if how.second == "aggressive" else "asymmetric"
        evaluation = linear(store=store_path, split="xview", checkpoint=trained / "encoder.pt")
        write(tmp_path / "runs" / name, evaluation, [pretrained(pairs=pairs, multi_view=how.multi_view)])
    report(ReportConfig(runs=tmp_path / "runs", out=tmp_path / "out"))
    assert "(figure3-store-xview-paper.png)" in (tmp_path / "out" / "report.md").read_text()
    image = matplotlib.image.imread(tmp_path / "out" / "figure3-store-xview-paper.png")
    assert image.shape[1] > 3 * image.shape[0] and image.std() > 0.01


def test_figure_needs_its_encoders(tmp_path):
    """With all four rows but without their files it says what is gone; with none it says what to run."""
    for name in FIGURE3:
        how = ABLATIONS[name]
        pairs = "aggressive" if how.second == "aggressive" else "asymmetric"
        write(tmp_path / "runs" / name, linear(), [pretrained(pairs=pairs, multi_view=how.multi_view)])
    report(ReportConfig(runs=tmp_path / "runs", out=tmp_path / "out"))
    assert "ntu60-xsub: not drawn, as data/ntu60.h5" in (tmp_path / "out" / "report.md").read_text()
    (tmp_path / "empty").mkdir()
    report(ReportConfig(runs=tmp_path / "empty", out=tmp_path / "out"))
    text = (tmp_path / "out" / "report.md").read_text()
    assert "Nothing to show yet: `sh examples/runs/figure3.sh ntu60-xview`" in text and "± " in text
