"""The whole way in one command, at toy size, and what it refuses."""

import re
from dataclasses import replace

import matplotlib.image
import pytest

from examples.demo import DemoConfig, claim_folder, demo, detect_format, train_all
from examples.demo import Job as TrainingJob
from examples.demo_report import CAPTIONS, PROTOCOLS, Protocol, Scores, align, choose_protocols, table
from examples.run import InputError
from skeleton_data.synthetic import synthesize


@pytest.mark.timeout(900)
def test_whole_way(tmp_path, capfd):
    """Simulates, converts, trains, evaluates: ends with a table of percentages, a report, and pictures."""
    out = tmp_path / "demo"
    demo(DemoConfig(out=out, performances=72, steps=2, seed=3))
    printed = capfd.readouterr().out
    report = (out / "report.md").read_text()
    for caption in CAPTIONS.values():
        row = next(line for line in report.splitlines() if line.startswith(f"| {caption}"))
        assert row in printed
        values = [float(value) for value in re.findall(r"\d+\.\d", row)]
        assert len(values) in (4, 6) and all(0 <= value <= 100 for value in values)
    for picture in ("views", "training", "tsne"):
        assert f"({picture}.png)" in report and matplotlib.image.imread(out / f"{picture}.png").std() > 0
    assert "python -m examples.pretrain small" in printed and "216 recordings" in printed


def test_claim_folder(tmp_path):
    """An earlier demo is replaced; anything else is left alone."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    claim_folder(ours)
    (ours / "old").write_text("")
    claim_folder(ours)
    assert not (ours / "old").exists()
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("")
    with pytest.raises(InputError, match="something else"):
        claim_folder(theirs)
    assert (theirs / "thesis.tex").exists()


def test_detect_format(tmp_path):
    """Simulated files are NTU's; an empty folder and a wrong path are told apart."""
    synthesize(tmp_path / "raw", performances=1)
    assert detect_format(tmp_path / "raw") == "ntu60"
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no recordings of any known format"):
        detect_format(tmp_path / "empty")
    with pytest.raises(InputError, match="no such file"):
        detect_format(tmp_path / "nowhere")


def test_failed_training_ends_the_demo(tmp_path):
    """A run that fails is named with its last line of output, and the others are stopped."""
    sleeper = TrainingJob(tmp_path / "x" / "sleeper", ("sleep", "100"))
    failing = TrainingJob(tmp_path / "x" / "failing", ("sh", "-c", "echo error: no luck; exit 2"))
    with pytest.raises(InputError, match=r"failing: training failed \(error: no luck\)"):
        train_all([sleeper, failing], at_once=2)


def test_protocols(store):
    """A store is tested on the splits that it has."""
    assert [list(p.tests) for p in choose_protocols(store, every=True).values()] == [["xview"], ["xsub"]]
    assert list(choose_protocols(store, every=False)) == [next(iter(PROTOCOLS))]


def test_table():
    """Methods down, tests across, the supervised network's own accuracy in brackets beside its own test only."""
    protocol = Protocol("t", {"xview": "cameras", "xview_clean": "clean"})
    scores = [Scores("xview", m, {"xview": 1, "xview_clean": 2}, {"xview": 3, "xview_clean": 4}) for m in CAPTIONS]
    scores[-1] = replace(scores[-1], own_head=99)
    lines = table(scores, {"xview": protocol})
    assert len({len(line) for line in lines}) == 1 and len(lines) == 2 + len(CAPTIONS)
    assert [cell.strip() for cell in lines[-1].split("|")[2:-1]] == ["1.0", "3.0 (99.0)", "2.0", "4.0"]
    assert align(["a", "b"], [2, 3]) == ["a ", "  b"]
