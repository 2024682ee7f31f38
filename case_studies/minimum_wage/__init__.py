"""Did higher minimum wages lower the employment of teenagers?"""

PACKAGE = None
SECONDS = 60
