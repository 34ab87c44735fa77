"""Readers at work: items mapped over this process, others, or a cluster; results in the order of the items."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from typing import TypeAlias

from skeleton_data.conversion.encode import Encoded
from skeleton_data.raw import RawItem, SkeletonDataError

Work: TypeAlias = Callable[[RawItem], Encoded]
Mapped: TypeAlias = Callable[[Iterable[RawItem]], Iterator[Encoded]]

_IN_FLIGHT_PER_WORKER = 8
# A fresh process takes about a second to start; fewer files than this are read sooner than that.
_FILES_WORTH_A_WORKER = 512


class UnfinishedError(SkeletonDataError):
    """A conversion ended before its time, through no fault of its input: what is done so far is kept."""


def worthwhile_workers(n_files: int) -> int:
    """Reading processes that the cores and the number of files make worthwhile."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, n_files // _FILES_WORTH_A_WORKER))


@contextmanager
def reading(work: Work, workers: int, executor: Executor | None) -> Iterator[Mapped]:
    """Give a function that maps ``work`` over items in order, and end the processes it may have started.

    Raises
    ------
    UnfinishedError
        When a reading process ends without a word.
    """
    if executor is None and workers == 1:
        yield partial(map, work)
        return
    pool = executor or ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield partial(_in_order, pool, work, workers * _IN_FLIGHT_PER_WORKER)
    except BrokenExecutor as error:
        raise UnfinishedError(
            "A reading process ended without a word; most often the system took it for lack of memory. "
            "Try again with fewer workers."
        ) from error
    finally:
        if executor is None:
            pool.shutdown(cancel_futures=True)


def _in_order(pool: Executor, work: Work, in_flight: int, items: Iterable[RawItem]) -> Iterator[Encoded]:
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
