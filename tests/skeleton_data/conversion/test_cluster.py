import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from skeleton_data import SkeletonDataError, convert
from skeleton_data.cli import main
from skeleton_data.formats.ntu import NTU60

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' (distributed) is not installed")

NAMES = [f"S001C00{c}P00{p}R00{r}A00{a}" for c in (1, 2, 3) for p in (1, 3) for r in (1, 2) for a in (1, 2)]

CLUSTER = """
    import sys

    from distributed import LocalCluster

    if __name__ == "__main__":
        options = {"dashboard_address": None, "worker_dashboard_address": None, "silence_logs": 50}
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", **options) as cluster:
            print(cluster.scheduler_address, flush=True)
            sys.stdin.read()
"""
# The first worker to read this recording ends as if the system had killed it, with all that it still had to do.
FATAL = """
    import os, signal, time
    from pathlib import Path
    from skeleton_data.formats.ntu import NTU60

    class Fatal(NTU60):
        def read(self, item):
            died = item.path.parent.parent / "died"
            if item.name.endswith("P003R001A002") and not died.exists():
                died.write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGKILL)
            return super().read(item)
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory, ntu_folder):
    return ntu_folder(tmp_path_factory.mktemp("source") / "raw", NAMES)


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modules")
    (folder / "local_cluster.py").write_text(textwrap.dedent(CLUSTER))
    (folder / "fatal_format.py").write_text(textwrap.dedent(FATAL))
    return folder


@pytest.fixture(scope="module")
def address(modules):
    """A Dask scheduler with two worker processes, all outside this one."""
    search = os.pathsep.join([str(Path(__file__).parents[3]), str(modules)])
    process = subprocess.Popen(
        [sys.executable, str(modules / "local_cluster.py")],
        env={**os.environ, "PYTHONPATH": search},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    line = process.stdout.readline().strip()
    assert line.startswith("tcp://"), "the local cluster did not start"
    yield line
    process.communicate(timeout=60)


def test_same_bytes_although_a_worker_is_killed_midway(raw, address, modules, tmp_path, monkeypatch):
    """One of two worker processes is killed while it reads: its work is done again, and the store is the same."""
    monkeypatch.syspath_prepend(str(modules))
    from fatal_format import Fatal

    convert(Fatal(), raw, tmp_path / "cluster.h5", cluster=address)
    died = raw.parent / "died"
    assert died.read_text().isdigit() and int(died.read_text()) != os.getpid()
    convert(NTU60(), raw, tmp_path / "here.h5")
    assert (tmp_path / "cluster.h5").read_bytes() == (tmp_path / "here.h5").read_bytes()


def test_command(raw, address, tmp_path, capsys):
    """``--cluster ADDRESS`` reads on the cluster and prints the usual summary."""
    code = main(["convert", "ntu60", str(raw), "-o", str(tmp_path / "a.h5"), "--cluster", address])
    assert code == 0 and "24 recordings from 24 files" in capsys.readouterr().out


def test_source_that_workers_do_not_see(address, tmp_path):
    """A source is looked for by every worker before anything is read there."""
    from skeleton_data.conversion.cluster import connected

    with (
        pytest.raises(SkeletonDataError, match=r"does not see .*gone\. Give a path"),
        connected(address, tmp_path / "gone"),
    ):
        pass


def test_nobody_answers(raw, tmp_path, monkeypatch):
    """An address without a scheduler is one clear sentence."""
    monkeypatch.setattr("skeleton_data.conversion.cluster._CONNECT_SECONDS", 1)
    with pytest.raises(SkeletonDataError, match=r"tcp://127\.0\.0\.1:9: no Dask scheduler answers"):
        convert("ntu60", raw, tmp_path / "a.h5", cluster="tcp://127.0.0.1:9")
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra(raw, tmp_path, monkeypatch):
    """Without ``distributed`` the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SkeletonDataError, match=r"skeleton-aug\[cluster\]"):
        convert("ntu60", raw, tmp_path / "a.h5", cluster="tcp://127.0.0.1:9")
