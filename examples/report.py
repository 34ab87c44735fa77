"""The paper's Tables 1 to 6 and Figure 3 from run folders: report.md with pictures, the paper's numbers beside ours.

python -m examples.report --runs runs --out runs/report
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from examples import tsne
from examples.configs.datasets import DATASETS
from examples.report_pictures import Panel, table_picture
from examples.results import Cell, Result, Scale, make_cell, read_results
from examples.run import run_command, write_atomically

PAPER = json.loads(Path(__file__).with_name("paper_results.json").read_text())
FRACTIONS = ("1 %", "5 %", "10 %")
ABLATION_CAPTIONS = {
    "byol_conservative": "BYOL, two conservative views",
    "byol_aggressive": "BYOL, two aggressive views",
    "no_shear": "full, without shear",
    "no_low_pass": "full, without low-pass filter",
    "no_shift": "full, without temporal shift",
    "no_resampling": "full, without resampling",
    "no_side_drop": "full, without left/right drop",
    "no_multi_view": "full, without multi-viewpoint sampling",
    "multi_view_aggressive": "multi-viewpoint, two aggressive views",
    "full": "full",
}
FIGURE3 = {
    "byol_aggressive": "BYOL, aggressive",
    "no_multi_view": "without multi-viewpoint",
    "multi_view_aggressive": "multi-viewpoint, aggressive only",
    "full": "full",
}


@dataclass(frozen=True)
class Row:
    """A row of a table: its key in the paper's numbers, and what our runs of it are called at each scale."""

    caption: str
    key: str = ""
    paper: str = ""
    laptop: str = ""

    def ours(self, scale: str) -> str:
        return self.paper if scale == "paper" else self.laptop


def same(caption: str, row: str, key: str = "") -> Row:
    """Return a row that is called the same at both scales."""
    return Row(caption, key or row, row, row)


ROWS: Mapping[str, Sequence[Row]] = {
    "table1": [
        same("supervised ST-GCN", "supervised"),
        Row("BYOL, the method (linear)", "full", "linear full", "linear no_shift"),
        Row("as the paper's, only smaller (linear)", laptop="linear as the paper"),
        Row("random encoder (linear)", paper="linear random", laptop="linear random"),
    ],
    "table2": [same(caption, f"linear {name}", name) for name, caption in ABLATION_CAPTIONS.items()],
    "table3": [same(row, row) for row in ("supervised", "distilled 1x", "fine-tuned 2x")],
    "table4": [same(row, row) for row in ("supervised", "distilled 1x", "fine-tuned 2x")],
    "table5": [
        same(row, row)
        for width in ("0.25x", "0.5x", "1x", "2x")
        for row in ((f"fine-tuned {width}", f"distilled {width}") if width != "2x" else (f"fine-tuned {width}",))
    ],
    "table6": [
        same("supervised", "supervised"),
        Row("pre-trained on NTU RGB+D 60", "transfer", "transfer from ntu60-xsub", "transfer from ntu60-xsub"),
        Row("pre-trained on simulated recordings", laptop="transfer from sim-xsub"),
    ],
}
Cells = Mapping[tuple[str, str, str], Cell | None]
"""(caption of the row, column, scale) -> what stands there."""

SCRIPT = {"table4": "table3"}
"""Tables whose commands stand in the script of another."""


@dataclass(frozen=True)
class ReportConfig:
    """Settings.

    Parameters
    ----------
    runs : Path
        Folder that is searched for finished runs, at any depth.
    out : Path
        Folder for report.md and its pictures.
    figure : bool
        Draw Figure 3, which needs the stores and encoders that the runs used.
    """

    runs: Path = Path("runs")
    out: Path = Path("runs/report")
    figure: bool = True


CONFIGS = {"default": ("All tables.", ReportConfig())}


def report(config: ReportConfig) -> None:
    """Write the report."""
    results = read_results(config.runs)
    config.out.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Tables of the paper, and ours",
        "",
        "Top-1 accuracy in percent, last epoch. *mean ± standard deviation (runs)* where there are several seeds, one "
        "run otherwise. Numbers of the paper: " + PAPER["source"],
        "",
        "*Laptop* is a network of four blocks on 16 frames, whose width 0.25 stands for the paper's 1x, pre-trained "
        "with `small`; such numbers cannot be compared with the paper's.",
        "",
    ]
    for name, rows in ROWS.items():
        lines += table_section(name, rows, results, config.out)
    lines += figure_section(results, config)
    text = "\n".join(lines) + "\n"
    write_atomically(config.out / "report.md", lambda part: part.write_text(text))
    print(f"{len(results)} runs; report: {config.out / 'report.md'}")


