"""Any function of one sample as an operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skeleton_aug.operators.base import Alone, Mask
from skeleton_aug.settings import Settings

if TYPE_CHECKING:
    from skeleton_aug.batch import Batch
    from skeleton_aug.samples import Samples


@dataclass(frozen=True)
class Custom(Alone):
    """Any function of one sample, for what no other operator expresses. Never fused.

    Attributes
    ----------
    function : callable
        ``function(sample, **parameters)`` takes an (M, T, V, C) array, which it must not change, and returns one with
        the same M, V and dtype. A method of the transform can be saved with the plan.
    active : (N,) bool array
    parameters : mapping of str to (N, ...) arrays
        What was drawn; each sample's rows are given to its call.
    """

    function: Callable[..., NDArray[Any]]
    active: Mask
    parameters: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    ARRAYS: ClassVar[Mapping[str, DTypeLike]] = {"active": np.bool_}

    def where(self, mask: Mask, batch: Batch | None = None) -> Custom:
        """Identity where the mask is False."""
        return Custom(self.function, self.active & mask, self.parameters)

    def check(self, batch: Batch) -> None:
        """One row a sample."""
        self.check_shape("active", (batch.n,))
        for name, rows in self.parameters.items():
            if len(rows) != batch.n:
                raise ValueError(f"Custom: {name} must have a row for each of {batch.n} samples, got {len(rows)}.")

    def part(self, samples: slice) -> Custom:
        """Return the operator of some of the samples."""
        return Custom(
            self.function, self.active[samples], {name: rows[samples] for name, rows in self.parameters.items()}
        )

    def describe(self, batch: Batch) -> None:
        """Find out by doing."""
        done = batch.samples()
        batch.n_frames, batch.n_channels = done.n_frames, done.n_channels

    def run(self, samples: Samples) -> Samples:
        """Call the function on each sample."""
        done = [
            self.function(x, **{name: rows[i] for name, rows in self.parameters.items()}) if self.active[i] else x
            for i, x in enumerate(samples.to_arrays())
        ]
        return type(samples).from_arrays(done, channels=samples.channels)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: the transform, the name of its method, and what was drawn.

        Raises
        ------
        TypeError
            When the function is not a method of a transform, which a file cannot hold.
        """
        transform, name = getattr(self.function, "__self__", None), getattr(self.function, "__name__", "")
        if not isinstance(transform, Settings) or not hasattr(transform, name):
            raise TypeError(
                f"Custom: cannot save {self.function!r}: expected a method of a transform, which is saved with the "
                "transform's settings. Write Custom(self.method, active, parameters) in its sample()."
            )
        return {
            "operator": "Custom",
            "transform": transform.to_dict(),
            "method": name,
            "active": self.active.tolist(),
            "parameters": {
                name: {
                    "dtype": np.asarray(rows).dtype.str,
                    "shape": list(np.shape(rows)),
                    "values": np.asarray(rows).tolist(),
                }
                for name, rows in self.parameters.items()
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Custom:
        """Inverse of :meth:`to_dict`."""
        transform = Settings.from_dict(values["transform"])
        if not hasattr(transform, values["method"]):
            raise ValueError(f"Custom: {type(transform).__name__} has no method {values['method']!r}.")
        parameters = {
            name: np.array(rows["values"], np.dtype(rows["dtype"])).reshape(rows["shape"])
            for name, rows in values["parameters"].items()
        }
        return cls(getattr(transform, values["method"]), np.array(values["active"], np.bool_), parameters)
