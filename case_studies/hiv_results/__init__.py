"""How many are infected among the people who did not come for their HIV test's result?"""

PACKAGE = "causaldata"
SECONDS = 120
