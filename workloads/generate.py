"""Draw a set of flower-like photographs, laid out ``<class>/<name>.jpg``.

    python -m workloads.generate --out DIR --images N --seed S

The set stands in for the public *Flowers* photographs where there is no download: the same five classes, RGB JPEGs, and
sizes spread like theirs (of 800 of them: median 320x240, bytes mean 62 kB, median 45 kB, 5 % below 17 kB, 5 % above 157
kB). The same seed and number give the same bytes, with the same versions of Pillow and numpy, however many processes
draw.
"""

from __future__ import annotations

import argparse
import io
import math
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from workloads.processes import end_with
from workloads.storage import Folder


class Flower(NamedTuple):
    """How the flowers of one class look."""

    petals: int
    petal_rgb: tuple[int, int, int]
    heart_rgb: tuple[int, int, int]
    heart_ratio: float  # radius of the heart / radius of the flower


FLOWERS = {
    "daisy": Flower(16, (245, 245, 240), (235, 190, 40), 0.28),
    "dandelion": Flower(40, (250, 215, 40), (225, 170, 20), 0.45),
    "roses": Flower(5, (200, 25, 60), (120, 5, 30), 0.35),
    "sunflowers": Flower(24, (255, 200, 20), (90, 55, 25), 0.5),
    "tulips": Flower(3, (225, 70, 130), (250, 210, 80), 0.15),
}
# (width, height): how often among 800 of the public photographs, the most frequent ones, rounded
SIZES = {
    (500, 333): 196, (500, 375): 47, (500, 281): 18, (375, 500): 22, (333, 500): 24, (442, 500): 8,
    (320, 240): 160, (320, 213): 86, (240, 240): 52, (180, 240): 40, (159, 240): 33, (240, 180): 14, (320, 180): 20,
    (240, 159): 10, (320, 320): 8,
}  # fmt: skip
QUALITY = 92


def generate(folder: Path, images: int, seed: int = 0, processes: int | None = None) -> int:
    """Draw ``images`` photographs into ``folder``, as equally many of each class as possible; returns their bytes."""
    if images < 1:
        raise ValueError(f"a set has at least one image; received {images}")
    workers = min(processes or os.cpu_count() or 1, images)
    draw = partial(_draw_to, str(folder), seed)
    if workers == 1:
        return sum(map(draw, range(images)))
    with ProcessPoolExecutor(workers, get_context("spawn"), end_with, (os.getpid(),)) as pool:
        return sum(pool.map(draw, range(images), chunksize=max(1, images // (workers * 8))))


def draw(index: int, seed: int) -> tuple[str, bytes]:
    """The name and the bytes of one photograph of a set."""
    random = np.random.default_rng([seed, index])
    name = list(FLOWERS)[index % len(FLOWERS)]
    sizes = list(SIZES)
    weights = np.array(list(SIZES.values()), dtype=float)
    width, height = sizes[random.choice(len(sizes), p=weights / weights.sum())]
    # Drawn at half the size, and enlarged: four times faster, and the edges are as soft as a lens makes them.
    picture = _picture(random, FLOWERS[name], width // 2, height // 2).resize(
        (width, height), Image.Resampling.BILINEAR
    )
    # Detail is what makes a photograph large: grain of log-normal strength, coarse enough to survive the compression.
    grain = min(17.0 * math.exp(random.normal(0.0, 0.75)), 90.0)
    noise = random.integers(-128, 128, size=(height, width, 1), dtype=np.int8).astype(np.float32) * (grain / 74)
    pixels = np.clip(np.asarray(picture) + noise.astype(np.int16), 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=QUALITY)
    return f"{name}/{seed:04d}_{index:06d}.jpg", out.getvalue()


def _draw_to(folder: str, seed: int, index: int) -> int:
    name, data = draw(index, seed)
    return Folder(Path(folder)).write(name, data)


def _picture(random: np.random.Generator, flower: Flower, width: int, height: int) -> Image.Image:
    """A few flowers of one class before a green and blue background."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = (y / height)[..., None]
    meadow = np.array([60, 120, 45], np.float32) + random.uniform(-25, 25, 3).astype(np.float32)
    sky = np.array([130, 165, 190], np.float32) + random.uniform(-40, 40, 3).astype(np.float32)
    picture = meadow * slope + sky * (1 - slope)
    for _ in range(int(random.integers(1, 4))):
        centre_x, centre_y = random.uniform(0.2, 0.8) * width, random.uniform(0.2, 0.8) * height
        radius = random.uniform(0.18, 0.42) * min(width, height)
        dx, dy = (x - centre_x) / radius, (y - centre_y) / radius
        distance = np.hypot(dx, dy)
        ripple = np.cos(np.arctan2(dy, dx) * flower.petals + random.uniform(0, 6.3))
        shade = (0.75 + 0.25 * ripple)[..., None]
        petals = distance < 0.8 + 0.2 * ripple
        picture = np.where(petals[..., None], np.array(flower.petal_rgb, np.float32) * shade, picture)
        heart = distance < flower.heart_ratio
        picture = np.where(heart[..., None], np.array(flower.heart_rgb, np.float32), picture)
    return Image.fromarray(picture.astype(np.uint8))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="workloads.generate", description="Draw a set of flower-like photographs.")
    parser.add_argument("--out", required=True, type=Path, help="folder to draw into")
    parser.add_argument("--images", type=int, default=400, help="how many photographs (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same bytes (default %(default)s)")
    options = parser.parse_args(arguments)
    if options.images < 1:
        parser.error(f"--images is at least 1; received {options.images}")
    size = generate(options.out, options.images, options.seed)
    print(f"{options.images} images, {size:,} bytes in {options.out}")


if __name__ == "__main__":
    main()
