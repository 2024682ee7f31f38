"""Which groups of gut bacteria go together, in obese people and in lean ones?"""

PACKAGE = None
SECONDS = 420