def table_section(name: str, rows: Sequence[Row], results: Sequence[Result], out: Path) -> list[str]:
    """One table: the paper's columns with ours beside, then ours on other data and at other scales."""
    paper = PAPER[name]
    official = [(column, "paper") for column in paper["columns"]]
    others = [column for column in found_columns(name, rows, results) if column not in official]
    cells = {
        (row.caption, *column): make_cell(select(results, row.ours(column[1]), *column))
        for row in rows
        for column in (*official, *others)
    }
    missing: dict[str, str] = {}
    lines = [f"## {paper['title']}", ""]
    lines += markdown(official_rows(name, rows, official, cells, missing))
    if others:
        lines += ["", *markdown(other_rows(name, rows, others, cells, results, missing))]
        if name == "table2":
            lines += ["", "Linear evaluation / nearest neighbour."]
    lines += ["", *(f"- {letter}: `{command}`" for command, letter in missing.items())]
    draw(name, rows, official, others, cells, out)
    lines += ["", f"![{paper['title']}]({name}.png)", ""]
    shown = [result for cell in cells.values() if cell for result in cell.results]
    left_out = {r.folder: None for cell in cells.values() if cell for r in cell.left_out}
    if left_out:
        lines += ["Left out, as more runs of their cell have other settings: " + ", ".join(map(str, left_out)), ""]
    if shown:
        commands = dict.fromkeys(command for result in shown for command in result.commands)
        lines += ["<details><summary>Commands</summary>", "", "```sh", *commands, "```", "</details>", ""]
    return lines


def select(results: Sequence[Result], row: str, column: str, scale: str) -> list[Result]:
    """Runs of one cell."""
    return [r for r in results if row and (r.row, r.column, r.scale) == (row, column, scale)]


def found_columns(name: str, rows: Sequence[Row], results: Sequence[Result]) -> list[tuple[str, str]]:
    """Columns, as (column, scale), that any run of the table's own rows stands in; with all three label shares."""
    own = {row.ours(scale) for row in rows for scale in ("paper", "laptop")} - {""}
    if name == "table6":
        # The supervised row alone is Table 1's.
        own -= {"supervised"}
    shares = "%" in PAPER[name]["columns"][0]
    bases: dict[tuple[str, Scale], set[str]] = {}
    for r in results:
        base, _, share = r.column.partition(" ")
        belongs = base.startswith(("ntu120", "sim120")) == (name == "table4") or not shares
        if r.row in own and bool(share) == shares and belongs:
            bases.setdefault((base, r.scale), set()).add(r.row)
    # One row alone is no ablation but Table 1's.
    bases = {column: found for column, found in bases.items() if name != "table2" or len(found) > 1}
    return [(f"{b} {f}", s) for b, s in bases for f in FRACTIONS] if shares else list(bases)


def official_rows(
    name: str, rows: Sequence[Row], columns: Sequence[tuple[str, str]], cells: Cells, missing: dict[str, str]
) -> list[list[str]]:
    """Rows of the paper's table: two columns for each of its own."""
    numbers = PAPER[name]["rows"]
    table = [["", *(word for column, _ in columns for word in (f"{column}: paper", "ours"))]]
    shown = [row for row in rows if row.key]
    for row in shown:
        line = [row.caption]
        for place, column in enumerate(columns):
            cell = cells[row.caption, *column]
            line += [paper_text(numbers[row.key][place]), str(cell) if cell else call(name, column, missing)]
        table.append(line)
    for key in numbers.keys() - {row.key for row in shown}:
        table.append([key, *(word for number in numbers[key] for word in (paper_text(number), ""))])
    table[1 + len(shown) :] = sorted(table[1 + len(shown) :], key=lambda line: list(numbers).index(line[0]))
    return table


def other_rows(
    name: str,
    rows: Sequence[Row],
    columns: Sequence[tuple[str, str]],
    cells: Cells,
    results: Sequence[Result],
    missing: dict[str, str],
) -> list[list[str]]:
    """Rows of ours alone."""
    table = [["ours", *(f"{column}, {scale}" if scale == "laptop" else column for column, scale in columns)]]
    for row in rows:
        found = [cells[row.caption, *column] for column in columns]
        if not row.key and not any(found):
            continue
        line = [row.caption]
        for column, cell in zip(columns, found, strict=True):
            text = str(cell) if cell else call(name, column, missing) if row.ours(column[1]) and row.key else ""
            nearest = make_cell(select(results, row.ours(column[1]).replace("linear", "knn", 1), *column))
            line.append(f"{text} / {nearest}" if name == "table2" and nearest else text)
        table.append(line)
    return table


