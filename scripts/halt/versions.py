"""One version per stage: an expensive stage runs again when its number changes, and not when its code does.

Bump a number, in the same commit, when the stage gives another result for the same inputs and settings: another text,
label, target, weight or score, or another column. Do not bump it for speed, memory, log lines, comments or a moved
function. Bumping reruns that stage and everything after it, nothing before it. CHANGELOG.md says what changed.
"""

FETCH = 1  # model folders and source files as they lie on the disk
DATA = 2  # rows, their prompts, references, truth, and which split they are in
GENERATE = 3  # few-shot contexts and samples of the pretrained model
SPLIT = 1  # fragments of samples and of responses
JUDGE = 4  # verdicts on fragments of samples and of responses
REWRITE = 2  # finetuning targets
PAIR = 2  # pairs of answers for preference training
JOIN_TARGETS = 1  # the targets of several domains as one table
FINETUNE = 1  # adapters and trained weights
PREFER = 1  # adapters trained on pairs
FLOOR = 1  # the best constant answer
RESPOND = 3  # answers to test prompts
VOUCH = 1  # how sure a model says it is of an answer
CHOOSE = 1  # how probable a model finds the answers that a question gives to choose from
SELF_EVALUATE = 1  # p(True) of fragments
AGREE = 2  # agreement of fragments with the samples
PROBE = 2  # what a probe on hidden states says of fragments
FILTER = 1  # what is left of answers when unsure fragments are dropped
SELF_RATE = 1  # p(True) of fragments of samples
PAIR_RATED = 2  # pairs of answers by p(True)
SK_SAMPLE = 2  # the samples that SK-Tuning learns from, where generate draws too few
SK_ENTAIL = 1  # verdicts by two-way entailment
SK_TUNE = 1  # adapters whose p(True) is calibrated
SCORE = 2  # metrics per response
REPORT = 4  # tables, figures and pages
