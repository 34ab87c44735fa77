"""Simulated NTU RGB+D recordings: bodies that act before three depth cameras.

The files have the names, the text format and the faults of the real data set, so everything that reads NTU RGB+D
reads them too. They serve demonstrations, tests and load tests; they say nothing about real people.
"""

from skeleton_data.synthetic.performances import ACTIONS, Performance, performance_list
from skeleton_data.synthetic.recording import Recording, simulate
from skeleton_data.synthetic.writing import synthesize

__all__ = ["ACTIONS", "Performance", "Recording", "performance_list", "simulate", "synthesize"]
