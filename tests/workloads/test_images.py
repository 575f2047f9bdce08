"""From photographs to squares."""

from __future__ import annotations

import contextlib
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.support.workloads.pictures import encode, gradient, nasty, rotated_by_exif
from workloads import images
from workloads.images import Reason, Unusable, decode, decode_square, to_square_jpeg

GOOD = {name: data for name, (data, why) in nasty().items() if why is None}
BAD = {name: (data, why) for name, (data, why) in nasty().items() if why is not None}


@pytest.mark.parametrize("name", GOOD)
def test_good_images_become_squares(name: str) -> None:
    square = to_square_jpeg(GOOD[name], 192, 90)
    assert square == to_square_jpeg(GOOD[name], 192, 90)
    with Image.open(io.BytesIO(square)) as image:
        image.load()
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (192, 192))


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("function", [decode, lambda data: decode_square(data, 192)])
def test_bad_images_have_a_reason(name: str, function: object) -> None:
    data, why = BAD[name]
    with pytest.raises(Unusable) as caught:
        function(data)  # type: ignore[operator]
    assert caught.value.reason == why


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    """Pillow's own transposition, done before the resizing, is the reference."""
    from PIL import ImageOps

    data = rotated_by_exif(orientation)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    expected = ImageOps.fit(upright, (192, 192), Image.Resampling.BICUBIC)
    found = decode_square(data, 192)
    for corner in [(5, 5), (186, 5), (5, 186), (186, 186), (96, 20)]:
        a, b = expected.getpixel(corner), found.getpixel(corner)
        assert isinstance(a, tuple)
        assert isinstance(b, tuple)
        assert max(abs(x - y) for x, y in zip(a, b, strict=True)) <= 6


def test_the_middle_is_kept() -> None:
    wide = Image.new("RGB", (600, 200), (255, 0, 0))
    wide.paste((0, 0, 255), (200, 0, 400, 200))
    square = decode_square(encode(wide, "PNG"), 100)
    assert square.getpixel((50, 50)) == (0, 0, 255)
    assert square.getpixel((3, 50)) == (0, 0, 255)
    assert square.getpixel((96, 50)) == (0, 0, 255)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "CMYK", "I;16"])
def test_modes_keep_their_brightness(mode: str) -> None:
    grey = Image.new("L", (64, 64), 200)
    image = Image.new("I;16", (64, 64), 200 * 257) if mode == "I;16" else grey.convert("RGB").convert(mode)
    data = encode(image, "JPEG" if mode == "CMYK" else "PNG")
    pixel = decode_square(data, 32).getpixel((16, 16))
    assert isinstance(pixel, tuple)
    if mode != "1":
        assert all(abs(value - 200) <= 3 for value in pixel)


def test_comments_are_not_carried_over() -> None:
    assert b"secret place" not in to_square_jpeg(encode(gradient(), comment=b"secret place"), 192, 90)


def test_huge_images_are_refused_before_they_are_decoded() -> None:
    def png(width: int, height: int) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

        header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")

    for width, height in [(60_000, 60_000), (12_000, 8_000)]:
        with pytest.raises(Unusable, match=rf"too large: {width}x{height}") as caught:
            decode_square(png(width, height), 192)
        assert caught.value.reason == Reason.TOO_LARGE


def test_large_photographs_are_scaled_while_decoding() -> None:
    """12,000 x 9,000 pixels would take 412 MiB as they are."""
    assert decode_square(encode(Image.new("RGB", (12_000, 9_000))), 192).size == (192, 192)


def test_large_progressive_photographs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_DECODE_BYTES", 1 << 20)
    image = gradient(800, 600)
    assert decode_square(encode(image), 192).size == (192, 192)
    with pytest.raises(Unusable, match="too large"):
        decode_square(encode(image, progressive=True), 192)


@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_damage_never_escapes_as_another_error(position: int, flip: int, progressive: bool) -> None:
    damaged = bytearray(encode(gradient(64, 48), progressive=progressive))
    damaged[position % len(damaged)] ^= flip
    with contextlib.suppress(Unusable):
        assert decode_square(bytes(damaged), 32).size == (32, 32)


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("kind", ["text", "compressed", "profile"])
def test_a_png_with_large_metadata_is_a_good_image(kind: str, where: str) -> None:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    huge = bytes(5 << 20)
    profile = None
    if kind == "text":
        info.add_text("comment", "x" * (70 << 20))
    elif kind == "compressed":
        info.add(b"zTXt", b"comment\0\0" + zlib.compress(huge), after_idat=where == "after")
    else:
        profile = bytes(80 << 20)
    out = io.BytesIO()
    gradient(300, 200).save(out, "PNG", pnginfo=info, **({"icc_profile": profile} if profile else {}))
    plain = io.BytesIO()
    gradient(300, 200).save(plain, "PNG")
    assert to_square_jpeg(out.getvalue(), 96, 90) == to_square_jpeg(plain.getvalue(), 96, 90)
    assert decode(out.getvalue()).tobytes() == decode(plain.getvalue()).tobytes()
    with pytest.raises(Unusable):
        decode(out.getvalue()[:-100])
