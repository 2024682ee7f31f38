"""The first mistakes with a frame are answered with what to type in its place."""

import pandas as pd
import pytest

import causalstats as cs

FRAME = pd.DataFrame(
    {"firm": [1, 1, 2, 2], "year": [1, 2] * 2, "d": ["no", "yes"] * 2, "y": range(4)}
)


def test_a_path_in_place_of_a_frame_is_answered_with_how_to_read_it():
    with pytest.raises(cs.DataError, match=r"pandas\.read_csv\('firms\.csv'\)"):
        cs.Panel.from_formula("y ~ d | firm + year", "firms.csv")


def test_a_frame_in_place_of_the_formula_is_not_printed():
    with pytest.raises(
        cs.DataError, match=r"DataFrame of shape \(4, 4\)\. The formula"
    ):
        cs.Panel.from_formula(FRAME, "y ~ d | firm + year")


def test_a_treatment_of_two_texts_is_answered_with_the_comparison_that_codes_it():
    with pytest.raises(cs.DataError, match=r"\(frame\['d'\] == 'yes'\)"):
        cs.Panel.from_formula("y ~ d | firm + year", FRAME)
