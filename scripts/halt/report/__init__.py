"""Tables, figures and the page of answers."""

from halt.report.results import (
    BASELINES,
    CONTROLS,
    FAMILIES,
    FILTERS,
    HALT,
    ORDINARY,
    OTHERS,
    PREFERRING,
    REFUSING,
    VARIANTS,
    families,
    filter_methods,
    floor_methods,
    halt_methods,
    method_rank,
    right_shares,
    scan,
    seeds_of_report,
    write_csv,
    write_text,
)
