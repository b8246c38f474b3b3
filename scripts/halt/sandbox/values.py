"""Values as text, the same text for equal values: to compare what a program gave with what was expected.

Runs inside the sandbox, and outside on trusted texts; standard library only.
"""

_SCALARS = (int, float, bool, str, bytes, complex, type(None), type(...))
_repr, _type, _sorted, _len = repr, type, sorted, len  # a program may replace the built-in ones
_DEPTH = 50  # containers one inside the other


class TooLong(ValueError):
    """The text of a value is longer than the limit."""


def shown(value, limit: int) -> str:
    """The repr of a value, with dicts and sets in one order. TooLong beyond `limit` characters.

    A value of the program's own type, or one that holds such a value, begins with the type's name in angle brackets: an
    object whose repr is 3 is not 3.
    """
    text = _shown(value, limit, _DEPTH)
    if _len(text) > limit:
        raise TooLong
    return text


def _shown(value, limit, depth):
    kind = _type(value)
    if kind in _SCALARS:
        return _repr(value)
    if kind in (list, tuple, dict, set, frozenset):
        if not depth or _len(value) > limit:
            raise TooLong
        if kind is dict:
            items = [f"{_shown(k, limit, depth - 1)}: {_shown(v, limit, depth - 1)}" for k, v in value.items()]
            return "{" + ", ".join(_sorted(items)) + "}"
        items = [_shown(item, limit, depth - 1) for item in value]
        if kind is list:
            return "[" + ", ".join(items) + "]"
        if kind is tuple:
            return "(" + ", ".join(items) + ("," if _len(items) == 1 else "") + ")"
        return f"{kind.__name__}({', '.join(_sorted(items))})"
    return f"<{kind.__module__}.{kind.__qualname__}> {_repr(value)}"
