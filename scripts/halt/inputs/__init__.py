"""Reading of files, rows and models. Knows nothing of HALT."""
