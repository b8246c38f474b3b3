"""Thoughts that a model writes before its answer are no part of the answer.

Known are the marks that models put around their thoughts: tags (`<think>`, `<thought>`, `<reasoning>`, `<seed:think>`
and similar ones, with or without attributes), `[THINK]` (Mistral), `<|START_THINKING|>` (Cohere), `◁think▷` (Kimi),
`<|begin_of_thought|>`, `<|im_start|>think`, `<unused94>thought` (MedGemma), and the channels of gpt-oss
(`<|channel|>analysis<|message|>`, or, unmarked, `analysis...assistantfinal`) and Gemma 4 (`<|channel>thought`).
`<answer>` tags are removed too; the text between them stays.
"""

import re

_NAMES = (
    r"(?:\w{1,12}:)?(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|inner_monologue"
    r"|(?:thought|thinking|reasoning)_process)"
)
_OPENS = (
    rf"<{_NAMES}(?:\s[^<>]*)?>",
    r"<\|(?:think|begin_of_thought)\|>",
    r"<\|im_start\|>think\b",
    r"<unused94>(?:thought\b)?",
    r"\[THINK\]",
    r"<\|START_THINKING\|>",
    r"◁think▷",
    r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]{0,80}<\|message\|>",
    r"<\|channel>thought\b",
)
_CLOSES = (
    rf"</\s*{_NAMES}\s*>",
    r"<\|(?:/think|end_of_thought)\|>",
    r"(?:<\|im_end\|>\s{0,9})?<\|im_start\|>answer\b",
    r"<unused95>",
    r"\[/THINK\]",
    r"<\|END_THINKING\|>",
    r"◁/think▷",
    r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final[^<]{0,80}<\|message\|>",
    r"<channel\|>",
)
# Between quotation marks a mark is content, as in code that removes such tags from a text.
_QUOTES = ('"', "'", "`")
_MARK = re.compile(
    rf"""(?<!["'`/\\])(?:(?P<opens>{"|".join(_OPENS)})|(?P<closes>{"|".join(_CLOSES)}))""", re.IGNORECASE
)
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|im_end)\|>\s*\Z")
# The channels of gpt-oss, from a server that drops special tokens.
_BARE_CHANNELS = re.compile(r"\s*analysis.*?assistant\s{0,3}final(?=\W|[A-Z\d])", re.DOTALL)
_WRAPPERS = (
    r"<answer>(?:[ \t]*\n)?|(?:\n[ \t]*)?</answer>",
    r"<\|begin_of_solution\|>(?:[ \t]*\n)?|(?:\n[ \t]*)?<\|end_of_solution\|>",
)
_WRAPPER = re.compile(rf"""(?<!["'`/\\])(?:{"|".join(_WRAPPERS)})(?!["'`])""", re.IGNORECASE)


def without(text: str, opened: bool = False) -> str:
    """The answer in a model's text, without its thoughts.

    A thought that is not closed runs to the end of the text. If one is closed but never opened, the prompt opened it:
    all before it is thought. opened: the prompt opened one, so a text without a closing mark is only thought.
    """
    return parted(text, opened)[0]


def parted(text: str, opened: bool = False) -> tuple[str, bool]:
    """The answer in a model's text, and whether the text ends inside a thought."""
    bare = _BARE_CHANNELS.match(text)
    answer, begin, thinking = [], _begins(text, bare.end()) if bare else 0, opened and not bare
    for mark in _MARK.finditer(text, begin):
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
    whole = whole if whole == text else _CHANNEL_ENDS.sub("", whole)
    return _WRAPPER.sub("", whole), thinking


def _begins(text: str, place: int) -> int:
    """Where content begins after a thought: blank lines are skipped, the indent of a line stays."""
    blank = re.compile(r"(?:[ \t\r]*\n)+|[ \t]+").match(text, place)
    return blank.end() if blank else place
