"""Refusals in a model's own words are told from statements, and so is talk around an answer."""

import time

import pytest

from halt.domains.shared.text import markup, talk

DECLINE = """
I'm sorry, I really don't know anything about her.
I am sorry, but I do not have any reliable information on this topic.
As a large language model, I cannot verify the details of a person's life.
As an AI language model trained by people I can't look that up.
I am an AI and do not have knowledge of this individual.
I’m not familiar with this name.
I cannot confirm when Ann Lee was born.
I don't recall.
- **I'm unable to provide a profile of this person.**
Unfortunately, there is not enough information available to answer this.
No information is available about this disease.
I apologize, but I am not sure. Could you provide more details?
I don't have enough data, but I'd be happy to help with something else.
My training data does not include anything about her.
It is not possible for me to verify this.
Based on the given context, I could not find an answer.
I have never heard of this person.
I must decline to answer.
I have no comment.
Answer: I don't know
Not sure.
Unknown.
As of my last update in May, I have no information about Ann Lee.
There is no widely available information about her.
There isn't any information available on this name.
Information about this illness is not available.
My memory contains nothing about her.
It is unclear who Ann Lee is.
It's hard to say.
I haven't heard of Ann Lee.
I've got no data on her.
I'd rather not answer that.
I would prefer not to say.
I can only guess.
We don't have enough information.
Insufficient data.
This cannot be determined from the task.
The right answer is unknown.
Ann Lee is not someone I know.
I don't think I know this person.
I know nothing about her.
I have very limited knowledge of art.
I'm not a nurse, so I can't advise you.
I am not a medical expert and cannot give advice.
I'm not a historian.
I'm not an expert, so I can't say when she was born.
It's hard to say who she was.
i dont know
My sincere apologies, I don't know.
Sorry, I can't.
I'm not 100% certain.
**Birth year:** unknown
Born: I don't know.
I cannot answer this: who was Ann Lee?
I don't know; please ask a library.
""".strip().splitlines()
STATE = """
Ann Lee was Danish.
I'm not sure, but Ann Lee was Danish.
I'm sorry, but she was a painter.
As an AI, I can tell you that Ann Lee was Danish.
I don't know everything. Ann Lee was Danish.
I don't think she was Danish.
I have no doubt that she was Danish.
Unfortunately, she died young.
Unable to find work, she left.
Unable to speak.
Not aware of it, she went on.
There is no cure for it.
There is no evidence of that.
Asthma cannot be cured.
No treatment is known.
No data structure is faster.
Nobody knows.
If you swallow gum, it passes through.
If you have a fever, drink much.
Give oxygen.
Thanks to vaccines it is rare.
Please note that Ann Lee was Danish.
Here is the answer: Ann Lee was Danish.
I have no apples left: 5 - 5 = 0
I have 3 apples.
**Ann Lee was Danish:**
B. two
**B. two**
Absolutely not.
I do not know whether she was Danish: she was born in 1900.
I don't know her work; she was Danish.
I don't know her work — she was Danish.
I can't give more than this: Ann Lee, painter, 1900-1980.
I can only guess that she was Danish.
I'm not a nurse, but asthma is a disease.
To my knowledge, she was Danish.
It is hard to find work.
It is hard to say goodbye.
The data is limited to children.
I cannot find x, so x = 5.
It cannot be found in nature.
We cannot remember our dreams.
No program works without data.
Born: 1900
""".strip().splitlines()
TALK = """
Here is the profile:
Sure! Here's a short profile of Ann Lee:
Certainly!
**Profile:**
Facts:
---
```text
I hope this helps!
Please let me know if you need anything else.
""".strip().splitlines()


@pytest.mark.parametrize("line", DECLINE)
def test_a_refusal_is_one(line):
    assert talk.refuses(line)


@pytest.mark.parametrize("line", STATE)
def test_a_statement_is_neither_refusal_nor_talk(line):
    assert not talk.refuses(line)
    assert not talk.is_talk(line)


@pytest.mark.parametrize("line", TALK)
def test_talk_around_an_answer_is_no_refusal(line):
    assert talk.is_talk(line)
    assert not talk.refuses(line)


def test_a_title_states_nothing():
    assert all(map(talk.is_title, ("# Ann Lee", "**Ann Lee**", "### 1. Life")))
    assert not any(map(talk.is_title, ("Ann Lee", "# Ann Lee was Danish", "**Ann Lee was Danish.**", "**Ann** Lee")))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2*3*4 = 24", "2*3*4 = 24"),
        ("snake_case_name", "snake_case_name"),
        ("1.5 mg", "1.5 mg"),
        ("1809. He", "1809. He"),
        ("A. Poe was", "A. Poe was"),
        ("-5 + 3", "-5 + 3"),
        ("1.2) **Ann** `Lee`", "Ann Lee"),
        ("**Step 3:** Ann", "Ann"),
        ("a* b*", "a* b*"),
    ],
)
def test_markdown_goes_and_content_stays(line, said):
    assert markup.plain(line) == said


def test_no_text_stops_it():
    before = time.process_time()
    for piece in (
        "sorry, ",
        "but ",
        "I am an AI ",
        "have no ",
        "*",
        "_a ",
        "[a](",
        "`",
        "1.",
        "- ",
        "#",
        "**a",
        "i ",
        "if you ",
        "a: ",
        "1 — ",
        "not an ",
        "the data of ",
        "limited ",
    ):
        for length in (600, 50_000):
            talk.says_nothing(piece * (length // len(piece)))
    assert time.process_time() - before < 10
