"""One module a venue, parsing only. Brokers do not import each other."""
