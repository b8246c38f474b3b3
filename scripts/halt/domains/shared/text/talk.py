"""Parts of an answer that are no statement: refusals in a model's own words, and talk around the answer.

An answer that declines says nothing wrong (as FActScore counts it: it abstains). A sentence that declines and then
claims something ("I am not sure, but he was Danish") is a statement.
"""

import re

from halt.domains.shared.text import markup

_LONGEST = 600  # characters; no refusal is longer
# Things that an answer may lack, and things that it may not do.
_MATTERS = (
    r"(?:information|info|knowledge|data|details?|facts|context|access|records?|comments?|answers?|ideas?|clue|memory"
    r"|sources?|certainty|confidence|expertise|familiarity|ability|capability|opinions?|feelings|beliefs|experiences?"
    r"|preferences|way (?:to|of)|means)\b"
)
_ACTS = (
    r"(?:verify|confirm|provide|find|answer|recall|remember|say|tell|give|help|assist|offer|supply|share|write|create"
    r"|generate|produce|complete|determine|identify|locate|access|respond|comment|comply|fulfill?|guarantee|solve|speak"
    r"|state|speculate|list|describe|discuss|continue|proceed|know|browse|search|look|be (?:sure|certain)"
    r"|advise|do (?:that|this|so)|make (?:a|any|up))\b"
)
_DOUBTS = r"(?:sure|certain|aware|familiar|confident|knowledgeable|qualified|able|comfortable)\b"
_NEWS = r"(?:information|info|data|details|records?|context)\b"
_ADVERBS = r"(?: (?:\w+ly|even|also|just|yet|quite|so|fully|very|too|all that|at this time|in good conscience))*"
_FEW = (
    r"(?:no|not (?:enough|any|much|a lot of|sufficient)|insufficient|too little|(?:\w+ )?limited(?! to\b)|very little"
    r"|little)"
)
_BETWEEN = r"(?:[\w'-]+[ -]){0,6}?"
_CAN = r"(?:cannot|could not|will not|would not|may not|might not|(?:am|was) (?:unable|not able))"
_TRADES = (
    r"(?:doctor|physician|lawyer|nurse|pharmacist|historian|scientist|expert|professional|specialist|scholar"
    r"|authority)\b"
)
_ASKED = r"(?:who|what|when|where|whether|if|how|which|why|about|at|as to)\b"
_REFUSALS = (  # after "I"
    rf"(?:do|did) not{_ADVERBS} (?:know|recall|remember|recogni[sz]e|possess|have {_BETWEEN}{_MATTERS}"
    r"|feel (?:comfortable|confident)|want to (?:guess|speculate))\b",
    rf"do not{_ADVERBS} (?:think|believe)(?: that)? i (?:know|recall|recogni[sz]e|can {_ACTS}|have {_BETWEEN}{_MATTERS}"
    r"|have(?: ever)? heard)",
    rf"{_CAN}(?: to)?(?: be able to)?{_ADVERBS}(?: (?:in|at) \w+)? {_ACTS}|cannot\W*$",
    rf"can only (?:guess|speculate)(?:\W*$| {_ASKED})",
    rf"(?:am|was) not{_ADVERBS}(?: (?:100|a hundred|one hundred) ?(?:%|percent|per cent))? {_DOUBTS}",
    r"(?:am|was|feel)(?: \w+ly)? (?:unsure|uncertain|unaware|unfamiliar|unable)\b",
    rf"am not an? (?:\w+ ){{0,3}}?{_TRADES}\W*$",
    rf"have(?: got)? {_FEW} {_BETWEEN}{_MATTERS}",
    rf"have (?:not|never)(?: \w+ly| ever| even| yet| got)? (?:heard|been (?:given|provided|trained)|found"
    rf"|any {_BETWEEN}{_MATTERS}|come across)",
    r"know (?:nothing|(?:very |too )?little|not much|next to nothing)\b",
    rf"(?:lack|need more|would need|require more) {_BETWEEN}{_MATTERS}",
    r"(?:must|have to|prefer to|would rather|will) (?:decline|abstain|refrain)\b",
    r"(?:decline|abstain|refuse|(?:would )?prefer not|would rather not)\b",
)
_THAT = r"(?:(?:this|that|it|which)|(?:the|this|that|your) (?:\w+ )?(?:answer|question|result|value|solution|request))"
_IMPERSONAL = (
    rf"there (?:is|are|was|were) {_FEW} {_BETWEEN}{_NEWS}",
    rf"{_FEW} {_BETWEEN}{_NEWS}(?: \w+){{0,2}} (?:is |was |are )?(?:available|found|given|provided|about|on|to)\b",
    rf"{_FEW} (?:\w+[ -]){{0,2}}{_NEWS}\W*$",
    rf"it is (?:not possible|impossible)(?: for me)? to {_ACTS}",
    rf"it is (?:\w+ )?(?:hard|difficult|tough|not easy)(?: for me)? to (?:(?:say|tell|know)(?:\W*$| {_ASKED}"
    r"| (?:for (?:sure|certain)|with|exactly|precisely|more|much|anything)\b)"
    r"|(?:determine|verify|confirm|be (?:sure|certain))\b)",
    rf"{_THAT} is(?: \w+ly)? (?:unclear|unknown|uncertain|not (?:\w+ly )?(?:clear|known|certain))(?: to me)?"
    rf"(?:\W*$| {_ASKED})",
    rf"{_THAT} (?:cannot|can never|could not)(?: \w+ly)? be (?:\w+ly )?(?:determined|answered|verified|confirmed)\b",
    rf"{_THAT} is (?:beyond|outside)(?: of)? (?:my|the scope)\b",
    rf"(?:this|that|the|such)(?: \w+){{0,3}} {_NEWS} (?:is|was) (?:not available|unavailable)\b",
    rf"(?:(?:the|this|that|any|such|more|further|\w*able|\w+ic|\w+ed|\w+al) ){{0,3}}{_NEWS}"
    rf"(?: (?:about|on|regarding|concerning|for)(?: [\w'.-]+){{1,8}}?)? (?:is|are|was|were)(?: \w+ly)?"
    r" (?:not (?:\w+ly )?(?:available|known|provided|given|included|accessible)|unavailable|insufficient"
    r"|limited(?! to\b))\b",
    rf"my (?:\w+ ){{0,2}}(?:knowledge|database|memory|training|{_NEWS})(?: \w+){{0,4}} "
    rf"(?:(?:does|do|did|is|are|has|have) (?:not|{_FEW})|(?:includes?|contains?|holds?) (?:no|nothing))\b",
    r"(?:[\w'.-]+ ){1,6}?is not (?:someone|somebody|anyone|something|anything|an? (?:\w+ )?"
    r"(?:person|name|figure|term|topic|condition|subject))(?: that| who| whom| which)? i"
    r" (?:know|recogni[sz]e|am (?:aware|familiar)|have (?:heard|any))\b",
    r"(?:i have )?no (?:comment|idea|clue|information|answer)\W*$",
    r"(?:unknown|unclear|unsure(?: from here)?|n/a|none known)\W*$",
    rf"we (?:do not|cannot) (?:have {_BETWEEN}{_NEWS}|know|determine|verify|confirm)\b",
    r"(?:(?:cannot|could not|unable to) (?:verify|confirm|provide|answer|determine|recall)|do not know"
    r"|not(?: \w+ly)? (?:sure|certain))\b(?:[ -]\w+){0,8}\W*$",
)
_REFUSAL = re.compile(rf"i(?: \w+ly| also| still| just)? ?(?:{'|'.join(_REFUSALS)})|{'|'.join(_IMPERSONAL)}")
_STATED = r"(?:is|are|was|were|became|died|passed|born|has|had|also called|known as)\b"
_SORRY_WORDS = (  # any number of them before a refusal; alone they decline nothing
    r"(?:(?:i|we) (?:am|are) |i do )?(?:\w+ )?(?:sorry|afraid)(?: to say)?(?: that)?",
    r"(?:my |i )?(?:\w+ )?apologi[sz]e(?: for [^,;]{0,80})?|(?:please accept )?(?:my |our )?(?:\w+ )?apologies"
    r"(?: for [^,;]{0,80})?|thank you[^,;]{0,60}",
    r"unfortunately|regrettably|sadly|honestly|to be honest|well|hmm+|no(?=,)|currently|and|so|that",
    r"as an? (?:\w+ ){0,4}?(?:ai|(?:language )?model|assistant)\b[^,;]{0,60}?(?=\s*,| i\b)",
    r"i am (?:just |only )?an? (?:\w+ ){0,3}?(?:ai|model|assistant)\b[^,;]{0,60}?(?=\s*,| and\b| i\b)",
    rf"i am not an? (?:\w+ ){{0,3}}?{_TRADES}[^,;]{{0,60}}?(?=\s*,| and\b| so\b| i\b)",
    r"(?:as of|at|according to|based on|by|from|given|in|to|up to|until|without|with)(?: [^\s,;]+){1,10}(?=,)",
    rf"(?:born|died)(?=:)|(?:(?!{_STATED}|(?:i|we|no|not|cannot)\b|[a-z]+n't)[\w'()/-]+ ?){{1,4}}(?=:)",  # a label
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
_STATES = re.compile(rf"\b{_STATED}")
_CLAUSES = re.compile(r"(?:\s*[,;—–]\s*|\s+)(?:but|however|although|though|nevertheless|yet|instead|that said)\b,?\s*")
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_MARKS = re.compile(r"\s*[:;—]\s+|\s+[–—-]+\s+|—|,\s+so\s+")
# A part after a colon, a semicolon, a dash or "so" claims something if it has a verb of a statement or a number.
_PART_CLAIMS = re.compile(rf"(?!.*\?\W*$)(?:.*?\b{_STATED}|.*?\d)")
_SHORT = (  # short forms, with or without apostrophe -> in full
    (re.compile(r"\bcan(?:'?t| not)\b"), "cannot"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\b(do|did|does|is|are|was|were|have|has|had|could|would)n'?t\b"), r"\1 not"),
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"\bi'?ve\b"), "i have"),
    (re.compile(r"(?<=\w)'ve\b"), " have"),
    (re.compile(r"(?<=\w)'ll\b"), " will"),
    (re.compile(r"(?<=\w)'re\b"), " are"),
    (re.compile(r"\b(i|we|you)'d\b"), r"\1 would"),
    (re.compile(r"\b(it|that|there|here)'s\b"), r"\1 is"),
)


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
    """Whether a line looks like a heading, or is all bold, and states nothing: "# Ann Lee"."""
    return markup.is_heading(line) and len(line) <= _LONGEST and not _STATES.search(_normal(line))


