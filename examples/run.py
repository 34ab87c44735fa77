"""What every task shares: the command-line wrapper, the run folder, devices, and checkpoints that survive a kill."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
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


def run_command(task: Callable[[Config], None], configs: Mapping[str, tuple[str, Config]], description: str) -> None:
    """Parse the command line, run the task, and turn bad input into one line and exit code 2.

    With several configs the line begins with the name of one; its values are the defaults of the options.
    """
    about = {"prog": f"python -m examples.{Path(sys.argv[0]).stem}", "description": description}
    try:
        if len(configs) == 1:
            ((_, default),) = configs.values()
            task(tyro.cli(type(default), default=default, **about))
        else:
            task(tyro.extras.overridable_config_cli(dict(configs), **about))
    except (InputError, SkeletonDataError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None


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
        resolved = {"task": type(config).__name__, "config": plain(config), "versions": versions}
        try:
            path.mkdir(parents=True, exist_ok=True)
            self.write_json("config.json", resolved)
        except OSError as error:
            raise InputError(f"{path}: cannot be a run folder ({error.strerror}). Give another --out.") from None
        self._started = time.monotonic()

    def write_json(self, name: str, values: Any) -> None:
        """Write a file in one step."""
        write_atomically(self.path / name, lambda part: part.write_text(json.dumps(values, indent=2) + "\n"))

    def log(self, **values: Any) -> None:
        """Append one JSON line."""
        line = {"seconds": round(time.monotonic() - self._started, 2), **values}
        with (self.path / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def forget_after(self, epoch: int) -> None:
        """Take out of the log what an interrupted run did after its last checkpoint."""
        log = self.path / "log.jsonl"
        if log.exists():
            lines = log.read_text().splitlines(keepends=True)
            # A kill while a line was being written leaves it without its end.
            kept = [line for line in lines if line.endswith("\n") and json.loads(line)["epoch"] <= epoch]
            write_atomically(log, lambda part: part.write_text("".join(kept)))


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a file beside ``path``, then move it there: a kill leaves the old file or the new one."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def open_store(path: Path, split: str) -> tuple[Store, np.ndarray, np.ndarray]:
    """Return the store and the (train, test) indices of one of its splits."""
    store = Store.open(path)
    train, test = store.split(split)
    if len(train) == 0 or len(test) == 0:
        raise InputError(
            f"{path}: split {split!r} has {len(train)} training and {len(test)} test samples; both needed."
        )
    return store, train, test


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


def load_checkpoint(path: Path, kind: str) -> dict[str, Any]:
    """Load what :func:`save_checkpoint` saved.

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
    if found != kind:
        raise InputError(f"{path}: expected a checkpoint of kind {kind!r}, found {found!r}. Check --checkpoint.")
    return state
