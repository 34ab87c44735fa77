"""Several linear evaluations as one."""

import numpy as np
import pytest

from examples import ensemble
from examples.linear_eval import SCORES


def save(folder, scores, samples=(3, 5), labels=(0, 1)):
    folder.mkdir()
    np.savez(folder / SCORES, scores=np.array(scores, np.float32), samples=np.array(samples), labels=np.array(labels))
    return folder


def test_mean_of_probabilities(tmp_path, capsys):
    """Two that err on one sample each may be right together, where the right one is surer."""
    one = save(tmp_path / "one", [[0.9, 0.1], [0.6, 0.4]])
    other = save(tmp_path / "other", [[0.4, 0.6], [0.1, 0.9]])
    assert ensemble.ensemble(ensemble.EnsembleConfig((one,))) == 50
    assert ensemble.ensemble(ensemble.EnsembleConfig((other,))) == 50
    assert ensemble.ensemble(ensemble.EnsembleConfig((one, other))) == 100
    assert "Mean of 2 linear evaluations: top-1 100.0 % (2 test samples)" in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"samples": (3, 6)}, {"labels": (1, 1)}, {"samples": (3,), "labels": (0,)}])
def test_other_samples_are_refused(tmp_path, refusal, change):
    """Runs must test the same samples."""
    one = save(tmp_path / "one", [[0.9, 0.1], [0.6, 0.4]])
    other = save(tmp_path / "other", [[0.9, 0.1], [0.6, 0.4]][: len(change.get("samples", (0, 0)))], **change)
    assert "tests other samples than" in refusal(ensemble, ensemble.ensemble, ["--runs", one, other])


def test_missing_and_damaged_scores(tmp_path, refusal):
    """What is not there or cannot be read is named, with what to run."""
    assert "is not there. Run examples.linear_eval" in refusal(ensemble, ensemble.ensemble, ["--runs", tmp_path])
    (tmp_path / SCORES).write_bytes(b"PK nothing")
    assert "is damaged" in refusal(ensemble, ensemble.ensemble, ["--runs", tmp_path])
