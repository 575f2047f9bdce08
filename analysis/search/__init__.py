"""Find the best configuration with the fewest paid runs: strategies behind one ask/tell interface.

A strategy is given a :class:`~analysis.search.core.problem.Problem`, proposes one candidate at a time, is told what its run
showed, and says when to stop. :mod:`analysis.search.strategies.registry` lists them, :mod:`analysis.search.replay.follow` judges them.
"""
