"""Where model-written code runs."""

from halt.sandbox.running import (
    MECHANISMS,
    Limits,
    Outcome,
    Program,
    SandboxError,
    SandboxUnavailable,
    Session,
    chosen,
    probe,
    run,
    start,
)
