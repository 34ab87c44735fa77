"""What every task shares: the command-line wrapper, the run folder, devices, and checkpoints that survive a kill.

Commands end with exit code 0 when done, 1 when another process of the run is gone, 2 when something given cannot be
used or the loss is no number any more, 130 after Ctrl-C, and 143 when SIGTERM asked them to stop and they did so with
a checkpoint.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeVar

import numpy as np
import torch
import tyro

import skeleton_aug
from skeleton_data import SkeletonDataError, Store

Precision = Literal["auto", "float32", "bfloat16"]
Config = TypeVar("Config")


class InputError(Exception):
    """The user gave something that cannot be used; the message says what, where, and how to mend it."""


class RankLost(Exception):
    """Another process of a distributed run is gone."""


class Stopped(Exception):
    """The run was asked to stop, and has saved all that it needs to go on."""


class StopRequest:
    """Notes SIGTERM, which machines that may be taken away send some seconds before: ``with StopRequest() as stop``.

    Attributes
    ----------
    asked : bool
        True once the signal has come. Whoever trains looks at it after each step.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def __enter__(self) -> StopRequest:
        # Python lets only the main thread handle signals.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)


EXIT_CODES: dict[type[BaseException], int] = {
    RankLost: 1,
    InputError: 2,
    SkeletonDataError: 2,
    KeyboardInterrupt: 130,
    Stopped: 143,
}


def run_command(task: Callable[[Config], object], configs: Mapping[str, tuple[str, Config]], description: str) -> None:
    """Parse the command line, run the task, and turn bad input and other foreseen ends into one line and a code.

    With several configs the line begins with the name of one; its values are the defaults of the options.
    """
    program = f"python -m examples.{Path(sys.argv[0]).stem}"
    try:
        if len(configs) == 1:
            ((_, default),) = configs.values()
            task(tyro.cli(type(default), default=default, prog=program, description=description))
        else:
            task(tyro.extras.overridable_config_cli(dict(configs), prog=program, description=description))
    except tuple(EXIT_CODES) as error:
        code = next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
        rank = f"[rank {os.environ['RANK']}] " if int(os.environ.get("WORLD_SIZE", 1)) > 1 else ""
        what = {130: "interrupted", 143: f"stopped: {error}"}.get(code, f"error: {error}")
        print(f"{rank}{what}", file=sys.stderr)
        raise SystemExit(code) from None


def command_line() -> str:
    """The command that this process was started as, from ``python`` on, whatever launched it."""
    return shlex.join(["python", "-m", f"examples.{Path(sys.argv[0]).stem}", *sys.argv[1:]])


