"""What in an answer is no statement: refusals in a model's own words, and talk around the answer.

An answer that declines says nothing wrong (as FActScore counts it: it abstains). A sentence that declines and then
claims something ("I am not sure, but he was Danish") is a statement.
"""

import re

from halt import markup

_LONGEST = 600  # characters; no refusal is longer
# What an answer may lack, and what it may not do.
_MATTERS = (
    r"(?:information|info|knowledge|data|details?|facts|context|access|records?|comments?|answers?|ideas?|clue|memory"
    r"|sources?|certainty|confidence|expertise|familiarity|ability|capability|opinions?|feelings|beliefs|experiences?"
    r"|preferences|way (?:to|of)|means)\b"
)
_ACTS = (
    r"(?:verify|confirm|provide|find|answer|recall|remember|say|tell|give|help|assist|offer|supply|share|write|create"
    r"|generate|produce|complete|determine|identify|locate|access|respond|comment|comply|fulfill?|guarantee|solve|speak"
    r"|state|speculate|list|describe|discuss|continue|proceed|know|browse|search|look|be (?:sure|certain)"
    r"|do (?:that|this|so)|make (?:a|any|up))\b"
)
_DOUBTS = r"(?:sure|certain|aware|familiar|confident|knowledgeable|qualified|able|comfortable)\b"
_NEWS = r"(?:information|info|data|details|records?|context)\b"
_ADVERBS = r"(?: (?:\w+ly|even|also|just|yet|quite|so|fully|very|too|all that|at this time|in good conscience))*"
_FEW = r"(?:no|not enough|not any|insufficient|too little|limited|very little|little)"
_BETWEEN = r"(?:\w+[ -]){0,6}?"
_REFUSALS = (  # behind "I"
    rf"(?:do not|don't|did not|didn't){_ADVERBS} (?:know|recall|remember|recogni[sz]e|possess|have {_BETWEEN}{_MATTERS}"
    r"|feel (?:comfortable|confident)|want to (?:guess|speculate))\b",
    r"(?:cannot|can't|can not|could not|couldn't|won't|will not|would not|wouldn't|may not|might not|(?:am|was|'m) "
    rf"(?:unable|not able))(?: to)?(?: be able to)?{_ADVERBS}(?: (?:in|at) \w+)? {_ACTS}",
    rf"(?:am|'m|was) not{_ADVERBS} {_DOUBTS}",
    r"(?:am|'m|was|feel)(?: \w+ly)? (?:unsure|uncertain|unaware|unfamiliar|unable)\b",
    rf"have {_FEW} {_BETWEEN}{_MATTERS}",
    rf"have (?:not|never) (?:heard|been (?:given|provided|trained)|found|any {_BETWEEN}{_MATTERS})",
    rf"(?:lack|need more|would need|require more) {_BETWEEN}{_MATTERS}",
    r"(?:must|have to|prefer to|would rather|will) (?:decline|abstain|refrain)\b",
    r"(?:decline|abstain|refuse|prefer not|would rather not)\b",
)
_IMPERSONAL = (
    rf"(?:there (?:is|are|was)|there's) {_FEW} {_BETWEEN}{_NEWS}",
    rf"{_FEW} {_BETWEEN}{_NEWS}(?: \w+){{0,2}} (?:is |was |are )?(?:available|found|given|provided|about|on|to)\b",
    rf"it(?: is|'s) (?:not possible|impossible)(?: for me)? to {_ACTS}",
    r"(?:this|that|it|the question|the request)(?: is|'s) (?:beyond|outside)(?: of)? (?:my|the scope)\b",
    rf"(?:this|that|the|such)(?: \w+){{0,3}} {_NEWS} (?:is|was) (?:not available|unavailable)\b",
    rf"my (?:\w+ ){{0,2}}(?:knowledge|database|{_NEWS})(?: \w+){{0,4}} (?:does|do|is|are|has|have) (?:not|{_FEW})\b",
    r"(?:i have )?no (?:comment|idea|clue|information|answer)\W*$",
    r"(?:unknown|unsure(?: from here)?|n/a|none known)\W*$",
    r"(?:(?:cannot|can't|could not|couldn't|unable to) (?:verify|confirm|provide|answer|determine|recall)|do not know"
    r"|don't know|not(?: \w+ly)? (?:sure|certain))\b(?:[ -]\w+){0,8}\W*$",
)
_REFUSAL = re.compile(rf"i(?: \w+ly| also| still| just)? ?(?:{'|'.join(_REFUSALS)})|{'|'.join(_IMPERSONAL)}")
_SORRY_WORDS = (  # before a refusal, any number of them; alone they decline nothing
    r"(?:(?:i|we)(?:'m|'re| am| are) |i do )?(?:\w+ )?(?:sorry|afraid)(?: to say)?(?: that)?",
    r"(?:my |i )?apologi[sz]es?(?: for [^,;]{0,80})?|apologies|thank you[^,;]{0,60}",
    r"unfortunately|regrettably|sadly|honestly|to be honest|well|hmm+|no(?=,)|currently|and|so|that",
    r"as an? (?:\w+ ){0,4}?(?:ai|(?:language )?model|assistant)\b[^,;]{0,60}?(?=\s*,| i\b)",
    r"i(?:'m| am) (?:just |only )?an? (?:\w+ ){0,3}?(?:ai|model|assistant)\b[^,;]{0,60}?(?=\s*,| and\b| i\b)",
    r"(?:final )?answer(?=\s*:)|(?:at|based on|given|without|with)(?: [^\s,;]+){1,10}(?=,)",
)
_SORRY = re.compile(rf"(?:{'|'.join(_SORRY_WORDS)})(?:\s*[,;:—–-]+\s*|\s+|$)")
_OFFER_WORDS = (
    r"(?:please|kindly) (?:provide|give|check|consult|verify|share|clarify|specify|try|refer|ask|contact|see)\b",
    r"(?:please |kindly )?(?:let me know|feel free)\b|(?:is there|are there) anything else\b|good luck\W*$",
    r"(?:could|can|would|do) you\b(?=.*\b(?:me|please|more|provide|clarify|specify|like)\b)",
    r"if you\b(?=.*\b(?:i|me|please|feel free)\b)|i hope (?:this|that|it|you)\b|(?:thanks|thank you)(?: for\b|\W*$)",
    r"i(?: would|'d|'ll| will| can| could)(?: be)? (?:gladly |always |still )?"
    r"(?:happy|glad|try|help|love|like to|suggest|recommend|offer)\b|i (?:recommend|suggest|encourage|advise)\b",
)
_OFFERS = re.compile("|".join(_OFFER_WORDS))
_YES = r"(?:sure|certainly|of course|okay|ok|absolutely|alright|great)(?: thing)?\s*"
_OPENERS = re.compile(
    rf"{_YES}[!.,]*$|(?:{_YES}[!.,—–-]+\s*)*(?:here(?:'s| is| are)|below (?:is|are)|the following|this is|these are"
    r"|i(?:'ll| will| have|'ve) (?:write|written|provide|give|list))\b[^:]*:$"
)
_CLAIMS = re.compile(r"\b(?:was|were|became|died|born)\b|: *\S")
_STATES = re.compile(r"\b(?:is|are|was|were|became|died|passed|born|has|had|also called|known as)\b")
_CLAUSES = re.compile(r"(?:\s*[,;—–]\s*|\s+)(?:but|however|although|though|nevertheless|yet|instead|that said)\b,?\s*")
_SENTENCES = re.compile(r"(?<=[.!?])\s+")


