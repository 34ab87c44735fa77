"""What :mod:`benchmarks.fuzz` damages the input of: how each parser reads bytes, and whole inputs to begin with."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from skeleton_aug.skeletons import KINECT_V1
from skeleton_data import Store, convert, export, verify
from skeleton_data.formats.ctrgcn import CTRGCN
from skeleton_data.formats.folder import Folder
from skeleton_data.formats.given import get_class_names, get_layout
from skeleton_data.formats.ntu import NTU60
from skeleton_data.formats.ntu_text import parse
from skeleton_data.formats.nucla import NUCLA
from skeleton_data.formats.pku import read_frames
from skeleton_data.formats.pku_labels import name_instances, read_labels
from skeleton_data.formats.pku_splits import read_split_file
from skeleton_data.formats.pyskl import Pyskl
from skeleton_data.formats.sources import close_archives, find_files, read_bytes
from skeleton_data.formats.stgcn import STGCN
from skeleton_data.raw import RawItem, SkeletonDataError, SourceFormat
from skeleton_data.storage.portrait import store_text
from skeleton_data.storage.schema import store_digest, tables_digest

Reader = Callable[[bytes], object]

SHARES: Mapping[str, float] = {
    "NTU text": 0.2,
    "NTU text, all fields": 0.08,
    "N-UCLA JSON": 0.1,
    "PKU-MMD text": 0.1,
    "PKU-MMD labels": 0.1,
    "PKU-MMD split file": 0.1,
    "zip archive": 0.05,
    "store": 0.037,
    "store, digests made to fit": 0.003,
    "pickle of pyskl": 0.06,
    "pickle of labels": 0.04,
    "npy": 0.03,
    "npz": 0.02,
    "table": 0.03,
    "class names": 0.02,
    "joint layout": 0.03,
}
"""Parser -> its share of all inputs; those that take long for each get fewer."""


def parsers(folder: Path) -> Mapping[str, tuple[Reader, list[bytes]]]:
    """Name -> (reader of bytes, whole inputs to damage); files are written below ``folder``."""
    labels, own = _labelled(folder / "labelled"), _own(folder / "own")
    store = _store(folder)
    return {
        "NTU text": (lambda data: parse(data, "x.skeleton"), _ntu_texts()),
        "NTU text, all fields": (lambda data: parse(data, "x.skeleton", all_fields=True), _ntu_texts()),
        "N-UCLA JSON": (_file_reader(folder / "a01_s01_e00_v01.json", _read_nucla), _nucla_texts()),
        "PKU-MMD text": (_file_reader(folder / "0002-L.txt", read_frames), _pku_texts()),
        "PKU-MMD labels": (_file_reader(folder / "label.txt", _read_labels), _label_texts()),
        "PKU-MMD split file": (_file_reader(folder / "split.txt", partial(read_split_file, phase=1)), _split_texts()),
        "zip archive": (_file_reader(folder / "a.zip", _read_archive), _archives(folder)),
        "store": (_file_reader(folder / "store.h5", _read_store), [store]),
        "store, digests made to fit": (_EditedStore(folder / "edited.h5", store), [bytes(4), bytes(3) + b"\1" * 4]),
        "pickle of pyskl": (_file_reader(folder / "a.pkl", partial(_read_all, Pyskl())), _pyskl_pickles(folder)),
        "pickle of labels": (_file_reader(labels / "train_label.pkl", _read_parent(STGCN())), _label_pickles()),
        "npy": (_file_reader(own / "a.npy", _read_parent(Folder())), _npy_arrays()),
        "npz": (_file_reader(folder / "NTU60_CS.npz", partial(_read_all, CTRGCN())), _npz_archives()),
        "table": (_file_reader(own / "samples.csv", _read_parent(Folder())), _tables()),
        "class names": (_file_reader(folder / "classes.txt", lambda path: get_class_names(str(path))), _lists()),
        "joint layout": (_file_reader(folder / "layout.json", lambda path: get_layout(str(path))), _layouts()),
    }


def _file_reader(path: Path, read: Callable[[Path], object]) -> Reader:
    before = path.read_bytes() if path.is_file() else None

    def reader(data: bytes) -> object:
        # A new file each time: what has been read of an old one may still be held.
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        try:
            return read(path)
        finally:
            if before is not None:
                path.write_bytes(before)

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
    """Do what a user does with a store: open it, look at it, read all of it, look for damage."""
    store = Store.open(path)
    for index in range(len(store)):
        sample = store[index]
        sample.positions.sum()
        [store.sample_channel(index, name).sum() for name in store.channels]
    return store.verify(), verify(path), store_text(store), store.performances(), store.sources()


def _read_parent(source_format: SourceFormat) -> Callable[[Path], object]:
    return lambda path: _read_all(source_format, path.parent)


def _read_all(source_format: SourceFormat, source: Path) -> object:
    """Read every recording of a source; where none can be read, raise what the last one did."""
    read: list[object] = []
    try:
        contents = source_format.bind(source)
        listing = contents.find(source)
        refused: list[SkeletonDataError] = [*listing.rejected[:1]]
        for item in listing.items:
            try:
                read.append(contents.read(item))
            except SkeletonDataError as error:
                refused = [error]
    finally:
        close_archives()
    if refused and not read:
        raise refused[0]
    return read


class _EditedStore:
    """Writes over parts of a store's tables and makes its digests fit again: damage that no digest tells of.

    Every eight bytes of the input are an edit: which table, where in it (3 bytes), how many bytes (1), which.
    """

    def __init__(self, path: Path, store: bytes) -> None:
        self.path, self.store = path, store
        path.write_bytes(store)
        self.tables: list[str] = []
        with h5py.File(path) as file:
            file.visititems(lambda name, node: self.tables.append(name) if isinstance(node, h5py.Dataset) else None)

    def __call__(self, data: bytes) -> object:
        self.path.unlink()
        self.path.write_bytes(self.store)
        with h5py.File(self.path, "r+") as file:
            for start in range(0, len(data) - 7, 8):
                self._edit(file, data[start : start + 8])
            samples = file["samples"][()]
            with_texts = [bytes(name).decode("utf-8", "replace") for name in samples["name"]]
            file.attrs["digest"] = np.bytes_(store_digest(with_texts, samples["checksum"]))
            file.attrs["tables_digest"] = np.bytes_(tables_digest(file))
        return _read_store(self.path)

    def _edit(self, file: h5py.File, edit: bytes) -> None:
        dataset = file[self.tables[edit[0] % len(self.tables)]]
        values = np.array(dataset[()], dataset.dtype)
        flat = np.frombuffer(bytearray(values.tobytes()), np.uint8)
        if not len(flat):
            return
        at = int.from_bytes(edit[1:4], "little") % len(flat)
        new = edit[5 : 5 + 1 + edit[4] % 3] if edit[4] < 128 else bytes([edit[5]]) * (1 + edit[4] % 8)
        flat[at : at + len(new)] = list(new[: len(flat) - at])
        dataset[()] = np.frombuffer(flat.tobytes(), dataset.dtype).reshape(dataset.shape)


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


def _archives(folder: Path) -> list[bytes]:
    """The archive of three recordings, packed and not, with a comment and a folder."""
    files, made = sorted(_recordings(folder, 3).iterdir()), []
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        with zipfile.ZipFile(buffer := io.BytesIO(), "w", method) as archive:
            archive.mkdir("inside")
            archive.comment = b"made to be damaged"
            for path in files:
                archive.writestr(f"inside/{path.name}", path.read_bytes()[: 200 if method else None])
        made.append(buffer.getvalue())
    return made


def _store(folder: Path) -> bytes:
    convert(NTU60(channels=("hands",)), _recordings(folder, 3), folder / "whole.h5", force=True)
    return (folder / "whole.h5").read_bytes()


def _positions(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def _pyskl_pickles(folder: Path) -> list[bytes]:
    annotations = [
        {"frame_dir": f"S001C001P001R001A00{n}", "label": n - 1, "keypoint": _positions(n, 2, 25, 3), "total_frames": 2}
        for n in (1, 2)
    ]
    content = {"split": {"xsub_train": ["S001C001P001R001A001"], "xsub_val": []}, "annotations": annotations}
    export(Store.open(folder / "whole.h5"), "pyskl", folder / "own.pkl", force=True)
    return [(folder / "own.pkl").read_bytes(), *(pickle.dumps(content, protocol) for protocol in (0, 2, 4, 5))]


def _labelled(folder: Path) -> Path:
    """A folder of st-gcn's whose labels are to be damaged."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "train_data.npy", _positions(2, 3, 2, 25, 1))
    return folder


