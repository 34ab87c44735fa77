"""What real recordings are known to do, each on a small file: what the converter makes of it."""

import shutil
import zipfile

import numpy as np
import pytest

from skeleton_data import Store, convert

NAME = "S001C001P001R001A001"
ID = 72057594037930227


def person(height=0.0, width=0.4, seed=0):
    """25 joints of an upright body that stands off the centre by ``height`` and is ``width`` wide."""
    upright = np.linspace([-width / 2, -0.8, 2.9], [width / 2, 0.8, 3.1], 25)
    noise = np.random.default_rng(seed).normal(0, 0.01, (25, 3))
    return (upright + noise + [0, height, 0]).astype(np.float32)


@pytest.fixture
def converted(tmp_path, ntu_text):
    """Give a function that converts one recording, made of frames of (body id, positions), and opens the store."""

    def run(frames, name=NAME, form="ntu60", **options):
        folder = tmp_path / f"raw{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / f"{name}.skeleton").write_bytes(ntu_text(frames))
        output = folder.with_suffix(".h5")
        summary = convert(form, folder, output, **options)
        return Store.open(output), summary

    return run


def test_first_ten_frames_empty(converted):
    """S014C002P007R001A002 begins with ten frames without bodies: they count, and the track starts at the eleventh."""
    store, _ = converted([[]] * 10 + [[(ID, person(seed=t))] for t in range(5)])
    assert store.samples["n_frames"][0] == 15 and store.tracks["first_frame"][0] == 10
    assert not store[0].positions[:, :10].any() and store.tracks["gapless"][0]


def test_bodies_that_come_and_go(converted):
    """The number of bodies going 2, 1, 0, 3 moves no frame of any body."""
    one, two, three = (ID + i for i in range(3))
    frames = [[(one, person(seed=t)), (two, person(0.5, seed=t))] for t in range(20)]
    frames[7] = frames[7][:1]
    frames[9] = []
    frames += [[(one, person(seed=t)), (two, person(0.5, seed=t)), (three, person(1, seed=t))] for t in range(20)]
    store, summary = converted(frames, bodies="first", max_bodies=3)
    positions = store[0].positions
    assert summary.n_seen_bodies == 3 and positions.shape == (3, 40, 25, 3)
    seen = positions.any(axis=(2, 3))
    assert np.flatnonzero(~seen[0]).tolist() == [9] and np.flatnonzero(~seen[1]).tolist() == [7, 9]
    assert np.flatnonzero(seen[2]).tolist() == list(range(20, 40))


def test_zero_lines_are_no_body(converted):
    """A body written as zeros is missing in that frame; one that is zeros throughout is not counted at all."""
    nobody = np.zeros((25, 3), np.float32)
    frames = [[(ID, person(seed=t)), (ID + 1, nobody)] for t in range(15)]
    frames[4] = [(ID, nobody), (ID + 1, nobody)]
    store, summary = converted(frames)
    assert summary.n_seen_bodies == 1 and store.samples["n_bodies"][0] == 1
    assert not store.tracks["gapless"][0] and not store[0].positions[0, 4].any()


