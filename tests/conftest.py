"""One hypothesis profile for all tests: the same few examples every time, so that a failure is never a coin toss."""

import os
import signal

from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite",
    # Kernels that run as plain Python take a hundred times as long.
    max_examples=8 if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0" else 3,
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("suite")

# A shell hands SIGINT down as ignored to what it starts in the background, and tests interrupt processes of their own.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
