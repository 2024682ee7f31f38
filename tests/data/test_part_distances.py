"""Distances between parts, of a matrix, a taxonomy or a tree in Newick format."""

import numpy as np
import pandas as pd
import pytest

import causalstats as cs
from causalstats.data.part_distances import part_distances

PARTS = list("abcd")
# By hand: a and b are 2 apart, c and d 3, and the others 1 + 2 + .5 + 1 or 2
NEWICK = "((a:1,b:1)'one clade':2[a note],(c:1,d:2)0.9:0.5)root;"
APART = np.array(
    [[0, 2, 4.5, 5.5], [2, 0, 4.5, 5.5], [4.5, 4.5, 0, 3], [5.5, 5.5, 3, 0]]
)
RANKS = pd.DataFrame(
    {"family": ["F", "F", "G", None], "genus": ["g", "h", "g", "g"]}, index=PARTS
)
FRAME = pd.DataFrame(APART, index=PARTS, columns=PARTS)


def composition(distances, parts=PARTS, **options):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(np.exp(rng.standard_normal((12, len(parts)))), columns=parts)
    return cs.Composition.from_frame(frame, parts=parts, distances=distances, **options)


@pytest.mark.parametrize("given", [NEWICK, FRAME, FRAME.to_dict()])
def test_distances_of_a_tree_and_of_its_matrix_are_path_lengths_by_the_longest(given):
    np.testing.assert_allclose(part_distances(given, PARTS), APART / 5.5)


def test_branches_without_lengths_count_one_each():
    distances = part_distances("((a,b),(c,(d,e)));", list("abcde"))
    expected = np.array([2, 4, 5, 5, 4, 5, 5, 3, 3, 2]) / 5
    np.testing.assert_allclose(distances[np.triu_indices(5, 1)], expected)


def test_a_genus_is_shared_within_a_family_alone_and_unknown_ranks_never():
    distances = part_distances(RANKS, PARTS)
    expected = np.ones((4, 4)) - np.eye(4)
    expected[0, 1] = expected[1, 0] = 0.5
    np.testing.assert_allclose(distances, expected)


def test_a_tree_may_have_more_tips_and_another_order():
    chosen = part_distances(NEWICK, ["d", "a", "b"])
    np.testing.assert_allclose(chosen, APART[np.ix_([3, 0, 1], [3, 0, 1])] / 5.5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("((a:1,b:1):2,c:3);", "lack 'd'"),
        ("((a,b),(c,d)", "bracket"),
        ("(a,b),(c,d);", "behind its end"),
        ("((a:1,b:1),(c:1,d:1):2);", "1 of 6 have none"),
        ("((a:x,b:1):1,(c:1,d:1):2);", "'x'"),
        ("(a:1,b:1,c:1,d:1);", "say nothing"),
        ("((a,a),(b,c),d);", "'a' more than once"),
        (FRAME + np.eye(4), "similarities"),
        (FRAME.where(FRAME != 2, -1.0), "-1 between 'a' and 'b'"),
        (FRAME + np.triu(np.ones((4, 4)), 1), "symmetric"),
        (3.0, "got float"),
    ],
)
def test_distances_that_are_none_are_refused(given, words):
    with pytest.raises(cs.DataError, match=words):
        composition(given)


@pytest.mark.parametrize("given", [NEWICK, FRAME, RANKS])
def test_data_made_again_from_their_arguments_have_the_same_distances(given):
    data = composition(given)
    again = cs.Composition.from_frame(data.source, **data.arguments)
    np.testing.assert_array_equal(again.distances, data.distances)
    assert again.fingerprint == data.fingerprint != composition(None).fingerprint
    some = data.at(["d", "b", "a"])
    made = cs.Composition.from_frame(data.source, **some.arguments)
    np.testing.assert_allclose(made.distances, some.distances)


def test_parts_that_are_all_as_far_apart_have_no_distances():
    assert composition(RANKS).at(["a", "c", "d"]).distances is None


def test_distances_by_the_taxonomy_of_a_table_go_down_to_the_rank():
    counts = pd.DataFrame(
        {"s1": [9, 4, 2, 1, 1], "s2": [3, 8, 1, 2, 0], "s3": [5, 5, 7, 1, 0]},
        index=["1", "2", "3", "4", "5"],
    )
    taxonomy = pd.DataFrame(
        {
            "family": ["f__F", "f__F", "f__G", "f__G", "f__H"],
            "genus": ["g__x", "g__y", "g__z", "g__z", ""],
            "species": list("mnopq"),
        },
        index=counts.index,
    )
    data = cs.Composition.from_abundances(
        counts,
        taxa_in_rows=True,
        taxonomy=taxonomy,
        rank="genus",
        min_total=5,
        other="other",
        distances="taxonomy",
    )
    assert data.parts == ("x", "y", "z", "other")
    expected = np.ones((4, 4)) - np.eye(4)
    expected[0, 1] = expected[1, 0] = 0.5
    np.testing.assert_allclose(data.distances, expected)
    with pytest.raises(cs.DataError, match="taxonomy="):
        cs.Composition.from_abundances(counts, taxa_in_rows=True, distances="taxonomy")
