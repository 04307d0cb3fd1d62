"""A theory run beside held-out data: initial states, errors, noise floors, Lyapunov times."""

from .comparison import Comparison, run_beside
from .lyapunov import Lyapunov, lyapunov_time

__all__ = ["Comparison", "Lyapunov", "lyapunov_time", "run_beside"]
