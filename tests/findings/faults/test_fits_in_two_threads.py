"""Two fits in two threads have the draws that each has alone: no data are shared between them."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest

import causalstats as cs
from causalstats.samplers import program_for


@dataclass(frozen=True)
class Shift:
    """Three normal numbers around what the data say; nothing else differs between problems."""

    def inputs(self, data):
        return {"shift": np.asarray(data, float)}

    def build(self, data):
        import pymc as pm

        with pm.Model(coords={"part": list("abc")}) as graph:
            shift = pm.Data("shift", self.inputs(data)["shift"])
            pm.Normal("location", mu=shift, sigma=[1.0, 10.0, 0.1], dims="part")
        return graph


def draws_of(sampler, shift, seed, advance=None):
    run = (cs.Problem(Shift(), shift), seed)
    tree = sampler(*run) if advance is None else sampler(*run, advance)
    return tree["posterior"]["location"].to_numpy()


SAMPLERS = [
    cs.Laplace(chains=2, draws=200),
    pytest.param(
        cs.Nuts(chains=2, draws=200, tune=100, backend="jax"), marks=pytest.mark.slow
    ),
    pytest.param(cs.Nuts(chains=2, draws=20_000, tune=100), marks=pytest.mark.slow),
    pytest.param(
        cs.Nuts(chains=2, draws=200, tune=100, backend="numpyro"),
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize(
    "sampler", SAMPLERS, ids=lambda s: getattr(s, "backend", "laplace")
)
@pytest.mark.parametrize(("first", "second"), [(2.0, 50.0), (-7.0, 0.0)])
def test_a_fit_that_is_held_keeps_its_own_data(sampler, first, second):
    alone = draws_of(sampler, first, 1), draws_of(sampler, second, 2)
    # The first fit is held midway, as a scheduler might hold it, until the second is done.
    held, done = threading.Event(), threading.Event()
    together = {}

    def advance(share, note=""):
        if share > 0.4 and not held.is_set():
            held.set()
            done.wait(120)

    thread = threading.Thread(
        target=lambda: together.update(first=draws_of(sampler, first, 1, advance))
    )
    thread.start()
    while thread.is_alive() and not held.wait(0.05):
        pass
    together["second"] = draws_of(sampler, second, 2)
    done.set()
    thread.join(120)
    np.testing.assert_array_equal(together["first"], alone[0])
    np.testing.assert_array_equal(together["second"], alone[1])


def test_parallel_fits_match_sequential_fits():
    sampler, shifts = cs.Laplace(chains=2, draws=150), [1.0, 20.0, -3.0, 400.0]
    alone = [draws_of(sampler, shift, seed) for seed, shift in enumerate(shifts)]
    draws: dict[int, np.ndarray] = {}

    def fit(seed):
        draws[seed] = draws_of(sampler, shifts[seed], seed)

    threads = [
        threading.Thread(target=fit, args=(seed,)) for seed in range(len(shifts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for seed, expected in enumerate(alone):
        np.testing.assert_array_equal(draws[seed], expected)


def problems(sampler):
    """Two problems of the same structure, for samplers that compile nothing."""
    if sampler == cs.Exact(chains=1, draws=50):
        model, size = cs.PartialCorrelation(prior="matching"), {"rows": 30, "parts": 4}
    else:
        model, size = cs.PanelDML(), {"units": 30, "times": 3}
    return [cs.Problem(model, model.simulate(seed, **size).data) for seed in (1, 2)]


@pytest.mark.parametrize(
    "sampler", [cs.Exact(chains=1, draws=50), cs.Auto(chains=1, draws=50)]
)
def test_two_threads_have_the_draws_of_their_own_problem(sampler):
    pair = problems(sampler)
    alone = [sampler(problem, 1)["posterior"].to_dataset() for problem in pair]
    together = threading.Barrier(2)
    draws = {}

    def fit(number):
        together.wait()
        program = program_for(sampler, pair[number])
        draws[number] = program.run(pair[number], 1)["posterior"].to_dataset()

    threads = [threading.Thread(target=fit, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert draws[0].identical(alone[0]) and draws[1].identical(alone[1])


def test_a_program_is_free_again_after_an_interrupt():
    sampler = cs.Laplace(chains=2, draws=200)
    problem = cs.Problem(Shift(), 1.0)
    program = sampler.compile(problem)

    def press(share, note=""):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program.run(problem, 1, press)
    assert not program.running.locked()
