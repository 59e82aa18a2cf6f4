"""How the documentation is built: ``make docs``."""

project = "tradeledger"
copyright = "the tradeledger authors"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "tradeledger"
myst_heading_anchors = 4
# A word behind a block's language is for the test that runs the examples.
suppress_warnings = ["misc.highlighting_failure"]
