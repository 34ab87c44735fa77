"""PyTorch tensors in, tensors on the same device out (needs ``torch``); the only place here that imports it.

Tensors in main memory share it with NumPy arrays, and the usual kernels do the work. On an accelerator a plan is
carried out by plain PyTorch operations there, with the same result to rounding; nothing waits for the device and
nothing comes back from it, but for operators that take a pass of their own (:class:`skeleton_aug.operators.Alone`, all
except motion), which make the round trip through main memory. Tests run these operations in main memory, and on
PyTorch's "meta" device, where whatever waits for a result fails; on a GPU they have not run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn.functional import pad

from skeleton_aug.kernels import PRESENT_AT_ORIGIN
from skeleton_aug.operators import BonesOf, FrameBlur, FrameFilter, Gather, MotionOf
from skeleton_aug.plan import Arrays, Layout, Plan
from skeleton_aug.samples import Samples
from skeleton_aug.stage import Stage

if TYPE_CHECKING:
    from skeleton_aug.pipeline import Pipeline

Tensors = Tensor | Sequence[Tensor]


def call(
    pipeline: Pipeline,
    x: Tensors,
    *,
    seed: int | None = None,
    epoch: int = 0,
    index: ArrayLike | None = None,
    view: int = 0,
    out: Tensor | None = None,
    layout: Layout = "sample",
    channels: str | None = None,
    threads: int = 1,
) -> Tensor | list[Tensor]:
    """Augment tensors; this is what calling a pipeline on them does, see :meth:`skeleton_aug.Compose.__call__`.

    Drawing may look at the data (:class:`skeleton_aug.Normalize` does), so what lies on an accelerator is copied to
    main memory once. Where that counts, draw the plan from samples that are there anyway and use :func:`apply`.

    Examples
    --------
    >>> import torch
    >>> from skeleton_aug import Shear
    >>> call(Shear(), torch.ones(8, 2, 30, 25, 3), seed=0).shape
    torch.Size([8, 2, 30, 25, 3])
    """
    given, one = _given(x)
    samples = Samples.from_arrays(_arrays(given), channels=channels)
    plan = pipeline.plan(samples, seed=seed, epoch=epoch, indices=index, view=view)
    return _apply(plan, given, one, samples, layout, out, threads)


def apply(
    plan: Plan, x: Tensors, *, layout: Layout = "sample", out: Tensor | None = None, threads: int = 1
) -> Tensor | list[Tensor]:
    """Carry out a plan on tensors.

    Parameters
    ----------
    plan : Plan
        Drawn for these samples, or for the same samples as arrays: ``pipeline.plan(x.cpu().numpy(), seed=0)``.
    x : (N, M, T, V, C) tensor, sequence of (M, T, V, C) tensors, or one sample (M, T, V, C)
        float32 or float64, on one device, in any memory order, not modified. Gradients do not pass: tensors that
        require them are refused. NaN is refused in main memory only, since to look for it waits for the device.
    layout : {"sample", "model"}
        ``(N, M, T, V, C)``, or the networks' ``(N, C, T, V, M)``.
    out : tensor, optional
        Where to write: contiguous, of the result's shape, dtype and device.
    threads : int
        Threads that share the samples in main memory; on an accelerator it does nothing.

    Returns
    -------
    tensor, or list of (M, T, V, C) tensors where the results differ in length; on the device of ``x``

    Examples
    --------
    >>> import torch
    >>> from skeleton_aug import presets
    >>> x = torch.rand(8, 2, 90, 25, 3)
    >>> plan = presets.aggressive(n_frames=50).plan(x.numpy(), seed=0)
    >>> apply(plan, x, layout="model").shape
    torch.Size([8, 3, 50, 25, 2])
    """
    given, one = _given(x)
    return _apply(plan, given, one, None, layout, out, threads)


def _given(x: Tensors) -> tuple[Tensors, bool]:
    """Check that tensors can be worked on; one sample becomes a batch."""
    tensors = [x] if isinstance(x, Tensor) else list(x)
    if not tensors or not all(isinstance(a, Tensor) for a in tensors):
        raise TypeError("Expected a tensor (N, M, T, V, C) or (M, T, V, C), or a sequence of tensors (M, T, V, C).")
    kinds = {(a.device, a.dtype) for a in tensors}
    if len(kinds) > 1 or tensors[0].dtype not in (torch.float32, torch.float64):
        found = sorted(f"{dtype} on {device}" for device, dtype in kinds)
        raise TypeError(f"Expected float32 or float64 tensors of one dtype on one device, got {', '.join(found)}.")
    if any(a.requires_grad for a in tensors):
        raise ValueError("Gradients do not pass through augmentation; give x.detach().")
    n_axes = {a.ndim for a in tensors}
    if n_axes != {4} and not (isinstance(x, Tensor) and n_axes == {5}):
        shapes = ", ".join(str(tuple(a.shape)) for a in tensors[:3])
        raise ValueError(f"Expected samples with axes (M, T, V, C), or one batch (N, M, T, V, C), got shape {shapes}.")
    one = isinstance(x, Tensor) and x.ndim == 4
    return (x[None] if isinstance(x, Tensor) and one else x), one


def _arrays(x: Tensors) -> Arrays:
    """The tensors as arrays, which share their memory unless it is a device's."""
    return x.cpu().numpy() if isinstance(x, Tensor) else [a.cpu().numpy() for a in x]


