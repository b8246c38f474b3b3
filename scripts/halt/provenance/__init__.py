"""Where a result came from, and whether that is still true."""

from halt.provenance.footers import (
    MODEL_PACKAGES,
    TABLE_PACKAGES,
    ProvenanceError,
    about,
    carriers,
    read,
    record,
    recorded,
    write,
    write_beside,
)
