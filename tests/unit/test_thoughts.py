"""Thoughts are no part of an answer, whatever marks a model puts around them, and nothing else is taken for one."""

import time

import pytest

from halt import domains, thoughts
from halt.prompting import fragments


@pytest.mark.parametrize(
    "text",
    [
        "<think>\n\n</think>\n\nAnn.",
        "<think>No.\n<think> again</think>Ann.",
        "hm, it was opened by the prompt </think>\nAnn.",
        "hm <think>a</think> b</think>Ann.",
        "<Thinking time='3'>hm</thinking>  Ann.",
        "<reasoning>\nhm\n</reasoning>\n\nAnn.",
        "<seed:think>hm</seed:think>Ann.",
        "[THINK]hm[/THINK]Ann.",
        "<|START_THINKING|>hm<|END_THINKING|>Ann.",
        "◁think▷hm◁/think▷Ann.",
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Ann.<|return|>",
        "<|channel>thought\nhm<channel|>Ann.",
        "<|begin_of_thought|>hm<|end_of_thought|>\n\n<|begin_of_solution|>\nAnn.\n<|end_of_solution|>",
        "<reflection>hm</reflection>Ann.",
        "<analysis>hm</analysis>\n<answer>\nAnn.\n</answer>",
        "<scratchpad>hm</scratchpad>Ann.",
        "<thought_process>hm</thought_process>Ann.",
        "<thinking_process>hm</thinking_process>Ann.",
        "<mm:think>hm</mm:think>Ann.",
        "<|think|>hm<|/think|>Ann.",
        "<unused94>thought\nhm<unused95>Ann.",
        "<|im_start|>think\nhm<|im_end|>\n<|im_start|>answer\nAnn.<|im_end|>",
        "analysisWe need a name. It is Ann.assistantfinalAnn.",
        "<think>hm</think><answer>Ann.</answer>",
        "<answer>Ann.</answer>",
    ],
)
def test_what_stands_between_the_marks_is_no_answer(text):
    assert thoughts.without(text) == "Ann."


@pytest.mark.parametrize("text", ["<think>hm", "<think>\nAnn was Danish.\n", "<|channel|>analysis<|message|>hm"])
def test_a_thought_that_never_ends_leaves_no_answer(text):
    assert thoughts.without(text) == ""


def test_a_thought_between_two_lines_leaves_both():
    assert thoughts.without("Ann.\n<think>hm</think>\nBob.") == "Ann.\nBob."
    assert thoughts.without("Ann <think>hm</think> Lee.") == "Ann  Lee."


def test_the_indent_of_the_first_line_stays():
    assert thoughts.without("<think>hm</think>\n\n    return 1\n") == "    return 1\n"


@pytest.mark.parametrize(
    "text",
    [
        "Ann was Danish.",
        "  I think so.\n",
        'text = re.sub(r"<think>.*?</think>", "", text)',
        "a < think > b",
        "<thinker> <b>",
        "Write `<think>` before it.",
        'html = "<answer>" + text + "</answer>"',
        "analysis of variance",
        "The assistantfinal is a word.",
    ],
)
def test_an_answer_without_thoughts_is_left_as_it_is(text):
    assert thoughts.without(text) == text


def test_a_thought_that_the_prompt_opened_is_known_by_being_told():
    assert thoughts.without("Ann was", opened=True) == ""
    assert thoughts.without("hm</think>Ann.", opened=True) == "Ann."


def test_fragments_are_of_the_answer_alone():
    domain = domains.load("biography")
    text = "<think>\nUnsure from here\nBob was French.\n</think>\nAnn Lee was Danish."
    assert domains.split(domain, text) == ["Ann Lee was Danish."]
    for phrases in (None, {"unsure": "Unsure from here", "uncertain": "Uncertain"}):
        assert fragments.cut(text, domain, phrases) == [("Ann Lee was Danish.", False)]
    assert fragments.cut("<think>Ann Lee was Danish.", domain, None) == []


def test_no_text_stops_it():
    before = time.process_time()
    for piece in (
        "<think>",
        "</think>",
        "<",
        "<think ",
        "<|channel|>final",
        "\n ",
        "[THINK]",
        "analysis",
        "assistant",
        "<answer>",
    ):
        thoughts.without(piece * 20_000)
    assert time.process_time() - before < 10
