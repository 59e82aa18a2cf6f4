"""Fuzzing the parsers: damaged reports, kept where they reach code that none reached before."""
