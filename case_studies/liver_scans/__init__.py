"""How accurate is a liver scan, when fewer of those with a negative scan were verified?"""

PACKAGE = None
SECONDS = 30
