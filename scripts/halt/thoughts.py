"""What a model thinks aloud before it answers is no part of its answer.

Known are the marks that models put around their thoughts: tags (`<think>`, `<thinking>`, `<thought>`, `<reasoning>`,
`<seed:think>`, with attributes or without), `[THINK]` (Mistral), `<|START_THINKING|>` (Cohere), `◁think▷` (Kimi), and
the channels of gpt-oss (`<|channel|>analysis<|message|>`) and Gemma 4 (`<|channel>thought`).
"""

import re

_NAMES = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)"
_OPENS = (
    rf"<{_NAMES}(?:\s[^<>]*)?>",
    r"\[THINK\]",
    r"<\|START_THINKING\|>",
    r"◁think▷",
    r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]{0,80}<\|message\|>",
    r"<\|channel>thought\b",
)
_CLOSES = (
    rf"</\s*{_NAMES}\s*>",
    r"\[/THINK\]",
    r"<\|END_THINKING\|>",
    r"◁/think▷",
    r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final[^<]{0,80}<\|message\|>",
    r"<channel\|>",
)
# Between quotation marks, as in code that takes such tags out of a text, a mark is content.
_QUOTES = ('"', "'", "`")
_MARK = re.compile(
    rf"""(?<!["'`/\\])(?:(?P<opens>{"|".join(_OPENS)})|(?P<closes>{"|".join(_CLOSES)}))""", re.IGNORECASE
)
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return)\|>\s*\Z")


def without(text: str, opened: bool = False) -> str:
    """The answer in what a model wrote: without its thoughts, and unchanged where it has none.

    A thought that is not closed runs to the end of the text. One that is closed and not opened was opened by the
    prompt: all before it is thought. opened: the prompt opened one, so that a text without a closing mark is thought
    alone.
    """
    answer, begin, thinking = [], 0, opened
    for mark in _MARK.finditer(text):
        if mark["opens"]:
            if not thinking:
                answer.append(text[begin : mark.start()])
            thinking = True
        elif thinking or not text.startswith(_QUOTES, mark.end()):
            if not thinking:
                answer.clear()
            inside = bool(answer) and answer[-1].strip(" \t") != "" and not answer[-1].endswith("\n")
            begin, thinking = mark.end() if inside else _begins(text, mark.end()), False
    if not thinking:
        answer.append(text[begin:])
    whole = "".join(answer)
    return whole if whole == text else _CHANNEL_ENDS.sub("", whole)


def _begins(text: str, place: int) -> int:
    """Where content begins behind a thought: blank lines are none, and the indent of a line is."""
    blank = re.compile(r"(?:[ \t\r]*\n)+|[ \t]+").match(text, place)
    return blank.end() if blank else place
