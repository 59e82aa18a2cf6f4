"""Read models over the ledger's log. They arrive with the projections; nothing lives here yet."""
