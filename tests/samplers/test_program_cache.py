"""The cache of compiled programs.

Shared by threads, bounded, and asked before anything compiles.
"""

import gc
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytest

import causalstats as cs
from causalstats.samplers import program_cache, program_for
from causalstats.samplers.program_cache import cached_program


@dataclass
class Compiled:
    graph: Any


def graph_of(size, value=0.0):
    with pm.Model() as graph:
        mean = pm.Data("mean", np.full(size, value))
        pm.Normal("location", mean, 1.0, shape=size)
    return graph


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(program_cache, "_entries", [])


def cached(size, value=0.0, kind="test"):
    graph = graph_of(size, value)
    return cached_program(kind, graph, lambda: Compiled(graph))


def test_graphs_that_differ_in_data_share_a_program():
    assert cached(2, 1.0) is cached(2, 5.0)
    assert cached(2) is not cached(3)
    assert cached(2) is not cached(2, kind="another backend")


def test_graphs_of_other_labels_are_told_apart_without_their_densities(monkeypatch):
    """PyMC takes as long to derive a density as a short fit takes."""

    def refused(*arguments, **options):
        raise AssertionError("The log density was derived.")

    monkeypatch.setattr(pm.Model, "logp", refused)
    assert cached(2) is not cached(3)
    with pytest.raises(AssertionError, match="was derived"):
        cached(3, 1.0)


def test_two_threads_compile_a_structure_once():
    graphs = [graph_of(2, value) for value in (0.0, 1.0)]
    compiled, programs = [], [None, None]
    together = threading.Barrier(2)

    def fit(number):
        def compile_program():
            compiled.append(number)
            time.sleep(0.2)
            return Compiled(graphs[number])

        together.wait()
        programs[number] = cached_program("test", graphs[number], compile_program)

    threads = [threading.Thread(target=fit, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(compiled) == 1
    assert programs[0] is programs[1]


def test_the_program_used_longest_ago_is_dropped_first(monkeypatch):
    monkeypatch.setattr(program_cache, "_MOST_PROGRAMS", 2)
    first, second = cached(1), cached(2)
    assert cached(1) is first
    third = cached(3)
    assert cached(3) is third and cached(1) is first
    assert cached(2) is not second


def test_programs_of_much_data_are_not_kept(monkeypatch):
    monkeypatch.setattr(program_cache, "_MOST_BYTES", 100)
    assert cached(12) is cached(12)
    assert cached(13) is not cached(13)


def test_problems_of_a_named_structure_need_no_graph():
    class Sampler:
        def compile(self, problem):
            return Compiled(problem.data)

        def __repr__(self):
            return "Sampler()"

    def program(data, structure):
        return program_for(Sampler(), cs.Problem(None, data), structure=structure)

    assert program(1, "panel of 30 units") is program(2, "panel of 30 units")
    assert program(1, "panel of 30 units") is not program(1, "panel of 40 units")


@dataclass(frozen=True)
class Slopes:
    """Regression of a sum on two features, with data of any number of rows."""

    def inputs(self, data):
        return {"features": np.asarray(data, float)}

    def build(self, data):
        with pm.Model(coords={"feature": ["a", "b"]}) as graph:
            features = pm.Data("features", self.inputs(data)["features"])
            slope = pm.Normal("slope", dims="feature")
            pm.Potential("likelihood", -((features @ slope - 1) ** 2).sum())
        return graph


def test_samplers_of_other_options_share_what_is_compiled():
    problem = cs.Problem(Slopes(), np.ones((6, 2)))
    first = program_for(cs.Laplace(draws=60), problem)
    second = program_for(cs.Laplace(draws=70), problem)
    assert second.points is first.points
    assert (first.sampler.draws, second.sampler.draws) == (60, 70)


def regression(rows, labelled=True):
    with pm.Model(coords={"feature": ["a", "b"]}) as graph:
        features = pm.Data("features", np.ones((rows, 2)))
        slope = pm.Normal("slope", dims="feature")
        if not labelled:
            pm.Deterministic("fitted", features @ slope)
        pm.Potential("likelihood", -((features @ slope).sum() ** 2))
    return graph


@pytest.mark.parametrize("labelled", [True, False])
def test_numbers_of_rows_share_a_program_where_draws_keep_their_shapes(labelled):
    few, many = (regression(rows, labelled) for rows in (3, 5))
    first = cached_program("test", few, lambda: Compiled(few), any_rows=True)
    second = cached_program("test", many, lambda: Compiled(many), any_rows=True)
    assert (first is second) == labelled
    alone = cached_program("strict", few, lambda: Compiled(few))
    assert cached_program("strict", many, lambda: Compiled(many)) is not alone


def slopes(rows):
    return cs.Problem(Slopes(), np.random.default_rng(1).normal(size=(rows, 2)))


def selective_labels(people):
    model = cs.SelectiveLabels(prevalence=0.4)
    return cs.Problem(model, model.simulate(1, people=people, features=1).data)


@pytest.mark.parametrize(
    "problem_of", [slopes, pytest.param(selective_labels, marks=pytest.mark.slow)]
)
def test_a_program_compiled_on_other_rows_draws_the_same(problem_of):
    few, many = problem_of(50), problem_of(70)
    sampler = cs.Laplace(draws=60)
    fresh = program_for(sampler, many).run(many, seed=1)
    program_cache._entries.clear()
    program = program_for(sampler, few)
    assert program_for(sampler, many).points is program.points
    later = program_for(sampler, many).run(many, seed=1)
    assert later["posterior"].equals(fresh["posterior"])


def test_garbage_is_collected_as_before_after_a_compilation_that_fails():
    before = gc.get_threshold()
    seen = []

    def compile_program():
        seen.append(gc.get_threshold())
        raise ValueError("no program")

    gc.set_threshold(700, 10, 10)
    try:
        with pm.Model() as graph:
            pm.Normal("location")
        with pytest.raises(ValueError, match="no program"):
            cached_program("never compiled", graph, compile_program)
        assert gc.get_threshold() == (700, 10, 10) and seen[0][0] > 700
    finally:
        gc.set_threshold(*before)
