"""What can go wrong in a workload.

    WorkloadError            the job cannot do its work; exit code 1
    ├── ConfigError          the configuration is wrong; exit code 2
    ├── StorageError         a bucket, folder or object cannot be read or written
    │   └── NotFound         it is not there
    ├── DatasetError         the images are not laid out as <prefix>/<class>/<name>, or there are none
    ├── TFRecordError        a shard is damaged, or holds other features than expected
    ├── MissingPackage       a library that this workload needs is not installed here
    └── InvalidRun           it ran, and not as its configuration says, so that its figures would mislead

A single image that cannot be used is no error: it is rejected with a reason (:class:`workloads.images.Unusable`),
counted, and named in the summary.
"""

from __future__ import annotations


class WorkloadError(Exception):
    """The job cannot do its work. The message says what is wrong, where, and what cures it."""


class ConfigError(WorkloadError):
    """The configuration breaks a rule."""


class StorageError(WorkloadError):
    """A bucket, folder or object cannot be read or written."""


class NotFound(StorageError):
    """A bucket, folder or object is not there."""


class DatasetError(WorkloadError):
    """There are no images where the configuration says."""


class TFRecordError(WorkloadError):
    """A TFRecord shard is damaged, or its records hold other features than expected."""


class MissingPackage(WorkloadError):
    """A library that this workload needs is not installed here."""


class InvalidRun(WorkloadError):
    """The job ran, and not as its configuration says; its figures would mislead. The attempt counts as invalid."""
