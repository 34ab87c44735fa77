"""Raw files to one store: many readers, one writer, results in a fixed order."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from tqdm import tqdm

from skeleton_data.bodies import get_strategy
from skeleton_data.encode import Encoded, encode_item
from skeleton_data.formats import default_bodies, get_format
from skeleton_data.formats.sources import close_archives
from skeleton_data.raw import Listing, RawFileError, RawFormat, RawItem, SkeletonDataError, SourceFormat, bound
from skeleton_data.splits import copies_across, with_clean_variants
from skeleton_data.writer import StoreWriter

REPORT_SUFFIX = ".rejected.txt"
_IN_FLIGHT_PER_WORKER = 8
# A fresh process takes about a second to start; fewer files than this are read sooner than that.
_FILES_WORTH_A_WORKER = 512


@dataclass
class Summary:
    """What a conversion did.

    Attributes
    ----------
    format, source, output : str
    bodies : str
        The body selection.
    n_samples, n_files : int
        Recordings in the store, raw files they came from.
    left_out : dict
        Reason -> number of recordings left out on purpose.
    empty : list of str
        Recordings left out because they hold no body in any frame.
    rejected : list of RawFileError
        Files that could not be read.
    n_duplicates : int
        Recordings that are copies of an earlier one.
    n_seen_bodies, n_tracks : int
        Bodies in the raw recordings, and those kept.
    n_missing_joints : int
        Joints made missing because their coordinates were no finite numbers.
    splits : dict
        Name -> (train samples, test samples, test samples that are copies of training samples).
    report : Path or None
        The report of what was rejected or empty, if there was anything to report.
    """

    format: str
    source: str
    output: Path
    bodies: str
    n_samples: int = 0
    n_files: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    rejected: list[RawFileError] = field(default_factory=list)
    n_duplicates: int = 0
    n_seen_bodies: int = 0
    n_tracks: int = 0
    n_missing_joints: int = 0
    splits: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    report: Path | None = None


def convert(
    raw_format: RawFormat | SourceFormat | str,
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    bodies: str | None = None,
    max_bodies: int = 2,
    workers: int | None = 1,
    executor: Executor | None = None,
    force: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Summary:
    """Convert a raw data set into a store.

    The same input gives the same bytes, whatever the number of workers. Files that cannot be read are left out and
    listed in ``<output>.rejected.txt``. However the conversion ends, ``output`` is a whole store or is not touched.

    Parameters
    ----------
    raw_format : RawFormat, SourceFormat or str
        The format, or its name with default options: a key of :data:`skeleton_data.formats.FORMATS`.
    source : path
        Folder or archive of the raw files.
    output : path
        The store to write, such as ``ntu60.h5``.
    bodies : str, optional
        Body selection, a key of :data:`skeleton_data.bodies.STRATEGIES`; default the first of them, or what the
        format says for itself (its ``default_bodies``).
    max_bodies : int
        Most bodies kept of one recording.
    workers : int or None
        Processes that read; 1 reads in this process, None takes as many as cores and files make worthwhile. They are
        started afresh ("spawn"), so a script that asks for them needs the ``if __name__ == "__main__"`` guard.
    executor : Executor, optional
        Read with this instead, such as a cluster's; ``workers`` then bounds the files under way.
    force : bool
        Replace an existing output.
    strict : bool
        Stop with an error at the first file that cannot be read.
    progress : bool
        Show a progress bar on standard error.

    Returns
    -------
    Summary

    Raises
    ------
    SkeletonDataError
        When there is nothing to read, or the output exists or cannot be written.
    """
    given = get_format(raw_format) if isinstance(raw_format, str) else raw_format
    bodies = bodies or default_bodies(given)
    get_strategy(bodies)
    if max_bodies < 1 or (workers is not None and workers < 1):
        raise SkeletonDataError(f"max_bodies and workers must be at least 1, got {max_bodies} and {workers}.")
    where, target = Path(source), Path(output).absolute()
    made = bound(given, where)
    summary = Summary(made.name, str(where), target, bodies)
    with StoreWriter(target, made.skeleton, force=force) as writer:
        listing = made.find(where)
        _note_listing(listing, summary, strict)
        n_workers = workers or _worthwhile(len(listing.items))
        work = partial(encode_item, made, bodies=bodies, max_bodies=max_bodies)
        try:
            with _mapping(work, n_workers, executor) as results, _bar(len(listing.items), progress) as bar:
                for result in results(listing.items):
                    _take(result, where, writer, summary, strict)
                    bar.update()
        finally:
            close_archives()
        _finish(made, writer, summary, {"bodies": bodies, "max_bodies": max_bodies, **_options(given)})
    return summary


def _note_listing(listing: Listing, summary: Summary, strict: bool) -> None:
    summary.left_out = {reason: len(names) for reason, names in listing.left_out.items()}
    summary.rejected = list(listing.rejected)
    if strict and listing.rejected:
        raise listing.rejected[0]


def _take(result: Encoded, source: Path, writer: StoreWriter, summary: Summary, strict: bool) -> None:
    summary.n_missing_joints += result.missing_joints
    summary.empty += result.empty
    if result.samples:
        index = writer.add_source(_within(source, result.item), result.item.size, result.digest)
        summary.n_files += 1
    for sample in result.samples:
        try:
            writer.add(sample, index)
        except SkeletonDataError as error:
            result.rejected = RawFileError(result.item.place, str(error))
            continue
        summary.n_seen_bodies += sample.n_seen
        summary.n_tracks += len(sample.tracks)
    if result.rejected is not None:
        summary.rejected.append(result.rejected)
        if strict:
            raise result.rejected


def _within(source: Path, item: RawItem) -> str:
    """Path of a raw file without the place where the source lies, so that equal sources give equal stores."""
    inside = item.path != source and item.path.is_relative_to(source)
    path = item.path.relative_to(source).as_posix() if inside else item.path.name
    return path if item.member is None else f"{path}!{item.member}"


def _finish(raw_format: RawFormat, writer: StoreWriter, summary: Summary, options: Mapping[str, object]) -> None:
    summary.n_samples = len(writer)
    if not len(writer):
        raise SkeletonDataError(_nothing_read(summary))
    samples = writer.samples()
    splits = with_clean_variants(raw_format.splits(samples), samples["duplicate_of"])
    for name, (train, test) in splits.items():
        summary.splits[name] = (len(train), len(test), copies_across(samples["duplicate_of"], train, test))
    summary.n_duplicates = int((samples["duplicate_of"] >= 0).sum())
    writer.commit(raw_format.class_names, splits, _provenance(summary, options))
    _write_report(writer, summary)


def _write_report(writer: StoreWriter, summary: Summary) -> None:
    report = summary.output.with_name(summary.output.name + REPORT_SUFFIX)
    lines = _report_lines(summary)
    if not lines:
        report.unlink(missing_ok=True)
        return
    summary.report = report
    made = writer.folder / "report"
    made.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.replace(report)


def _nothing_read(summary: Summary) -> str:
    text = f"{summary.source}: no recording could be read, nothing was written."
    if summary.rejected:
        text += f" Rejected: {len(summary.rejected)}, the first: {summary.rejected[0]}"
    if summary.empty:
        text += f" {len(summary.empty)} recordings have no body in any frame, the first: {summary.empty[0]}."
    for reason, count in summary.left_out.items():
        text += f" {count} left out: {reason}."
    return text


def _report_lines(summary: Summary) -> list[str]:
    lines = [_report_line(e.file, e.line, f"{e.reason} {e.mend}".strip()) for e in summary.rejected]
    lines += [_report_line(name, None, "left out: no body in any frame.") for name in summary.empty]
    return ["file\tline\treason", *lines] if lines else []


def _report_line(file: str, line: int | None, reason: str) -> str:
    fields = (file, "" if line is None else str(line), reason)
    return "\t".join(" ".join(text.split()) for text in fields)


def _provenance(summary: Summary, options: Mapping[str, object]) -> dict[str, Any]:
    return {
        "format": summary.format,
        "converter": f"skeleton-aug {version()}",
        "source": Path(summary.source).resolve().name,
        "options": dict(options),
        "counts": {
            "samples": summary.n_samples,
            "files": summary.n_files,
            "left out": summary.left_out,
            "no body": len(summary.empty),
            "rejected": len(summary.rejected),
            "duplicates": summary.n_duplicates,
            "bodies seen": summary.n_seen_bodies,
            "tracks": summary.n_tracks,
            "joints not finite": summary.n_missing_joints,
        },
    }


def _options(raw_format: RawFormat | SourceFormat) -> dict[str, object]:
    if not dataclasses.is_dataclass(raw_format):
        return {}
    values = {f.name: getattr(raw_format, f.name) for f in dataclasses.fields(raw_format)}
    return {name: value.name if isinstance(value, Path) else value for name, value in values.items()}


def version() -> str:
    """Version of the installed distribution."""
    try:
        return metadata.version("skeleton-aug")
    except metadata.PackageNotFoundError:
        return "0+uninstalled"


def _worthwhile(n_files: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, n_files // _FILES_WORTH_A_WORKER))


@contextmanager
def _bar(total: int, progress: bool) -> Iterator[Any]:
    with tqdm(total=total, unit=" files", disable=not progress, dynamic_ncols=True, smoothing=0.05) as bar:
        yield bar


@contextmanager
def _mapping(
    work: Callable[[RawItem], Encoded], workers: int, executor: Executor | None
) -> Iterator[Callable[[Sequence[RawItem]], Iterator[Encoded]]]:
    """Give a function that maps ``work`` over items in order, and end the processes it may have started."""
    if executor is None and workers == 1:
        yield partial(map, work)
        return
    pool = executor or ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield partial(_in_order, pool, work, workers * _IN_FLIGHT_PER_WORKER)
    except BrokenExecutor as error:
        raise SkeletonDataError(
            "A reading process ended without a word; most often the system took it for lack of memory. "
            "Try again with fewer workers."
        ) from error
    finally:
        if executor is None:
            pool.shutdown(cancel_futures=True)


def _in_order(
    pool: Executor, work: Callable[[RawItem], Encoded], in_flight: int, items: Sequence[RawItem]
) -> Iterator[Encoded]:
    waiting = iter(items)
    pending: deque[Future[Encoded]] = deque(pool.submit(work, item) for item in islice(waiting, in_flight))
    while pending:
        result = pending.popleft().result()
        pending.extend(pool.submit(work, item) for item in islice(waiting, 1))
        yield result


def _start_worker() -> None:
    # Ctrl-C reaches every process of the terminal; the parent alone decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this process when its parent is gone: a killed conversion must not leave readers behind."""
    connection.wait([sentinel])
    os._exit(1)