def _label_pickles() -> list[bytes]:
    names = ["S001C001P001R001A001.skeleton", "S001C001P001R001A002.skeleton"]
    contents = ((names, [0, 1]), [names, np.array([0, 1])], (tuple(names), [np.int64(0), True]))
    return [pickle.dumps(content, protocol) for content in contents for protocol in (0, 2, 4)]


def _own(folder: Path) -> Path:
    """A folder of one's own, whose table or one of whose arrays is to be damaged."""
    folder.mkdir(exist_ok=True)
    (folder / "skeleton.json").write_text(json.dumps(KINECT_V1.to_dict()))
    (folder / "samples.csv").write_bytes(_tables()[0])
    for name in ("a", "b"):
        np.save(folder / f"{name}.npy", _positions(2, 20, 3))
    np.savez(folder / "c.npz", x=_positions(1, 2, 20, 3), y=_positions(2, 20, 3))
    return folder


def _tables() -> list[bytes]:
    return [
        b"name,file,label\nfirst,a.npy,0\n",
        b"name,file,array,label,subject,performance,body_ids,split,split:other\n"
        b'one,a.npy,,walk,1,p,7,train,test\n"t,wo",c.npz,x,run,2,p,72057594037932358,test,\nthree,c.npz,y,run,,,,,\n',
        b"\xef\xbb\xbflabel;name;camera\r\n1;a;3\r\n2;b;\r\n",
    ]


def _npy_arrays() -> list[bytes]:
    arrays: list[Any] = [_positions(2, 20, 3), np.asfortranarray(_positions(1, 3, 20, 3).astype(">f8"))]
    made = []
    for values in (*arrays, np.arange(60, dtype=np.int16).reshape(1, 20, 3)):
        np.save(buffer := io.BytesIO(), values)
        made.append(buffer.getvalue())
    return made


def _npz_archives() -> list[bytes]:
    arrays = {f"x_{part}": _positions(2, 3, 150) for part in ("train", "test")}
    arrays |= {f"y_{part}": np.eye(60)[:2] for part in ("train", "test")}
    made = []
    for save in (np.savez, np.savez_compressed):
        save(buffer := io.BytesIO(), **arrays)
        made.append(buffer.getvalue())
    return made


def _lists() -> list[bytes]:
    return [b"drink water\neat meal\n", b"\xef\xbb\xbfone\r\ntwo\r\n\r\n", "größer\n".encode()]


def _layouts() -> list[bytes]:
    return [json.dumps(KINECT_V1.to_dict()).encode(), json.dumps(KINECT_V1.to_dict(), indent=1).encode()]
