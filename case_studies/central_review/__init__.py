"""How many tumours that nobody sent to central review have unfavourable histology?"""

PACKAGE = None
SECONDS = 360
