"""Did laws that ease self-defence with a gun raise homicides?"""

PACKAGE = "causaldata"
SECONDS = 60
