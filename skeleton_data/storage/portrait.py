"""What a store holds, as plain values for programs and as a table for people."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from skeleton_data.splits import OFFICIAL_COUNTS, copies_across, describe_ids
from skeleton_data.storage.opening import format_version
from skeleton_data.store import Store

_WIDEST = 24
"""Characters for the ids of a split; more are counted instead."""
_NUMBERS = ("subject", "camera", "setup", "replication")
_DIVIDING = _NUMBERS[:3]
"""Numbers that a split may go by."""


def portrait(store: Store) -> dict[str, Any]:
    """Facts about a store as JSON values: what it holds, how it is split, where it comes from."""
    samples, skeleton = store.samples, store.skeleton
    frames = samples["n_frames"]
    return {
        "path": str(store.path),
        "bytes": store.path.stat().st_size,
        "format_version": format_version(store.path),
        "compression": list(store.compression),
        "digest": store.digest,
        "data_set": store.provenance.get("format", ""),
        "samples": len(store),
        "classes": {"named": len(store.class_names), "occurring": len(np.unique(samples["label"]))},
        **{f"{name}s": sorted(set(samples[name].tolist()) - {-1}) for name in _NUMBERS},
        "performances_by_views": _views(store),
        "frames": {
            "total": int(frames.sum()),
            "shortest": int(frames.min()),
            "median": float(np.median(frames)),
            "longest": int(frames.max()),
        },
        "frame_rate": store.frame_rate,
        "samples_by_bodies": _counted(samples["n_bodies"].tolist()),
        "tracks": {"total": len(store.tracks), "with_gaps": int((~store.tracks["gapless"]).sum())},
        "skeleton": {"name": skeleton.name, "joints": skeleton.n_joints, "joint_names": list(skeleton.joints)},
        "copies": int((samples["duplicate_of"] >= 0).sum()),
        "splits": {name: split_facts(store, name) for name in store.splits},
        "provenance": store.provenance,
    }


def split_facts(store: Store, name: str) -> dict[str, Any]:
    """Facts about one split as JSON values."""
    samples = store.samples
    train, test = store.split(name)
    halves = {"train": train, "test": test}
    official = OFFICIAL_COUNTS.get((store.provenance.get("format", ""), name))
    return {
        "train": len(train),
        "test": len(test),
        "official": None if official is None else {"train": official[0], "test": official[1]},
        "copies_across": copies_across(samples["duplicate_of"], train, test),
        "rule": store.split_rule(name),
        **{f"{part}_classes": len(np.unique(samples["label"][rows])) for part, rows in halves.items()},
        **{
            f"{part}_{field}s": sorted(set(samples[field][rows].tolist()) - {-1})
            for field in _DIVIDING
            for part, rows in halves.items()
        },
    }


def store_text(store: Store) -> str:
    """Portrait of a store as a table."""
    facts = portrait(store)
    sections = [
        _rows("", _holdings(facts)),
        split_table(store),
        _rows("Made from", _origin(facts)),
    ]
    return "\n".join([f"{facts['path']}", *("\n".join(["", *lines]) for lines in sections)])


def split_table(store: Store) -> list[str]:
    """Lines of a table of the splits."""
    head = ["Split", "train", "test", "complete set", "classes", "subjects", "cameras", "setups", "copies", "rule"]
    rows = [_split_row(name, split_facts(store, name)) for name in store.splits]
    used = [i for i, title in enumerate(head) if title in ("Split", "train", "test") or any(row[i] for row in rows)]
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    texts = ("Split", "subjects", "cameras", "setups", "rule")
    return [
        "  ".join(line[i].ljust(widths[i]) if head[i] in texts else line[i].rjust(widths[i]) for i in used).rstrip()
        for line in [head, *rows]
    ]


def _split_row(name: str, facts: dict[str, Any]) -> list[str]:
    official = facts["official"]
    classes = facts["train_classes"], facts["test_classes"]
    return [
        name,
        f"{facts['train']:,}",
        f"{facts['test']:,}",
        f"{official['train']:,} / {official['test']:,}" if official else "",
        str(classes[0]) if classes[0] == classes[1] else f"{classes[0]} / {classes[1]}",
        *(_divided(facts[f"train_{field}s"], facts[f"test_{field}s"]) for field in _DIVIDING),
        f"{facts['copies_across']:,}" if facts["copies_across"] else "",
        facts["rule"] or "",
    ]


def _divided(train: list[int], test: list[int]) -> str:
    """Ids of both parts where they share none; how many where they are many."""
    if not train or not test or set(train) & set(test):
        return ""
    text = f"{describe_ids(train)} / {describe_ids(test)}"
    return text if len(text) <= _WIDEST else f"{len(train)} / {len(test)}"


def _holdings(facts: dict[str, Any]) -> list[tuple[str, str]]:
    frames, classes, tracks = facts["frames"], facts["classes"], facts["tracks"]
    rate = facts["frame_rate"]
    lasting = f" ({frames['total'] / rate / 3600:.1f} h at {rate:g} frames a second)" if rate else ""
    stored = " + ".join(facts["compression"]) or "in one piece"
    return [
        ("data set", f"{facts['data_set']}, {facts['samples']:,} samples"),
        ("classes", f"{classes['occurring']} of {classes['named']} occur"),
        *((f"{name}s", _ids(facts[f"{name}s"])) for name in _NUMBERS),
        ("performances", _by(facts["performances_by_views"], "", "view")),
        ("frames", f"{frames['total']:,}{lasting}"),
        ("", f"{frames['shortest']} to {frames['longest']} a sample, median {frames['median']:g}"),
        ("bodies", _by(facts["samples_by_bodies"], " samples", "")),
        ("tracks", f"{tracks['total']:,}, {tracks['with_gaps']:,} with gaps"),
        ("skeleton", f"{facts['skeleton']['name']}, {facts['skeleton']['joints']} joints"),
        ("copies", f"{count(facts['copies'], 'recording')} identical to an earlier one"),
        ("file", f"{facts['bytes'] / 1e6:,.1f} MB, positions {stored}, format version {facts['format_version']}"),
        ("digest", facts["digest"]),
    ]


def _origin(facts: dict[str, Any]) -> list[tuple[str, str]]:
    provenance = facts["provenance"]
    rows = [(name, str(provenance[name])) for name in ("source", "converter") if name in provenance]
    rows += [(name, f"{value}") for name, value in sorted(provenance.get("options", {}).items())]
    for name, value in provenance.get("counts", {}).items():
        if isinstance(value, dict):
            rows += [(name, f"{number:,}: {reason}") for reason, number in value.items()]
        elif value:
            rows.append((name, f"{value:,}" if isinstance(value, int) else str(value)))
    return rows


def _rows(title: str, rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows) + 2 if rows else 0
    return [*([title] if title else []), *(f"  {name:<{width}}{value}".rstrip() for name, value in rows)]


def count(number: int, noun: str) -> str:
    """Write a number with its noun, plural where it has to be."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _ids(known: list[int]) -> str:
    return f"{len(known)} ({describe_ids(known)})" if known else "not told"


def _views(store: Store) -> dict[str, int]:
    return _counted([len(group) for group in store.performances()])


def _counted(values: list[int]) -> dict[str, int]:
    counts = Counter(values)
    return {str(value): counts[value] for value in sorted(counts, reverse=True)}


def _by(counts: dict[str, int], what: str, noun: str) -> str:
    parts = [f"{n:,}{what} with {count(int(value), noun) if noun else value}" for value, n in counts.items()]
    total = "" if what else f"{sum(counts.values()):,}: "
    return total + ", ".join(parts)
