"""Where the records of a run went, in words."""

import msgspec

from engine.rows import SummaryRow


def counts_text(row: SummaryRow) -> str:
    """Where the records went, and whether all of them are accounted for."""
    counted = {
        name: value
        for name, value in msgspec.structs.asdict(row.counts).items()
        if value and name != "records"
    }
    went = ", ".join(f"{value:,} {name.replace('_', ' ')}" for name, value in counted.items())
    whole = "all records accounted for" if row.add_up else "NOT ALL RECORDS ARE ACCOUNTED FOR"
    return f"{went}; {whole}"
