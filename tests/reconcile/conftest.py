from tests.contract.conftest import place
from tests.projections.conftest import reports

__all__ = ["place", "reports"]
