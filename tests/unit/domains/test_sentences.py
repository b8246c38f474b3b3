"""Sentences end where they end: not behind abbreviations and initials, and behind letters that are names."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt.domains import medexqa, wikibios
from halt.domains.shared.text.sentences import sentences

TRICKY = """
He served in World War I. | Poe then farmed.
He served in World War II. | He then farmed.
he served in world war i. | he then farmed.
It is a lack of vitamin D. | Bones ache.
Take vitamins B6, B12 and C. | Others fail.
She had hepatitis B. | Her liver was large.
This is influenza A. | Spread is by air.
The gene is on chromosome X. | It is rare.
The sprain is grade II. | Rest it.
They had no plan B. | They lost.
The film was rated R. | Children stayed away.
The author J. Poe wrote it. | Critics praised it.
A. B. Poe was born in Oslo. | She died there.
Ulysses S. Poe won. | He ruled.
J.R.R. Poe wrote it. | It sold well.
Malcolm X. | He spoke.
E. coli is a germ. | It lives in the gut.
The cause is N. gonorrhoeae. | It is treated.
Sen. Poe met Gov. Zoe and Rep. Moe. | They agreed.
Maj. Gen. Poe and Adm. Zoe met Capt. Moe. | Lt. Doe came.
Prof. Dr. Poe met Drs. Zoe and Moe. | All was well.
Rev. Poe spoke. | Hon. Zoe listened.
Ms. Poe and Mr. Zoe met at St. Mary's Hospital. | They wed.
She has a Ph.D. in physics. | She teaches.
She earned her Ph.D. | She then taught.
He got a B.A. in 1950 and an M.A. in 1952. | He taught.
Martin Poe Jr. was a minister. | He preached.
He met Sammy Poe Jr. | They sang.
The U.S. Army sent him to Korea. | He was a captain.
She lived in the U.S. | She wrote two books.
He lives in Washington, D.C. with his wife. | He works there.
The U.N. was founded in 1945. | It is large.
he played for f.c. porto. | he scored often.
he is a member of the u.s. senate. | he is a lawyer.
ann poe was a poet. | she worked with mr. zoe. | she died young.
Acme Inc. was founded in 1920. | It makes anvils.
He worked at Acme Inc. | He was a clerk.
Poe Bros. and Zoe Co. merged. | They grew.
See Fig. 3 of Poe et al. for it. | It is clear.
It was described by Poe et al. | Later work agreed.
See Figs. 2 and 3, Tab. 1 and Ch. 4. | They agree.
Sec. 5, para. 3 and art. 2 say so. | It is law.
Refer to pp. 5-7 and vol. 3 of the book. | It is there.
Refs. 3 and 4 agree. | Ref. 5 does not.
Eq. 2 gives x = 3.5. | Thus y is 4.
He loved art. | He painted.
Cf. Poe (1999) for details. | They differ.
He was No. 1 in the world. | He retired in 1990.
No. | Toads cause no warts. | No. 5 is in.
Is it so? | No. | It is not.
Nos. 3 and 4 are out. | No. 5 is in.
He was born on Jan. 5, 1900. | He died in Feb. 1950.
She was born c. 1480 in Rome. | She painted.
He (b. 1920) was a poet. | He wrote odes.
Use an antibiotic, e.g. penicillin, at once. | Then wait.
Use a diuretic, i.e. a water pill. | It helps.
Approx. 5 percent have it. | Most recover.
Treat with vit. C and vit. D daily. | Gums heal.
Signs incl. fever, cough, etc. are common. | Rest helps.
The dose is 5 mg/kg q.i.d. for a week. | Then stop.
The value was 3.5 mg. | It rose to 4.2 mg.
The ratio is 1:2. | 5 patients died.
The train left at 5 p.m. on Monday. | It was full.
The train left at 5 p.m. | It was full.
He waited... and waited. | Then he left.
He said "I am done." | He left.
He asked "Why me?" and left.
"Stop!" he cried. | She did.
(It was late.) | He left.
It was late (it was dark.) | Nobody was up.
It was late (about 3 a.m.). | Nobody was up.
Was it true? | Yes! | It was.
Yahoo! was founded in 1994. | It was sold.
Poe v. Zoe was decided in 1973. | It stands.
He spoke at length.[1] | It was new.
Visit www.example.org for more. | It is free.
The answer is C. Vitamin D deficiency
So the answer is A. All of the above
1. Ann Lee was Danish. | 2. She wrote.
**Ann Lee was Danish.** | _She_ wrote with **Dr.** Poe.
""".strip().splitlines()


@pytest.mark.parametrize("line", TRICKY)
def test_sentences_end_where_they_end(line):
    expected = line.split(" | ")
    assert sentences(" ".join(expected)) == expected


def test_sentences_without_a_space_between_them_are_two():
    assert sentences("Ann was born in 1900.She died in 1980!The end.") == [
        "Ann was born in 1900.",
        "She died in 1980!",
        "The end.",
    ]
    for text in ("He wrote Node.Js code.", "Visit www.in.The-end.org today.", "It weighs 3.5 kg.", "The U.S.The end."):
        assert sentences(text) == [text]


def test_there_are_enough_of_them():
    assert len(TRICKY) > 60


@pytest.mark.parametrize("module", [wikibios, medexqa])
@given(
    st.lists(
        st.sampled_from(
            [
                "a ",
                "B. ",
                "C",
                ".",
                " ",
                "\n",
                "*",
                "_",
                "I. ",
                "Dr. ",
                "(",
                "). ",
                '"',
                "!",
                " vitamin ",
                "war ",
                "1. ",
                "approx. ",
                "“",
                "'",
                "[1]",
                "was.He was",
            ]
        )
    )
)
def test_what_is_split_is_joined_to_the_same(module, pieces):
    text = "".join(pieces)
    fragments = module.split(text)
    assert module.split(module.join(fragments)) == fragments
    assert "".join("".join(fragments).split()) == "".join(text.split())


def test_no_text_stops_the_splitter():
    assert sentences("\ud800 was. He \0 left.\u2028Then") == ["\ud800 was.", "He \0 left.", "Then"]
    assert sentences(" \n ") == []
    before = time.process_time()
    for piece in ("a. ", '"He. ', "(He. ", "U.S. ", "approx. ", "vitamin A, ", "* "):
        sentences(piece * (100_000 // len(piece)))
    assert time.process_time() - before < 20
