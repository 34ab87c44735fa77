"""What every pipeline does, and transforms, of which pipelines are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skeleton_aug.batch import Batch
from skeleton_aug.drawing import Instructions, Program
from skeleton_aug.operators import Mask, Operator
from skeleton_aug.plan import Arrays, Layout, Plan
from skeleton_aug.randomness import Draws, Key, stream_key
from skeleton_aug.samples import Samples
from skeleton_aug.settings import Settings
from skeleton_aug.skeletons import Skeleton

Result = NDArray[Any] | list[NDArray[Any]]
"""One array, or a list of (M, T, V, C) arrays where the results differ in length."""


@dataclass(frozen=True)
class Pipeline(Settings):
    """What single transforms and compositions of them share: planning, and being called on data."""

    def parts(self) -> Iterator[Pipeline]:
        """All that draw random numbers, each before those inside it."""
        raise NotImplementedError

    def draw(self, batch: Batch, streams: Iterator[Draws], mask: Mask | None = None) -> None:
        """Draw the parameters for a batch and put the operators behind those that are already there.

        Parameters
        ----------
        streams : iterator of Draws
            One for each of :meth:`parts`, in order.
        mask : (N,) bool array, optional
            Samples to act on; None stands for all.
        """
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Name used in errors and for the stream of random numbers."""
        return type(self).__name__

    def plain_parts(self) -> list[Transform] | None:
        """All transforms, where the pipeline does no more than draw from one after the other; otherwise None."""
        return None

    def program(self, samples: Samples) -> Program | None:
        """Return what draws plans for samples like these in one call; None where there is no such program."""
        programs = vars(self).setdefault("_programs", {})
        shape = samples.n_joints, samples.n_channels, samples.channels
        if shape not in programs:
            programs[shape] = self._make_program(samples)
        found: Program | None = programs[shape]
        return found

    def _make_program(self, samples: Samples) -> Program | None:
        parts = self.plain_parts()
        instructions = [part.instructions(samples) for part in parts or [] if part.draws_by_instructions]
        if parts is None or len(instructions) < len(parts) or None in instructions:
            return None
        streams = self.stream_keys().tolist()
        known = [(part.p, streams[i], instructions[i] or ()) for i, part in enumerate(parts)]
        return Program.of(known)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_programs"}

    def stream_keys(self) -> NDArray[np.uint64]:
        """Return the keys of the streams of :meth:`parts`, (S,)."""
        return stream_keys(part.name for part in self.parts())

    def plan(
        self,
        samples: Samples | Arrays,
        *,
        seed: int | None = None,
        epoch: int = 0,
        indices: ArrayLike | None = None,
        view: int = 0,
        channels: str | None = None,
    ) -> Plan:
        """Draw all parameters for a batch of samples; nothing is applied.

        Parameters
        ----------
        samples : Samples, (N, M, T, V, C) array, or sequence of (M, T, V, C) arrays
        seed : int, optional
            None takes a fresh one from the operating system.
        epoch, view : int
            With the seed and a sample's index they decide its parameters, and nothing else does.
        indices : (N,) ints, optional
            Index of each sample in its data set; 0..N-1 by default.
        channels : {"xyz", "xy", "xyc", "xyzc"}, optional
            What C holds; by default 2 are xy, 3 xyz, 4 xyzc, and 6 xyz of joint and bone.
        """
        described = describe(samples, channels)
        key = Key.of(seed, np.arange(described.n) if indices is None else indices, epoch, view)
        if len(key.indices) != described.n:
            raise ValueError(f"Got {described.n} samples but {len(key.indices)} indices.")
        program = self.program(described)
        if program is not None:
            return program.draw(key, described)
        batch = Batch(described)
        self.draw(batch, iter(Draws.of_streams(key, self.stream_keys())))
        return batch.plan()

    def __call__(
        self,
        x: Samples | Arrays,
        *,
        seed: int | None = None,
        epoch: int = 0,
        index: ArrayLike | None = None,
        view: int = 0,
        out: NDArray[Any] | None = None,
        layout: Layout = "sample",
        channels: str | None = None,
        threads: int = 1,
    ) -> Result:
        """Augment one sample ``(M, T, V, C)``, a batch ``(N, M, T, V, C)``, a list of samples, or Samples.

        The same seed, epoch, index and view give the same result, alone or in any batch. Input is never modified.
        Tensors of PyTorch come back as tensors.

        Parameters
        ----------
        seed, epoch, index, view, channels
            As for :meth:`plan`, which calls the index of each sample ``indices``.
        out, layout, threads
            As for :meth:`Plan.apply`.
        """
        if is_tensor(x):
            adapter: Any = import_module("skeleton_aug.torch")
            result: Result = adapter.call(
                self, x, seed=seed, epoch=epoch, index=index, view=view, out=out, layout=layout, channels=channels,
                threads=threads,
            )  # fmt: skip
            return result
        one = isinstance(x, np.ndarray) and x.ndim == 4
        samples = describe(x[None] if one else x, channels)  # type: ignore[call-overload, index]
        plan = self.plan(samples, seed=seed, epoch=epoch, indices=index, view=view)
        views = plan.apply(samples, out=out[None] if one and out is not None else out, layout=layout, threads=threads)
        return views[0] if one else views


