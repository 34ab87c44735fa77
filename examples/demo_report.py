"""What the demo compares, and the report that it ends with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from examples import knn_eval, linear_eval, pretrain, tsne
from examples.evaluation import accuracy, nearest_neighbours, standardize, train_linear
from examples.pictures import performance_picture, training_picture
from examples.run import InputError, Precision
from examples.views import make_pipelines
from skeleton_aug import Compose, CropResize, Normalize
from skeleton_data import Store, ViewLoader


@dataclass(frozen=True)
class Protocol:
    """A split to train on, and what its tests are called.

    Attributes
    ----------
    title : str
    tests : mapping
        Split with the same training half -> column caption.
    """

    title: str
    tests: Mapping[str, str]


PROTOCOLS = {
    "xview": Protocol("across cameras", {"xview": "across cameras", "xview_clean": "across cameras, no copies"}),
    "xsub": Protocol("across subjects", {"xsub": "across subjects", "xsub_clean": "across subjects, no copies"}),
}
"""Split to train on -> what to test; clean variants exist where a data set holds copies."""

TRAINED = {
    "random": ("examples.pretrain", "small", "--epochs", "0"),
    "byol-paper-small": ("examples.pretrain", "paper-small"),
    "byol-small": ("examples.pretrain", "small"),
    "supervised": ("examples.supervised", "small"),
}
"""Method -> the command that trains it."""

CAPTIONS = {
    "raw": "raw coordinates, centred (no network)",
    "random": "random encoder",
    "byol-paper-small": "BYOL as in the paper, scaled down",
    "byol-small": "BYOL, small-scale configuration",
    "supervised": "supervised",
}
RAW_FRAMES = 20


@dataclass(frozen=True)
class Scores:
    """Accuracies in percent of one method on one protocol; test split -> value."""

    protocol: str
    method: str
    knn: Mapping[str, float]
    linear: Mapping[str, float]
    own_head: float | None = None


def choose_protocols(store: Store, every: bool) -> dict[str, Protocol]:
    """Return the protocols that the store has splits for; only the first unless ``every``."""
    usable = {
        name: replace(
            protocol, tests={test: caption for test, caption in protocol.tests.items() if test in store.splits}
        )
        for name, protocol in PROTOCOLS.items()
        if name in store.splits
    }
    if not usable:
        raise InputError(f"{store.path}: has none of the splits {', '.join(PROTOCOLS)} that the demo compares on.")
    return usable if every else dict([next(iter(usable.items()))])


def score_raw(store: Store, split: str, protocol: Protocol) -> Scores:
    """Read out the coordinates themselves: centred on the first frame, resized to 20 frames, not rotated."""
    pipeline = Compose(
        [Normalize(rotation="none", skeleton=store.skeleton), CropResize(n_frames=RAW_FRAMES, ratio_range=(1.0, 1.0))]
    )
    labels = torch.from_numpy(np.unique(store.labels, return_inverse=True)[1])
    everything = np.arange(len(store))
    loader = ViewLoader(store, everything, [pipeline], batch_size=256, shuffle=False, drop_last=False)
    raw = torch.cat([torch.from_numpy(batch.views[0]).flatten(1) for batch in loader.epoch()])
    knn, linear = {}, {}
    for name in protocol.tests:
        train, test = (torch.from_numpy(half) for half in store.split(name))
        fitted, tested = standardize(raw[train], raw[test])
        head = train_linear([fitted], labels[train], replace(linear_eval.SMALL.linear, lr=0.01))
        with torch.no_grad():
            linear[name] = accuracy(head(tested).argmax(1), labels[test])
        knn[name] = accuracy(nearest_neighbours(fitted, labels[train], tested), labels[test])
    return Scores(split, "raw", knn, linear)


def evaluate_run(
    store: Path, folder: Path, split: str, protocol: Protocol, method: str, precision: Precision
) -> Scores:
    """k-NN and linear evaluation of a run's encoder on every test of the protocol, as their commands do them."""
    knn, linear = {}, {}
    with redirect_stdout(StringIO()):
        for test in protocol.tests:
            common: dict[str, Any] = {
                "store": store, "checkpoint": folder / "encoder.pt", "split": test, "precision": precision
            }  # fmt: skip
            out = folder / f"knn-{test}", folder / f"linear-{test}"
            knn[test] = knn_eval.knn_eval(replace(knn_eval.CONFIGS["default"][1], out=out[0], **common))
            linear[test] = linear_eval.linear_eval(replace(linear_eval.SMALL, out=out[1], **common))
    result = folder / "result.json"
    own_head = json.loads(result.read_text())["top1"] if result.exists() else None
    return Scores(split, method, knn, linear, own_head)


