"""Fetching venues' reports: raw answers into a folder, paged to the end, and nothing read of them.

It is optional (the extra ``fetch``) and knows no parser, as no parser knows it: what lies between
them is bytes. ``fetching.fetch`` asks a venue for an account and a time; ``reading``, which needs
nothing of the extra, reads back what was fetched. The clock and the waiting are arguments. A fetch
that did not come to its end ends with an error, and its manifest says so: it is never an empty
report.
"""
