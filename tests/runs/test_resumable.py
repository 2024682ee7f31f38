"""Resumable runs keep complete records and do the others again."""

import json

import pytest

from causalstats.errors import StoreError
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
