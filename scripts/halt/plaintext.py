"""What models wrap their words in: thoughts before an answer, Markdown, and refusals in words of their own.

Nothing here knows a domain. Every pattern reads a line in time linear in its length.
"""

import re

# Reasoning models think between such tags, at the beginning of a text or a line (DeepSeek-R1, Qwen3, Magistral ...).
_TAG = r"(?:think|thinking|thought|reasoning)"
_THOUGHT = re.compile(
    rf"^[ \t]*(?:<{_TAG}(?:\s[^<>\n]*)?>.*?(?:</{_TAG}>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z))[ \t]*\n?",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_THOUGHT_BEGUN = re.compile(rf"\A.*(?:</{_TAG}>|\[/THINK\])[ \t]*\n?", re.DOTALL | re.IGNORECASE)

_MARKER = re.compile(
    r"[ \t]*(?:[-*+•>]+(?=[ \t])|#{1,6}(?=[ \t])|\(?\d{1,3}[.):](?!\d)|(?:fact|step|line|statement) \d{1,3}[.):])\s*",
    re.IGNORECASE,
)
_MOST = 4  # list signs one inside the other
# What may stand before the words of a line, as a pattern.
MARKERS = (
    r"(?:[ \t]{0,20}(?:[-*+•>#_`~]{1,6}|\(?\d{1,3}[.):]|(?:fact|step|line|statement) \d{1,3}[.):]?)){0,4}[ \t]{0,20}"
)
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{1,500}\)")
_TAGS = re.compile(r"</?(?:b|i|em|strong|u|br|p|li|ul|ol|span|code)\s?/?>", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*\*|__|`|~~|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_RULE = re.compile(r"```.*|~~~.*|[-*_=]{3,}|[-:| ]+")
_BOLD = re.compile(r"\*\*[^*]+\*\*|__[^_]+__")
_OPENER = re.compile(r"(?:sure|certainly|of course|ok|okay|here|below|this is|the following)\b", re.IGNORECASE)
_VERB = re.compile(r"\b(?:is|are|was|were|has|had|have|be|been|born|died|became|means?|called)\b", re.IGNORECASE)

# A refusal: perhaps an apology, then what the model does not know or cannot do, and nothing that it states.
_CANNOT = (
    "do not|don't|does not|cannot|can not|can't|could not|couldn't|am not able to|'m not able to|am unable to|"
    "'m unable to|was not able to|was unable to|have no|lack|am not|'m not"
)
_APOLOGY = (
    r"(?:i'm|i am|we're|we are) (?:sorry|afraid)|sorry|apologies|(?:i|we) apologi[sz]e|unfortunately|"
    r"as an? (?:ai|artificial intelligence|(?:large )?language model|assistant)[^,.]{0,60}"
)
_APOLOGIES = re.compile(rf"(?:(?:{_APOLOGY})[\s,.:;!-]*(?:(?:but|that|and|so|however)[\s,]+)?)+")
_REFUSAL = re.compile(
    rf"(?:(?:i|we) ?(?:{_CANNOT})\b"
    r"|there (?:is|are) (?:no|not enough|insufficient|little)\b.{0,40}\b(?:information|data|records?|evidence|details?)"
    r"|(?:no|not enough|insufficient) (?:reliable |further |specific |more )?(?:information|data|details?)"
    r"(?=[.!]|$| (?:is|was|on|about|for|available|could|can|to|regarding)\b)"
    r"|(?:this|that|it) is (?:unknown|not known) to me)"
)
_ABOUT = re.compile(
    r"\b(?:know|knowledge|information|sure|certain|answer|help|provide|verify|confirm|find|recall|remember|access|say|tell"
    r"|details?|data|assist|familiar|aware|determine|record|evidence|write|give|comment|comply)\b"
)
_GOES_ON = "i|we|please|if|you|could|can|so|as|and|or|therefore|thus|sorry|this|that"
_STATES = re.compile(
    r"[,;:.!?]\s+(?:but|however|still|yet|although|though|nevertheless|and)?[\s,]*" rf"(?!(?:{_GOES_ON})\b)\w+"
)
_LONGEST_REFUSAL = 400  # characters


def without_thoughts(text: str) -> str:
    """An answer without what its model thought before it: blocks of <think> and the like; one that never ends leaves
    nothing behind it, and of one that the prompt had opened already only the end is there."""
    text = _THOUGHT.sub("", text)
    return _THOUGHT_BEGUN.sub("", text) if "</" in text or "[/" in text else text


def bare(line: str) -> str:
    """A line without its list sign or number and without Markdown's or HTML's signs of emphasis, blanks as one."""
    line = _EMPHASIS.sub("", _TAGS.sub("", _LINK.sub(r"\1", line)))
    for _ in range(_MOST):
        marker = _MARKER.match(line)
        if marker is None:
            break
        line = line[marker.end() :]
    return " ".join(line.split())


def says_nothing(line: str) -> bool:
    """Whether a line only orders what stands around it: a rule, a fence, a title, "Here is the profile:".

    A line with a verb states something, whatever it looks like, unless it opens as such lines do.
    """
    line, text = line.strip(), bare(line)
    if not text or _RULE.fullmatch(line):
        return True
    if _OPENER.match(text):
        return text.endswith(":")
    titled = text.endswith(":") or line.startswith("#") or _BOLD.fullmatch(line)
    return bool(titled) and _VERB.search(text) is None


def refuses(statement: str) -> bool:
    """Whether a statement says in a model's own words that it does not know or will not answer, and nothing else."""
    text = bare(statement).lower().replace("’", "'")
    if len(text) > _LONGEST_REFUSAL:
        return False
    apology = _APOLOGIES.match(text)
    rest = text[apology.end() :] if apology else text
    refusal = _REFUSAL.match(rest)
    if refusal is None or _STATES.search(rest):
        return False
    alone = apology is not None and not rest[refusal.end() :].strip(" .!")  # "Sorry, I can't."
    return alone or _ABOUT.search(rest) is not None
