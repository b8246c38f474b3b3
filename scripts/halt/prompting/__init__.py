"""From rows to prompts, from prompts to answers, from answers to fragments."""
