"""Bad input ends each command with one line and exit code 2, and leaves nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
import torch

from examples import (
    ablation,
    distill,
    finetune,
    knn_eval,
    linear_eval,
    pretrain,
    pretraining,
    report,
    supervised,
    transfer,
    tsne,
)
from examples.encoders import EncoderSettings, make_encoder, save_encoder
from examples.run import run_command
from skeleton_aug import get_skeleton

ROOT = Path(__file__).resolve().parents[2]
TRAINING = [
    (pretrain, pretrain.pretrain, ["paper", "--batch-size", 8]),
    (supervised, supervised.supervised, ["paper", "--batch-size", 8]),
]
READING = [
    (knn_eval, knn_eval.knn_eval, []),
    (linear_eval, linear_eval.linear_eval, ["paper"]),
]
NAMES = ["pretrain", "supervised", "knn_eval", "linear_eval"]


def foreign_store(folder):
    with h5py.File(folder / "foreign.h5", "w") as file:
        file["x"] = [1, 2, 3]
    return folder / "foreign.h5"


def text_file(folder):
    (folder / "notes.h5").write_text("no HDF5")
    return folder / "notes.h5"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "absent.h5", "no such file"),
        (foreign_store, "is an HDF5 file of another program"),
        (text_file, "is no store"),
    ],
    ids=["missing", "foreign", "text"],
)
@pytest.mark.parametrize(("module", "task", "options"), [*TRAINING, *READING], ids=NAMES)
def test_bad_store(refusal, trained, tmp_path, module, task, options, make, message):
    """A store that is missing or not ours is named."""
    path, out = make(tmp_path), tmp_path / "run"
    checkpoint = ["--checkpoint", trained / "encoder.pt"] if "eval" in module.__name__ else []
    line = refusal(module, task, [*options, "--store", path, "--out", out, *checkpoint])
    assert str(path) in line and message in line and not out.exists()


@pytest.mark.parametrize(("module", "task", "options"), [*TRAINING, *READING], ids=NAMES)
def test_unknown_split(refusal, store_path, trained, tmp_path, module, task, options):
    """A split that the store lacks is named with those that it has."""
    checkpoint = ["--checkpoint", trained / "encoder.pt"] if "eval" in module.__name__ else []
    arguments = [*options, "--store", store_path, "--out", tmp_path / "run", "--split", "xset", *checkpoint]
    line = refusal(module, task, arguments)
    assert "no split 'xset'; it has xsub, xview" in line and not (tmp_path / "run").exists()


@pytest.mark.parametrize(("module", "task", "options"), TRAINING, ids=NAMES[:2])
@pytest.mark.parametrize("batch_size", [0, 1000])
def test_batch_that_cannot_be_filled(refusal, store_path, tmp_path, module, task, options, batch_size):
    """A batch larger than the training set, or of nothing, is refused before anything is written."""
    arguments = [options[0], "--store", store_path, "--out", tmp_path / "run", "--batch-size", batch_size]
    line = refusal(module, task, arguments)
    assert "batch" in line and str(batch_size) in line and not (tmp_path / "run").exists()


def test_batch_of_one_pair(refusal, store_path, tmp_path):
    """Batch norm cannot train on one pair; that is said before it fails."""
    arguments = ["paper", "--store", store_path, "--out", tmp_path / "run", "--batch-size", 1]
    assert "at least 2" in refusal(pretrain, pretrain.pretrain, arguments) and not (tmp_path / "run").exists()


@pytest.mark.parametrize(("module", "task", "options"), [*TRAINING, *READING], ids=NAMES)
def test_run_folder_in_use(refusal, store_path, trained, tmp_path, module, task, options):
    """A folder that holds a run is not touched."""
    (tmp_path / "config.json").write_text("mine")
    checkpoint = ["--checkpoint", trained / "encoder.pt"] if "eval" in module.__name__ else []
    line = refusal(module, task, [*options, "--store", store_path, "--out", tmp_path, *checkpoint])
    assert f"{tmp_path}: holds a run already" in line
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("config.json", "mine")]


@pytest.mark.parametrize(("module", "task", "options"), TRAINING, ids=NAMES[:2])
def test_encoder_settings_that_cannot_be(refusal, store_path, tmp_path, module, task, options):
    """Settings of which no network can be made are refused before anything is written."""
    arguments = [*options, "--store", store_path, "--out", tmp_path / "run", "--encoder.n-frames", 0]
    assert "n_frames at least 1" in refusal(module, task, arguments) and not (tmp_path / "run").exists()


def other_layout(folder):
    settings, layout = EncoderSettings(width=1 / 16, depth="four"), get_skeleton("kinect_v1")
    save_encoder(folder / "v1.pt", make_encoder(settings, layout), settings, layout)
    return folder / "v1.pt"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder, trained: folder / "absent.pt", "no such checkpoint"),
        (lambda folder, trained: trained / "log.jsonl", "is no checkpoint"),
        (lambda folder, trained: trained / "checkpoint.pt", "expected a checkpoint of kind 'skeleton encoder'"),
        (lambda folder, trained: other_layout(folder), "encodes kinect_v1 (20 joints)"),
    ],
    ids=["missing", "text", "another-model", "another-skeleton"],
)
@pytest.mark.parametrize(("module", "task", "options"), READING, ids=NAMES[2:])
def test_bad_checkpoint(refusal, store_path, trained, tmp_path, module, task, options, make, message):
    """A checkpoint that is missing, none, or of something else is named."""
    path, out = make(tmp_path, trained), tmp_path / "run"
    line = refusal(module, task, [*options, "--store", store_path, "--out", out, "--checkpoint", path])
    assert str(path) in line and message in line and not out.exists()


def test_no_neighbours(refusal, store_path, trained):
    """k-NN needs a neighbour."""
    arguments = ["--store", store_path, "--checkpoint", trained / "encoder.pt", "--k", 0]
    assert "--k must be at least 1" in refusal(knn_eval, knn_eval.knn_eval, arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--captions", "a", "b"], "1 checkpoints but 2 captions"),
        (["--out", "plot.jpeg"], "must end in .png"),
        (["--n-classes", 1], "too few to embed"),
        (["--checkpoints", "a/x.pt", "b/a/x.pt"], "Captions must differ, got a, a"),
    ],
    ids=["captions", "suffix", "classes", "equal-captions"],
)
def test_bad_tsne_options(refusal, store_path, trained, tmp_path, monkeypatch, options, message):
    """Options that lead to no picture, or to one with a panel less, are refused."""
    monkeypatch.chdir(tmp_path)
    arguments = {"--store": [store_path], "--checkpoints": [trained / "encoder.pt"], "--out": ["plot.png"]}
    arguments[options[0]] = options[1:]
    flat = [word for name, words in arguments.items() for word in (name, *words)]
    assert message in refusal(tsne, tsne.tsne, flat) and not any(tmp_path.iterdir())


def test_resume_with_other_settings(refusal, store_path, trained):
    """A checkpoint of a run with other settings is refused, by its name."""
    arguments = ["paper", "--store", store_path, "--out", trained, "--batch-size", 8, "--resume"]
    line = refusal(pretrain, pretrain.pretrain, arguments)
    assert f"{trained / 'checkpoint.pt'}: belongs to a run with other settings" in line


def test_interrupt_is_no_traceback(monkeypatch, capsys):
    """Ctrl-C ends a command with the shell's own exit code."""

    def task(config):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["knn_eval.py", "--store", "a", "--checkpoint", "b"])
    with pytest.raises(SystemExit) as ended:
        run_command(task, knn_eval.CONFIGS, "")
    assert ended.value.code == 130 and capsys.readouterr().err == "interrupted\n"


