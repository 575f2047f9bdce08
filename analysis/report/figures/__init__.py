"""The figures of the report, one per file; :mod:`analysis.report.figures.catalogue` lists them.

The package imports matplotlib without the backend that ``MPLBACKEND`` names: it is meant for the user's own plots, and
matplotlib refuses to be imported where it does not know that backend.
"""

import os

_chosen = os.environ.pop("MPLBACKEND", None)
try:
    import matplotlib  # noqa: F401
finally:
    if _chosen is not None:
        os.environ["MPLBACKEND"] = _chosen
