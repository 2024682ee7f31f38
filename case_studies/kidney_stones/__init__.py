"""Which of two treatments removes kidney stones more often?"""

PACKAGE = None
SECONDS = 10
