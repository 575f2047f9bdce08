"""The process that trains: started by :mod:`workloads.train.process`, on its own or with peers that TF_CONFIG names.

python -m workloads.train.trainer TASK.json
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from workloads.errors import WorkloadError
from workloads.processes import end_with
from workloads.progress import Progress
from workloads.storage import Store, open_store
from workloads.train import artifact
from workloads.train import checkpoint as checkpoints
from workloads.train.checkpoint import Checkpoint
from workloads.train.config import TrainConfig
from workloads.train.process import PRETRAINED, Task, TaskResult, report
from workloads.train.schedule import Phase, check_divisible, plan
from workloads.train.staging import Staged, stage


@dataclass
class TrainingRun:
    """What the epochs of one process share."""

    task: Task
    staged: Staged
    store: Store  # of the product
    strategy: Any
    model: Any
    optimizer: Any
    train_step: Any
    validate_step: Any
    progress: Progress
    counts: dict[str, list[int]] = field(default_factory=dict)  # images by kind, of each process

    @property
    def config(self) -> TrainConfig:
        return self.task.config

    @property
    def local_replicas(self) -> int:
        """Replicas of this process."""
        replicas: int = self.strategy.num_replicas_in_sync // self.task.workers
        return replicas


def train(task: Task) -> TaskResult:
    """Train, or go on training, to the last epoch.

    Every process of a cluster runs this in step with the others. Only the chief writes.
    """
    config = task.config
    store = open_store(config.output_uri)
    staged, stage_row = _stage(task)
    from workloads.train.steps import make_steps
    from workloads.train.strategy import open_strategy

    strategy = open_strategy(config)
    with strategy.scope():
        model, optimizer, train_step, validate_step = make_steps(
            config, strategy, staged.classes, _pretrained(store) if task.pretrained else None
        )
    phases = plan(config, staged.listed["train"])
    check_divisible(phases, strategy.num_replicas_in_sync)
    progress = Progress(config.epochs * sum(staged.listed.values()))
    run = TrainingRun(task, staged, store, strategy, model, optimizer, train_step, validate_step, progress)
    found = checkpoints.load(store, task.identity) if config.resume else None
    if found is None:
        found = Checkpoint(task.identity, [], [], [], [])
    else:
        model.set_weights(found.weights)
        for variable, value in zip(optimizer.weights, found.slots, strict=True):
            variable.assign(value)
    resumed_from = len(found.history)
    compile_s = _epochs(run, phases, found)
    if task.index == 0:
        _finish(run, found)
    return TaskResult(
        history=found.history,
        resumed_from=resumed_from,
        stopped_early=len(found.history) < config.epochs,
        replicas=strategy.num_replicas_in_sync,
        compile_s=compile_s,
        classes=staged.classes,
        listed=staged.listed,
        staged=staged.images,
        stage=stage_row,
        rejected=staged.rejected,
        bytes_read=staged.bytes_read,
        bytes_written=staged.bytes_written,
    )


def _stage(task: Task) -> tuple[Staged, dict[str, float]]:
    config = task.config
    started_at, start = time.time(), time.perf_counter()
    staged = stage(
        open_store(task.tfrecords_uri),
        task.shards,
        Path(task.scratch) / "staged",
        image_size=config.image_size,
        validation_ratio=config.validation_ratio,
        worker=task.index,
        workers=task.workers,
        threads=config.threads or os.cpu_count() or 1,
    )
    return staged, {"started_at": started_at, "duration_s": time.perf_counter() - start}


def _pretrained(store: Store) -> bytes:
    return store.read(PRETRAINED)


def _epochs(run: TrainingRun, phases: list[Phase], state: Checkpoint) -> float:
    """Train and validate epoch after epoch, from where ``state`` stands; returns the seconds that tracing took."""
    from workloads.train.epochs import open_feeds, train_epoch, validate, warm_up

    compile_s = 0.0
    patience = run.config.patience
    while len(state.history) < len(phases) and not stopped(state.history, patience):
        first = len(state.history) + 1
        _, alike = next(groupby(phases[first - 1 :], key=lambda phase: phase.batch_size))
        epochs = range(first, first + len(list(alike)))
        train, validation = open_feeds(run, phases[first - 1], epochs)
        compile_s += warm_up(run, phases[first - 1])
        for epoch in epochs:
            phase = phases[epoch - 1]
            row = {"epoch": epoch, **phase._asdict()}
            done = state.history[-1]["updates"] if state.history else 0
            row["train"] = train_epoch(run, phase, train)
            row["updates"] = done + row["train"].pop("updates")
            row["validation"] = validate(run, phase, validation)
            row["validation"].pop("updates")
            _keep(run, state, row)
            if stopped(state.history, patience):
                break
    return compile_s


def _keep(run: TrainingRun, state: Checkpoint, row: dict[str, Any]) -> None:
    """Add an epoch to the state, and write the checkpoint. All processes read the variables: some reads are collective."""
    state.history.append(row)
    state.weights = run.model.get_weights()
    state.slots = [variable.numpy() for variable in run.optimizer.weights]
    if run.config.patience is not None and best_epoch(state.history) == row["epoch"]:
        state.best = state.weights
    if run.task.index == 0:
        checkpoints.save(run.store, state)


def best_epoch(history: list[dict[str, Any]]) -> int:
    """The epoch with the lowest validation loss; the first of equals."""
    best: int = min(history, key=lambda row: row["validation"]["loss"])["epoch"]
    return best


def stopped(history: list[dict[str, Any]], patience: int | None) -> bool:
    """Whether ``patience`` epochs went by without a better validation loss."""
    return patience is not None and bool(history) and len(history) - best_epoch(history) >= patience


def _finish(run: TrainingRun, state: Checkpoint) -> None:
    """Write the model, with the weights of the best epoch where early stopping was asked for, and drop the checkpoint.

    A checkpoint is there for a run that was cut off; the next run is a new one.
    """
    artifact.save(run.store, run.config, run.staged.classes, state.best or state.weights)
    run.store.delete(checkpoints.CHECKPOINT)
    run.store.delete(PRETRAINED)


def main() -> int:
    task = Task.load(Path(sys.argv[1]))
    end_with(task.parent)
    try:
        result = train(task)
    except WorkloadError as error:
        report(task, error)
        return 1
    except Exception as error:
        import traceback

        traceback.print_exc()
        report(task, error)
        return 1
    task.result_path.write_text(result.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
