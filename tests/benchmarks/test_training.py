import pytest
import torch

from benchmarks import training


def test_both_forms_agree():
    """Features, every gradient and every running statistic of the straightforward form are those of ours."""
    plain, ours = training.pair(1 / 16)
    bodies = torch.randn(3, 6, 21, 25, 1, generator=torch.Generator().manual_seed(0))
    found, expected = (training.training_step(network, bodies)() for network in (ours, plain))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    gradients = dict(plain.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name].grad, rtol=1e-2, atol=1e-5, msg=name)
    for (name, ours_is), (_, plain_is) in zip(ours.named_buffers(), plain.named_buffers(), strict=True):
        torch.testing.assert_close(ours_is, plain_is, rtol=1e-4, atol=1e-5, msg=name)


def test_quick_run(capsys, monkeypatch):
    """A quick run names the machine and prints a row for each contestant, with what it differs by."""
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    training.main(["--quick"])
    lines = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert rows[0][0].startswith("width 0.25x, 2 bodies")
    rows = rows[2:]
    assert "PyTorch" in lines[0] and [row[0] for row in rows] == [
        "straightforward", "ours", "straightforward, bfloat16", "ours, bfloat16",
    ]  # fmt: skip
    assert float(rows[1][4]) < 1e-4 and float(rows[3][4]) < 0.1 and all(float(row[3]) > 0 for row in rows[1:])


def test_unknown_option(capsys):
    """A wrong option ends with its name."""
    with pytest.raises(SystemExit):
        training.main(["--fast"])
    assert "--fast" in capsys.readouterr().err
