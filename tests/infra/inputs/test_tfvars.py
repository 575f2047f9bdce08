"""Files of variables are read as Terraform reads them, also as Windows and editors leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.inputs.tfvars import read_tfvars


def read(tmp_path: Path, content: bytes) -> dict[str, object]:
    path = tmp_path / "mine.tfvars"
    path.write_bytes(content)
    return read_tfvars(path)


@pytest.mark.parametrize(
    "content",
    [
        b'name = "a"\nworkers = 2\n',
        b'\xef\xbb\xbfname = "a"\nworkers = 2\n',
        b'name = "a"\r\nworkers = 2\r\n',
        b'\xef\xbb\xbfname = "a"\r\n# words\r\nworkers = 2',
        b'workers = 2 # two\nname = "a"',
    ],
    ids=["plain", "mark", "windows", "both", "no end"],
)
def test_what_terraform_reads_is_read(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == {"name": "a", "workers": 2}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'name = "a"\nworkers = 2\n\nworkers = 4\n', "line 4: workers must be set once; it is set on line 2 already"),
        (b'name = "a"\nname = "a"\n', "line 2: name must be set once"),
        (b"labels = {\n  team = 1\n  team = 2\n}\n", "line 3: team must be set once; it is set on line 2 already"),
        (b'labels = {\n  "team" = 1,\n  team = 2\n}\n', "line 3: team must be set once"),
        (b'name = "a"\nworkers 2\n', "line 2: this is not HCL: 'workers 2'"),
        (b"workers = [[[", "line 2: this is not HCL: it ends where more must follow"),
        ('name = "a"\n'.encode("utf-16"), "must be UTF-8 text; byte 1 is not"),
        (b'name = "caf\xe9"\n', "must be UTF-8 text; byte 12 is not"),
    ],
)
def test_what_terraform_refuses_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, content)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "mine.tfvars"))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"mine\.tfvars cannot be read: No such file"):
        read_tfvars(tmp_path / "mine.tfvars")
