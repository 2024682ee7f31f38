"""Resumable runs keep complete records and do the others again."""

import json
import os
import signal
from functools import partial

import pytest

from causalstats.errors import SamplingError, StoreError
from causalstats.runs.resumable import resume


@pytest.fixture
def work(tmp_path):
    path, seeds_done = tmp_path / "new" / "work.jsonl", []

    def run(seeds, description="squares"):
        return resume(
            lambda seed: seeds_done.append(seed) or {"square": seed**2},
            seeds,
            title="Squares",
            path=path,
            description=description,
            progress=False,
        )

    return run, path, seeds_done


def test_complete_records_are_kept_and_a_cut_line_is_done_again(work):
    run, path, seeds_done = work
    assert run([3, 1, 2]) == [{"square": 9}, {"square": 1}, {"square": 4}]
    header, first, second, third = path.read_text().splitlines()
    path.write_text("\n".join([header, first.replace("9", "99"), second, third[:8]]))
    assert run([1, 2, 3, 4]) == [
        {"square": 1},
        {"square": 4},
        {"square": 99},
        {"square": 16},
    ]
    assert seeds_done == [3, 1, 2, 2, 4]
    assert sorted(
        json.loads(line)["seed"] for line in path.read_text().splitlines()[1:]
    ) == [
        1,
        2,
        3,
        4,
    ]


def test_a_file_with_another_description_is_refused_and_unchanged(work):
    run, path, _ = work
    run([1])
    before = path.read_text()
    with pytest.raises(StoreError, match="something else"):
        run([1], description="cubes")
    assert path.read_text() == before


def test_two_workers_return_what_one_does():
    assert resume(
        lambda seed: {"square": seed**2},
        range(6),
        title="",
        path=None,
        description="",
        jobs=2,
        progress=False,
    ) == [{"square": seed**2} for seed in range(6)]


def die_once(folder, seed):
    """Kill this worker at seed 3 the first time."""
    mark = folder / "died"
    if seed == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"square": seed**2}


def die(seed):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_loses_nothing(tmp_path):
    options = {"title": "", "description": "", "jobs": 2, "progress": False}
    path = tmp_path / "records.jsonl"
    records = resume(partial(die_once, tmp_path), range(6), path=path, **options)
    assert records == [{"square": seed**2} for seed in range(6)]
    kept = [json.loads(line)["seed"] for line in path.read_text().splitlines()[1:]]
    assert sorted(kept) == list(range(6))
    with pytest.raises(SamplingError, match=r"died 3 times.*2 of 2 .*Take fewer"):
        resume(die, range(2), path=None, **options)
