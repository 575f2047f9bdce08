"""Find the best configuration with the fewest paid runs: strategies behind one ask/tell interface.

A strategy gets a :class:`~analysis.search.core.problem.Problem`, proposes one candidate at a time, is told the outcome of its
run, and says when to stop. :mod:`analysis.search.strategies.registry` lists the strategies,
:mod:`analysis.search.replay.tournament` judges them.
"""
