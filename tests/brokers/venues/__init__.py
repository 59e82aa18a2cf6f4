"""One module a venue, each with a ``SAMPLE``: what the matrix of laws for parsers runs on."""
