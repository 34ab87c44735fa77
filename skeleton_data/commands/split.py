"""``skeleton-data split``: list the splits of a store, add or remove one of one's own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from skeleton_data.commands import DONE, STORE_HELP, Commands
from skeleton_data.raw import SkeletonDataError
from skeleton_data.splits import Split, by_values, copies_across, describe_ids, leave_out
from skeleton_data.storage.portrait import split_table
from skeleton_data.storage.rewriting import remove_split, save_split
from skeleton_data.store import Store

_FIELDS = ("subject", "camera", "setup")


def add_to(commands: Commands) -> None:
    """Add the command."""
    text = (
        "List the splits of a store. With a name and a rule, add a split of your own; where its test part has copies "
        "of training recordings, NAME_clean without them is added as well. The file is replaced as a whole when the "
        "new one is complete, so it needs as much free space again."
    )
    parser = commands.add_parser("split", help="list splits, or define one", description=text)
    parser.add_argument("store", type=Path, metavar="STORE.h5", help=STORE_HELP)
    parser.add_argument("name", nargs="?", metavar="NAME", help="the split to define; list all without it")
    rules = parser.add_argument_group("rules, one for a new split").add_mutually_exclusive_group()
    for field in _FIELDS:
        text = f"{field}s that train, such as 1,2,5-9; all others test"
        rules.add_argument(f"--train-{field}s", type=_ids, metavar="IDS", help=text)
    rules.add_argument("--leave-subjects-out", type=_ids, metavar="IDS", help="subjects that test; all others train")
    rules.add_argument(
        "--from-file",
        type=Path,
        metavar="FILE",
        help="a sample name a line: those train, all others test. Or 'NAME train' and 'NAME test' on every line: "
        "samples that are not listed are in neither part",
    )
    rules.add_argument("--remove", action="store_true", help="remove the split of your own called NAME")
    parser.add_argument("--force", action="store_true", help="replace a split of your own that has this name")
    parser.set_defaults(run=_split)


def _ids(text: str) -> list[int]:
    """Parse ``1,2,5-9``."""
    ids: list[int] = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()) or (dash and int(high) < int(low)):
            raise argparse.ArgumentTypeError(f"expected numbers and ranges such as 1,2,5-9, found {part.strip()!r}")
        ids += range(int(low), int(high or low) + 1)
    return ids


def _split(arguments: argparse.Namespace) -> int:
    store = Store.open(arguments.store)
    if arguments.name is None:
        _refuse_rules(arguments)
        print("\n".join(split_table(store)))
    elif arguments.remove:
        remove_split(arguments.store, arguments.name)
        print(f"{arguments.store}: split {arguments.name} removed.")
    else:
        _define(store, arguments)
    return DONE


def _refuse_rules(arguments: argparse.Namespace) -> None:
    given = [arguments.leave_subjects_out, arguments.from_file, *(_trained(arguments, field) for field in _FIELDS)]
    if arguments.remove or any(value is not None for value in given):
        raise SkeletonDataError(f"Give the split a name: skeleton-data split {arguments.store} NAME ...")


def _define(store: Store, arguments: argparse.Namespace) -> None:
    (train, test), rule = _parts(store, arguments)
    made = save_split(arguments.store, arguments.name, train, test, rule=rule, force=arguments.force)
    for name, parts in made.items():
        print(f"{arguments.store}: split {name}: {len(parts[0]):,} train, {len(parts[1]):,} test ({rule}).")
    copies = copies_across(store.samples["duplicate_of"], train, test)
    if copies:
        print(
            f"skeleton-data: warning: {copies:,} of {len(test):,} test recordings are copies of training recordings; "
            f"split {arguments.name}_clean leaves them out.",
            file=sys.stderr,
        )


def _trained(arguments: argparse.Namespace, field: str) -> list[int] | None:
    ids: list[int] | None = getattr(arguments, f"train_{field}s")
    return ids


def _parts(store: Store, arguments: argparse.Namespace) -> tuple[Split, str]:
    """Training and test indices, and the rule in words."""
    if arguments.leave_subjects_out is not None:
        ids = arguments.leave_subjects_out
        return store.leave_subjects_out(ids), f"subjects {describe_ids(ids)} test"
    if arguments.from_file is not None:
        return _from_file(store, arguments.from_file), f"names of {arguments.from_file.name}"
    for field in _FIELDS:
        ids = _trained(arguments, field)
        if ids is not None:
            leave_out(field, store.samples[field], ids)
            return by_values(store.samples[field], ids), f"{field}s {describe_ids(ids)} train"
    raise SkeletonDataError(
        f"Say how split {arguments.name!r} is made: one of the rules in skeleton-data split --help."
    )


def _from_file(store: Store, path: Path) -> Split:
    places = {name: index for index, name in enumerate(store.samples["name"].tolist())}
    parts: dict[str, list[int]] = {"": [], "train": [], "test": []}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SkeletonDataError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SkeletonDataError(f"{path}: is no text in UTF-8 (byte {error.start}). Save it as UTF-8.") from error
    for number, line in enumerate(lines, 1):
        name, _, part = line.strip().partition(" ")
        if not name:
            continue
        if name not in places:
            raise SkeletonDataError(f"{path}, line {number}: the store has no sample {name!r}.")
        if part.strip() not in parts:
            raise SkeletonDataError(f"{path}, line {number}: expected 'train' or 'test', found {part!r}.")
        parts[part.strip()].append(places[name])
    if parts[""] and (parts["train"] or parts["test"]):
        raise SkeletonDataError(f"{path}: give every line a part, 'train' or 'test', or none of them.")
    train = np.array(parts["train"] or parts[""], np.int64)
    test = np.array(parts["test"], np.int64) if parts["train"] or parts["test"] else None
    rest = np.setdiff1d(np.arange(len(store)), train) if test is None else test
    return train, rest
