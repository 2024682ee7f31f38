"""By how much does a higher wage lower the employment of a firm, at once and in the long run?"""

PACKAGE = None
SECONDS = 30
