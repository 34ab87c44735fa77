"""What the commands share: exit codes and kinds of arguments. Each command is a module with ``add_to(commands)``."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

DONE, DAMAGED, FAILED, DONE_WITH_REJECTIONS, STOPPED, UNREAD = 0, 1, 2, 3, 130, 141
"""Exit codes: done; damage was found; an error, nothing was written; done, but some files were rejected; stopped; what
reads the output has gone."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where commands are added to."""

STORE_HELP = "a store, as convert writes it"


def positive(text: str) -> int:
    """Parse a number from 1 up."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 up, got {text!r}")
    return int(text)


@contextmanager
def patience(reason: str, seconds: float = 2.0) -> Iterator[None]:
    """Tell on standard error why this takes so long, once it does."""
    waiting = threading.Timer(seconds, lambda: print(f"skeleton-data: {reason}", file=sys.stderr, flush=True))
    waiting.daemon = True
    waiting.start()
    try:
        yield
    finally:
        waiting.cancel()


def rate(text: str) -> float:
    """Parse a number of frames a second."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError(f"must be a number above 0 and up to 1000, got {text!r}")
    return number
