"""What the commands share: exit codes and kinds of arguments. Each command is a module with ``add_to(commands)``."""

from __future__ import annotations

import argparse
from typing import TypeAlias

DONE, DAMAGED, FAILED, DONE_WITH_REJECTIONS, STOPPED = 0, 1, 2, 3, 130
"""Exit codes: done; damage was found; an error, nothing was written; done, but some files were rejected; stopped."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where commands are added to."""

STORE_HELP = "a store, as convert writes it"


def positive(text: str) -> int:
    """Parse a number from 1 up."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 up, got {text!r}")
    return int(text)


def rate(text: str) -> float:
    """Parse a number of frames a second."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError(f"must be a number above 0 and up to 1000, got {text!r}")
    return number
