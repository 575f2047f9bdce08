"""Every error that bakeoff raises on purpose, and the exit code it ends with.

::

    BakeoffError                 1  the work failed
      UsageError                 2  wrong use: an unknown name, a value out of range
      SetupError                 1  this machine lacks something; the message names the cure
      TerraformError             1  Terraform's own words
      JobError                   1  the job failed, with the last words of its log
      CloudError                 1  Google Cloud refused or failed, in its own words
        CredentialsError         1  no credentials, or expired ones
        AccessError              1  a permission is missing, or an API is not enabled
        QuotaError               1  a quota is used up; trying again does not help
        MissingError             1  what was asked for is not there
      LimitError                 1  a hard limit of cost or time is reached, or leaves too little
      RecordError                1  a record is damaged or cannot be written
      LeftoverError              3  something of ours is still there
    Interrupted (no failure)   130  Ctrl-C or SIGTERM, after teardown
"""

from __future__ import annotations

import difflib
import errno
import os
import shutil
from collections.abc import Iterable


class BakeoffError(Exception):
    """The work failed."""

    exit_code = 1


class UsageError(BakeoffError):
    """Wrong use: the message names the rule, the value and the cure."""

    exit_code = 2


class SetupError(BakeoffError):
    """This machine lacks something; the message ends with the command that cures it."""


class TerraformError(BakeoffError):
    """Terraform ended with an error; the message carries its own words."""


class JobError(BakeoffError):
    """The job failed; the message carries the last words of its log."""


class CloudError(BakeoffError):
    """Google Cloud refused or failed; the message carries its own words."""


class CredentialsError(CloudError):
    """No credentials for Google Cloud, or expired ones; the message ends with the command that cures it."""


class AccessError(CloudError):
    """A permission is missing, or an API is not enabled in the project."""


class QuotaError(CloudError):
    """A quota of the project is used up; trying again does not help."""


class MissingError(CloudError):
    """What was asked for is not there."""


class LimitError(BakeoffError):
    """A hard limit of cost or time is reached, or leaves too little for what comes next."""


class RecordError(BakeoffError):
    """A record is damaged or cannot be written."""


class LeftoverError(BakeoffError):
    """Something of ours is still there after teardown."""

    exit_code = 3


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM; what was applied has been torn down. As KeyboardInterrupt, no handler of failures catches it."""

    exit_code = 130


def unknown_name(kind: str, value: str, known: Iterable[str]) -> UsageError:
    """An unknown name: says which are known and suggests the nearest."""
    names = sorted(known)
    near = difflib.get_close_matches(value, names, n=1, cutoff=0.4)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return UsageError(f"Unknown {kind} '{value}'.{hint} Known: {', '.join(names) or 'none'}.")


def is_disk_full(error: BaseException) -> bool:
    """Whether a disk or quota is full. ``shutil.Error`` gathers errors as text, without a number."""
    numbers = (errno.ENOSPC, errno.EDQUOT)
    gathered = isinstance(error, shutil.Error) and any(os.strerror(number) in str(error) for number in numbers)
    return gathered or (isinstance(error, OSError) and error.errno in numbers)
