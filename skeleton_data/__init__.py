"""Skeleton data sets: raw recordings into one file, and that file read fast."""

from skeleton_data.convert import convert
from skeleton_data.formats import get_format
from skeleton_data.loader import ViewBatch, ViewLoader
from skeleton_data.raw import RawFileError, SkeletonDataError
from skeleton_data.splits import label_fraction
from skeleton_data.store import Sample, Store
from skeleton_data.summary import Summary
from skeleton_data.viewpoints import draw_pairs, group_performances

__all__ = [
    "RawFileError",
    "Sample",
    "SkeletonDataError",
    "Store",
    "Summary",
    "ViewBatch",
    "ViewLoader",
    "convert",
    "draw_pairs",
    "get_format",
    "group_performances",
    "label_fraction",
]
