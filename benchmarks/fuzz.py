"""Throws damaged input at every parser: each must read it or raise the documented error, soon and in little memory.

``python -m benchmarks.fuzz --inputs 1000000`` prints, for each parser, how many inputs it read and refused, the time,
the slowest input and the peak of memory. ``--guided SECONDS`` lets atheris, where it is installed, look for inputs
that reach new code of a parser instead.
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
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np

from benchmarks.fuzz_parsers import SHARES, Reader, parsers
from skeleton_data.raw import SkeletonDataError

SECONDS_AN_INPUT = 5.0
"""An input that takes more processor time counts as a hang; one that sleeps ten times as long does so as well."""
_MOST_MEMORY = 1 << 30
# Seconds on the wall that an input may take where the machine is so busy, or stops the process, that they tell little.
_STOPPED_CLOCK = 300
_LONGEST_WORD = 64
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
    options += [f"-artifact_prefix={corpus}.", f"-dict={_dictionary(corpus)}", f"-max_len={2 * max(map(len, seeds))}"]
    atheris.Setup([*options, "-print_final_stats=1", str(corpus)], feed)
    atheris.Fuzz()


def _dictionary(corpus: Path) -> Path:
    """Write the tokens where the fuzzer finds them: one a line in quotes, every byte as a number."""
    path = corpus.with_name(f"{corpus.name}.dict")
    words = ("".join(f"\\x{byte:02x}" for byte in token) for token in _TOKENS if len(token) < _LONGEST_WORD)
    path.write_text("".join(f'"{word}"\n' for word in words))
    return path


def _parser_functions() -> list[FunctionType]:
    """Functions and methods of this project's readers, and of what they use of Python's and NumPy's own."""
    readers = ("skeleton_data.formats", "skeleton_data.storage", "skeleton_data.store", "skeleton_aug.skeletons")
    modules = [module for name, module in sys.modules.items() if name.startswith(readers)]
    modules += [zipfile, sys.modules["numpy.lib._format_impl"]]
    return [function for module in modules for function in _functions(module)]


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for value in vars(module).values():
        members = vars(value).values() if isinstance(value, type) else (value,)
        for member in members:
            function = getattr(member, "__func__", getattr(member, "fget", member))
            if isinstance(function, FunctionType) and function.__module__ == module.__name__:
                yield function


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
