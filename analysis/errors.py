"""Every error that the analysis raises on purpose.

::

    AnalysisError
      NoRecordsError        nothing to analyse; the message says where it looked and what to do
      DamagedRecordError    one record cannot be read; ``runs.load`` names it and leaves it out
        NewerSchemaError    it was written by a newer bakeoff than this one
      SearchError           a search or a replay cannot be done with what it was given: rule, value, cure
"""

from __future__ import annotations


class AnalysisError(Exception):
    """The analysis cannot be done; the message says why and what to do."""


class NoRecordsError(AnalysisError):
    """There is no record to analyse."""


class DamagedRecordError(AnalysisError):
    """One record cannot be read; the message says which part of it and why."""


class NewerSchemaError(DamagedRecordError):
    """A record was written under a schema version that this version of bakeoff does not know."""


class SearchError(AnalysisError):
    """Candidates, outcomes or past runs that a search cannot work with; the message names rule, value and cure."""
