"""Hard limits of one command on what its clusters may cost and how long they may last (``--max-usd``, ``--max-minutes``).

They hold three times: an estimate that exceeds them is refused before anything is applied; what is applied expires on the
server when they are reached at the worst price, whether a client lives or not; and the client looks at them while it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from infra.base.errors import LimitError, UsageError
from infra.base.options import Options

DELETION_S = 120.0  # machines are paid for until they are deleted
# Dataproc accepts no life of less than 600 s (cloud.google.com/dataproc/docs/concepts/configuring-clusters/scheduled-deletion),
# counted from when it begins to make the cluster: the rest is for what comes before.
LEAST_S = 900.0
APPLY_S = 180.0  # of an estimate: a Dataproc cluster takes two to three minutes to come up


class Budget:
    """What is left of the limits, for clusters side by side and one after the other."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.time) -> None:
        self.max_usd, self.max_minutes = options.max_usd, options.max_minutes
        for name, value in (("--max-usd", self.max_usd), ("--max-minutes", self.max_minutes)):
            if value is not None and value <= 0:
                raise UsageError(f"{name} must be greater than 0; received {value:g}.")
        self._clock = clock
        self._began = clock()
        self.spent_usd = 0.0

    @property
    def limited(self) -> bool:
        return self.max_usd is not None or self.max_minutes is not None

    def describe(self) -> str:
        """The limits as the user gave them."""
        usd = f"--max-usd {self.max_usd:g}" if self.max_usd is not None else ""
        minutes = f"--max-minutes {self.max_minutes:g}" if self.max_minutes is not None else ""
        return " and ".join(text for text in (usd, minutes) if text)

    def refuse_beyond(
        self, expected_s: Mapping[str, float], rates: Mapping[str, float], *, side_by_side: bool
    ) -> float:
        """Check the estimate of a whole command, and return it in USD.

        Args:
            expected_s: seconds that each cluster is expected to be needed, by name.
            rates: USD per hour at the worst price, by name.
            side_by_side: all clusters stand at once, until the last cell is done.

        Raises:
            UsageError: it exceeds a limit; with the figures and the cure.
        """
        total_s = sum(expected_s.values())
        lives = {name: total_s if side_by_side else seconds for name, seconds in expected_s.items()}
        usd = sum(rates[name] * (seconds + APPLY_S + DELETION_S) / 3600 for name, seconds in lives.items())
        minutes = (total_s + (1 if side_by_side else len(lives)) * (APPLY_S + DELETION_S)) / 60
        cure = "Lower timeout_s or repeats, name fewer scenarios, or raise the limit."
        if self.max_usd is not None and usd > self.max_usd:
            raise UsageError(
                f"--max-usd {self.max_usd:g} is less than the estimate of {usd:.2f} USD ({minutes:.0f} minutes in all at up to "
                f"{sum(rates.values()) if side_by_side else max(rates.values(), default=0):.3f} USD per hour). {cure}"
            )
        if self.max_minutes is not None and minutes > self.max_minutes:
            raise UsageError(f"--max-minutes {self.max_minutes:g} is less than the estimate of {minutes:.0f}. {cure}")
        return usd

    def allowed_s(self, rates: Sequence[float], longest_s: float) -> float:
        """How long clusters of these hourly rates, started now side by side, may live at most.

        Raises:
            LimitError: so short that nothing can be brought up any more.
        """
        allowed = longest_s
        if self.max_usd is not None and (rate := sum(rates)):  # else nothing is paid for
            allowed = min(allowed, (self.max_usd - self.spent_usd) / rate * 3600 - DELETION_S)
        if self.max_minutes is not None:
            allowed = min(allowed, self.max_minutes * 60 - (self._clock() - self._began) - DELETION_S)
        if allowed < LEAST_S:
            raise LimitError(
                f"{self.describe()} leaves {max(0.0, allowed) / 60:.1f} minutes for a cluster at {sum(rates):.3f} USD per hour "
                f"({self.spent_usd:.2f} USD spent so far), and a cluster must be allowed {LEAST_S / 60:.0f}. Raise the limit."
            )
        return allowed
