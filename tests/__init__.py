"""Tests, and the runners that check the library against files of cases."""
