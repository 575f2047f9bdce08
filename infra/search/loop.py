"""The loop of a live search: what is proposed is run, side by side where that may be, until it is enough, refused or
interrupted. It knows nothing of what proposes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from infra.base.errors import Interrupted, LeftoverError, LimitError, UsageError
from infra.base.progress import Progress
from infra.base.signals import ignored
from infra.search.allowance import Allowance
from infra.search.journal import Journal
from infra.search.run import Runner
from workloads.record import Scenario
from workloads.record.search import RunOutcome as Event


def _pairs_of(running: Mapping[Future[Event], tuple[int, int]]) -> list[int]:
    """The pairs that are running."""
    return [index for index, _ in running.values()]


class Loop(ABC):
    """See the module.

    Args:
        pairs: workload and shape of every run that may be made.
        parallel: how many run side by side, in threads where it is more than one.
        interrupt: stops runs in other threads when this one is interrupted; None: they come to their end.
    """

    def __init__(
        self,
        pairs: list[tuple[str, Scenario]],
        allowance: Allowance,
        journal: Journal,
        runner: Runner,
        progress: Progress,
        parallel: int,
        interrupt: Callable[[Interrupted], None] | None,
    ) -> None:
        self.pairs, self.allowance, self.journal, self.runner = pairs, allowance, journal, runner
        self.progress, self.parallel, self.interrupt = progress, parallel, interrupt
        self.index = {(workload, shape.name): i for i, (workload, shape) in enumerate(pairs)}
        self.of_set = len({workload for workload, _ in pairs}) > 1

    @abstractmethod
    def ask(self, pending: list[int]) -> int:
        """The next run, announced and journaled."""

    @abstractmethod
    def ended(self, index: int, outcome: Event) -> None:
        """What a run came to: journaled, settled and told."""

    @abstractmethod
    def enough(self, running: int) -> str | None:
        """Explain why no further run is started, given how many are in progress; None to go on."""

    def run(self) -> str:
        """Why no further run was made.

        Raises:
            UsageError, LimitError: the first run was refused.
            Interrupted: after the teardown of all that was under way.
        """
        running: dict[Future[Event], tuple[int, int]] = {}
        with ThreadPoolExecutor(max_workers=self.parallel) as pool:
            try:
                try:
                    return self._run(pool, running)
                except Exception:
                    self._keep(running, "waiting for")
                    raise
            except Interrupted as error:
                with ignored():
                    if self.interrupt:
                        self.interrupt(error)
                    self._keep(running, "tearing down")
                    pool.shutdown()
                raise

    def _run(self, pool: ThreadPoolExecutor, running: dict[Future[Event], tuple[int, int]]) -> str:
        waiting = [self.index[pair] for pair in self.journal.unfinished()]
        put_off = set[int]()  # of those waiting: they have been announced
        reason = refused = None
        side_by_side = self.parallel
        by_itself = set[int]()  # started while none may run beside it
        while True:
            while (
                not (reason := reason or self.enough(len(running)))
                and len(running) < side_by_side
                and self._left(running)
            ):
                again = bool(waiting)
                index = waiting.pop(0) if again else self.ask(_pairs_of(running))
                if exceeded := self.allowance.exceeded_by(index, _pairs_of(running)):
                    waiting.insert(0, index)  # those under way may turn out to cost less
                    put_off.add(index)
                    reason = None if running else exceeded
                    break
                if again and index not in put_off:
                    self._say_again(index, len(running))
                if side_by_side == 1:
                    by_itself.add(index)
                slot = min(set(range(self.parallel)) - {s for _, s in running.values()})
                running[self._start(pool, index, slot, len(running))] = (index, slot)
            if not running:
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                index, failed = self._take(future, running)
                if isinstance(failed, UsageError | LimitError):
                    if index in by_itself:
                        refused, reason = failed, self._refusal(index, failed)
                    else:  # quotas, and what is left of the limit, were shared
                        side_by_side = self.allowance.parallel = 1
                        waiting.insert(0, index)
                        put_off.add(index)
                        self.progress.note(f"{self.named(index)} is put off, and no others run side by side: {failed}")
                elif failed:
                    raise failed
        if refused and not self.allowance.ended:
            raise type(refused)(f"{reason}.") from refused
        return reason or "every candidate has been run"

    def _take(
        self, future: Future[Event], running: dict[Future[Event], tuple[int, int]]
    ) -> tuple[int, BaseException | None]:
        """A run that has ended, or ends while this waits: its outcome is journaled, its error returned."""
        failed = future.exception()
        with ignored():
            index, _ = running.pop(future)
            if failed:
                self.allowance.settle(index, None)
            else:
                self.ended(index, future.result())
        return index, failed

    def _keep(self, running: dict[Future[Event], tuple[int, int]], what: str) -> None:
        """Journal what runs under way come to, when the search ends before them: they are paid for.

        Raises:
            LeftoverError: something of one survived its teardown.
        """
        if running:
            self.progress.note(f"{what} {', '.join(self.named(index) for index in _pairs_of(running))}")
        left: LeftoverError | None = None
        for future in list(running):
            index, failed = self._take(future, running)
            if failed and not isinstance(failed, Interrupted):
                self.progress.note(f"  {self.named(index)}: {failed}")
            if isinstance(failed, LeftoverError):
                left = left or failed
        if left:
            raise left

    def _left(self, running: dict[Future[Event], tuple[int, int]]) -> bool:
        return self.allowance.ended + len(running) < len(self.pairs)

    def _start(self, pool: ThreadPoolExecutor, index: int, slot: int, running: int) -> Future[Event]:
        left = self.allowance.grant(index, running)
        workload, shape = self.pairs[index]
        if self.parallel > 1:
            return pool.submit(self.runner, shape, workload, slot, left)
        future: Future[Event] = Future()  # in this thread, so that Ctrl-C and SIGTERM reach the teardown
        try:
            future.set_result(self.runner(shape, workload, slot, left))
        except (UsageError, LimitError) as error:
            future.set_exception(error)
        return future

    def named(self, index: int) -> str:
        workload, shape = self.pairs[index]
        return f"{workload} on {shape.name}" if self.of_set else shape.name

    def _refusal(self, index: int, error: Exception) -> str:
        """Why a run was not made; with the limit that the user gave, where the error speaks of what of it was left for it."""
        of = ""
        if self.allowance.max_usd is not None and str(error).startswith("--max-usd"):
            of = f" (of --max-usd {self.allowance.max_usd:g}, {self.allowance.paid_usd:.5f} USD are paid)"
        return f"{self.named(index)} was not run{of}: {str(error).rstrip('.')}"

    def _say_again(self, index: int, running: int) -> None:
        """Of a run that was proposed before, and cut off."""
        workload, shape = self.pairs[index]
        why = self.journal.reasons()[workload, shape.name]
        number = self.allowance.ended + running + 1
        self.progress.note(f"run {number}, proposed before: {self.named(index)}: {why}")
