"""A job that runs elsewhere, as the runner of an attempt sees it: poll, progress, cancel, exit code."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from infra.base.errors import LeftoverError

CANCELLED_EXIT = 130
FAILED_EXIT = 1


class RemoteDriver(ABC):
    """What the drivers of Dataproc and Vertex AI share.

    Args:
        poll_s: between two looks at the job; the runner may ask more often.
        cancel_s: how long a cancelled job may take to end.
        clock, sleep: time, replaced by tests.
    """

    def __init__(
        self,
        *,
        poll_s: float,
        cancel_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.exit_code: int | None = None
        self.state = "PENDING"  # in the service's own words
        self.details = ""
        self._poll_s, self._cancel_s = poll_s, cancel_s
        self._clock, self._sleep = clock, sleep
        self._next_look = 0.0

    def poll(self) -> int | None:
        """The exit code, or None while it runs.

        Raises:
            JobError: the job cannot end.
            CloudError: the service does not answer.
        """
        if self.exit_code is None and self._clock() >= self._next_look:
            self._look_now()
        return self.exit_code

    @property
    @abstractmethod
    def job_id(self) -> str | None:
        """The service's name for the job."""

    @property
    def flaw(self) -> str | None:
        """Why its figures cannot be trusted although it ended well."""
        return None

    @abstractmethod
    def progress(self) -> tuple[int, int, str]:
        """Done, total and unit; a total of 0: not known."""

    def cancel(self) -> None:
        """Cancel it, and wait until it has ended.

        Raises:
            LeftoverError: it has not; its own time limit still ends it.
        """
        if self.exit_code is not None:
            return
        self._request_cancel()
        deadline = self._clock() + self._cancel_s
        while True:
            if self._look_now(cancelling=True) is not None:
                return
            if self._clock() > deadline:
                raise LeftoverError(
                    f"The job is still {self.state} {self._cancel_s:.0f} s after it was cancelled. "
                    f"Run: {self._kill_command()}"
                )
            self._sleep(self._poll_s)

    def _look_now(self, *, cancelling: bool = False) -> int | None:
        self._look(cancelling=cancelling)
        self._next_look = self._clock() + self._poll_s
        return self.exit_code

    @abstractmethod
    def _look(self, *, cancelling: bool) -> None:
        """Ask the service once; sets state, details and, at the end, the exit code."""

    @abstractmethod
    def _request_cancel(self) -> None:
        """Ask the service to cancel the job; one that has ended already is left as it is."""

    @abstractmethod
    def _kill_command(self) -> str:
        """The command that ends it by hand."""
