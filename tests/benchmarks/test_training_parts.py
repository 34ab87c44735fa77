import torch

from benchmarks import training_parts


def test_quick_run(capsys, monkeypatch):
    """A quick run names the machine and compares each pass of both parts in its two forms."""
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    training_parts.main(["--quick"])
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    compared = {row[0]: float(row[3]) for row in rows if row[3] not in ("", "---:", "x the other form")}
    assert "PyTorch" in lines[0] and set(compared) == {
        "sums along links", "back along links", "output, frames along the inner axis",
        "gradient of input, frames along the inner axis", "gradient of weights, frames along the inner axis",
    }  # fmt: skip
    assert all(ratio > 0 for ratio in compared.values())
