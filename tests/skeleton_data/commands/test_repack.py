from skeleton_data import Store


def test_there_and_back(run, varied_store, tmp_path):
    """A store is compressed and unpacked again, each time with one line that tells the size."""
    packed, back = tmp_path / "packed.h5", tmp_path / "back.h5"
    code, out, err = run("repack", varied_store, "-o", packed)
    before, after = varied_store.stat().st_size, packed.stat().st_size
    assert code == 0 and err == ""
    assert out == f"{packed}: {after / 1e6:,.1f} MB, {after / before:.0%} of {varied_store}.\n"
    assert Store.open(packed).compression == ("shuffle", "lzf")
    assert run("repack", packed, "-o", back, "--filter", "none")[0] == 0
    assert Store.open(back).rows.tobytes() == Store.open(varied_store).rows.tobytes()


def test_existing_output(run, varied_store, tmp_path):
    """An existing file is refused with the way out, and --force takes it; the source itself is one too."""
    target = tmp_path / "a.h5"
    target.write_text("mine")
    code, _, err = run("repack", varied_store, "-o", target)
    assert code == 2 and "--force" in err and target.read_text() == "mine"
    assert run("repack", varied_store, "-o", target, "--force")[0] == 0
    size = target.stat().st_size
    code, out, _ = run("repack", target, "-o", target, "--force", "--filter", "gzip")
    assert code == 0 and f"{target.stat().st_size / size:.0%}" in out
    assert Store.open(target).compression == ("shuffle", "gzip")
