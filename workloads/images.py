"""From the bytes of a photograph to a square RGB JPEG.

What is accepted: anything that Pillow decodes as JPEG or PNG, whatever the file is called (a PNG named ``.jpg`` is a
good image, and becomes a JPEG here); baseline and progressive, greyscale, CMYK (converted without its colour profile),
palette and transparent (transparency is dropped), 16-bit; any size from 1x1, which is enlarged, up to
:data:`MAX_PIXELS` and :data:`MAX_DECODE_BYTES`. EXIF orientation is applied.
"""

from __future__ import annotations

import io
import warnings
from enum import StrEnum
from typing import Literal

from PIL import Image, JpegImagePlugin, PngImagePlugin  # noqa: F401  (the plugins: registered now, not at the first image)
from PIL.Image import Resampling, Transpose

FORMATS = ("JPEG", "PNG")
PNG = b"\x89PNG\r\n\x1a\n"
MAX_PIXELS = 200_000_000  # 12,000 x 16,000; Pillow's own guard would refuse above 179 million
MAX_DECODE_BYTES = 256 << 20  # memory that decoding one image may take; a small node has 1 GiB in all
warnings.filterwarnings("ignore", message="Corrupt EXIF data")  # what follows from it is said at _orientation
Image.MAX_IMAGE_PIXELS = None  # the two limits above replace Pillow's

# Pillow keeps memory for the next image (of 16 MiB at most each): new pages would cost a sixth of the decoding.
Image.core.set_blocks_max(8)  # type: ignore[attr-defined]  # documented under Block Allocator

# All of them average over the pixels that a smaller picture leaves out. The softer ones are faster: resizing takes 1.1 ms
# of a photograph of 500x333 by bicubic, 0.7 by bilinear, 0.5 by box, which is what others call "area".
Resample = Literal["bicubic", "bilinear", "box"]
_FILTERS = {"bicubic": Resampling.BICUBIC, "bilinear": Resampling.BILINEAR, "box": Resampling.BOX}
_ORIENTATION = 0x0112  # EXIF tag
_TRANSPOSE = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


class Reason(StrEnum):
    """Why an image was rejected."""

    EMPTY = "empty file"
    NOT_AN_IMAGE = "not a JPEG or PNG image"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_LARGE = "too large"


class Unusable(Exception):
    """An image that cannot be used; ``reason`` is one of :class:`Reason`, the message adds the particulars."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason


def to_square_jpeg(data: bytes, size: int, quality: int, resample: Resample = "bicubic") -> bytes:
    """Decode, resize and centre-crop to ``size`` x ``size`` pixels, and encode as JPEG. The same bytes give the same
    bytes.

    Raises:
        Unusable: the image cannot be decoded, or is too large.
    """
    out = io.BytesIO()
    decode_square(data, size, resample).save(out, "JPEG", quality=quality)
    return out.getvalue()


def decode_square(data: bytes, size: int, resample: Resample = "bicubic") -> Image.Image:
    """Decode to RGB, upright, resized and centre-cropped to ``size`` x ``size`` pixels.

    Raises:
        Unusable: the image cannot be decoded, or is too large.
    """
    image = _open(data)
    orientation = _orientation(image)
    width, height = image.size
    image.draft(None, (size, size))  # JPEG only: let the decoder scale by 1/2, 1/4 or 1/8, never below the target
    _refuse_too_large(image, width, height)
    image = _to_rgb(_load(image, data))
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    square = image.resize((size, size), _FILTERS[resample], box=(left, top, left + side, top + side))
    # Turning the small square is cheaper than turning the photograph, and the same: the crop is symmetric.
    if orientation in _TRANSPOSE:
        square = square.transpose(_TRANSPOSE[orientation])
    square.info = {}  # a comment of the original would be written into the copy
    return square


def decode(data: bytes) -> Image.Image:
    """Decode to RGB as it is.

    Raises:
        Unusable: the image cannot be decoded, or is too large.
    """
    image = _open(data)
    _refuse_too_large(image, *image.size)
    return _to_rgb(_load(image, data))


def _open(data: bytes) -> Image.Image:
    if not data:
        raise Unusable(Reason.EMPTY)
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:  # Pillow's parsers raise anything from SyntaxError to struct.error on damaged headers
        if (plain := without_text(data)) is not None:
            return _open(plain)
        if data.startswith((b"\xff\xd8\xff", PNG)):
            raise Unusable(Reason.DAMAGED, "its header cannot be read") from error
        raise Unusable(Reason.NOT_AN_IMAGE) from error


def _load(image: Image.Image, data: bytes) -> Image.Image:
    try:
        image.load()
    except Exception as error:
        if (plain := without_text(data)) is not None:
            return _load(_open(plain), plain)
        end = b"\xff\xd9" if image.format == "JPEG" else b"IEND"
        cut = "truncated" in str(error) or end not in data[-64:]
        raise Unusable(Reason.TRUNCATED if cut else Reason.DAMAGED, str(error)) from error
    return image


def without_text(data: bytes) -> bytes | None:
    """A PNG without its texts and colour profile, which Pillow refuses above a size; None where it is no PNG or has none.

    Chunks: https://www.w3.org/TR/png-3/#5Chunk-layout.
    """
    if not data.startswith(PNG):
        return None
    kept, at = [PNG], len(PNG)
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in (b"tEXt", b"zTXt", b"iTXt", b"iCCP"):
            kept.append(data[at:end])
        at = end
    plain = b"".join(kept)
    return plain if len(plain) < len(data) else None


def _refuse_too_large(image: Image.Image, width: int, height: int) -> None:
    """Refuse before decoding. ``image`` has the size it will be decoded at, ``width`` and ``height`` are the file's."""
    if width * height > MAX_PIXELS:
        raise Unusable(Reason.TOO_LARGE, f"{width}x{height} pixels, the limit is {MAX_PIXELS:,}")
    memory = image.width * image.height * 4
    if image.info.get("progressive") or image.info.get("progression"):
        memory += width * height * 2 * len(image.getbands())  # a progressive JPEG is held whole, as coefficients
    if memory > MAX_DECODE_BYTES:
        need, limit = memory >> 20, MAX_DECODE_BYTES >> 20
        raise Unusable(Reason.TOO_LARGE, f"{width}x{height} pixels need {need} MiB to decode, the limit is {limit}")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data say nothing about the orientation, and do not spoil the picture
        return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):  # 16 bits per pixel: convert() would clip instead of scaling
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L").convert("RGB")
    return image.convert("RGB")
