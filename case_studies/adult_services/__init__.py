"""What do clients of sex workers pay for leaving out the condom?"""

PACKAGE = "causaldata"
SECONDS = 15