def plain(value: Any) -> Any:
    """Dataclasses, paths and tuples as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


class RunFolder:
    """A folder with ``config.json``, ``log.jsonl``, and whatever the task saves.

    Parameters
    ----------
    path : Path
        Made if absent.
    config : dataclass
        Written as resolved, with the versions that ran it.
    resume : bool
        Keep the log that is there; otherwise a folder with a finished or begun run is refused.

    Raises
    ------
    InputError
        When the folder is in use, or cannot be written to.
    """

    def __init__(self, path: Path, config: Any, resume: bool = False) -> None:
        if (path / "config.json").exists() and not resume:
            raise InputError(f"{path}: holds a run already. Give another --out, remove it, or pass --resume.")
        self.path = path
        versions = {"skeleton_aug": skeleton_aug.__version__, "torch": torch.__version__, "numpy": np.__version__}
        resolved = {
            "task": type(config).__name__, "config": plain(config), "versions": versions, "command": command_line()
        }  # fmt: skip
        try:
            path.mkdir(parents=True, exist_ok=True)
            for part in path.glob("*.part"):
                part.unlink()
            self.write_json("config.json", resolved)
        except OSError as error:
            raise InputError(f"{path}: cannot be a run folder ({error.strerror}). Give another --out.") from None
        self._started = time.monotonic()

    def write_json(self, name: str, values: Any) -> None:
        """Write a file in one step."""
        write_atomically(self.path / name, lambda part: part.write_text(json.dumps(values, indent=2) + "\n"))

    def log(self, **values: Any) -> None:
        """Append one JSON line to ``log.jsonl``, with the seconds since this process began."""
        self.append("log.jsonl", {"seconds": round(time.monotonic() - self._started, 2), **values})

    def append(self, name: str, values: Mapping[str, Any]) -> None:
        """Append one JSON line to a file of the folder."""
        with (self.path / name).open("a") as file:
            file.write(json.dumps(values) + "\n")

    def forget_after(self, last: int, key: str = "epoch", name: str = "log.jsonl") -> None:
        """Take out of a log what an interrupted run did after its last checkpoint: lines with ``key`` past ``last``."""
        log = self.path / name
        if log.exists():
            lines = log.read_text().splitlines(keepends=True)
            # A kill while a line was being written leaves it without its end.
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)[key] <= last]
            write_atomically(log, lambda part: part.write_text("".join(kept)))


def open_board(folder: Path, step: int, first: bool) -> Any:
    """Open TensorBoard's writer in a run folder on the first rank, without what was written past ``step``."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise InputError("--tensorboard needs its package: 'pip install tensorboard'.") from None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=step) if first else None


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a file beside ``path``, then move it there: a kill leaves the old file or the new one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


VALIDATION = "_validation"


def open_store(path: Path, split: str) -> tuple[Store, np.ndarray, np.ndarray]:
    """Return the store and the (train, test) indices of one of its splits.

    With ``_validation`` behind its name, as in "xsub_validation", it is the training half of a split alone, of which
    :func:`hold_out` sets a part aside to be the test half: for choosing settings without a look at the real one.
    """
    store = Store.open(path)
    if split.endswith(VALIDATION) and split not in store.splits:
        train, test = hold_out(store, store.split(split.removesuffix(VALIDATION))[0])
    else:
        train, test = store.split(split)
    if len(train) == 0 or len(test) == 0:
        raise InputError(
            f"{path}: split {split!r} has {len(train)} training and {len(test)} test samples; both needed."
        )
    return store, train, test


def hold_out(store: Store, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut samples into two parts that share no subject: all others, and every fifth subject.

    Where the store does not tell subjects apart, every fifth performance is held out.
    """
    groups = store.samples["subject"][samples]
    if len(np.unique(groups)) < 2:
        groups = store.samples["performance"][samples]
    held = np.isin(groups, np.unique(groups)[::5])
    return samples[~held], samples[held]


def pick_device(name: str) -> torch.device:
    """Return the device of that name; "auto" takes a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {name}: {str(error).splitlines()[0]}. Use cpu, cuda, or auto.") from None


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Mixed precision: "auto" takes bfloat16 on a GPU and float32 elsewhere."""
    enabled = precision == "bfloat16" or (precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


def save_checkpoint(path: Path, kind: str, state: Mapping[str, Any]) -> None:
    """Save tensors and plain Python values so that they load with ``weights_only=True``."""
    write_atomically(path, lambda part: torch.save({"kind": kind, **state}, part))


def load_checkpoint(path: Path, *kinds: str) -> dict[str, Any]:
    """Load what :func:`save_checkpoint` saved as one of these kinds.

    Raises
    ------
    InputError
        When there is no such file, it is no checkpoint of ours, or one of another kind.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such checkpoint. Make one with 'python -m examples.pretrain'.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{path}: is no checkpoint, or a damaged one ({type(error).__name__}).") from None
    found = state.get("kind") if isinstance(state, dict) else None
    if found not in kinds:
        wanted = " or ".join(map(repr, kinds))
        raise InputError(f"{path}: expected a checkpoint of kind {wanted}, found {found!r}. Check --checkpoint.")
    return state
