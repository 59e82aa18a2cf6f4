"""What the books must do from end to end, as it was agreed before they were built."""
