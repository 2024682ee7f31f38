"""By how much does a dearer pack of cigarettes lower sales?"""

PACKAGE = None
SECONDS = 15
