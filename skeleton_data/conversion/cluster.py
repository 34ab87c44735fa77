"""Reading on a Dask cluster; its workers need this package in the same version, and the raw files at the same path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skeleton_data.conversion.reading import UnfinishedError
from skeleton_data.conversion.summary import version
from skeleton_data.raw import SkeletonDataError

_CONNECT_SECONDS = 20


@contextmanager
def connected(address: str, source: Path) -> Iterator[tuple[Executor, int]]:
    """Connect to a Dask cluster; gives an executor and the number of its threads.

    Work of a worker that dies is done again by another one; the result does not depend on who did it.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    source : Path
        The raw data, which every worker must see.

    Raises
    ------
    SkeletonDataError
        When ``distributed`` is not installed, the scheduler does not answer, there are no workers, or one of them
        lacks the package, has another version of it, or does not see the source.
    UnfinishedError
        When the connection is lost, or a file ends one worker after the other.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise SkeletonDataError(
            "A cluster needs the package 'distributed': pip install 'skeleton-aug[cluster]'."
        ) from error
    try:
        client: Any = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call,unused-ignore]
    except (OSError, TimeoutError, ValueError) as error:
        raise SkeletonDataError(f"{address}: no Dask scheduler answers there ({error}).") from error
    with client:
        _check_workers(client, address, source)
        try:
            yield client.get_executor(), sum(client.nthreads().values())
        except KilledWorker as error:
            raise UnfinishedError(f"{address}: a file ended one worker after the other ({error}).") from error
        except CancelledError as error:
            raise UnfinishedError(f"{address}: the connection to the cluster was lost.") from error


def _check_workers(client: Any, address: str, source: Path) -> None:
    try:
        answers = client.run(_answer, str(source.absolute()))
    except Exception as error:
        # What a worker without the package raises depends on how far it gets in reading the question.
        raise SkeletonDataError(
            f"{address}: its workers cannot run this package ({type(error).__name__}: {error}). Install it there."
        ) from error
    if not answers:
        raise SkeletonDataError(f"{address}: the cluster has no workers. Start some.")
    for worker, (found, sees) in sorted(answers.items()):
        if found != version():
            raise SkeletonDataError(f"{worker}: has version {found} of skeleton-aug, here it is {version()}.")
        if not sees:
            raise SkeletonDataError(f"{worker}: does not see {source}. Give a path that every worker has.")


def _answer(source: str) -> tuple[str, bool]:
    return version(), os.access(source, os.R_OK)
