"""Kernels that are compiled when they are first called, so that importing the package does not import Numba."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import numpy as np

from skeleton_aug.emitting import Code

_waiting: dict[str, list[Kernel]] = {}
"""Kernels by module, until one of them is called."""


class Kernel:
    """A function that Numba compiles, together with all kernels of its module, at its first call.

    Kernels of one module may call each other, and intrinsics of other modules; from then on they do so directly.
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
    names = vars(sys.modules[module])
    for name, value in list(names.items()):
        if isinstance(value, Kernel) and value.function.__module__ != module:
            names[name] = value.dispatcher
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


def inner_kernel(**options: Any) -> Callable[[Callable[..., Any]], Kernel]:
    """Mark a function as part of kernels, which alone may call it: without memory of its own, or a form for Python.

    Both would be compiled with it, at a fifth of the time of a first call.

    Parameters
    ----------
    **options
        As :func:`numba.njit` takes them.
    """
    return kernel(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)


class Intrinsic(Kernel):
    """A function that is machine code of its own, which an emitter writes into the kernels that call it.

    Its text says what it does, and does it in plain Python.
    """

    def compile(self) -> Callable[..., Any]:
        """Make it known to Numba."""
        from numba import config, types
        from numba.extending import intrinsic

        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return self.function
        kinds, emit = self.options["takes"].split(), self.options["emit"]

        def typed(context: Any, *given: Any) -> Any:
            arrays = [kind for kind in given if isinstance(kind, types.Array)]
            number = arrays[0].dtype if arrays else None
            wanted = {"index": types.uintp, "number": number, "flag": types.boolean}
            takes = [wanted.get(kind, one) for kind, one in zip(kinds, given, strict=True)]
            gives = getattr(types, self.options["returns"])
            return gives(*takes), _writer(emit)

        typed.__name__ = self.function.__name__
        own = inspect.signature(self.function)
        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        typed.__signature__ = own.replace(parameters=[context, *own.parameters.values()])  # type: ignore[attr-defined]
        compiled: Callable[..., Any] = intrinsic(typed)
        return compiled


def _writer(emit: Callable[..., Any]) -> Callable[..., Any]:
    """As Numba calls it: arrays become pointers, tuples lists of values."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        from numba import types
        from numba.core import cgutils

        values = []
        for kind, value in zip(signature.args, arguments, strict=True):
            if isinstance(kind, types.Array):
                value = context.make_array(kind)(context, builder, value).data
            elif isinstance(kind, types.UniTuple):
                value = cgutils.unpack_tuple(builder, value)  # type: ignore[no-untyped-call]
            values.append(value)
        result = emit(Code(builder), *values)
        return context.get_dummy_value() if result is None else result

    return write


def intrinsic(
    emit: Callable[..., Any], takes: str, *, returns: str = "void"
) -> Callable[[Callable[..., Any]], Intrinsic]:
    """Mark a function as machine code.

    Parameters
    ----------
    emit : callable
        Called with a :class:`skeleton_aug.emitting.Code` and LLVM's values of the arguments.
    takes : str
        What each argument is: "array", "tuple" (of numbers), "index", "flag", or "number", of the first array's dtype.
    returns : str
        Numba's name of the result's type.
    """
    return lambda function: Intrinsic(function, {"emit": emit, "takes": takes, "returns": returns})
