"""What the command line prints at the end of a conversion."""

from __future__ import annotations

from collections.abc import Iterable

from skeleton_data.conversion.summary import Row, Summary
from skeleton_data.splits import OFFICIAL_COUNTS
from skeleton_data.storage.portrait import count

_SHOWN_REJECTIONS = 5


def summary_text(summary: Summary) -> str:
    """Lines that tell what a conversion read, left out, rejected and found."""
    cleaning = summary.cleaning
    rows = [
        ("read", f"{count(summary.n_samples, 'recording')} from {count(summary.n_files, 'file')}"),
        ("copies", f"{count(summary.n_duplicates, 'recording')} identical to an earlier one"),
        ("bodies", f"{summary.n_tracks:,} kept of {summary.n_seen_bodies:,} seen ({summary.bodies})"),
    ]
    if summary.n_resumed:
        rows.append(("resumed", f"{count(summary.n_resumed, 'file')} taken over from the unfinished conversion"))
    if cleaning.missing_joints:
        rows.append(("joints", f"{cleaning.missing_joints:,} without finite coordinates, made missing"))
    if cleaning.filled_joints:
        filled = f"{cleaning.filled_joints:,} joints in {count(cleaning.filled_frames, 'frame')}, interpolated"
        rows.append(("gaps filled", filled))
    if cleaning.dropped_frames:
        rows.append(("dropped", f"{count(cleaning.dropped_frames, 'frame')} without any kept body"))
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
        lines.append(f"{count(len(summary.rejected), 'file')} rejected, all listed in {summary.report}:")
        lines += [f"  {error}" for error in summary.rejected[:_SHOWN_REJECTIONS]]
        if len(summary.rejected) > _SHOWN_REJECTIONS:
            lines.append(f"  and {len(summary.rejected) - _SHOWN_REJECTIONS:,} more.")
    return lines


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
