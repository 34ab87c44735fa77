"""Raw files to one store: many readers, one writer, results in a fixed order, and a journal to go on from."""

from __future__ import annotations

import dataclasses
import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from skeleton_data.conversion.encode import Encoded, Track, Treatment, encode_item
from skeleton_data.conversion.journal import Entry, entry_of
from skeleton_data.conversion.reading import UnfinishedError, reading, worthwhile_workers
from skeleton_data.conversion.resume import check_header, check_unchanged, within
from skeleton_data.conversion.summary import REPORT_SUFFIX, Summary, nothing_read, provenance, report_lines, version
from skeleton_data.conversion.writer import StoreWriter
from skeleton_data.formats import default_bodies, get_format
from skeleton_data.formats.sources import close_archives
from skeleton_data.raw import RawFileError, RawFormat, RawItem, SkeletonDataError, SourceFormat, bound
from skeleton_data.splits import copies_across, with_clean_variants
from skeleton_data.storage.schema import FRAME_RATES

__all__ = ["REPORT_SUFFIX", "Summary", "convert", "version"]

_log = logging.getLogger(__name__)


def convert(
    raw_format: RawFormat | SourceFormat | str,
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    bodies: str | None = None,
    max_bodies: int = 2,
    fill_gaps: int = 0,
    drop_empty_frames: bool = False,
    frame_rate: float | None = None,
    workers: int | None = 1,
    executor: Executor | None = None,
    cluster: str | None = None,
    force: bool = False,
    resume: bool = False,
    strict: bool = False,
    progress: bool = False,
) -> Summary:
    """Convert a raw data set into a store.

    The same input gives the same bytes, whatever the number of workers, and however often the conversion was stopped
    and resumed. Files that cannot be read are left out and listed in ``<output>.rejected.txt``. However the conversion
    ends, ``output`` is a whole store or is not touched.

    Parameters
    ----------
    raw_format : RawFormat, SourceFormat or str
        The format, or its name with default options: a key of :data:`skeleton_data.formats.FORMATS`.
    source : path
        Folder or archive of the raw files.
    output : path
        The store to write, such as ``ntu60.h5``.
    bodies : str, optional
        Body selection, a key of :data:`skeleton_data.bodies.STRATEGIES`; default the first of them, or what
        the format says for itself (its ``default_bodies``).
    max_bodies : int
        Most bodies kept of one recording.
    fill_gaps : int
        Interpolate gaps within a track of at most this many frames, joint by joint; 0 leaves every gap open.
    drop_empty_frames : bool
        Take frames without any kept body out of a recording, as CTR-GCN and pyskl do. Later frames move forward, so
        the views of a performance are no longer frame by frame beside each other.
    frame_rate : float, optional
        Frames a second, to be told by the store; default what the data set says of itself.
    workers : int or None
        Processes that read; 1 reads in this process, None takes as many as cores and files make worthwhile. They are
        started afresh ("spawn"), so a script that asks for them needs the ``if __name__ == "__main__"`` guard.
    executor : Executor, optional
        Read with this instead, such as a cluster's; ``workers`` then bounds the files under way.
    cluster : str, optional
        Address of a Dask scheduler to read on (extra ``cluster``), see
        :func:`skeleton_data.conversion.cluster.connected`.
    force : bool
        Replace an existing output.
    resume : bool
        Go on where a conversion to the same output was stopped or killed; from the start where none was.
    strict : bool
        Stop with an error at the first file that cannot be read.
    progress : bool
        Show a progress bar on standard error, with the rate and the time left.

    Returns
    -------
    Summary

    Raises
    ------
    SkeletonDataError
        When there is nothing to read, the output exists or cannot be written, or the conversion to resume had other
        options, or its raw files have changed since.
    """
    given = get_format(raw_format) if isinstance(raw_format, str) else raw_format
    bodies = bodies or default_bodies(given)
    if frame_rate is not None and not 0 < frame_rate < math.inf:
        raise SkeletonDataError(f"frame_rate must be a number above 0, got {frame_rate}.")
    if workers is not None and workers < 1:
        raise SkeletonDataError(f"workers must be at least 1, got {workers}.")
    treatment = Treatment(
        bodies=bodies, max_bodies=max_bodies, fill_gaps=fill_gaps, drop_empty_frames=drop_empty_frames
    )
    where, target = Path(source).absolute(), Path(output).absolute()
    made = bound(given, where)
    options = {**dataclasses.asdict(treatment), **_options(given)}
    header = {"converter": version(), "format": made.name, "options": options}
    with StoreWriter(
        target, made.skeleton, channels=channels_of(made), force=force, resume=header if resume else None
    ) as writer:
        if writer.left_by_dead and not resume:
            _log.warning("%s: an unfinished conversion lies beside it; --resume would go on with that one.", target)
        task = _Conversion(made, where, writer, treatment, options, strict)
        task.summary.frame_rate = frame_rate or FRAME_RATES.get(made.name)
        with task.kept_when_stopped():
            resumed = task.begin(header)
            task.run(resumed, workers, executor, cluster, progress)
    return task.summary


