"""Laws: what holds for every history, shown on random ones."""
