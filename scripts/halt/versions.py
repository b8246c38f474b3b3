"""One version per stage: an expensive stage runs again if its number changes, not if its code does.

Bump a number, in the same commit, if the stage gives another result for the same inputs and settings: another text,
label, target, weight or score, or another column. Do not bump it for speed, memory, log lines, comments or a moved
function. Bumping reruns that stage and everything after it, nothing before it. CHANGELOG.md says what changed.
"""

FETCH = 1  # model folders and source files as they lie on the disk
DATA = 5  # rows, their prompts, references, truth, and which split they are in
GENERATE = 4  # few-shot contexts and samples of the pretrained model
SPLIT = 4  # fragments of samples and of responses
EXTRACT = 2  # claims of answers and of references
JUDGE = 6  # verdicts on fragments of samples and of responses
REWRITE = 3  # finetuning targets
EDIT = 1  # targets whose sentences an extractor rewrote
PAIR = 3  # pairs of answers for preference training
JOIN_TARGETS = 1  # the targets of several domains as one table
FINETUNE = 2  # adapters and trained weights
PREFER = 1  # adapters trained on pairs
FLOOR = 2  # the best constant answer
RESPOND = 4  # answers to test prompts
VOUCH = 1  # how sure a model says it is of an answer
CHOOSE = 1  # how likely a model finds each answer that a question offers
SELF_EVALUATE = 1  # p(True) of fragments
AGREE = 3  # agreement of fragments with the samples
PROBE = 3  # what a probe on hidden states says of fragments
FILTER = 2  # what is left of answers when unsure fragments are dropped
SELF_RATE = 1  # p(True) of fragments of samples
PAIR_RATED = 3  # pairs of answers by p(True)
SK_SAMPLE = 3  # samples for SK-Tuning, if generate draws too few
SK_ENTAIL = 2  # verdicts by two-way entailment
SK_TUNE = 2  # adapters whose p(True) is calibrated
SCORE = 3  # metrics per response
REPORT = 6  # tables, figures and pages
