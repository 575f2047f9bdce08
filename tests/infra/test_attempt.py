from __future__ import annotations

from infra.attempt import redacted


def test_arguments_named_like_a_secret_are_not_recorded() -> None:
    args = ("--input", "data.csv", "--password", "hunter2", "--api-key=abc", "--token", "--verbose", "x=1")
    assert redacted(args) == [
        "--input",
        "data.csv",
        "--password",
        "***",
        "--api-key=***",
        "--token",
        "--verbose",
        "x=1",
    ]
