"""Throws damaged input at every parser: each must read it or raise the documented error, soon and in little memory.

``python -m benchmarks.fuzz --inputs 1000000`` prints, for each parser, how many inputs it read and refused, the time,
the slowest input and the peak of memory. ``--guided SECONDS`` lets atheris, where it is installed, look for inputs
that reach new code of each text parser instead.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import FunctionType

import numpy as np

from skeleton_data import Store, convert
from skeleton_data.formats.ntu import NTU60
from skeleton_data.formats.ntu_text import parse
from skeleton_data.formats.nucla import NUCLA
from skeleton_data.formats.pku import read_frames
from skeleton_data.formats.pku_labels import name_instances, read_labels
from skeleton_data.formats.pku_splits import read_split_file
from skeleton_data.formats.sources import close_archives, find_files, read_bytes
from skeleton_data.raw import RawItem, SkeletonDataError

Reader = Callable[[bytes], object]

SECONDS_AN_INPUT = 5.0
"""An input that takes more processor time counts as a hang; one that sleeps ten times as long does so as well."""
_MOST_MEMORY = 1 << 30
# Seconds on the wall that an input may take where the machine is so busy, or stops the process, that they tell little.
_STOPPED_CLOCK = 300
# Tokens that have broken parsers of numbers, names, JSON and counts before.
_TOKENS = (
    *(b"1000000000", b"-1", b"0", b"99999999999999999999", b"4294967296", b"2147483648", b"1e999", b"-1e-999", b"nan"),
    *(b"inf", b"1_000", b"0x10", b"+", b"-", b".", b"e", b"1.", b".5", b"\xef\xbb\xbf", b"\x00", b"\xff\xfe", b"\r\n"),
    *(b"\n\n\n", b",", b",,", b"[", b"]", b"[[[[[[[[", b"{", b'"', b"null", b"true", b"\\u0000", b"..", b"/", b"%s"),
    *(b"Training videos:", b"Validation videos:", b"0002-L", b"A01N01-M", b"   ", b"\t", b"9" * 400, b"[" * 3000),
)


@dataclass
class Outcome:
    """What a parser made of its inputs; ``worst`` is the processor seconds of the slowest one."""

    parser: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    seconds: float = 0.0
    worst: float = 0.0
    peak_mib: float = 0.0


class Fault(Exception):
    """A parser raised what it must not, or took too long; the input is in the message."""


def mutations(seeds: list[bytes], rng: np.random.Generator) -> Iterator[bytes]:
    """Give damaged inputs for ever: bits, tokens, cuts, repeats, pieces of others."""
    while True:
        data = bytearray(seeds[int(rng.integers(len(seeds)))])
        for _ in range(int(rng.integers(1, 5))):
            _mutate(data, seeds, rng)
        yield bytes(data)


def _mutate(data: bytearray, seeds: list[bytes], rng: np.random.Generator) -> None:
    at = int(rng.integers(len(data) + 1))
    kind = int(rng.integers(8))
    if kind == 0 and at < len(data):
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1 and at < len(data):
        data[at] = int(rng.integers(256))
    elif kind == 2:
        data[at:at] = _TOKENS[int(rng.integers(len(_TOKENS)))]
    elif kind == 3:
        _replace_word(data, at, _TOKENS[int(rng.integers(len(_TOKENS)))])
    elif kind == 4:
        del data[at : at + int(rng.integers(1, 64))]
    elif kind == 5:
        del data[at:]
    elif kind == 6:
        piece = data[at : at + int(rng.integers(1, 256))]
        data[at:at] = piece * int(rng.integers(1, 4))
    else:
        other = seeds[int(rng.integers(len(seeds)))]
        data[at : at + int(rng.integers(64))] = other[at : at + int(rng.integers(64))]


def _replace_word(data: bytearray, at: int, token: bytes) -> None:
    ends = [place for sign in b" \n,:[]" if (place := data.find(sign, at)) >= 0]
    data[at : min(ends, default=len(data))] = token


def run(name: str, read: Reader, seeds: list[bytes], inputs: int, seed: int = 0) -> Outcome:
    """Feed ``inputs`` damaged inputs to ``read``.

    Raises
    ------
    Fault
        At the first input that raises anything but :class:`SkeletonDataError`, or takes too long.
    """
    outcome = Outcome(name)
    for data in seeds:
        read(data)
    began = time.perf_counter()
    for data in mutations(seeds, np.random.default_rng(seed)):
        if outcome.inputs == inputs:
            break
        _feed(read, data, outcome)
    outcome.seconds = time.perf_counter() - began
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    outcome.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return outcome


def _feed(read: Reader, data: bytes, outcome: Outcome) -> None:
    # Processor time: on a machine that others use the clock on the wall tells of them.
    began = time.process_time()
    # A hang in compiled code cannot be interrupted from here: the process then ends with a traceback.
    faulthandler.dump_traceback_later(10 * SECONDS_AN_INPUT, exit=True)
    try:
        read(data)
        outcome.read += 1
    except SkeletonDataError:
        outcome.refused += 1
    except Exception as error:
        raise Fault(f"{outcome.parser}: {type(error).__name__}: {error} for {_kept(data)}") from error
    finally:
        faulthandler.cancel_dump_traceback_later()
    took = time.process_time() - began
    outcome.inputs += 1
    outcome.worst = max(outcome.worst, took)
    if took > SECONDS_AN_INPUT:
        raise Fault(f"{outcome.parser}: took {took:.1f} s for {_kept(data)}")


def _kept(data: bytes) -> Path:
    path = Path(tempfile.mkdtemp(prefix="fuzz-")) / "input"
    path.write_bytes(data)
    return path


def parsers(folder: Path) -> Mapping[str, tuple[Reader, list[bytes]]]:
    """Name -> (reader of bytes, whole inputs to damage); files are written below ``folder``."""
    return {
        "NTU text": (lambda data: parse(data, "x.skeleton"), _ntu_texts()),
        "NTU text, all fields": (lambda data: parse(data, "x.skeleton", all_fields=True), _ntu_texts()),
        "N-UCLA JSON": (_file_reader(folder / "a01_s01_e00_v01.json", _read_nucla), _nucla_texts()),
        "PKU-MMD text": (_file_reader(folder / "0002-L.txt", read_frames), _pku_texts()),
        "PKU-MMD labels": (_file_reader(folder / "label.txt", _read_labels), _label_texts()),
        "PKU-MMD split file": (_file_reader(folder / "split.txt", partial(read_split_file, phase=1)), _split_texts()),
        "zip archive": (_file_reader(folder / "a.zip", _read_archive), [_archive(folder)]),
        "store": (_file_reader(folder / "store.h5", _read_store), [_store(folder)]),
    }


def _file_reader(path: Path, read: Callable[[Path], object]) -> Reader:
    def reader(data: bytes) -> object:
        # A new file each time: what has been read of an old one may still be held.
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        return read(path)

    return reader


def _read_nucla(path: Path) -> object:
    return NUCLA().read(RawItem("a01_s01_e00_v01", path))


def _read_labels(path: Path) -> object:
    annotations = read_labels(path)
    return name_instances("0002", {"L": annotations, "R": annotations[1:]})


def _read_archive(path: Path) -> object:
    try:
        return [read_bytes(item) for item in find_files(path, lambda name: name.endswith(".skeleton")).items]
    finally:
        close_archives()


def _read_store(path: Path) -> object:
    store = Store.open(path)
    return store.verify(), [sample.positions.sum() for sample in store]


def _ntu_texts() -> list[bytes]:
    joints = b"0.2410551 -0.171228 4.294691 283.0309 224.2974 1027.245 581.2726 -0.25 0.12 0.95 -0.09 2\n" * 25
    body = b"72057594037932358 0 0 0 0 0 0 0.33916 -0.5899565 2\n25\n" + joints
    return [b"2\n1\n" + body + b"0\n", b"1\n2\n" + body + body.replace(b"2358", b"2359"), b"1\n0\n"]


def _nucla_texts() -> list[bytes]:
    frame = [[0.1, 0.2, 3.0]] * 20
    return [json.dumps({"file_name": "a01_s01_e00_v01", "skeletons": [frame] * n, "label": 1}).encode() for n in (1, 3)]


def _pku_texts() -> list[bytes]:
    line = b" ".join(b"%.6f" % (0.01 * n) for n in range(150))
    return [line + b"\n", line + b"\n " + line + b"\n " + line + b"\n", b" ".join([b"0.000000"] * 150) + b"\n"]


def _label_texts() -> list[bytes]:
    return [b"5,2,8,1\n12,20,40,2\n5,50,80,1\n", b"51,0,4,1", b"1,9,3,0,\r\n2,3,9,1\r\n"]


def _split_texts() -> list[bytes]:
    return [b"Training videos: \n0002-L, 0003-M, \nValidataion videos: \n0002_R, 0291-L,"]


def _recordings(folder: Path, n: int) -> Path:
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)
    for number in range(n):
        (raw / f"S001C001P001R001A{number + 1:03}.skeleton").write_bytes(_ntu_texts()[number % 2])
    return raw


def _archive(folder: Path) -> bytes:
    import zipfile

    raw = _recordings(folder, 3)
    with zipfile.ZipFile(folder / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(raw.iterdir()):
            archive.write(path, f"inside/{path.name}")
    return (folder / "whole.zip").read_bytes()


def _store(folder: Path) -> bytes:
    convert(NTU60(channels=("hands",)), _recordings(folder, 3), folder / "whole.h5", force=True)
    return (folder / "whole.h5").read_bytes()


SHARES: Mapping[str, float] = {
    "NTU text": 0.24,
    "NTU text, all fields": 0.1,
    "N-UCLA JSON": 0.14,
    "PKU-MMD text": 0.14,
    "PKU-MMD labels": 0.14,
    "PKU-MMD split file": 0.14,
    "zip archive": 0.06,
    "store": 0.04,
}
"""Parser -> its share of all inputs; those that read many bytes of each get fewer."""


def guided(read: Reader, seeds: list[bytes], seconds: int, corpus: Path) -> None:
    """Let atheris look for inputs that reach new code; it ends the process with what it found.

    Inputs that reached something new stay in the folder ``corpus``, and the next run begins with them. It sees into
    compiled code only where that runs as plain Python (``NUMBA_DISABLE_JIT=1``).
    """
    import atheris

    def feed(data: bytes) -> None:
        began = time.process_time()
        with contextlib.suppress(SkeletonDataError):
            read(data)
        if (took := time.process_time() - began) > SECONDS_AN_INPUT:
            raise Fault(f"took {took:.1f} s")

    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(data)
    for function in _parser_functions():
        atheris.instrument_func(function)
    options = [sys.argv[0], f"-max_total_time={seconds}", f"-timeout={_STOPPED_CLOCK}", "-rss_limit_mb=2048"]
    options.append(f"-artifact_prefix={corpus}.")
    atheris.Setup([*options, "-print_final_stats=1", str(corpus)], feed)
    atheris.Fuzz()


def _parser_functions() -> list[FunctionType]:
    modules = [module for name, module in sys.modules.items() if name.startswith("skeleton_data.formats")]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, FunctionType)]
    return [function for function in found if function.__module__.startswith("skeleton_data.formats")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N", help="in all, over all parsers")
    parser.add_argument("--only", choices=list(SHARES), help="give all inputs to this parser")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="use atheris on the parser of --only")
    parser.add_argument("--corpus", type=Path, metavar="FOLDER", help="keep the inputs that atheris found there")
    arguments = parser.parse_args()
    # A claim of memory beyond this fails at once instead of pushing out the rest of the machine.
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    faulthandler.enable()
    # Files that live for a moment are better kept in memory, where there is such a place.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        for parser_name, (read, seeds) in parsers(Path(name)).items():
            if arguments.only in (None, parser_name):
                if arguments.guided:
                    corpus = arguments.corpus or Path(tempfile.mkdtemp(prefix="corpus-"))
                    guided(read, seeds, arguments.guided, corpus)
                share = 1.0 if arguments.only else SHARES[parser_name]
                done = run(parser_name, read, seeds, round(share * arguments.inputs), arguments.seed)
                print(json.dumps(asdict(done)), flush=True)


if __name__ == "__main__":
    main()
