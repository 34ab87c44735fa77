import json

import pytest

pytest.importorskip("torch")

from benchmarks.loading import SECTIONS, main


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_runs(section, tmp_path, capsys):
    """Each prints a table and gives its numbers as JSON; scaling draws its picture."""
    plot, results = tmp_path / "plot.png", tmp_path / "results.json"
    main(["--quick", "--only", section, "--plot", str(plot), "--json", str(results)])
    assert "|---|" in capsys.readouterr().out
    assert list(json.loads(results.read_text())["sections"]) == [section]
    assert plot.exists() == (section == "scaling")


def test_a_short_soak(capsys):
    """It ends, and tells of memory and threads."""
    main(["--soak", "300"])
    assert "| batches |" in capsys.readouterr().out
