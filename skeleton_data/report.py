"""What the command line prints: the summary of a conversion, and the portrait of a store."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from skeleton_data.splits import OFFICIAL_COUNTS, copies_across
from skeleton_data.store import Store
from skeleton_data.summary import Row, Summary

_FRAMES_PER_HOUR = 30 * 3600
_SHOWN_REJECTIONS = 5


def summary_text(summary: Summary) -> str:
    """Lines that tell what a conversion read, left out, rejected and found."""
    cleaning = summary.cleaning
    rows = [
        ("read", f"{_count(summary.n_samples, 'recording')} from {_count(summary.n_files, 'file')}"),
        ("copies", f"{_count(summary.n_duplicates, 'recording')} identical to an earlier one"),
        ("bodies", f"{summary.n_tracks:,} kept of {summary.n_seen_bodies:,} seen ({summary.bodies})"),
    ]
    if summary.n_resumed:
        rows.append(("resumed", f"{_count(summary.n_resumed, 'file')} taken over from the unfinished conversion"))
    if cleaning.missing_joints:
        rows.append(("joints", f"{cleaning.missing_joints:,} without finite coordinates, made missing"))
    if cleaning.filled_joints:
        filled = f"{cleaning.filled_joints:,} joints in {_count(cleaning.filled_frames, 'frame')}, interpolated"
        rows.append(("gaps filled", filled))
    if cleaning.dropped_frames:
        rows.append(("dropped", f"{_count(cleaning.dropped_frames, 'frame')} without any kept body"))
    lines = [str(summary.output), *_table(rows), *_row_lines(summary.rows())]
    return "\n".join([*lines, *_split_lines(summary.format, summary.splits)])


def warnings(summary: Summary) -> list[str]:
    """Warnings that a conversion ends with."""
    lines = [
        f"split {name}: {copies:,} of {test:,} test recordings are copies of training recordings; "
        f"split {name}_clean leaves them out."
        for name, (_, test, copies) in summary.splits.items()
        if copies
    ]
    if summary.rejected:
        lines.append(f"{_count(len(summary.rejected), 'file')} rejected, all listed in {summary.report}:")
        lines += [f"  {error}" for error in summary.rejected[:_SHOWN_REJECTIONS]]
        if len(summary.rejected) > _SHOWN_REJECTIONS:
            lines.append(f"  and {len(summary.rejected) - _SHOWN_REJECTIONS:,} more.")
    return lines


def store_text(store: Store) -> str:
    """Portrait of a store: what it holds, how it is split, and where it comes from."""
    samples, provenance = store.samples, store.provenance
    frames = samples["n_frames"]
    duplicates = int((samples["duplicate_of"] >= 0).sum())
    rows = [
        ("data set", str(provenance["format"])),
        ("samples", f"{len(store):,}"),
        ("classes", f"{len(np.unique(samples['label']))} of {len(store.class_names)} occur"),
        *((f"{name}s", _ids(samples[name].tolist())) for name in ("subject", "camera", "setup", "replication")),
        ("performances", _performances(store)),
        ("frames", f"{frames.sum():,} ({frames.sum() / _FRAMES_PER_HOUR:.1f} h at 30 fps)"),
        ("", f"{frames.min()} to {frames.max()} a sample, median {np.median(frames):g}"),
        ("bodies", _bodies(samples["n_bodies"].tolist())),
        ("tracks", f"{len(store.tracks):,}, {int((~store.tracks['gapless']).sum()):,} with gaps"),
        ("skeleton", f"{store.skeleton.name}, {store.skeleton.n_joints} joints"),
        ("copies", f"{_count(duplicates, 'recording')} identical to an earlier one"),
        ("source", str(provenance["source"])),
        ("options", ", ".join(f"{name}={value}" for name, value in sorted(provenance["options"].items()))),
        ("converter", str(provenance["converter"])),
        ("digest", store.digest),
    ]
    splits = {}
    for name in store.splits:
        train, test = store.split(name)
        splits[name] = (len(train), len(test), copies_across(samples["duplicate_of"], train, test))
    return "\n".join([str(store.path), *_table(rows), *_split_lines(provenance["format"], splits)])


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {name:<14}{value}" for name, value in rows]


def _row_lines(rows: Iterable[Row]) -> list[str]:
    lines = [f"  {'':<20}{'here':>9}{'complete':>9}"]
    for row in rows:
        complete = "-" if row.complete is None else f"{row.complete:,}"
        lines.append(f"  {row.what:<20}{row.number:>9,}{complete:>9}  {row.why}".rstrip())
    return lines


def _split_lines(data_set: str, splits: dict[str, tuple[int, int, int]]) -> list[str]:
    lines = [f"  {'split':<20}{'train':>9}{'test':>9}  official, complete"]
    for name, (train, test, copies) in splits.items():
        official = OFFICIAL_COUNTS.get((data_set, name))
        line = f"  {name:<20}{train:>9,}{test:>9,}"
        line += f"  {official[0]:,} / {official[1]:,}" if official else "  -"
        lines.append(line + (f"  {copies:,} test copies of training recordings" if copies else ""))
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _ids(values: list[int]) -> str:
    known = sorted(set(values) - {-1})
    if not known:
        return "not told"
    ranges: list[list[int]] = []
    for value in known:
        if ranges and value == ranges[-1][1] + 1:
            ranges[-1][1] = value
        else:
            ranges.append([value, value])
    text = ", ".join(f"{low}-{high}" if high > low else str(low) for low, high in ranges)
    return f"{len(known)} ({text})"


def _performances(store: Store) -> str:
    views = [len(group) for group in store.performances()]
    by_views = sorted(((n, views.count(n)) for n in set(views)), reverse=True)
    return f"{len(views):,}: " + ", ".join(f"{count:,} with {_count(n, 'view')}" for n, count in by_views)


def _bodies(counts: list[int]) -> str:
    return ", ".join(f"{counts.count(n):,} samples with {n}" for n in sorted(set(counts)))
