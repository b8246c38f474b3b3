"""Lines of code and the programs that they make."""