def is_tensor(x: Any) -> bool:
    """Whether these are tensors of PyTorch, which is not imported to find out."""
    first = x[0] if isinstance(x, list | tuple) and x else x
    return type(first).__module__.partition(".")[0] == "torch"


def describe(samples: Samples | Arrays, channels: str | None) -> Samples:
    """Return the samples as the kernels take them."""
    if not isinstance(samples, Samples):
        return Samples.from_arrays(samples, channels=channels)
    if channels not in (None, samples.channels):
        raise ValueError(f"These samples were described as {samples.channels!r}, got channels={channels!r}.")
    return samples


def stream_keys(names: Iterable[str]) -> NDArray[np.uint64]:
    """Keys of streams that carry these names, counted where a name stands more than once."""
    return _stream_keys(tuple(names))


@lru_cache(maxsize=512)
def _stream_keys(names: tuple[str, ...]) -> NDArray[np.uint64]:
    seen: Counter[str] = Counter()
    keys = []
    for name in names:
        keys.append(stream_key(f"{name}#{seen[name]}"))
        seen[name] += 1
    streams = np.array(keys, np.uint64)
    streams.flags.writeable = False
    return streams


@dataclass(frozen=True, kw_only=True)
class Transform(Pipeline):
    """Settings of one augmentation; subclasses are frozen, keyword-only dataclasses with a :meth:`sample` method.

    Parameters
    ----------
    p : float
        Probability of applying the transform to a sample.
    """

    p: float = 1.0

    CHANGES_CHANNELS: ClassVar[bool] = False
    """Whether the result has other channels, so that all samples of a batch must have the transform."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_probability(self.name, self.p)
        if self.CHANGES_CHANNELS and self.p != 1:
            raise ValueError(f"{self.name} changes the number of channels, so p must be 1, got {self.p}.")

    def sample(self, draws: Draws, batch: Batch) -> Operator | tuple[Operator, ...]:
        """Draw the parameters for N samples and return the operator, or several in order.

        All randomness comes from ``draws``.
        """
        raise NotImplementedError(f"{self.name} must define sample(draws, batch) -> Operator.")

    def instructions(self, samples: Samples) -> Instructions | None:
        """What :meth:`sample` does, for samples like these, as a program takes it.

        A matter of speed: None, the default, and what does not fit the samples, goes to :meth:`sample`, which also says
        what is wrong.
        """
        return None

    @property
    def draws_by_instructions(self) -> bool:
        """Whether the instructions are those of :meth:`sample`, and no subclass draws in its own way."""
        kinds = type(self).__mro__
        owners = [next(k for k in kinds if name in vars(k)) for name in ("sample", "instructions")]
        return owners[0] is owners[1] and type(self).draw_stream is Transform.draw_stream

    def plain_parts(self) -> list[Transform] | None:
        """The transform alone."""
        return [self] if type(self).draw is Transform.draw else None

    def parts(self) -> Iterator[Pipeline]:
        """The transform alone."""
        yield self

    def draw(self, batch: Batch, streams: Iterator[Draws], mask: Mask | None = None) -> None:
        """Draw from the next stream."""
        self.draw_stream(batch, next(streams), mask)

    def draw_stream(self, batch: Batch, draws: Draws, mask: Mask | None = None) -> None:
        """Draw from a given stream."""
        if self.p < 1:
            chosen = draws.chance(self.p)
            mask = chosen if mask is None else chosen & mask
        else:
            draws.skip()
        drawn = self.sample(draws, batch)
        for operator in drawn if isinstance(drawn, tuple) else (drawn,):
            batch.add(operator if mask is None else operator.where(mask, batch))


def check_joints(who: str, batch: Batch, skeleton: Skeleton) -> None:
    """Raise ValueError unless the batch has the skeleton's joints."""
    if batch.n_joints != skeleton.n_joints:
        raise ValueError(
            f"{who}: expected (M, T, V, C) with V={skeleton.n_joints} for skeleton {skeleton.name!r}, "
            f"got V={batch.n_joints}. Pass the skeleton that the data has."
        )


def check_range(who: str, name: str, bounds: tuple[float, float], *, above: float = -np.inf) -> None:
    """Raise ValueError unless ``bounds`` is (low, high) with above < low <= high."""
    pair = isinstance(bounds, tuple | list) and len(bounds) == 2 and all(isinstance(b, int | float) for b in bounds)
    if not pair or not above < bounds[0] <= bounds[1] < np.inf:
        limit = "" if above == -np.inf else f" and {above} < low"
        raise ValueError(f"{who}: {name} must be (low, high) with low <= high{limit}, got {bounds!r}.")


def check_probability(who: str, p: float) -> None:
    """Raise ValueError unless p is a number in [0, 1]."""
    if not isinstance(p, int | float) or not 0 <= p <= 1:
        raise ValueError(f"{who}: p must lie in [0, 1], got {p!r}.")
