"""How files, rows and models come in. Knows nothing of HALT."""
