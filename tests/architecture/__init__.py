"""What the code must look like, checked on its syntax trees.

``python -m tests.architecture`` prints the figures and every violation.
"""
