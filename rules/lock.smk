"""Two runs do not share a results folder, whichever clones they were started in."""

from halt import errors, locking


onstart:
    # Not for a dry run, and not in the Snakemake of a single job: that is started with --no-hooks.
    try:
        locking.hold(Path("results"))
    except errors.HaltError as error:
        sys.exit(str(error))
