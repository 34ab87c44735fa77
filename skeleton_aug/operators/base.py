"""What every operator can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples

Mask = NDArray[np.bool_]


class Operator:
    """What a transform does to a batch, on one axis of ``(M, T, V, C)``; subclasses are dataclasses.

    Attributes
    ----------
    ARRAYS : mapping
        Fields that are arrays, and their dtypes.
    SHARED : tuple of str
        Those of them that serve all samples; the others have a row for each.
    """

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {}
    SHARED: ClassVar[tuple[str, ...]] = ()

    def where(self, mask: Mask, batch: Batch) -> Operator:
        """Return the operator with samples where ``mask`` (N,) is False left as they are.

        Raises
        ------
        ValueError
            When it cannot spare single samples, because it changes the number of channels.
        """
        raise NotImplementedError

    def check(self, batch: Batch) -> None:
        """Raise ValueError unless there is a row for each sample of the batch, and its joints and channels fit."""
        raise NotImplementedError

    def part(self, samples: slice) -> Operator:
        """Return the operator of some of the samples."""
        cut = {name: getattr(self, name)[samples] for name in self.ARRAYS if name not in self.SHARED}
        return replace(self, **cut)  # type: ignore[type-var]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {"operator": type(self).__name__} | {
            name: value.tolist() if name in self.ARRAYS else value for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Operator:
        """Inverse of :meth:`to_dict`."""
        return cls(
            **{
                name: np.asarray(value, cls.ARRAYS[name]) if name in cls.ARRAYS else value
                for name, value in values.items()
                if name != "operator"
            }
        )

    def check_shape(self, name: str, shape: tuple[int, ...]) -> None:
        """Raise ValueError unless the array ``name`` has this shape and can be cast to its dtype."""
        found = getattr(self, name)
        if found.shape != shape:
            raise ValueError(
                f"{type(self).__name__}: {name} must have shape {shape} for this batch, got {found.shape}."
            )
        if found.dtype != self.ARRAYS[name]:
            object.__setattr__(self, name, found.astype(self.ARRAYS[name]))


class Alone(Operator):
    """An operator that takes a pass of its own over the data."""

    COUPLES_SAMPLES: ClassVar[bool] = False
    """Whether one sample's result depends on another sample."""

    def run(self, samples: Samples) -> Samples:
        """Return new samples; those given are not modified."""
        raise NotImplementedError

    def describe(self, batch: Batch) -> None:
        """Note in the batch what changes: channels, lengths, whether there are positions. By default nothing does."""
