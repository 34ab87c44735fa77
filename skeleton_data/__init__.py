"""Skeleton data sets: raw recordings into one file, and that file read fast."""

from skeleton_data.conversion.convert import convert
from skeleton_data.conversion.sequences import convert_sequences
from skeleton_data.conversion.summary import Summary
from skeleton_data.dataset import SkeletonDataset, ViewBatch, ViewItem
from skeleton_data.export import export
from skeleton_data.formats import get_format
from skeleton_data.loader import ViewLoader
from skeleton_data.raw import RawBody, RawFileError, RawSequence, SkeletonDataError
from skeleton_data.sampling import EpochBatches
from skeleton_data.splits import label_fraction
from skeleton_data.storage.rewriting import remove_split, repack, save_split
from skeleton_data.storage.verification import Finding, verify
from skeleton_data.store import Sample, Store
from skeleton_data.viewpoints import draw_pairs, group_performances

__all__ = [
    "EpochBatches",
    "Finding",
    "RawBody",
    "RawFileError",
    "RawSequence",
    "Sample",
    "SkeletonDataError",
    "SkeletonDataset",
    "Store",
    "Summary",
    "ViewBatch",
    "ViewItem",
    "ViewLoader",
    "convert",
    "convert_sequences",
    "draw_pairs",
    "export",
    "get_format",
    "group_performances",
    "label_fraction",
    "remove_split",
    "repack",
    "save_split",
    "verify",
]
