"""By how much does cholestyramine lower cholesterol, when many did not take it?"""

PACKAGE = None
SECONDS = 10