class _Conversion:
    """One conversion under way."""

    def __init__(
        self,
        raw_format: RawFormat,
        source: Path,
        writer: StoreWriter,
        treatment: Treatment,
        options: Mapping[str, object],
        strict: bool,
    ) -> None:
        self.format, self.source, self.writer = raw_format, source, writer
        self.treatment, self.options, self.strict = treatment, options, strict
        self.summary = Summary(raw_format.name, str(source), writer.path, treatment.bodies)

    def begin(self, header: Mapping[str, Any]) -> bool:
        """Start a journal; tell whether there is one to go on with."""
        found = self.writer.header()
        if found is None:
            self.writer.begin(header)
            return False
        # Whoever gave other options, or moved the source, finds the work still there next time.
        self.writer.keep = True
        check_header(found, header, self.writer.path)
        return True

    def run(
        self, resumed: bool, workers: int | None, executor: Executor | None, cluster: str | None, progress: bool
    ) -> None:
        """Read what is left, and write the store."""
        items = self._items()
        try:
            done = self._replay(items) if resumed else 0
            work = partial(encode_item, self.format, treatment=self.treatment)
            n_workers = workers or worthwhile_workers(len(items) - done)
            with (
                _readers(cluster, executor, n_workers, self.source) as (pool, n_readers),
                reading(work, n_readers, pool) as results,
                _bar(len(items), done, progress) as bar,
            ):
                for result in results(islice(items, done, None)):
                    self._take(result)
                    bar.update()
        finally:
            close_archives()
        del items
        self._finish()

    def _items(self) -> Sequence[RawItem]:
        """List what is to be read; of all else the numbers stay, and what was rejected."""
        listing = self.format.find(self.source)
        self.summary.note_listing(listing)
        if self.strict and listing.rejected:
            raise listing.rejected[0]
        return listing.items

    def _replay(self, items: Sequence[RawItem]) -> int:
        for number, entry in enumerate(self.writer.replay()):
            check_unchanged(entry, items, number, self.source)
            self._note(entry)
        self.writer.keep = False
        self.summary.n_resumed = self.writer.n_entries
        return self.writer.n_entries

    def _take(self, result: Encoded) -> None:
        self._leave_out_known_names(result)
        tracks: list[Track] = [track for sample in result.samples for track in sample.tracks]
        self._note(self.writer.write(entry_of(result, within(self.source, result.item)), tracks))

    def _leave_out_known_names(self, result: Encoded) -> None:
        names: set[str] = set()
        kept = []
        for sample in result.samples:
            name = sample.sequence.name
            if name in self.writer or name in names:
                result.rejected = RawFileError(result.item.place, f"{name}: a recording of this name was read before.")
            else:
                kept.append(sample)
                names.add(name)
        result.samples = kept

    def _note(self, entry: Entry) -> None:
        summary = self.summary
        summary.note_cleaning(entry.counts)
        summary.empty += entry.empty
        summary.n_files += bool(entry.samples)
        for sample in entry.samples:
            summary.n_seen_bodies += sample.n_seen
            summary.n_tracks += len(sample.tracks)
        if entry.rejected is not None:
            summary.rejected.append(entry.rejected)
            if self.strict:
                raise entry.rejected

    def _finish(self) -> None:
        writer, summary = self.writer, self.summary
        summary.n_samples = len(writer)
        if not len(writer):
            raise SkeletonDataError(nothing_read(summary))
        samples = writer.samples()
        splits = with_clean_variants(self.format.splits(samples), samples["duplicate_of"])
        for name, (train, test) in splits.items():
            summary.splits[name] = (len(train), len(test), copies_across(samples["duplicate_of"], train, test))
        summary.n_duplicates = int((samples["duplicate_of"] >= 0).sum())
        del samples
        writer.commit(self.format.class_names, splits, provenance(summary, self.options))
        _write_report(writer, summary)

    @contextmanager
    def kept_when_stopped(self) -> Iterator[None]:
        """Keep the work done so far when the conversion ends through no fault of its input, and say so."""
        try:
            yield
        except UnfinishedError as error:
            raise UnfinishedError(f"{error} {self._kept()}".strip()) from error
        except SkeletonDataError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            place = error.filename2 or error.filename or self.writer.path
            raise UnfinishedError(f"{place}: cannot be written or read ({reason}). {self._kept()}".strip()) from error
        except BaseException as error:
            if kept := self._kept():
                error.add_note(kept)
            raise

    def _kept(self) -> str:
        if self.writer.committed:
            return "The store itself is whole."
        n_done = self.writer.n_entries if self.writer.folder.exists() else 0
        self.writer.keep = self.writer.keep or n_done > 0
        return f"{n_done:,} raw files are done and kept: --resume goes on from there." if n_done else ""


def channels_of(raw_format: RawFormat) -> tuple[str, ...]:
    """Channels that a format was asked for; most formats have none."""
    channels: tuple[str, ...] = getattr(raw_format, "channels", ())
    return channels


@contextmanager
def _readers(
    cluster: str | None, executor: Executor | None, workers: int, source: Path
) -> Iterator[tuple[Executor | None, int]]:
    if cluster is None:
        yield executor, workers
        return
    # The client of a cluster is heavy to import.
    from skeleton_data.conversion.cluster import connected

    with connected(cluster, source) as found:
        yield found


def _write_report(writer: StoreWriter, summary: Summary) -> None:
    report = summary.output.with_name(summary.output.name + REPORT_SUFFIX)
    lines = report_lines(summary)
    if not lines:
        report.unlink(missing_ok=True)
        return
    summary.report = report
    made = writer.folder / "report"
    made.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.replace(report)


def _options(raw_format: RawFormat | SourceFormat) -> Mapping[str, object]:
    if not dataclasses.is_dataclass(raw_format):
        return {}
    values = {f.name: getattr(raw_format, f.name) for f in dataclasses.fields(raw_format)}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    """An option as JSON has it, without the place where a file lies."""
    if isinstance(value, Path):
        return value.name
    return list(value) if isinstance(value, tuple) else value


@contextmanager
def _bar(total: int, done: int, progress: bool) -> Iterator[Any]:
    with tqdm(
        total=total, initial=done, unit=" files", disable=not progress, dynamic_ncols=True, smoothing=0.05
    ) as bar:
        yield bar
