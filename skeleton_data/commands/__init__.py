"""What the commands share: exit codes and kinds of arguments. Each command is a module with ``add_to(commands)``."""

from __future__ import annotations

import argparse
from typing import TypeAlias

DONE, FAILED, DONE_WITH_REJECTIONS, STOPPED = 0, 2, 3, 130
"""Exit codes: done; an error, nothing was written; done, but some files were rejected; stopped by the user."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where commands are added to."""


def positive(text: str) -> int:
    """Parse a number from 1 up."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value
