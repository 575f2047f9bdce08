"""Colours as others see them: lightness as on a grey print, and simulated colour blindness."""

from __future__ import annotations

import numpy as np

# Simulated in linear RGB, whole severity: Machado, Oliveira, Fernandes 2009, table 1.
BLIND = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # sRGB, D65
WHITE = TO_XYZ.sum(axis=1)


def linear(colour: str) -> np.ndarray:
    """Linear RGB, 0 to 1, of ``#rrggbb`` (IEC 61966-2-1)."""
    value = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.asarray(np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4))


def seen(colour: str, how: str) -> np.ndarray:
    """Linear RGB as seen with ``how``: a key of :data:`BLIND`, or grey."""
    if how == "grey":
        return np.full(3, float(TO_XYZ[1] @ linear(colour)))
    return np.asarray(np.clip(np.array(BLIND[how]) @ linear(colour), 0, 1))


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    ratio = TO_XYZ @ rgb / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(a: str, b: str, how: str) -> float:
    """Distance of two colours in CIE L*a*b* (CIE 1976); about 2 is just noticeable side by side."""
    return float(np.linalg.norm(lab(seen(a, how)) - lab(seen(b, how))))
