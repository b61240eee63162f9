"""For all tests: a busy machine is no failure of what is tested."""

from hypothesis import HealthCheck, settings

# Hypothesis times how long it takes to make its examples.  On two busy cores, with its tables not made yet, that says nothing.
settings.register_profile("venue", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("venue")
