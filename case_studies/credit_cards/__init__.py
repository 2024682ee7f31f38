"""How many of the applicants whom a stricter lender turns down would have repaid?"""

PACKAGE = None
SECONDS = 300
