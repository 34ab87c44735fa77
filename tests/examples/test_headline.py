"""The headline table."""

import json

import numpy as np

from examples import headline
from examples.linear_eval import SCORES


def evaluated(folder, top1, scores=None):
    """An evaluation as its command leaves it."""
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps({"top1": top1}))
    if scores is not None:
        np.savez(
            folder / SCORES, scores=np.array(scores, np.float32), samples=np.array([4, 6]), labels=np.array([0, 1])
        )


def test_mean_over_seeds_and_streams(tmp_path, capsys):
    """Each half has a row for each way to read it out; streams are joined seed by seed, where both have run."""
    sure, torn = [[0.9, 0.1], [0.1, 0.9]], [[0.6, 0.4], [0.6, 0.4]]
    for seed, (one, other) in enumerate(((sure, torn), (torn, torn))):
        evaluated(tmp_path / f"xview/joint+bone/seed-{seed}/linear-xview", 80.0 + 4 * seed, one)
        evaluated(tmp_path / f"xview/motion/seed-{seed}/linear-xview", 70.0, other)
    evaluated(tmp_path / "xview/joint+bone/seed-2/linear-xview", 76.0, sure)
    evaluated(tmp_path / "xview/motion/seed-0/knn-xview", 66.66)
    for stream in ("joint+bone", "motion"):
        evaluated(tmp_path / f"xview/upright-{stream}/seed-1/linear-xview", 100.0, sure)
    evaluated(tmp_path / "xsub/motion/seed-0/linear-xsub", 50.0, torn)
    lines = headline.headline(headline.HeadlineConfig(tmp_path))
    assert lines[2:] == [
        "| xsub | linear, motion | 50.0 | 1 |",
        "| xview | linear, joint+bone | 80.0 ± 4.0 | 3 |",
        "| xview | linear, motion | 70.0 ± 0.0 | 2 |",
        "| xview | nearest neighbour, motion | 66.7 | 1 |",
        "| xview | linear, upright-joint+bone | 100.0 | 1 |",
        "| xview | linear, upright-motion | 100.0 | 1 |",
        "| xview | linear, both streams | 75.0 ± 35.4 | 2 |",
        "| xview | linear, four networks | 100.0 | 1 |",
    ]
    assert capsys.readouterr().out.splitlines() == lines


def test_missing_runs(tmp_path, refusal):
    """A folder that is not there is named, with what to run."""
    line = refusal(headline, headline.headline, ["--runs", tmp_path / "absent"])
    assert "no such folder. Run sh examples/runs/results.sh nucla-xview-ours" in line
