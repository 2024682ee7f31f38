"""How far from the truth is the effect within units of a panel?"""

PACKAGE = None
SECONDS = 7200
