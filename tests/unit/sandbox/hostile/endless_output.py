"""Prints for ever."""

while True:
    try:
        print("x" * 10_000)
    except OSError:
        pass
