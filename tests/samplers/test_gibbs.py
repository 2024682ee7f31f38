"""Chains of a kernel go on where their first draws have not mixed."""

from dataclasses import replace

import numpy as np
import pytest

import causalstats as cs
from causalstats.core.gibbs_kernel import GibbsKernel
from causalstats.samplers import gibbs


def autoregressive(correlation, longest_thin, interrupt_after=np.inf):
    """Return a kernel whose draws are a stationary autoregression with mean 0 and variance 1.

    Parameters
    ----------
    correlation : float
        Of neighbouring sweeps.
    longest_thin : int
    interrupt_after : float
        Sweeps of all chains after which a user interrupts them.
    """
    advanced = [0]

    def advance(state, sweeps, rng):
        advanced[0] += sweeps
        if advanced[0] > interrupt_after:
            raise KeyboardInterrupt
        noise = np.sqrt(1 - correlation**2)
        for _ in range(sweeps):
            state[0] = correlation * state[0] + noise * rng.standard_normal()

    return GibbsKernel(
        start=lambda rng: rng.standard_normal(1),
        advance=advance,
        draw=lambda state: {"x": state[0]},
        dims={"x": ()},
        coords={},
        tune=100,
        draws=500,
        thin=1,
        longest_thin=longest_thin,
    )


def test_chains_that_have_not_mixed_go_on_after_their_first_sweeps():
    tree = gibbs.run_kernel(autoregressive(0.9, 25), cs.Gibbs(), seed=1)
    assert tree["posterior"].sizes["draw"] == 500
    values = tree["posterior"]["x"].to_numpy()
    neighbours = np.corrcoef(values[:, 1:].ravel(), values[:, :-1].ravel())[0, 1]
    assert neighbours == pytest.approx(0.9**25, abs=4 / np.sqrt(values.size))
    assert "tune=600" in tree.attrs["sampler"] and "thin=25" in tree.attrs["sampler"]


@pytest.mark.parametrize(
    ("correlation", "longest", "sampler"),
    [(0.0, 25, cs.Gibbs()), (0.9, 0, cs.Gibbs()), (0.9, 25, cs.Gibbs(thin=1))],
    ids=["mixed", "never longer", "length that was given"],
)
def test_other_chains_keep_their_length(correlation, longest, sampler):
    tree = gibbs.run_kernel(autoregressive(correlation, longest), sampler, seed=1)
    assert "tune=100" in tree.attrs["sampler"] and "thin=1)" in tree.attrs["sampler"]


def test_an_interruption_of_longer_chains_leaves_the_first_draws():
    kernel = autoregressive(0.9, 25, interrupt_after=4 * 600 + 4000)
    tree = gibbs.run_kernel(kernel, cs.Gibbs(), seed=1)
    whole = gibbs.run_kernel(autoregressive(0.9, 0), cs.Gibbs(), seed=1)
    assert tree["posterior"].equals(whole["posterior"])


@pytest.mark.parametrize(
    ("sampler", "expected"), [(cs.Gibbs(), 2), (cs.Gibbs(chains=3), 3)]
)
def test_the_model_asks_for_a_number_of_chains_unless_it_is_given(sampler, expected):
    kernel = replace(autoregressive(0.0, 0), chains=2)
    tree = gibbs.run_kernel(kernel, sampler, seed=1)
    assert tree["posterior"].sizes["chain"] == expected
    assert f"chains={expected}" in tree.attrs["sampler"]
