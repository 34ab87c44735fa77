"""Skeleton data sets: raw recordings into one file, and that file read fast."""

from skeleton_data.convert import Summary, convert
from skeleton_data.export import export
from skeleton_data.formats import get_format
from skeleton_data.loader import ViewBatch, ViewLoader
from skeleton_data.raw import RawBody, RawFileError, RawSequence, SkeletonDataError
from skeleton_data.sequences import convert_sequences
from skeleton_data.splits import label_fraction
from skeleton_data.store import Sample, Store
from skeleton_data.viewpoints import draw_pairs, group_performances

__all__ = [
    "RawBody",
    "RawFileError",
    "RawSequence",
    "Sample",
    "SkeletonDataError",
    "Store",
    "Summary",
    "ViewBatch",
    "ViewLoader",
    "convert",
    "convert_sequences",
    "draw_pairs",
    "export",
    "get_format",
    "group_performances",
    "label_fraction",
]