def _apply(
    plan: Plan, x: Tensors, one: bool, samples: Samples | None, layout: Layout, out: Tensor | None, threads: int
) -> Tensor | list[Tensor]:
    if out is not None and (out.device, out.dtype) != (x[0].device, x[0].dtype):
        raise ValueError(f"out must be {x[0].dtype} on {x[0].device}, got {out.dtype} on {out.device}.")
    batch_out = out[None] if one and out is not None else out
    if x[0].device.type == "cpu":
        done = _apply_on_host(plan, _arrays(x) if samples is None else samples, layout, batch_out, threads)
    else:
        done = _apply_on_device(plan, x, layout, batch_out)
    return out if out is not None else done[0] if one else done


def _apply_on_host(
    plan: Plan, x: Samples | Arrays, layout: Layout, out: Tensor | None, threads: int
) -> Tensor | list[Tensor]:
    done = plan.apply(x, layout=layout, out=None if out is None else out.numpy(), threads=threads)
    if isinstance(done, list):
        return [torch.from_numpy(np.require(a, requirements="W")) for a in done]
    return torch.from_numpy(done)


def _apply_on_device(plan: Plan, x: Tensors, layout: Layout, out: Tensor | None) -> Tensor | list[Tensor]:
    """Carry out the plan without the kernels. What is beyond a sample's last frame is missing like any other."""
    described = _describe(x, plan.channels)
    plan._check(described, layout, threads=1)
    lengths, now = plan.n_frames.tolist(), described.n_frames
    y = _vectors(_padded(x), plan.channels)
    dims = len(plan.channels.rstrip("c"))
    for stage in plan.stages:
        if isinstance(stage.alone, MotionOf):
            y = _motion(y, stage.alone, dims)
        elif stage.alone is not None:
            y, now = _round_trip(stage, y, now, plan.channels)
        else:
            y = _run(stage, y, dims)
            now = now if stage.gather is None else stage.gather.n_frames
    y = y.flatten(-2)
    if len(set(lengths)) > 1:
        if layout == "model" or out is not None:
            raise ValueError(
                f"Results of {min(lengths)} to {max(lengths)} frames do not fit one array; "
                "end the pipeline with FitLength(n_frames=...)."
            )
        return [y[i, :, :t].clone() for i, t in enumerate(lengths)]
    y = (y if layout == "sample" else y.permute(0, 4, 2, 3, 1)).contiguous()
    if out is None:
        return y.clone() if _share_memory(y, x) else y
    if out.shape != y.shape or not out.is_contiguous() or _share_memory(out, x):
        raise ValueError(
            f"out must be contiguous, of shape {tuple(y.shape)}, and share no memory with x; got {tuple(out.shape)}."
        )
    return out.copy_(y)


def _describe(x: Tensors, channels: str) -> Samples:
    """What a plan is checked against; the rows stay where they are."""
    shapes = {(a.shape[0], *a.shape[2:]) for a in x}
    if len(shapes) > 1:
        raise ValueError(f"Samples of one batch must share (M, V, C), got {sorted(shapes)}.")
    n_bodies, *joint = shapes.pop()
    n_frames, no_rows = np.array([a.shape[1] for a in x], np.int64), np.zeros((len(x), n_bodies), np.int64)
    return Samples(np.empty((0, *joint)), no_rows, no_rows, no_rows, no_rows == 0, n_frames, channels)


