from tests.projections.conftest import reports

__all__ = ["reports"]
