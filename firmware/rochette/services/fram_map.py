"""What stands where in the FRAM: ledger, survival, parameters, start record, link record, scratch cell.

`scratch` is the address of the eight bytes that the memory's own check uses; all else lies below it.
"""

PARAMETER_COPY_BYTES = 2048
"""Room for one copy of the parameters: 400 of them at the least."""
SURVIVAL_BYTES = 128
"""Room for both copies of the survival record."""
START_BYTES = 64
"""Room for both copies of the start record."""


def link_base(scratch: int) -> int:
    """Address of the link record (services/link_record.py)."""
    return scratch // 64 * 64


def start_base(scratch: int) -> int:
    """Address of the start record (services/start_record.py)."""
    return link_base(scratch) - START_BYTES


def parameters_base(scratch: int) -> int:
    """Address of the first copy of the parameters; the second follows it."""
    return start_base(scratch) - 2 * PARAMETER_COPY_BYTES


def survival_base(scratch: int) -> int:
    """Address of the survival record (services/survival_record.py)."""
    return parameters_base(scratch) - SURVIVAL_BYTES


def ledger_bytes(scratch: int) -> int:
    """Size of the ledger's store, from address 0."""
    return survival_base(scratch) // 64 * 64
