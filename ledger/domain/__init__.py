"""The domain: facts, folds and books. Standard library and attrs only; no I/O, no clock."""
