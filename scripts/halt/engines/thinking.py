"""What a model says aloud: its text without its thoughts."""

import re

_TAG = re.compile(r"<(?P<end>/?)(?:think|thinking|thought|reasoning)>|\[(?P<marked_end>/?)THINK\]", re.IGNORECASE)


def without_thoughts(text: str) -> str | None:
    """The text without its blocks of thoughts (<think> and its like); None if the last one does not end.

    What stands before an end without a beginning is thought too: a template's opening may have begun it.
    """
    said: list[str] = []
    start, inside = 0, False
    for tag in _TAG.finditer(text):
        ends = bool(tag["end"] or tag["marked_end"])
        if ends and not inside:
            said.clear()
        elif not ends and not inside:
            said.append(text[start : tag.start()])
        inside, start = not ends, tag.end()
    return None if inside else "".join([*said, text[start:]])
