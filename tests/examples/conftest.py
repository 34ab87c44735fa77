"""A small store of simulated recordings, tiny settings, and commands run as the shell would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from examples import pretrain
from examples.encoders import EncoderSettings
from examples.run import plain, run_command
from skeleton_data import Store, convert
from skeleton_data.synthetic import synthesize


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Sums in one order, so that equal runs are equal to the bit; and no fight over cores.

    Once for all: a convolution planned for one number of threads and run with another corrupts memory (seen with
    PyTorch 2.13.0 on a CPU).
    """
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 performances of 16 actions before three cameras: 108 recordings."""
    folder = tmp_path_factory.mktemp("data")
    synthesize(folder / "raw", performances=36)
    convert("ntu60", folder / "raw", folder / "store.h5")
    return folder / "store.h5"


@pytest.fixture(scope="session")
def store(store_path: Path) -> Store:
    return Store.open(store_path)


@pytest.fixture(scope="session")
def tiny() -> EncoderSettings:
    """Four blocks with 4 to 16 channels, views of 8 frames."""
    return EncoderSettings(width=1 / 16, depth="four", n_frames=8, views="short")


@pytest.fixture(scope="session")
def tiny_pretraining(store_path: Path, tiny: EncoderSettings) -> pretrain.PretrainConfig:
    """Two steps of eight pairs an epoch; ``out`` is to be replaced."""
    return pretrain.PretrainConfig(
        store=store_path,
        out=Path("unset"),
        split="xsub",
        encoder=tiny,
        epochs=4,
        batch_size=8,
        optimizer="adamw",
        lr=3e-3,
        warmup_epochs=1,
        weight_decay=1e-2,
        momentum=0.95,
        hidden=16,
        projection=8,
        projection_norm=True,
        covariance=0.1,
        device="cpu",
        precision="float32",
    )


@pytest.fixture(scope="session")
def trained(tiny_pretraining: pretrain.PretrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished pre-training."""
    out = tmp_path_factory.mktemp("runs") / "trained"
    pretrain.pretrain(replace(tiny_pretraining, out=out))
    return out


@pytest.fixture(scope="session")
def launch() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that pre-trains in a process of its own (or in two), as the shell would, with a fault if asked.

    ``fault`` is what :mod:`faulty_pretrain` takes: its kind, the rank and the step that it hits.
    """
    here = Path(__file__).resolve()

    def run(
        config: pretrain.PretrainConfig, fault: str = "none -1 0", ranks: int = 1, restarts: int = 0
    ) -> subprocess.CompletedProcess[str]:
        script = [str(here.with_name("faulty_pretrain.py")), *fault.split(), "paper", *options(plain(config))]
        starter = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
        command = [*starter, f"--max-restarts={restarts}", *script] if ranks > 1 else script
        environment = {**os.environ, "PYTHONPATH": str(here.parents[2]), "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
        return subprocess.run(
            [sys.executable, *command], env=environment, capture_output=True, text=True, check=False, timeout=200
        )

    return run


def options(settings: dict[str, object], prefix: str = "--") -> list[str]:
    """Command-line options that give a config these values."""
    words: list[str] = []
    for key, value in settings.items():
        name = prefix + key.replace("_", "-")
        if isinstance(value, dict):
            words += options(value, f"{name}.")
        elif isinstance(value, bool):
            words.append(name if value else f"{prefix}no-{key.replace('_', '-')}")
        elif value is not None and value != []:
            words += [name, str(value)]
    return words


@pytest.fixture(scope="session")
def write_skeleton() -> Callable[[Path, np.ndarray], Path]:
    """Give a function that writes bodies (M, T, 25, 3) as a ``.skeleton`` file; a frame of zeros is one without it."""

    def write(path: Path, positions: np.ndarray) -> Path:
        lines = [str(positions.shape[1])]
        for frame in positions.swapaxes(0, 1):
            there = [body for body in range(len(frame)) if frame[body].any()]
            lines.append(str(len(there)))
            for body in there:
                lines += [f"{72057594037930243 + body} 0 1 1 0 1 0 0.01 -0.02 2", "25"]
                lines += [f"{x:.9g} {y:.9g} {z:.9g} 277.4 191.8 1036.2 519.1 0 0 1 0 2" for x, y, z in frame[body]]
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(scope="session")
def standing() -> np.ndarray:
    """One upright body that sways for twelve frames, three metres before the sensor."""
    upright = np.linspace([-0.2, -0.8, 2.9], [0.2, 0.8, 3.1], 25)
    sway = 0.05 * np.random.default_rng(0).normal(size=(1, 12, 25, 3))
    return (upright + sway).astype(np.float32)


@pytest.fixture
def refusal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[ModuleType, Callable[..., object], list[object]], str]:
    """Give a function that runs a command which must end with one line and exit code 2, and returns that line."""

    def run(module: ModuleType, task: Callable[..., object], arguments: list[object]) -> str:
        monkeypatch.setattr(sys, "argv", [str(module.__file__), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_command(task, module.CONFIGS, module.__doc__ or "")
        error = capsys.readouterr().err.splitlines()
        assert ended.value.code == 2 and len(error) == 1 and error[0].startswith("error: "), error
        return error[0]

    return run
