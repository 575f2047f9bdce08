"""Images that a real collection may hold, good and bad."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

FLOWERS = Path(__file__).resolve().parents[4] / "shared" / "data" / "flowers"  # 800 photographs, on some machines


def gradient(width: int = 320, height: int = 240) -> Image.Image:
    """Left to right red rises, top to bottom green; so the corners tell how the picture lies."""
    red = Image.linear_gradient("L").rotate(90).resize((width, height))
    green = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (red, green, Image.new("L", (width, height), 40)))


def encode(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def rotated_by_exif(orientation: int, width: int = 320, height: int = 240) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(gradient(width, height), quality=95, exif=exif)


def nasty() -> dict[str, tuple[bytes, str | None]]:
    """Relative name: bytes, and the reason it must be rejected for (None: it must come out)."""
    good = encode(gradient())
    return {
        "daisy/good.jpg": (good, None),
        "roses/good.jpg": (encode(gradient(200, 300)), None),  # the same name in another class
        "daisy/zero.jpg": (b"", "empty file"),
        "daisy/truncated.jpg": (good[: len(good) // 2], "truncated"),
        "daisy/header only.jpg": (good[:20], "damaged"),
        "daisy/text.jpg": (b"This is not a picture.\n" * 50, "not a JPEG or PNG image"),
        "daisy/a gif.jpg": (encode(gradient(), "GIF"), "not a JPEG or PNG image"),
        "daisy/png.jpg": (encode(gradient(), "PNG"), None),
        "daisy/png transparent.jpg": (encode(gradient().convert("RGBA"), "PNG"), None),
        "daisy/png palette.jpg": (encode(gradient().quantize(16), "PNG"), None),
        "daisy/png 16 bit.jpg": (encode(gradient().convert("L").convert("I;16"), "PNG"), None),
        "daisy/png truncated.jpg": (encode(gradient(), "PNG")[:400], "truncated"),
        "roses/cmyk.jpg": (encode(gradient().convert("CMYK")), None),
        "roses/grey.jpg": (encode(gradient().convert("L")), None),
        "roses/progressive.jpg": (encode(gradient(), progressive=True), None),
        "roses/rotated.jpg": (rotated_by_exif(6), None),
        "roses/damaged exif.jpg": (encode(gradient(), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), None),
        "tulips/1x1.jpg": (encode(Image.new("RGB", (1, 1), (250, 10, 10))), None),
        "tulips/12000 wide.jpg": (encode(gradient(12_000, 800)), None),
        "tulips/rosé früh 花 🌻.jpg": (good, None),
        "tulips/e\u0301.jpg": (good, None),  # the accent as a character of its own
        "tulips/\u00e9.jpg": (good, None),
        "ein früh blüher/x.jpg": (good, None),
    }
