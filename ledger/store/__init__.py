"""Append-only history: the port, the codec, the hash chain, and the stores themselves."""
