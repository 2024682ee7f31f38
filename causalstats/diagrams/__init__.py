"""String diagrams: their syntax, surgery, identification, and what they mean as numbers and as PyMC graphs."""
