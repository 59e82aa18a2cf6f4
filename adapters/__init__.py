"""The outside: broker reports in, the command line out."""
