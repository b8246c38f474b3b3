"""The key in what a server says: replaced where its spelling is known, and nothing is repeated where it is not."""

import base64
import codecs
import html
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt.engines.redaction import MARK, Redaction

KEY = "sk-t3st_9aZ/x+Qw==7"
KNOWN = {
    "as it is": KEY,
    "in JSON": json.dumps(KEY).replace("/", "\\/")[1:-1],
    "in a URL": urllib.parse.quote(KEY, safe=""),
    "in a URL, lower case": urllib.parse.quote(KEY, safe="").lower(),
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "in another case": KEY.upper(),
}
UNKNOWN = {
    "every letter of JSON escaped": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "every letter of a URL escaped": "".join(f"%{ord(letter):02X}" for letter in KEY),
    "twice in a URL": urllib.parse.quote(urllib.parse.quote(KEY, safe=""), safe=""),
    "entities of HTML": "".join(f"&#{ord(letter)};" for letter in KEY),
    "named entities": html.escape(KEY).replace("+", "&plus;").replace("=", "&equals;"),
    "with spaces": " ".join(KEY),
    "broken into lines": f"{KEY[:9]}\n{KEY[9:]}",
    "with a hyphen between all": "-".join(KEY),
    "in base64 behind a name": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "in base64 of a URL": base64.urlsafe_b64encode(f"?{KEY}".encode()).decode(),
    "in hexadecimal digits": KEY.encode().hex(),
    "as bytes of C": "".join(f"\\x{ord(letter):02x}" for letter in KEY),
    "backwards": KEY[::-1],
    "its first half": KEY[: len(KEY) // 2 + 3],
    "wide letters": "".join(chr(ord(letter) + 0xFEE0) for letter in KEY),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_spelling_is_replaced(name):
    assert Redaction(KEY).cleaned(f"bad key: {KNOWN[name]}, try again") == f"bad key: {MARK}, try again"


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_text_with_another_spelling_is_not_repeated(name):
    assert Redaction(KEY).cleaned(f"bad key: {UNKNOWN[name]}, try again") is None


@pytest.mark.parametrize(
    "text", ["supported", "Incorrect API key", "sk-", "The key must begin with sk-t3st", "", "a" * 99]
)
def test_what_holds_no_run_of_the_key_stays(text):
    assert Redaction(KEY).cleaned(text) == text


def test_without_a_key_every_text_stays():
    assert Redaction(None).cleaned(KEY) == KEY


def test_a_placeholder_for_a_key_is_replaced_and_withholds_nothing():
    assert Redaction("EMPTY").cleaned("an EMPTY list, an em pty one") == f"an {MARK} list, an em pty one"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=20, max_size=60), st.text(), st.text())
def test_no_key_gets_through_as_it_is_or_spelt_with_spaces(key, before, after):
    redaction = Redaction(key)
    for said in (key, codecs.encode(key, "unicode_escape").decode(), " ".join(key)):
        found = redaction.cleaned(before + said + after)
        letters = "".join(letter for letter in key.casefold() if letter.isalnum())
        assert found is None or len(letters) < 8 or letters not in "".join(found.casefold().split())
