"""What every store promises, asked of every store."""
