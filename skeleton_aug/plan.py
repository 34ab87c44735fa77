"""Plans: what will be done to each sample of a batch, as small arrays; drawing made them, applying is exact."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skeleton_aug.operators import Mixing, Mixture, Operator
from skeleton_aug.samples import Samples
from skeleton_aug.settings import check_version, find_class
from skeleton_aug.stage import Stage

Arrays = NDArray[Any] | Sequence[NDArray[Any]]
Layout = Literal["sample", "model"]


VERSION = 1
"""Of the form that :meth:`Plan.to_dict` gives."""


_AT_ONCE = 64
"""Samples that go through several stages together."""


@dataclass
class Plan:
    """Everything that will be done to N samples; plain data, drawn already.

    Attributes
    ----------
    stages : list of Stage
        Applied one after the other, one pass over the data each.
    n_frames : (N,) int64 array
        Length of each result.
    n_channels : int
        Channels of the results.
    n_source : (N,) int64 array
        Length of each sample that the plan was drawn for.
    n_joints : int
        Their joints.
    channels : str
        What a joint's numbers are, "xyz", "xy", "xyc" or "xyzc".
    """

    stages: list[Stage]
    n_frames: NDArray[np.int64]
    n_channels: int
    n_source: NDArray[np.int64]
    n_joints: int
    channels: str = "xyz"

    def apply(
        self,
        samples: Samples | Arrays,
        *,
        out: NDArray[Any] | None = None,
        layout: Layout = "sample",
        threads: int = 1,
    ) -> NDArray[Any] | list[NDArray[Any]]:
        """Carry the plan out: no randomness, so the same samples give the same bits every time.

        Parameters
        ----------
        samples : Samples, (N, M, T, V, C) array, or sequence of (M, T, V, C) arrays
            The samples that the plan was drawn for. They are not modified.
        out : array, optional
            Where to write, C-contiguous, of the result's shape and dtype.
        layout : {"sample", "model"}
            ``(N, M, T, V, C)``, or the networks' ``(N, C, T, V, M)``.
        threads : int
            Threads that share the samples; the result is the same for any number.

        Returns
        -------
        array, or list of (M, T, V, C) arrays where the results differ in length

        Raises
        ------
        ValueError
            When the samples are not those of the plan, or ``out`` does not fit.
        """
        given = samples if isinstance(samples, Samples) else Samples.from_arrays(samples, channels=self.channels)
        self._check(given, layout, threads)
        if len(self.n_frames) > 1 and (self.n_frames != self.n_frames[0]).any():
            if layout == "model" or out is not None:
                raise ValueError(
                    f"Results of {self.n_frames.min()} to {self.n_frames.max()} frames do not fit one array; "
                    "end the pipeline with FitLength(n_frames=...)."
                )
            return self._apply_to_list(given, threads)
        result = self._result_like(given, out, layout)
        self._share(given, threads, lambda part, these, at: part._write(these, result[at], layout))
        return result

    @property
    def mixtures(self) -> list[Mixture]:
        """Partners and shares of the samples, for labels: one (partner, share) for each transform that mixes."""
        return [stage.alone.mixture for stage in self.stages if isinstance(stage.alone, Mixing)]

    def part(self, samples: slice) -> Plan:
        """Return the plan of some of the samples."""
        return Plan(
            [stage.part(samples) for stage in self.stages],
            self.n_frames[samples],
            self.n_channels,
            self.n_source[samples],
            self.n_joints,
            self.channels,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, from which :meth:`from_dict` makes a plan that gives the same bits.

        Raises
        ------
        TypeError
            When an operator cannot be saved (:class:`skeleton_aug.operators.Custom` with a loose function).
        """
        return {
            "version": VERSION,
            "stages": [
                {place: operator.to_dict() for place, operator in stage.operators.items()} for stage in self.stages
            ],
            "n_frames": self.n_frames.tolist(),
            "n_channels": self.n_channels,
            "n_source": self.n_source.tolist(),
            "n_joints": self.n_joints,
            "channels": self.channels,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """Inverse of :meth:`to_dict`.

        Raises
        ------
        ValueError
            When an operator is unknown, or a newer version wrote the values.
        """
        names = {f.name for f in fields(cls)} | {"version"}
        if not isinstance(values, Mapping) or set(values) != names:
            raise ValueError(f"Plan: expected a dict with {', '.join(sorted(names))}, as to_dict gives it.")
        check_version("Plan", values["version"], VERSION)
        stages = [{place: _operator(saved) for place, saved in stage.items()} for stage in values["stages"]]
        n_frames, n_source = (np.array(values[name], np.int64) for name in ("n_frames", "n_source"))
        described = values["n_channels"], n_source, values["n_joints"], values["channels"]
        return cls([Stage(**stage) for stage in stages], n_frames, *described)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the plan to a JSON file."""
        Path(path).write_text(json.dumps(self.to_dict()), "utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Plan:
        """Read a plan that :meth:`save` wrote."""
        return cls.from_dict(json.loads(Path(path).read_text("utf-8")))

    def _check(self, samples: Samples, layout: str, threads: int) -> None:
        if layout not in ("sample", "model"):
            raise ValueError(f"layout must be 'sample' or 'model', got {layout!r}.")
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}.")
        if samples.n != len(self.n_source):
            raise ValueError(f"The plan was drawn for {len(self.n_source)} samples, got {samples.n}.")
        same_lengths = samples.n_frames is self.n_source or np.array_equal(samples.n_frames, self.n_source)
        if not same_lengths or samples.n_joints != self.n_joints:
            i = 0 if same_lengths else int(np.flatnonzero(samples.n_frames != self.n_source)[0])
            raise ValueError(
                f"The plan was drawn for other samples: sample {i} had {self.n_source[i]} frames and "
                f"{self.n_joints} joints, got {samples.n_frames[i]} and {samples.n_joints}."
            )
        if samples.channels != self.channels:
            raise ValueError(f"The plan was drawn for channels {self.channels!r}, got {samples.channels!r}.")

    def _result_like(self, samples: Samples, out: NDArray[Any] | None, layout: Layout) -> NDArray[Any]:
        n, m, t, v, c = samples.n, samples.n_bodies, int(self.n_frames[0]), samples.n_joints, self.n_channels
        shape = (n, m, t, v, c) if layout == "sample" else (n, c, t, v, m)
        if out is None:
            return np.empty(shape, samples.rows.dtype)
        if np.may_share_memory(out, samples.rows):
            raise ValueError("out must not share memory with the samples, which are never modified.")
        if out.shape != shape or out.dtype != samples.rows.dtype or not out.flags.c_contiguous:
            raise ValueError(
                f"out must be C-contiguous, {samples.rows.dtype}, of shape {shape}; got {out.dtype}, {out.shape}."
            )
        return out

    def _share(self, samples: Samples, threads: int, do: Any) -> list[Any]:
        """Do something with parts of the plan and of the samples, in threads."""
        n_parts = min(threads, samples.n)
        if len(self.stages) > 1 or self.stages[0].alone is not None:
            # What one stage leaves for the next then stays in the processor's last cache.
            n_parts = max(n_parts, -(-samples.n // _AT_ONCE))
        if n_parts == 1 or any(s.alone is not None and s.alone.COUPLES_SAMPLES for s in self.stages):
            return [do(self, samples, slice(None))]
        edges = np.linspace(0, samples.n, n_parts + 1).astype(int).tolist()
        waiting = enumerate([(self.part(at), samples.part(at), at) for at in map(slice, edges[:-1], edges[1:])])
        done: list[Any] = [None] * n_parts

        def work() -> None:
            for i, part in waiting:
                done[i] = do(*part)

        helpers = [_helpers(threads - 1).submit(work) for _ in range(threads - 1)]
        work()
        for helper in helpers:
            helper.result()
        return done

    def _last(self, samples: Samples) -> tuple[Stage, Samples]:
        """Carry out all stages but the last that can write its result anywhere."""
        for stage in self.stages[:-1]:
            samples = stage.run(samples)
        stage = self.stages[-1]
        return (stage, samples) if stage.alone is None else (Stage(), stage.run(samples))

    def _write(self, samples: Samples, out: NDArray[Any], layout: Layout) -> None:
        stage, samples = self._last(samples)
        size = out[0].size
        stage.write(samples, out.reshape(-1), np.arange(samples.n) * size, model_layout=layout == "model")

    def _apply_to_list(self, samples: Samples, threads: int) -> list[NDArray[Any]]:
        def run(part: Plan, these: Samples, at: slice) -> list[NDArray[Any]]:
            stage, before = part._last(these)
            done = stage.run(before)
            ends = np.cumsum(done.n_frames * done.n_bodies)
            # Samples hold rows for reading; these were made here, and are the caller's own.
            rows = done.rows.view()
            rows.flags.writeable = True
            return [
                rows[end - t * done.n_bodies : end].reshape(done.n_bodies, t, *rows.shape[1:])
                for end, t in zip(ends, done.n_frames.tolist(), strict=True)
            ]

        return [x for part in self._share(samples, threads, run) for x in part]


@cache
def _helpers(n: int) -> ThreadPoolExecutor:
    """Threads that wait for work; starting them takes longer than a small batch."""
    return ThreadPoolExecutor(n, "skeleton_aug")


# Threads do not survive a fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)


def _operator(values: Mapping[str, Any]) -> Any:
    kind = find_class(Operator, values["operator"], "Plan")
    operator = kind.from_dict(values)
    for name in kind.SHARED:
        # As transforms make them: to the compiler, arrays that may be written are another type.
        getattr(operator, name).flags.writeable = False
    return operator
