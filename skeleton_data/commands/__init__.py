"""What the commands share: exit codes and kinds of arguments. Each command is a module with ``add_to(commands)``."""

from __future__ import annotations

import argparse
from typing import TypeAlias

DONE, DAMAGED, FAILED, DONE_WITH_REJECTIONS, STOPPED = 0, 1, 2, 3, 130
"""Exit codes: done; damage was found; an error, nothing was written; done, but some files were rejected; stopped."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where commands are added to."""


def positive(text: str) -> int:
    """Parse a number from 1 up."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value