def test_from_the_shell(tmp_path):
    """As a process of its own: one line on standard error, exit code 2, an empty folder."""
    done = subprocess.run(
        [sys.executable, "-m", "examples.pretrain", "paper", "--store", "absent.h5", "--out", "run"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {tmp_path / 'absent.h5'}: no such file. Make it with 'skeleton-data convert'.\n"
    assert not any(tmp_path.iterdir())


def test_configs_are_the_papers():
    """What is called "paper" has the settings of the paper's section 4.2."""
    byol, linear, baseline = (m.CONFIGS["paper"][1] for m in (pretrain, linear_eval, supervised))
    assert (byol.epochs, byol.batch_size, byol.optimizer, byol.lr) == (1600, 512, "sgd", 0.2)
    assert (byol.warmup_epochs, byol.weight_decay, byol.momentum, byol.target_norm) == (10, 1e-4, 0.99, "momentum")
    assert (byol.hidden, byol.projection, byol.projection_norm, byol.covariance) == (4096, 256, False, 0.0)
    assert (byol.pairs, byol.multi_view, byol.encoder) == ("asymmetric", True, EncoderSettings())
    assert vars(linear.linear) == {
        "epochs": 100, "lr": 30.0, "milestones": (60, 80), "batch_size": 256, "weight_decay": 0.0,
    }  # fmt: skip
    assert (linear.feature_draws, linear.standardized) == (100, False)
    assert (baseline.epochs, baseline.batch_size, baseline.optimizer, baseline.lr) == (80, 8, "sgd", 0.0125)
    assert (baseline.milestones, baseline.weight_decay) == ((56, 70), 3e-4)
    assert vars(EncoderSettings()) == {
        "width": 1.0, "depth": "ten", "channels": "joint+bone", "n_frames": 150, "views": "paper", "dropout": 0.0,
        "partition": "spatial", "pooling": "present",
    }  # fmt: skip


def test_optimisers(tiny_pretraining, trained):
    """Both optimisers take everything that has gradients, and nothing of the target."""
    model = pretraining.BYOL(make_encoder(tiny_pretraining.encoder, get_skeleton("kinect_v2")), 16, 8)
    for name, kind in (("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)):
        config = pretrain.PretrainConfig(store=Path(), out=Path(), optimizer=name, lr=0.3, weight_decay=0.1)
        optimizer = pretraining.make_optimizer(config, model)
        (group,) = optimizer.param_groups
        assert isinstance(optimizer, kind) and (group["lr"], group["weight_decay"]) == (0.3, 0.1)
        assert {id(p) for p in group["params"]} == {
            id(p) for p in [*model.online.parameters(), *model.predictor.parameters()]
        }


@pytest.mark.parametrize(
    ("module", "task", "options"),
    [
        (finetune, finetune.finetune, ["paper", "--checkpoint"]),
        (transfer, transfer.transfer, ["paper", "--checkpoint"]),
        (distill, distill.distill, ["paper", "--teacher"]),
    ],
    ids=["finetune", "transfer", "distill"],
)
def test_tasks_that_start_from_a_run(refusal, store_path, trained, tmp_path, module, task, options):
    """A store, a split, a checkpoint and a folder that cannot be used are named, and nothing is left behind."""
    out, start, absent = tmp_path / "run", trained / "encoder.pt", tmp_path / "absent"
    good = {"--store": store_path, "--split": "xsub", "--out": out, options[1]: start}
    for option, value, message in (
        ("--store", absent, "no such file"),
        ("--split", "xset", "no split 'xset'"),
        (options[1], absent, "no such checkpoint"),
        (options[1], trained / "checkpoint.pt", "expected a checkpoint of kind"),
    ):
        words = [word for pair in {**good, option: value}.items() for word in pair]
        assert message in refusal(module, task, [options[0], *words]) and not out.exists()


def test_names_of_data_sets_find_their_store(refusal, trained, tmp_path, monkeypatch):
    """A data set's name is enough; where its store is not made yet, the line says where it should be and how."""
    monkeypatch.chdir(tmp_path)
    for module, task in ((supervised, supervised.supervised), (ablation, ablation.ablation)):
        line = refusal(module, task, ["ntu120-xset", "--out", "run"])
        assert f"{tmp_path / 'data' / 'ntu120.h5'}: no such file" in line and "skeleton-data convert" in line
    assert not any(tmp_path.iterdir())


def test_report_without_runs(refusal, tmp_path):
    """A folder that is none is named before anything is written."""
    line = refusal(report, report.report, ["--runs", tmp_path / "absent", "--out", tmp_path / "out"])
    assert f"{tmp_path / 'absent'}: no such folder" in line and not (tmp_path / "out").exists()
