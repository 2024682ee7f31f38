"""Which oxides go together in Romano-British pottery, within the region of its kiln?"""

PACKAGE = None
SECONDS = 15
