"""What a training run answers: a row per epoch and split, the accounts of its images, and the facts of the run."""

from __future__ import annotations

from dataclasses import dataclass, field

from workloads.contract import Accounts, Measurements
from workloads.errors import InvalidRun
from workloads.record import Fact, Rejected
from workloads.storage import GS
from workloads.train.config import TrainConfig
from workloads.train.process import TaskResult


@dataclass
class Trained:
    """What all processes answered, and where they ran."""

    results: list[TaskResult]
    addresses: list[str]
    failures: list[str] = field(default_factory=list)  # of earlier attempts


def account_for(
    config: TrainConfig,
    trained: Trained,
    measurements: Measurements,
    notes: list[str],
    pretrained: bool,
    prepared_at: float,
) -> Accounts:
    """Add the rows of a training run and give its accounts.

    Raises:
        InvalidRun: a strategy of several replicas ran with one.
    """
    chief = trained.results[0]
    if config.strategy != "one_device" and chief.replicas < 2:
        raise InvalidRun(f"{config.strategy} ran with {chief.replicas} replica; it needs at least 2")
    place = "bucket" if (config.tfrecords_uri or config.output_uri).startswith(GS) else "folder"
    for result in trained.results:
        measurements.add(
            operation="stage",
            format="tfrecord",
            source=place,
            cache="unknown",
            images=sum(result.staged.values()),
            images_rejected=len(result.rejected),
            bytes_read=result.bytes_read,
            bytes_written=result.bytes_written,
            **_times(result.stage),
        )
    for position, row in enumerate(chief.history):
        for split, operation in (("train", "train"), ("validation", "validate")):
            measured = row[split]
            measurements.add(
                operation=operation,
                format="tfrecord",
                source="staged",
                cache="unknown",
                split=split,
                epoch=row["epoch"],
                batch_size=row["batch_size"],
                learning_rate=row["learning_rate"],
                updates=row["updates"],
                images=measured["images"],
                loss=measured["loss"],
                accuracy=measured["accuracy"],
                input_wait_ratio=max(r.history[position][split]["input_wait_ratio"] for r in trained.results),
                **_times(measured),
            )
    notes += [f"began again after a failure, and its time counts: {why}" for why in trained.failures]
    if chief.resumed_from:
        notes.append(f"resumed after epoch {chief.resumed_from}, which an earlier process had finished")
    if chief.stopped_early:
        notes.append(f"stopped early after epoch {len(chief.history)} of {config.epochs}")
    notes.append(
        "accounts are of the images in the TFRecords; every epoch trains on whole batches and leaves the rest of its order out"
    )
    rejected = [Rejected(name=name, reason=why) for result in trained.results for name, why in result.rejected]
    # In a cluster that TF_CONFIG names each process accounts for its own part.
    own = len(trained.results) < len(trained.addresses)
    listed = sum(chief.staged.values()) + len(chief.rejected) if own else sum(chief.listed.values())
    return Accounts(
        items_in=listed,
        items_out=sum(sum(result.staged.values()) for result in trained.results),
        rejected=sorted(rejected, key=lambda item: item.name),
        bytes_read=sum(result.bytes_read for result in trained.results),
        bytes_written=sum(result.bytes_written for result in trained.results),
        notes=notes,
        facts=_facts(config, trained, pretrained),
        prepared_at=prepared_at,
    )


def _times(measured: dict[str, float]) -> dict[str, float]:
    return {"started_at": measured["started_at"], "duration_s": measured["duration_s"]}


def _facts(config: TrainConfig, trained: Trained, pretrained: bool) -> dict[str, Fact]:
    chief = trained.results[0]
    last = chief.history[-1]
    return {
        "strategy": config.strategy,
        "num_replicas_in_sync": chief.replicas,
        "node_addresses": trained.addresses,
        "weights": config.weights if pretrained else "random",
        "classes": chief.classes,
        "training_images": chief.listed["train"],
        "validation_images": chief.listed["validation"],
        "epochs": len(chief.history),
        "stopped_early": chief.stopped_early,
        "resumed_after_epoch": chief.resumed_from or None,
        "updates": last["updates"],
        "train_s": sum(row["train"]["duration_s"] for row in chief.history),
        "validation_loss": last["validation"]["loss"],
        "validation_accuracy": last["validation"]["accuracy"],
        "compile_s": chief.compile_s,
        "batch_sizes": [row["batch_size"] for row in chief.history],
        "learning_rates": [row["learning_rate"] for row in chief.history],
    }