def table(scores: Sequence[Scores], protocols: Mapping[str, Protocol]) -> list[str]:
    """Rows of a Markdown table: methods down, tests across."""
    tests = [(split, test, caption) for split, p in protocols.items() for test, caption in p.tests.items()]
    by_run = {(s.protocol, s.method): s for s in scores}
    rows = [["", *(f"{caption}: {kind}" for _, _, caption in tests for kind in ("k-NN", "linear"))]]
    for method, caption in CAPTIONS.items():
        cells = [caption]
        for split, test, _ in tests:
            run = by_run[split, method]
            own = f" ({run.own_head:.1f})" if run.own_head is not None and test == split else ""
            cells += [f"{run.knn[test]:.1f}", f"{run.linear[test]:.1f}{own}"]
        rows.append(cells)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return ["| " + " | ".join(align(row, widths)) + " |" for row in rows]


def align(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Pad the first cell on the right and the others on the left."""
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]


def write_report(
    out: Path,
    store: Store,
    origin: str,
    scores: Sequence[Scores],
    protocols: Mapping[str, Protocol],
    seed: int,
    seconds: float,
) -> None:
    """Draw the pictures, write ``report.md``, and print the table."""
    split = next(iter(protocols))
    training_picture(
        out / "training.png",
        {
            f"{CAPTIONS[method]}, {name}": out / name / method
            for name in protocols
            for method in ("byol-paper-small", "byol-small")
        },
    )
    with redirect_stdout(StringIO()):
        tsne.tsne(
            tsne.TsneConfig(
                store=store.path,
                checkpoints=(out / split / "random" / "encoder.pt", out / split / "byol-small" / "encoder.pt"),
                captions=("before training", "after BYOL pre-training, no labels"),
                out=out / "tsne.png",
                split=split,
                seed=seed,
            )
        )
    draw_performance(out / "views.png", store, split, seed)

    lines = table(scores, protocols)
    titles = [
        f"{p.title}: trained on the training half of split {name}, labels used in the last row only; "
        + ", ".join(f"{len(store.split(test)[1])} test recordings in {test}" for test in p.tests)
        for name, p in protocols.items()
    ]
    chance = 100 / len(np.unique(store.labels))
    text = [
        "# Demo",
        "",
        f"{len(store):,} recordings of {len(np.unique(store.labels))} actions by "
        f"{len(np.unique(store.samples['subject']))} subjects and {len(np.unique(store.samples['camera']))} cameras "
        f"({origin}); {seconds / 60:.1f} minutes in all.",
        "",
        f"Top-1 accuracy in percent of a nearest neighbour and of a linear classifier on standardised, frozen features "
        f"(chance: {chance:.1f}). In brackets: the supervised network's own classifier.",
        "",
        *lines,
        "",
        *(f"- {title}" for title in titles),
        "- Across cameras, the training half shows the same performances from other sides.",
        "- The small-scale configuration is the paper's method with a faster target, batch norm and a covariance "
        "penalty on the projections, and no temporal shift; the row above it goes without these changes. "
        "See `python -m examples.pretrain small --help`.",
        *(
            ["- No copies: without the test recordings that are identical to training recordings."]
            if any(test.endswith("_clean") for p in protocols.values() for test in p.tests)
            else []
        ),
        f"- One run each (seed {seed}), last epoch.",
        "",
        "![One performance by all cameras, and augmented](views.png)",
        "",
        "![Loss and effective rank](training.png)",
        "",
        "![t-SNE before and after](tsne.png)",
        "",
    ]
    (out / "report.md").write_text("\n".join(text))
    print(f"\nTop-1 in percent (chance {chance:.1f}); in brackets the supervised network's own classifier\n")
    print("\n".join(lines))
    print(f"\nReport and pictures: {out / 'report.md'}   ({seconds / 60:.1f} minutes)")


def draw_performance(path: Path, store: Store, split: str, seed: int) -> None:
    """Pick a performance with as many cameras as there are, and draw it with both views of a training pair."""
    groups = store.performances()
    most = max(len(group) for group in groups)
    full = [group for group in groups if len(group) == most]
    group = full[int(np.random.default_rng(seed).integers(len(full)))]
    settings = replace(pretrain.SMALL.encoder, channels="joint")
    pipelines = make_pipelines(settings, store.skeleton, pretrain.SMALL.without)
    views = {
        "aggressive view (T1)": (pipelines.aggressive, int(group[0])),
        "conservative view (T2)": (pipelines.conservative, int(group[-1])),
    }
    performance_picture(path, store, group.tolist(), views, seed)