def test_tracking_id_changes_inside_a_file(converted):
    """S010C003P025R001A060: one person under three ids is one track; ids that differ by 1 beyond 2**53 stay exact."""
    ids = [ID, 72057594037930243, 72057594037930244]
    frames = [[(ids[t // 20], person(height=0.1 * t, seed=t))] for t in range(60)]
    store, summary = converted(frames)
    assert summary.n_seen_bodies == 3 and store.samples["n_bodies"][0] == 1
    assert store[0].positions[0].any(axis=(1, 2)).all() and store[0].body_ids[0] in ids


def test_chair_taken_for_a_person(converted):
    """S001C001P001R001A024: a body wider than high is dropped by ``motion``, even if it is listed first."""
    frames = [[(ID, person(width=3, seed=t)), (ID + 1, person(seed=t))] for t in range(30)]
    assert converted(frames)[0][0].body_ids.tolist() == [ID + 1]


def test_second_person_in_fragments(converted):
    """A second person lost twice and found under new ids is one track with gaps, at the original frames."""
    frames = [[(ID, person(height=0.02 * t, seed=t))] for t in range(70)]
    for start, body_id in ((0, ID + 1), (25, ID + 2), (50, ID + 3)):
        for t in range(start, start + 20):
            frames[t].append((body_id, person(0.3, seed=100 + t)))
    store, summary = converted(frames)
    seen = store[0].positions.any(axis=(2, 3))
    assert summary.n_seen_bodies == 4 and seen.shape[0] == 2 and seen[0].all()
    assert np.flatnonzero(~seen[1, :70]).tolist() == [*range(20, 25), *range(45, 50)]


def test_frame_counts_differ_between_cameras(tmp_path, ntu_text, ntu_frames):
    """The recordings of one performance keep their own lengths and are one group."""
    (tmp_path / "raw").mkdir()
    for camera, n_frames in ((1, 103), (2, 86), (3, 85)):
        text = ntu_text(ntu_frames(camera, n_frames))
        (tmp_path / "raw" / f"S012C00{camera}P028R001A001.skeleton").write_bytes(text)
    convert("ntu60", tmp_path / "raw", tmp_path / "a.h5")
    store = Store.open(tmp_path / "a.h5")
    assert store.samples["n_frames"].tolist() == [103, 86, 85]
    assert [group.tolist() for group in store.performances()] == [[0, 1, 2]]


def test_time_is_kept_unless_told_otherwise(converted):
    """Empty frames keep their place; the variant of CTR-GCN and pyskl is an option, and counts what it took out."""
    frames = [[(ID, person(seed=t))] if t not in (0, 1, 6) else [] for t in range(10)]
    kept, _ = converted(frames)
    dropped, summary = converted(frames, drop_empty_frames=True)
    assert kept.samples["n_frames"][0] == 10 and kept.tracks["first_frame"][0] == 2
    assert dropped.samples["n_frames"][0] == 7 and summary.cleaning.dropped_frames == 3
    present = [t for t in range(10) if frames[t]]
    np.testing.assert_array_equal(dropped[0].positions, kept[0].positions[:, present])
    assert dropped.provenance["options"]["drop_empty_frames"] and dropped.tracks["gapless"][0]


def test_body_that_vanishes_is_not_moved(converted):
    """Where SGN's code shifts a body's later frames forward by its gap, they stay beside those of the other body."""
    frames = [[(ID, person(seed=t)), (ID + 1, person(0.4, seed=50 + t))] for t in range(40)]
    for t in range(15, 25):
        del frames[t][1]
    store, _ = converted(frames)
    of_two = store[0].positions[store[0].body_ids.tolist().index(ID + 1)]
    np.testing.assert_array_equal(of_two[30], frames[30][1][1])
    assert not of_two[15:25].any()


def test_places_in_the_frame_swap_persons(converted):
    """``first`` follows the place in the frame's list as st-gcn does; ``motion`` follows the id."""
    frames = [[(ID, person(seed=t))] for t in range(20)]
    frames += [[(ID + 1, person(0.5, seed=50 + t)), (ID, person(seed=t))] for t in range(20)]
    by_place, by_id = converted(frames, bodies="first")[0][0], converted(frames)[0][0]
    np.testing.assert_array_equal(by_place.positions[0, 30], frames[30][0][1])
    same = by_id.positions[by_id.body_ids.tolist().index(ID)]
    np.testing.assert_array_equal(same[30], frames[30][1][1])


def test_all_bodies_are_short(converted):
    """Two ids of eleven frames or fewer, which ends CTR-GCN's code with an IndexError, are kept."""
    frames = [[(ID, person(seed=t)), (ID + 1, person(0.5, seed=t))] for t in range(11)]
    assert converted(frames)[0].samples["n_bodies"][0] == 2


@pytest.mark.parametrize(("action", "label"), [(106, 105), (120, 119), (61, 60)])
def test_actions_of_three_digits(converted, action, label):
    """A106 to A120 are not read as A06 to A20."""
    store, _ = converted([[(ID, person())]], name=f"S018C001P041R001A{action:03}", form="ntu120")
    assert store.labels.tolist() == [label]


def test_single_body_is_not_doubled(converted):
    """A recording of one body has one track in NTU-120 as in NTU-60; CTR-GCN copies it into the second place there."""
    store, _ = converted([[(ID, person(seed=t))] for t in range(15)], name="S018C001P041R001A061", form="ntu120")
    assert store.samples["n_bodies"][0] == 1 and store[0].positions.shape[0] == 1


def test_damaged_archive_member_costs_one_recording(tmp_path, ntu_text, ntu_frames):
    """Of an archive with one member cut short and one whose bytes changed, the rest converts and both are reported."""
    names = [f"S001C00{c}P001R001A001" for c in (1, 2, 3)]
    with zipfile.ZipFile(tmp_path / "nturgbd_skeletons_s001_to_s017.zip", "w") as archive:
        texts = [ntu_text(ntu_frames(seed, 4)) for seed in range(3)]
        texts[0] = texts[0][:3000]
        for name, text in zip(names, texts, strict=True):
            archive.writestr(f"nturgb+d_skeletons/{name}.skeleton", text)
    path = tmp_path / "nturgbd_skeletons_s001_to_s017.zip"
    content = bytearray(path.read_bytes())
    content[content.index(texts[1]) + 200] ^= 1
    path.write_bytes(content)
    summary = convert("ntu60", path, tmp_path / "a.h5")
    assert Store.open(tmp_path / "a.h5").samples["name"].tolist() == names[2:]
    assert ["cut short" in str(e) or "CRC" in str(e) for e in summary.rejected] == [True, True]
    assert summary.rejected[0].line is not None and path.name in summary.rejected[0].file


def test_official_folders_and_archives_in_any_mix(tmp_path, ntu_text, ntu_frames):
    """Both official archives, one of them unpacked into two folders, are one source."""
    names = ["S001C001P001R001A001", "S001C002P001R001A001", "S018C001P041R001A061"]
    raw = tmp_path / "raw"
    for folder, name in zip(("skt_txt/D0-30000", "skt_txt/D30001-56880"), names, strict=False):
        (raw / folder).mkdir(parents=True)
        (raw / folder / f"{name}.skeleton").write_bytes(ntu_text(ntu_frames(len(name), 3)))
    with zipfile.ZipFile(raw / "nturgbd_skeletons_s018_to_s032.zip", "w") as archive:
        archive.writestr(f"nturgb+d_skeletons120/{names[2]}.skeleton", ntu_text(ntu_frames(2, 3)))
    convert("ntu120", raw, tmp_path / "a.h5")
    assert Store.open(tmp_path / "a.h5").samples["name"].tolist() == names
    convert("ntu60", raw, tmp_path / "b.h5")
    assert len(Store.open(tmp_path / "b.h5")) == 2
    shutil.rmtree(raw)


def test_summary_table_is_printed_and_stored(converted, ntu_text, tmp_path):
    """The table of what was found, left out, rejected and stored stands in the store, beside the official counts."""
    folder = tmp_path / "mine"
    folder.mkdir()
    good = ntu_text([[(ID, person(seed=t))] for t in range(3)])
    for name in (NAME, "S001C002P005R002A008", "S002C001P003R001A001"):
        (folder / f"{name}.skeleton").write_bytes(good)
    (folder / "S001C001P001R001A002.skeleton").write_bytes(ntu_text([[], []]))
    (folder / "S001C001P001R001A003.skeleton").write_bytes(good[:500])
    summary = convert("ntu60", folder, tmp_path / "a.h5")
    table = {
        (row["what"], row["why"]): (row["number"], row["complete"])
        for row in Store.open(tmp_path / "a.h5").provenance["summary"]
    }
    assert table[("raw files found", "")] == (5, 56_880)
    assert table[("left out", "on the official list of missing skeletons")] == (1, 302)
    assert table[("raw files read", "")] == (2, None)
    assert table[("without any body", "no body in any frame")] == (1, None)
    assert table[("recordings stored", "")] == (2, 56_578)
    ((rejected, why),) = [(n, w) for (what, w), (n, _) in table.items() if what == "rejected"]
    assert rejected == 1 and why.startswith("1: expected the") and str(tmp_path) not in why
    assert [tuple(row) for row in summary.rows()] == [(what, *numbers, why) for (what, why), numbers in table.items()]


def test_pku_instances_nobody_is_seen_in(tmp_path):
    """An annotated action of zeros is listed as empty; body 2 may be there alone; a swapped label is mended."""
    rows = np.random.default_rng(0).uniform(0.5, 4, (30, 2, 75))
    rows[10:20] = 0
    rows[20:, 0] = 0
    for kind in ("skeleton", "label"):
        (tmp_path / "raw" / kind).mkdir(parents=True)
    lines = (" ".join(f"{x:.6f}" for x in row.reshape(-1)) for row in rows)
    (tmp_path / "raw" / "skeleton" / "0089-L.txt").write_text("\n ".join(lines) + "\n")
    (tmp_path / "raw" / "label" / "0089-L.txt").write_text("1,0,10,0\n23,10,20,2\n5,30,20,1\n")
    summary = convert("pku1", tmp_path / "raw", tmp_path / "a.h5", bodies="first")
    store = Store.open(tmp_path / "a.h5")
    assert summary.empty == ["0089-L_A23_001"] and "0089-L_A23_001" in summary.report.read_text()
    assert store.samples["name"].tolist() == ["0089-L_A01_001", "0089-L_A05_001"]
    assert store.samples["n_bodies"].tolist() == [2, 1] and store[1].body_ids.tolist() == [1]
    np.testing.assert_allclose(store[1].positions[0], rows[20:, 1].reshape(10, 25, 3), atol=1e-6)
