"""One hypothesis profile for all tests: the same few examples every time, so that a failure is never a coin toss."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "suite",
    max_examples=8,
    deadline=None,
    derandomize=True,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("suite")