def _share_memory(a: Tensor, x: Tensors) -> bool:
    return any(a.untyped_storage()._cdata == b.untyped_storage()._cdata for b in ([x] if isinstance(x, Tensor) else x))


def _padded(x: Tensors) -> Tensor:
    """Samples as one batch, with missing frames behind the shorter ones."""
    if isinstance(x, Tensor):
        return x
    longest = max(a.shape[1] for a in x)
    return torch.stack([pad(a, (0, 0, 0, 0, 0, longest - a.shape[1])) for a in x])


def _vectors(x: Tensor, channels: str) -> Tensor:
    """Channels (C) to vectors (K, W): positions, and what stands behind them."""
    return x.reshape(*x.shape[:-1], x.shape[-1] // len(channels), len(channels))


def _round_trip(stage: Stage, x: Tensor, n_frames: NDArray[np.int64], channels: str) -> tuple[Tensor, Any]:
    """Run a stage in main memory."""
    arrays = [a[:, :t] for a, t in zip(x.flatten(-2).cpu().numpy(), n_frames.tolist(), strict=True)]
    done = stage.run(Samples.from_arrays(arrays, channels=channels, check=False))
    back = _padded([torch.from_numpy(a) for a in done.to_arrays()]).to(x.device)
    return _vectors(back, channels), done.n_frames


def _run(stage: Stage, x: Tensor, dims: int) -> Tensor:
    """Carry out one stage on vectors (N, M, T, V, K, W), of whose W numbers ``dims`` are coordinates."""
    if stage.bodies is not None:
        x = _pick(x, stage.bodies.source, 1)
    if stage.frame_filter is not None:
        x = _smooth(x, stage.frame_filter)
    if stage.gather is not None:
        x = _blend(x, stage.gather)
    if stage.affine is not None:
        matrix, offset = _rows(x, stage.affine.matrix[:, :dims, :dims], 4), _rows(x, stage.affine.offset[:, :dims], 4)
        # Sums of products, since matrix products may be set to a lower precision.
        moved = sum((matrix[..., c] * x[..., c, None] for c in range(dims)), x.new_zeros(()))
        moved[..., :1, :] += offset
        x = _keep(torch.cat([moved, x[..., dims:]], -1), _present(x))
    if stage.bones is not None:
        x = _bones(x, stage.bones, dims)
    if stage.order is not None:
        x = _pick(x, stage.order.source, 3)
    if stage.weights is not None:
        weight = _rows(x, stage.weights.weights[:, :, None, None], 2)
        x = torch.where(weight == 0, 0, torch.cat([x[..., :dims] * weight, x[..., dims:]], -1))
    return x


def _rows(x: Tensor, array: NDArray[Any], n_axes: int, dtype: torch.dtype | None = None) -> Tensor:
    """Put an operator's rows, one a sample, beside x, with ``n_axes`` axes of size 1 behind the first."""
    rows = torch.tensor(array, dtype=dtype or x.dtype).to(x.device, non_blocking=x.is_cuda)
    return rows.reshape(len(array), *[1] * n_axes, *array.shape[1:])


def _present(x: Tensor) -> Tensor:
    return (x != 0).any(-1, keepdim=True)


def _keep(x: Tensor, present: Tensor) -> Tensor:
    """Make x missing where it is not present, and move it off the origin where it is."""
    first = torch.arange(x.shape[-1], device=x.device) == 0
    return torch.where(present & ~_present(x) & first, PRESENT_AT_ORIGIN, torch.where(present, x, 0))


def _pick(x: Tensor, source: NDArray[Any], axis: int) -> Tensor:
    """Take places along an axis, for each sample its own; zeros for those outside of it."""
    shape = [1] * x.ndim
    shape[0], shape[axis] = source.shape
    inside = (source >= 0) & (source < x.shape[axis])
    at = _rows(x, np.where(inside, source, 0), 0, torch.int64).reshape(shape)
    return torch.where(_rows(x, inside, 0, torch.bool).reshape(shape), x.take_along_dim(at, axis), 0)


def _blend(x: Tensor, gather: Gather) -> Tensor:
    columns = np.arange(gather.n_frames.max())
    mix = gather.mix[:, : len(columns)]
    beyond = columns >= gather.n_frames[:, None]
    a = _pick(x, np.where(beyond, -1, gather.before[:, : len(columns)]), 2)
    if not mix.any():
        return a
    b = _pick(x, np.where(beyond | (mix == 0), -1, gather.after_[:, : len(columns)]), 2)
    share, in_a, in_b = _rows(x, mix[:, :, None, None, None], 1), _present(a), _present(b)
    between = torch.where(in_a & in_b, (1 - share) * a + share * b, torch.where(in_a, a, b))
    return _keep(between, in_a | in_b)


def _smooth(x: Tensor, operator: FrameFilter | FrameBlur) -> Tensor:
    """Filter or blur the samples for which it is active."""
    active = operator.active if isinstance(operator, FrameFilter) else operator.taps.any(1)
    if not active.any():
        return x
    chosen = _rows(x, np.flatnonzero(active), 0, torch.int64)
    some, n_frames = x.index_select(0, chosen), x.shape[2]
    present, frame = _present(some), torch.arange(n_frames, device=x.device).reshape(-1, 1, 1, 1)
    begin = torch.where(present, 0, frame + 1).cummax(2).values
    end = torch.where(present, n_frames, frame).flip(2).cummin(2).values.flip(2)
    if isinstance(operator, FrameFilter):
        done = _filter(some, _rows(x, operator.bank, 0), operator.shortest, frame, begin, end)
    else:
        done = _blur(some, _rows(x, operator.taps[active], 0), frame, begin, end)
    return x.index_copy(0, chosen, _keep(done, present))


def _filter(x: Tensor, bank: Tensor, shortest: int, frame: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    """Weigh the window around each frame, or at the end of its run, by the row of the bank for its place there."""
    window = (end - begin).clamp(1, bank.shape[1])
    window = window - 1 + window % 2
    start = torch.minimum(torch.maximum(frame - window // 2, begin), end - window)
    row = (window * bank.shape[1] + (frame - start)).clamp(0, bank.shape[0] * bank.shape[1] - 1)
    done = torch.zeros_like(x)
    for k, weights in enumerate(bank.flatten(0, 1).T):
        at = (start + k).clamp(0, x.shape[2] - 1)
        done += torch.where(window > k, weights.take(row), 0) * x.take_along_dim(at, 2)
    return torch.where(window < shortest, x, done)


def _blur(x: Tensor, taps: Tensor, frame: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    done, total = torch.zeros_like(x), torch.zeros_like(x[..., :1])
    for k in range(taps.shape[1]):
        at = frame + (k - taps.shape[1] // 2)
        weight = torch.where((at >= begin) & (at < end), taps[:, k].reshape(-1, 1, 1, 1, 1, 1), 0)
        done += weight * x.index_select(2, at.clamp(0, x.shape[2] - 1).flatten())
        total += weight
    return done / total


def _bones(x: Tensor, operator: BonesOf, dims: int) -> Tensor:
    """Joint minus parent; a confidence is the mean of both."""
    up = _pick(x, np.broadcast_to(operator.parents, (len(x), x.shape[3])), 3)
    bones = torch.cat([x[..., :dims] - up[..., :dims], (x[..., dims:] + up[..., dims:]) / 2], -1)
    bones = torch.where(_present(x) & _present(up), bones, 0)
    return bones if operator.channels == "bone" else torch.cat([x, bones], -2)


def _motion(x: Tensor, operator: MotionOf, dims: int) -> Tensor:
    """Differences to the frames that follow; a confidence is the mean of those that take part."""
    padded = pad(x, (0, 0, 0, 0, 0, 0, 0, 2))
    then, later = padded[:, :, 1:-1], padded[:, :, 2:]
    there = _present(x) & _present(then)
    first = torch.cat([then[..., :dims] - x[..., :dims], (x[..., dims:] + then[..., dims:]) / 2], -1)
    change = (later - then) - (then - x)
    second = torch.cat([change[..., :dims], (x + 2 * then + later)[..., dims:] / 4], -1)
    differences = torch.where(there, first, 0), torch.where(there & _present(later), second, 0)
    made = [d for d, wanted in zip(differences, operator.orders, strict=True) if wanted]
    return torch.cat([x, *made] if operator.keeps else made, -2)
