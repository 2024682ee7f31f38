"""How much do a known prevalence and known expertise sharpen a selective-labels model?"""

PACKAGE = None
SECONDS = 5400
