import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples import distill, finetune, knn_eval, linear_eval, pretrain, supervised, transfer
from examples.ablation import PAIRS
from examples.results import make_cell, read_result, read_results
from examples.run import InputError, plain
from skeleton_aug.presets import ABLATIONS

NTU, SIM, PKU = Path("data/ntu60.h5"), Path("data/sim.h5"), Path("data/pku2.h5")


def step(config):
    """A config as it stands in another run's origin."""
    return {"task": type(config).__name__, "config": plain(config)}


def pretrained(scale="paper", width=None, **changes):
    start = {"paper": pretrain.PAPER, "laptop": pretrain.SMALL, "unmended": pretrain.PAPER_SMALL}[scale]
    config = replace(start, **{"store": NTU, "out": Path("p"), **changes})
    return config if width is None else replace(config, encoder=replace(config.encoder, width=width))


def write(folder, config, origin=(), top1=50.0):
    """A result.json as a task leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "data": config.store.stem, "split": config.split, "seed": getattr(config, "seed", 0), "top1": top1,
        **step(config), "origin": [step(c) for c in origin], "command": f"python -m {folder.name}",
    }  # fmt: skip
    (folder / "result.json").write_text(json.dumps(content))
    return folder / "result.json"


def linear(scale="PAPER", **changes):
    return replace(getattr(linear_eval, scale), **{"store": NTU, "checkpoint": Path("c"), **changes})


def tuned(kind=finetune, **changes):
    return replace(kind.PAPER, **{"store": NTU, "checkpoint": Path("c"), "out": Path("f"), **changes})


KNN = knn_eval.KnnEvalConfig(store=NTU, checkpoint=Path("c"))
STUDENT = replace(distill.PAPER, store=NTU, teacher=Path("t"), out=Path("d"), width=0.5)
CASES = [
    (linear(), [pretrained()], ("linear full", "ntu60-xsub", "paper")),
    (linear(split="xview"), [pretrained()], ("linear full", "ntu60-xview", "paper")),
    (linear(), [pretrained(epochs=0)], ("linear random", "ntu60-xsub", "paper")),
    (linear("SMALL", store=SIM), [pretrained("laptop")], ("linear no_shift", "sim-xsub", "laptop")),
    (linear("SMALL"), [pretrained("laptop", without=())], ("linear full", "ntu60-xsub", "laptop")),
    (linear("SMALL"), [pretrained("unmended")], ("linear as the paper", "ntu60-xsub", "laptop")),
    (KNN, [pretrained("laptop", pairs="aggressive", without=())],
     ("knn multi_view_aggressive", "ntu60-xsub", "laptop")),
    (replace(supervised.PAPER, store=NTU, out=Path("s"), fraction=0.01), [],
     ("supervised", "ntu60-xsub 1 %", "paper")),
    (tuned(fraction=0.05), [pretrained(width=2.0)], ("fine-tuned 2x", "ntu60-xsub 5 %", "paper")),
    (tuned(fraction=0.1), [pretrained("laptop")], ("fine-tuned 1x", "ntu60-xsub 10 %", "laptop")),
    (STUDENT, [tuned(fraction=0.01), pretrained(width=2.0)], ("distilled 0.5x", "ntu60-xsub 1 %", "paper")),
    (replace(STUDENT, width=0.25), [tuned(fraction=0.01), pretrained("laptop", width=0.5)],
     ("distilled 1x", "ntu60-xsub 1 %", "laptop")),
    (tuned(transfer, store=PKU), [pretrained()], ("transfer from ntu60-xsub", "pku2-xsub", "paper")),
]  # fmt: skip


@pytest.mark.parametrize(("config", "origin", "place"), CASES, ids=[f"{c[2][0]}, {c[2][2]}" for c in CASES])
def test_runs_find_their_cell(tmp_path, config, origin, place):
    """Row, column and scale follow from what was run, whatever its folder is called."""
    result = read_result(write(tmp_path / "run", config, origin, 61.5))
    assert (result.row, result.column, result.scale) == place and result.top1 == 61.5


@pytest.mark.parametrize("row", list(ABLATIONS))
def test_every_row_of_the_ablation(tmp_path, row):
    """A pre-training as a preset says is in the row of that name."""
    how = ABLATIONS[row]
    made = pretrained(pairs=PAIRS[how.first, how.second], without=how.without, multi_view=how.multi_view)
    assert read_result(write(tmp_path / "run", linear(), [made])).row == f"linear {row}"


@pytest.mark.parametrize(
    ("config", "origin"),
    [
        (linear(), []),
        (linear(), [pretrained(width=0.5)]),
        (tuned(), [pretrained(pairs="aggressive")]),
        (STUDENT, [tuned(), pretrained(width=1.0)]),
        (STUDENT, [replace(supervised.PAPER, store=NTU, out=Path("s"))]),
        (tuned(split="xsub_validation"), [pretrained()]),
    ],
    ids=["unknown-encoder", "other-width", "other-method", "narrow-teacher", "supervised-teacher", "validation"],
)
def test_runs_of_no_table(tmp_path, config, origin):
    """What the paper has no cell for is not put into one."""
    write(tmp_path / "run", config, origin)
    assert read_results(tmp_path) == []


def test_cells_average_seeds(tmp_path):
    """Mean and deviation over seeds; runs with other settings stay out and are named."""
    values = [61.0, 64.5, 60.2]
    for seed, top1 in enumerate(values):
        write(tmp_path / f"good{seed}", tuned(seed=seed, store=Path(f"{seed}/ntu60.h5")), [pretrained(width=2.0)], top1)
    write(tmp_path / "other", tuned(seed=4, lr=1.0), [pretrained(width=2.0)], 5.0)
    cell = make_cell(read_results(tmp_path))
    assert cell.mean == pytest.approx(np.mean(values)) and cell.deviation == pytest.approx(np.std(values, ddof=1))
    assert [r.seed for r in cell.results] == [0, 1, 2] and [r.folder.name for r in cell.left_out] == ["other"]
    assert str(cell) == "61.9 ± 2.3 (3)"


def test_one_run_a_seed(tmp_path):
    """Of two runs of one seed the later one counts; one run has no deviation; none is no cell."""
    write(tmp_path / "a", linear(), [pretrained()], 1.0)
    write(tmp_path / "b", linear(), [pretrained()], 2.0)
    first, second = (replace(r, seconds=place) for place, r in enumerate(read_results(tmp_path)))
    cell = make_cell([second, first])
    assert (cell.mean, cell.deviation, str(cell)) == (2.0, None, "2.0") and cell.left_out == (first,)
    assert make_cell([]) is None


def test_damage_is_named(tmp_path):
    """A result that is cut short, and a folder that is none, end with a line."""
    path = write(tmp_path / "run", linear(), [pretrained()])
    path.write_text(path.read_text()[:-20])
    with pytest.raises(InputError, match=r"run/result.json: is damaged"):
        read_results(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        read_results(tmp_path / "absent")
