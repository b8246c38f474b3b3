"""Sentences of running text: abbreviations do not end them, a letter or number at their end does."""

import time

import pytest

from halt import sentences

TEXTS = [
    ["J. P. Moe was born in Aarhus.", "She moved away."],
    ["He served in World War II.", "His brother did too."],
    ["Scurvy is a lack of vitamin C.", "It was known to sailors."],
    ["Hepatitis B is a virus.", "Hepatitis C is another."],
    ["She had hepatitis B.", "It healed."],
    ["Sen. Moe met Gov. Poe and Rep. Roe."],
    ["As Moe et al. show in Fig. 2, it grows."],
    ["Dr. Ann Moe, Ph.D., taught at St. Olaf.", "She retired in 1990."],
    ["He lived in the U.S. and died in the U.K. in 1901."],
    ["It weighs 3.5 kg.", "It costs $4.20."],
    ['She asked "Why?" and left.', "Nobody knew."],
    ["The drug (e.g. aspirin) thins blood, i.e. it stops clots.", "Use it with care."],
    ["She works for Acme Inc. in Rome.", "It is large."],
    ["He was no. 5 on the list.", "He won."],
    ["Maj. Gen. Moe led it.", "Lt. Col. Poe followed."],
    ["The answer is B. Insulin."],
    ["It occurs approx. 3 times a day.", "Rest helps."],
    ["Born c. 1820, he died in 1900.", "His son, Moe Jr., survived."],
    ["She wrote Op. 12 and No. 3.", "Both are short."],
    ["He was the father of King Henry VIII.", "He ruled."],
    ["He was in Congress (1901-1905).", "He died (aged 70)."],
    ["Type I. is rare.", "Type II is common."],
    ["S. aureus infects the skin.", "E. coli does not."],
    ["He got a B.A. from Yale.", "He got an M.D. at Penn."],
    ["Take 5 mg b.i.d. for a week.", "Then stop."],
    ["he was born in 1900 in ghent.", "he was the son of j. r. moe."],
]


@pytest.mark.parametrize("expected", TEXTS)
def test_text_is_cut_where_sentences_end(expected):
    assert sentences.sentences(" ".join(expected)) == expected


@pytest.mark.parametrize("expected", TEXTS)
def test_what_was_cut_and_joined_is_cut_alike(expected):
    once = sentences.sentences(" ".join(expected))
    assert sentences.sentences(" ".join(once)) == once


@pytest.mark.parametrize("text", ["", "   ", ".", "...", "\0", "vitamin C." * 20_000, "a. " * 50_000, "é" * 100_000])
def test_odd_text_of_any_length_is_read_in_time(text):
    begun = time.process_time()
    sentences.sentences(text)
    assert time.process_time() - begun < 3
