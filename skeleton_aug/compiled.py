"""Kernels that are compiled when they are first called, so that importing the package does not import Numba."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

_waiting: dict[str, list[Kernel]] = {}
"""Kernels by module, until one of them is called."""


class Kernel:
    """A function that Numba compiles, together with all kernels of its module, at its first call.

    Kernels of one module may call each other; from then on they do so directly.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.function, self.options = function, options
        self._compiled: Callable[..., Any] | None = None
        _waiting.setdefault(function.__module__, []).append(self)
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        if self._compiled is None:
            _compile_module(self.function.__module__)
        return self._compiled(*arguments)  # type: ignore[misc]

    def __reduce__(self) -> str:
        return self.function.__qualname__

    @property
    def dispatcher(self) -> Callable[..., Any]:
        """What Numba made of it."""
        if self._compiled is None:
            _compile_module(self.function.__module__)
        return self._compiled  # type: ignore[return-value]


def _compile_module(module: str) -> None:
    from numba import njit

    for kernel in _waiting[module]:
        if kernel._compiled is None:
            compiled = njit(cache=True, nogil=True, **kernel.options)(kernel.function)
            # The compiler reads this name when another kernel of the module calls it.
            setattr(sys.modules[module], kernel.function.__name__, compiled)
            kernel._compiled = compiled


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Kernel]:
    """Mark a function as a kernel: cached on disk, and released from the interpreter lock while it runs.

    Parameters
    ----------
    **options
        As :func:`numba.njit` takes them.
    """
    return lambda function: Kernel(function, options)
