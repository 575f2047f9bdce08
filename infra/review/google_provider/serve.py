"""Lets Terraform use a prepared provider, for the length of a piece of work.

The stand-in runs as one process that Terraform attaches to, instead of starting one for each of its steps: that takes a
``terraform test`` of a module from 10 s to 1 s.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.base.errors import SetupError
from infra.review.google_provider import packages
from infra.review.google_provider.provider import Provider, packages_dir

_SERVER = Path(__file__).with_name("server.py")
_END_S = 5.0


@contextlib.contextmanager
def served(provider: Provider) -> Iterator[dict[str, str]]:
    """The environment in which Terraform finds the provider. What was started for it ends with the block."""
    if provider.kind == "real":
        yield _mirror_environment(provider)
        return
    with tempfile.TemporaryDirectory(prefix="bakeoff-provider-") as directory:
        socket = f"{directory}/socket"
        schema = str(provider.directory / "schema.json")
        command = [packages.interpreter(), "-IS", str(_SERVER), str(packages_dir()), schema, socket]
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield {"TF_REATTACH_PROVIDERS": _attachment(provider, server, socket)}
        finally:
            server.terminate()
            try:
                server.communicate(timeout=_END_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()


def _mirror_environment(provider: Provider) -> dict[str, str]:
    config = provider.directory / "terraformrc"
    mirror = json.dumps(str(provider.directory / "mirror"))
    config.write_text(f"provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n", "utf-8")
    return {
        "TF_CLI_CONFIG_FILE": str(config),
        # A plan from an empty state calls no API, but the provider wants to see a credential.
        "GOOGLE_OAUTH_ACCESS_TOKEN": "none-is-needed-for-a-plan-from-an-empty-state",
    }


def _attachment(provider: Provider, server: subprocess.Popen[str], socket: str) -> str:
    """Terraform's own way of using a provider that runs already, meant for debugging one."""
    assert server.stdout is not None
    first = server.stdout.readline()
    if first != "ready\n":
        raise SetupError(
            f"The stand-in for the google provider did not start: {first}{server.stdout.read()}".strip()[-2000:]
            + " Cure: rm -rf .cache/google_provider"
        )
    where = {"Network": "unix", "String": socket}
    attachment = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": server.pid, "Test": True, "Addr": where}
    return json.dumps({provider.address: attachment})
