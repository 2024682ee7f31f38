"""Saved fits that were damaged, cut short, or made to harm are refused in words."""

import json
import os
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
import xarray as xr

import causalstats as cs
from causalstats.inference.store import FORMAT
from causalstats.runs.seal import sealed, unsealed

SAVING = """
import os, signal, sys
import causalstats as cs
model = cs.CausalDiagram("x -> y")
fit = cs.fit(model, model.simulate(2, people=60).data, seed=2, progress=False)
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
for step in sys.argv[2:]:
    child = os.fork()
    if not child:
        setattr(os, step, kill)
        fit.save(sys.argv[1])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(step, os.waitstatus_to_exitcode(status))
"""


@pytest.fixture(scope="module")
def fit():
    model = cs.CausalDiagram("x -> y")
    sampler = cs.Exact(chains=2, draws=50)
    data = model.simulate(1, people=60).data
    return cs.fit(model, data, seed=1, sampler=sampler, progress=False)


@pytest.fixture
def path(fit, tmp_path):
    return fit.save(tmp_path / "fit.nc")


def test_no_flipped_bit_is_read(path):
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    places = rng.choice(8 * len(whole), 1000, replace=False)
    last = 8 * len(whole) - 1 - np.arange(448)  # every bit of the seal
    for place in np.concatenate([places, last]):
        raw = bytearray(whole)
        raw[place // 8] ^= 1 << place % 8
        path.write_bytes(raw)
        with pytest.raises(cs.StoreError, match="damaged"):
            cs.load(path)


@pytest.mark.parametrize("kept", [0, 1, 55, 56, 57, 5000, -1, -57])
def test_a_file_cut_short_is_refused(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(cs.StoreError, match="cut short or damaged"):
        cs.load(path)


def test_other_programs_read_a_saved_fit(fit, path):
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        draws = tree["posterior"].to_dataset().load()
    xr.testing.assert_equal(draws, fit.draws["posterior"].to_dataset())


def test_files_of_other_versions_and_programs_say_so(fit, path):
    inside, number = unsealed(path.read_bytes())
    assert number == FORMAT
    path.write_bytes(sealed(bytes(inside), FORMAT + 1))
    with pytest.raises(cs.StoreError, match=r"of a newer version of causalstats"):
        cs.load(path)
    path.write_bytes(bytes(inside))
    with pytest.raises(cs.StoreError, match="not a fit saved by causalstats"):
        cs.load(path)
    path.write_bytes(sealed(b"neither netCDF nor anything", FORMAT))
    with pytest.raises(cs.StoreError, match="no netCDF file"):
        cs.load(path)


def link_to_root(file):
    file["posterior/loop"] = file["/"]


def link_to_itself(file):
    file["posterior/again"] = h5py.SoftLink("/posterior")


def link_outside(file):
    file["posterior/outside"] = h5py.ExternalLink("/etc/hostname", "/")


def numbers_outside(file):
    outside = [("/etc/hostname", 0, 8)]
    file["posterior"].create_dataset("outside", (1,), "u8", external=outside)


def a_large_array_without_bytes(file):
    file["posterior"].create_dataset("large", (10**12,), "f8")


def a_compressed_array(file):
    zeros = np.zeros(10**7)
    file["posterior"].create_dataset("zeros", data=zeros, compression="gzip")


def one_long_text_many_times(file):
    """10,000 references to one text of a megabyte: ten gigabytes in memory."""
    kind = h5py.string_dtype()
    texts = file["posterior"].create_dataset("texts", (10_000,), kind)
    texts[0] = "x" * 10**6
    file.flush()
    texts.file.attrs["at"] = texts.id.get_offset()


def strange_group(file):
    file.create_group("surprise")


def group_in_a_group(file):
    file["posterior"].create_group("deeper")


def objects(file):
    file["posterior"].create_dataset("link", (1,), h5py.ref_dtype)


@pytest.mark.parametrize(
    "attack",
    [
        link_to_root,
        link_to_itself,
        link_outside,
        numbers_outside,
        a_large_array_without_bytes,
        a_compressed_array,
        one_long_text_many_times,
        strange_group,
        group_in_a_group,
        objects,
    ],
    ids=lambda attack: attack.__name__,
)
def test_files_made_to_harm_are_refused(path, attack):
    """Each has a valid checksum, and would be read without the walk before."""
    inside, _ = unsealed(path.read_bytes())
    path.write_bytes(inside)
    with h5py.File(path, "r+") as file:
        attack(file)
        at = file.attrs.get("at")
        if at is not None:
            del file.attrs["at"]
    content = bytearray(path.read_bytes())
    if at is not None:
        reference = content[at : at + 16]
        content[at : at + 160_000] = reference * 10_000
    path.write_bytes(sealed(bytes(content), FORMAT))
    with pytest.raises(cs.StoreError, match=r"was not written by `save`"):
        cs.load(path)


@pytest.mark.parametrize(
    "description",
    [
        "[" * 100_000,
        "[]",
        "{}",
        '{"model": 3}',
        '{"model": {"type": [], "fields": {}}}',
        '{"model": {"type": "os:system", "fields": {"command": "true"}}}',
        '{"model": {"type": "CausalDiagram", "fields": []}, "provenance": "x"}',
    ],
)
def test_descriptions_that_nobody_saved_are_refused(path, description):
    inside, _ = unsealed(path.read_bytes())
    path.write_bytes(inside)
    with h5py.File(path, "r+") as file:
        file.attrs["causalstats"] = description
    path.write_bytes(sealed(path.read_bytes(), FORMAT))
    with pytest.raises(cs.StoreError, match="description|cannot be read"):
        cs.load(path)


def changed(path, key, value):
    inside, _ = unsealed(path.read_bytes())
    path.write_bytes(inside)
    with h5py.File(path, "r+") as file:
        header = json.loads(file.attrs["causalstats"])
        header[key] = value
        file.attrs["causalstats"] = json.dumps(header)
    path.write_bytes(sealed(path.read_bytes(), FORMAT))


@pytest.mark.parametrize("key", ["model", "data", "sampler", "provenance"])
@pytest.mark.parametrize("value", [None, 0, "", [], {}, {"type": "mapping"}], ids=repr)
def test_parts_of_a_description_that_nobody_saved_are_refused(path, key, value):
    changed(path, key, value)
    with pytest.raises(cs.StoreError):
        cs.load(path)


def test_a_kill_during_save_leaves_the_old_file(path):
    """Whether the new one is not yet on the disk, or not yet in its place."""
    old = path.read_bytes()
    command = [sys.executable, "-c", SAVING, path, "fsync", "replace"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    killed = -signal.SIGKILL
    assert run.stdout.split() == ["fsync", str(killed), "replace", str(killed)]
    assert path.read_bytes() == old
    cs.load(path)


def test_the_target_of_a_link_is_written(fit, path, tmp_path):
    target, link = tmp_path / "results" / "fit.nc", tmp_path / "link.nc"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    fit.save(link)
    assert link.is_symlink()
    assert target.read_bytes() == path.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o640
    loop = tmp_path / "loop.nc"
    loop.symlink_to(loop)
    with pytest.raises(cs.StoreError, match="cannot be written"):
        fit.save(loop)


def test_pipes_and_devices_are_neither_written_nor_read(fit, tmp_path):
    pipe = tmp_path / "pipe.nc"
    os.mkfifo(pipe)
    for place in (pipe, "/dev/null"):
        with pytest.raises(cs.StoreError, match="device or pipe"):
            fit.save(place)
        with pytest.raises(cs.StoreError, match="device or pipe"):
            cs.load(place)
    with pytest.raises(cs.StoreError, match="got the folder"):
        cs.load(tmp_path)
    with pytest.raises(cs.StoreError, match="There is no file"):
        cs.load(tmp_path / "none.nc")
    with pytest.raises(cs.StoreError, match="path of a file"):
        cs.load("a\0b.nc")