def call(name: str, column: tuple[str, str], missing: dict[str, str]) -> str:
    """Text of an empty cell: a letter that stands for the command which fills it."""
    base, scale = column[0].partition(" ")[0], column[1]
    if base not in DATASETS:
        return "–"
    config = base + ("" if scale == "paper" else "-small")
    pretrained_on = "" if name != "table6" else " ntu60-xsub" if scale == "paper" else " ntu60-xsub-small"
    command = f"sh examples/runs/{SCRIPT.get(name, name)}.sh {config}{pretrained_on}"
    return f"run {missing.setdefault(command, ascii_lowercase[len(missing) % 26])}"


def paper_text(number: Any) -> str:
    """Write a number as the paper does, with its deviation if it has one; nothing for none."""
    if number is None:
        return ""
    return f"{number[0]} ± {number[1]}" if isinstance(number, list) else str(number)


def markdown(table: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, its first row the head."""
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return [lines[0], "|---|" + "---:|" * (len(table[0]) - 1), *lines[1:]]


def draw(
    name: str,
    rows: Sequence[Row],
    official: Sequence[tuple[str, str]],
    others: Sequence[tuple[str, str]],
    cells: Cells,
    out: Path,
) -> None:
    """Draw the table, one panel a column that has numbers of ours (of the paper's, while there are none)."""
    numbers, panels = PAPER[name]["rows"], []
    columns = [column for column in (*official, *others) if any(cells[row.caption, *column] for row in rows)]
    for column in columns or official:
        theirs = {}
        if column in official:
            place = official.index(column)
            theirs = {row.caption: mean(numbers[row.key][place]) for row in rows if row.key}
        ours = {row.caption: cell for row in rows if (cell := cells[row.caption, *column])}
        bars = {caption: (cell.mean, cell.deviation or 0.0) for caption, cell in ours.items()}
        panels.append(Panel(f"{column[0]}, {column[1]}" if column[1] == "laptop" else column[0], theirs, bars))
    captions = [row.caption for row in rows if any(row.caption in {**p.paper, **p.ours} for p in panels)]
    table_picture(out / f"{name}.png", PAPER[name]["title"], captions, panels)


def mean(number: Any) -> float | None:
    """Return a number of the paper without its deviation."""
    value: float | None = number[0] if isinstance(number, list) else number
    return value


def figure_section(results: Sequence[Result], config: ReportConfig) -> list[str]:
    """Figure 3 for every column that has all four of its encoders."""
    lines = ["## Figure 3. t-SNE of ten random classes", ""]
    columns = dict.fromkeys((r.column, r.scale) for r in results if r.row.startswith("linear "))
    for column, scale in columns:
        cells = {name: make_cell(select(results, f"linear {name}", column, scale)) for name in FIGURE3}
        if config.figure and all(cells.values()):
            picture = config.out / f"figure3-{column}-{scale}.png"
            lines += [*draw_figure(picture, {name: cell.results[0] for name, cell in cells.items() if cell}), ""]
    if len(lines) == 2:
        lines += ["Nothing to show yet: `sh examples/runs/figure3.sh ntu60-xview` (or sim-xview-small).", ""]
    return lines


def draw_figure(picture: Path, runs: Mapping[str, Result]) -> list[str]:
    """Draw the test features of four encoders, or say what is gone."""
    first = next(iter(runs.values()))
    settings = tsne.TsneConfig(
        store=Path(first.store),
        checkpoints=tuple(Path(run.checkpoint) for run in runs.values()),
        captions=tuple(FIGURE3[name] for name in runs),
        out=picture,
        split=first.column.rpartition("-")[2],
        seed=first.seed,
    )
    gone = [str(path) for path in (settings.store, *settings.checkpoints) if not path.exists()]
    if gone:
        return [f"{first.column}: not drawn, as {', '.join(gone)} cannot be found from here."]
    with redirect_stdout(StringIO()):
        tsne.tsne(settings)
    return [f"![t-SNE, {first.column}]({picture.name})", "", f"{first.column}, seed {first.seed} of each encoder."]


if __name__ == "__main__":
    run_command(report, CONFIGS, __doc__)
