"""Nationalities as biographies state them, and which of them exclude which."""

import re

# Nationality -> the places that people of this nationality come from.
_COUNTRIES = """
American: America, United States, USA; British: Britain, Great Britain, United Kingdom; English: England;
French: France; German: Germany; Italian: Italy; Russian: Russia; Scottish: Scotland; Roman: Rome; Spanish: Spain;
Austrian: Austria; Greek: Greece; Dutch: Netherlands, Holland; Irish: Ireland; Swiss: Switzerland;
Swedish: Sweden; Canadian: Canada; Danish: Denmark; Soviet: Soviet Union; Egyptian: Egypt; Norwegian: Norway;
Indian: India; Japanese: Japan; Australian: Australia; Babylonian: Babylon; Chinese: China; Welsh: Wales;
Polish: Poland; Belgian: Belgium; Hungarian: Hungary; Israeli: Israel; Czech: Bohemia, Moravia;
Czechoslovakian: Czechoslovakia; Mexican: Mexico; Finnish: Finland; Persian: Persia; Flemish: Flanders;
Cuban: Cuba; Portuguese: Portugal; Mongolian: Mongolia; Indonesian: Indonesia; Venezuelan: Venezuela;
Romanian: Romania; Vietnamese: Vietnam; Macedonian: Macedonia; Yugoslav: Yugoslavia; Brazilian: Brazil;
Argentine: Argentina; Argentinian: Argentina; Chilean: Chile; Colombian: Colombia; Icelandic: Iceland;
Turkish: Turkey; Serbian: Serbia; Croatian: Croatia; Bulgarian: Bulgaria; Ukrainian: Ukraine; Prussian: Prussia;
Korean: Korea; Iranian: Iran; Iraqi: Iraq; Pakistani: Pakistan; Nigerian: Nigeria; Estonian: Estonia;
Latvian: Latvia; Lithuanian: Lithuania; Peruvian: Peru; South African: South Africa; African: Africa;
European: Europe; Jewish; Spaniard; Arab
"""
COUNTRIES = {
    name.strip(): places.strip() for name, _, places in (entry.partition(":") for entry in _COUNTRIES.split(";"))
}
NATIONALITIES = {name.lower() for name in COUNTRIES}
# What is also right if the truth is the key, and what nobody can call wrong.
ALSO_RIGHT = {
    "english": {"british"},
    "scottish": {"british"},
    "welsh": {"british"},
    "soviet": {"russian"},
    "russian": {"soviet"},
    "argentine": {"argentinian"},
    "czech": {"czechoslovakian"},
    "prussian": {"german"},
    "iranian": {"persian"},
    "persian": {"iranian"},
    "flemish": {"belgian"},
    "spanish": {"spaniard"},
}
NOT_WRONG = {
    "british": {"english", "scottish", "welsh"},
    "belgian": {"flemish"},
    "german": {"prussian"},
    "czechoslovakian": {"czech"},
}
ALWAYS_OPEN = {"african", "european", "jewish", "arab"}
# Name of a person -> nationality, if the two differ.
_PEOPLE = {
    "scot": "scottish",
    "scotsman": "scottish",
    "spaniard": "spanish",
    "dane": "danish",
    "swede": "swedish",
    "pole": "polish",
    "finn": "finnish",
    "turk": "turkish",
    "briton": "british",
}
_ONE_OF = re.compile(rf"^(?:an? |the )({'|'.join(_PEOPLE)})(?=$|,| and | who )")
_MAN = re.compile(r"\b(english|irish|french|dutch|welsh|norse)(?:man|woman)\b")


def adjective(text: str) -> str:
    """A description in lower case with the nationality as an adjective: "an Englishman" -> "an english"."""
    return _ONE_OF.sub(lambda one: f"a {_PEOPLE[one[1]]}", _MAN.sub(r"\1", text))