def says_nothing(fragment: str) -> bool:
    """Whether a fragment declines or frames the answer: no judge can call it right or wrong."""
    return refuses(fragment) or is_talk(fragment) or is_title(fragment)


def _spoken(fragment: str) -> list[str]:
    """The clauses of a fragment in lower case and in full ("cannot"); [""] for one that is too long to decline."""
    said = _normal(fragment)
    if len(said) > _LONGEST:
        return [""]
    for pattern, full in _SHORT:
        said = pattern.sub(full, said)
    clauses = [clause for sentence in _SENTENCES.split(said) for clause in _CLAUSES.split(sentence)]
    return [part for clause in clauses for part in _parts(clause) if part]


def _parts(clause: str) -> list[str]:
    """A clause, cut before each part that claims something after a colon, a semicolon, a dash or "so"."""
    parts, begin = [], 0
    for mark in _MARKS.finditer(clause):
        if _PART_CLAIMS.match(clause, mark.end()):
            parts.append(clause[begin : mark.start()] + mark[0].strip()[:1])
            begin = mark.end()
    return [*parts, clause[begin:]]


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
    if rest != clause and clause.startswith("i am "):  # "I am a language model and do not know"
        return _REFUSAL.match(rest) is not None or _REFUSAL.match(f"i {rest}") is not None
    return _REFUSAL.match(rest) is not None


def _is_padding(clause: str) -> bool:
    rest = _unsorry(clause)
    if not rest.strip(" .!?,") or _OPENERS.match(rest):
        return True
    return _OFFERS.match(rest) is not None and not _CLAIMS.search(rest)
