"""Kernels that are compiled when they are first called, so that importing the package does not import Numba."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

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

    def compile(self) -> Callable[..., Any]:
        """Hand the function to Numba."""
        from numba import config, njit

        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            # Compiled code has no warnings: random numbers count on integers that wrap, checks on NaN from infinity.
            return np.errstate(over="ignore", invalid="ignore")(self.function)
        compiled: Callable[..., Any] = njit(cache=True, nogil=True, **self.options)(self.function)
        return compiled

    def __reduce__(self) -> str:
        return self.function.__qualname__

    @property
    def dispatcher(self) -> Callable[..., Any]:
        """What Numba made of it."""
        if self._compiled is None:
            _compile_module(self.function.__module__)
        return self._compiled  # type: ignore[return-value]


def _compile_module(module: str) -> None:
    for waiting in _waiting[module]:
        if waiting._compiled is None:
            compiled = waiting.compile()
            # The compiler reads this name when another kernel of the module calls it.
            setattr(sys.modules[module], waiting.function.__name__, compiled)
            waiting._compiled = compiled


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Kernel]:
    """Mark a function as a kernel: cached on disk, and released from the interpreter lock while it runs.

    Parameters
    ----------
    **options
        As :func:`numba.njit` takes them.
    """
    return lambda function: Kernel(function, options)


class Prefetch(Kernel):
    """``prefetch(address)`` asks the processor to bring 64 bytes nearer; calls nothing and returns nothing.

    Kernels that stream through large arrays know which sample comes next, and the processor does not.
    """

    def compile(self) -> Callable[..., Any]:
        """Make the processor's instruction known to Numba; plain Python has none."""
        from llvmlite import ir
        from numba import config, types
        from numba.extending import intrinsic

        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return self.function
        write = self.options["write"]

        @intrinsic
        def prefetch(typing_context: Any, address: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                flag, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
                kind = ir.FunctionType(ir.VoidType(), [pointer, flag, flag, flag])
                function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
                # Locality 3 keeps it in all caches, 1 says that it is data.
                builder.call(function, [builder.inttoptr(arguments[0], pointer), flag(int(write)), flag(3), flag(1)])
                return context.get_dummy_value()

            return types.void(types.uintp), generate

        return prefetch


def prefetch(*, write: bool) -> Callable[[Callable[..., Any]], Prefetch]:
    """Mark an empty function of an address as a prefetch, for reading or for writing."""
    return lambda function: Prefetch(function, {"write": write})
