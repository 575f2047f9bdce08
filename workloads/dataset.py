"""A set of labelled images: ``<prefix>/<class>/<name>``, in a bucket or a folder.

An image is known by its relative name, ``<class>/<name>``, so equal names in different classes are different images.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import NamedTuple

from workloads.errors import DatasetError, NotFound
from workloads.storage import Entry, open_store

CLUTTER = frozenset(
    (
        "__macosx",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "$recycle.bin",
        "system volume information",
        "@eadir",
        "lost+found",
    )
)
"""What operating systems and storage boxes leave in folders, beside hidden files, whose names begin with a dot; in lower case."""


class Dataset(NamedTuple):
    """The images that were found under ``uri``, sorted by name."""

    uri: str
    images: list[Entry]
    classes: list[str]  # those that hold at least one image, sorted, unless the caller named them
    empty_classes: list[str]
    outside: list[str]  # files that lie beside the class folders, and therefore have no class
    clutter: list[str]  # hidden files, and what systems leave in folders: no images, and no classes

    @property
    def labels(self) -> dict[str, int]:
        """The number that stands for each class in a TFRecord."""
        return {name: label for label, name in enumerate(self.classes)}

    @property
    def bytes(self) -> int:
        return sum(image.size_bytes for image in self.images)

    @property
    def digest(self) -> str:
        """Names and sizes of all images, hashed: tells two inputs apart without reading them."""
        listing = "\n".join(f"{image.name}\t{image.size_bytes}" for image in self.images)
        return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def notes(self) -> list[str]:
        notes = [f"class {name!r} holds no image" for name in self.empty_classes]
        for names, what in ((self.outside, "outside any class folder"), (self.clutter, "hidden or left by a system")):
            if names:
                named = ", ".join(printable(name) for name in names[:5])
                more = f" and {len(names) - 5} more" if len(names) > 5 else ""
                notes.append(f"{len(names)} file(s) {what} were left out: {named}{more}")
        return notes


def is_clutter(name: str) -> bool:
    """True for a relative name of which a part is hidden, or is what a system leaves in folders (:data:`CLUTTER`)."""
    return any(part.startswith(".") or part.lower() in CLUTTER for part in name.split("/"))


def class_of(name: str) -> str:
    """The class of an image, from its relative name."""
    return name.partition("/")[0]


def printable(name: str) -> str:
    """A name that can be written as UTF-8: file names may hold bytes that are none."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def list_dataset(uri: str, classes: Sequence[str] | None = None) -> Dataset:
    """List the images under ``uri``.

    By default the classes are the folders that hold an image; ``classes`` names them, and their order, instead.

    Raises:
        DatasetError: nothing there, no ``<class>/<name>`` in it, or an image of a class that ``classes`` lacks.
    """
    layout = "images are laid out as <prefix>/<class>/<name>.jpg"
    try:
        listed = open_store(uri).list()
    except NotFound as error:
        raise DatasetError(f"no images at {uri}: {error}; {layout}") from error
    entries = [entry for entry in listed if not is_clutter(entry.name)]
    clutter = [entry.name for entry in listed if is_clutter(entry.name) and not entry.name.endswith("/")]
    images = [entry for entry in entries if "/" in entry.name and not entry.name.endswith("/")]
    outside = [entry.name for entry in entries if "/" not in entry.name]
    folders = {class_of(entry.name) for entry in entries if "/" in entry.name}
    filled = {class_of(image.name) for image in images}
    if not images:
        what = f"{len(outside)} file(s), but none in a class folder" if outside else "it is empty"
        raise DatasetError(f"no images at {uri}: {what}; {layout}")
    if classes is not None and (unknown := sorted(filled - set(classes))):
        raise DatasetError(f"classes are {list(classes)}, but {uri} also holds {unknown}; add or remove them")
    chosen = sorted(filled) if classes is None else list(classes)
    return Dataset(uri, images, chosen, sorted((folders | set(chosen)) - filled), outside, clutter)


def in_order(images: Sequence[Entry], seed: int | None) -> list[Entry]:
    """The images as listed (``seed`` None), or shuffled so that the same seed gives the same order everywhere."""
    ordered = sorted(images)
    if seed is not None:
        random.Random(seed).shuffle(ordered)
    return ordered
