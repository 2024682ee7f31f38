"""Labels of columns in sentences and findings."""

from causalstats.core.wording import Wording


def test_columns_are_explained_once_and_never_in_code():
    words = Wording({"educ": "years of schooling", "exper": "experience", "t": "tar"})
    text = "educ:exper has the largest score, educ the next; t = 2; leave 'exper' out"
    once = words.explained(text)
    assert once == (
        "educ (years of schooling):exper (experience) has the largest score, educ the next; "
        "t = 2; leave 'exper' out"
    )
    assert words.explained(once) == once
    assert words.explained("educ=1 and `educ`") == "educ=1 and `educ`"