def refuses(fragment: str) -> bool:
    """Whether a fragment declines to answer, and says nothing else."""
    clauses = _spoken(fragment)
    return any(map(_declines, clauses)) and all(_declines(clause) or _is_padding(clause) for clause in clauses)


def is_talk(fragment: str) -> bool:
    """Whether a fragment frames the answer and says nothing: a rule, "Facts:", "Here is the profile:", an offer."""
    said = _normal(fragment)
    if markup.is_rule(fragment) or not said:
        return True
    if len(said) > _LONGEST:
        return False
    if said.endswith(":") and not _STATES.search(said):
        return True
    return _OPENERS.match(said) is not None or all(map(_is_padding, _spoken(fragment)))


def is_title(line: str) -> bool:
    """Whether a line has the marks of a heading, or is wholly bold, and states nothing: "# Ann Lee"."""
    return markup.is_heading(line) and len(line) <= _LONGEST and not _STATES.search(_normal(line))


def says_nothing(fragment: str) -> bool:
    """Whether a fragment declines or frames the answer: no judge can call it right or wrong."""
    return refuses(fragment) or is_talk(fragment) or is_title(fragment)


def _spoken(fragment: str) -> list[str]:
    """The clauses of a fragment in lower case; [""] for one that is too long to decline."""
    said = _normal(fragment)
    if len(said) > _LONGEST:
        return [""]
    return [clause for sentence in _SENTENCES.split(said) for clause in _CLAUSES.split(sentence) if clause]


def _normal(fragment: str) -> str:
    return " ".join(markup.plain(fragment).lower().replace("’", "'").strip("\"“”' ").split())


def _unsorry(clause: str) -> str:
    """A clause without the apologies before it."""
    place = 0
    while found := _SORRY.match(clause, place):
        if found.end() == place:
            break
        place = found.end()
    return clause[place:]


def _declines(clause: str) -> bool:
    rest = _unsorry(clause)
    if rest != clause and clause.startswith(("i am ", "i'm ")):  # "I am a language model and do not know"
        return _REFUSAL.match(rest) is not None or _REFUSAL.match(f"i {rest}") is not None
    return _REFUSAL.match(rest) is not None


def _is_padding(clause: str) -> bool:
    rest = _unsorry(clause)
    if not rest.strip(" .!?,") or _OPENERS.match(rest):
        return True
    return _OFFERS.match(rest) is not None and not _CLAIMS.search(rest)
