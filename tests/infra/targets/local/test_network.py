"""A node's cable: limited where it leaves the node, removable when half made."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from infra.targets.local import leftovers, network
from infra.targets.local.spec import NodeSpec
from tests.support.nodes import MakeSpec

pytestmark = pytest.mark.isolation

SEND = "import socket, sys\nc = socket.create_connection((sys.argv[1], int(sys.argv[2])))\nc.sendall(bytes(4 << 20))"


@pytest.fixture
def node_spec(make_spec: MakeSpec) -> Iterator[NodeSpec]:
    third = random.randrange(1, 250)  # no other test run on this host has the same
    spec = make_spec(lease_id=f"tn{third:04}", network_cidr=f"10.75.{third}.0/24", address=f"10.75.{third}.20")
    yield spec
    for item in leftovers.find(spec.lease_id):
        leftovers.remove(item)
    assert leftovers.find(spec.lease_id) == []


def _send_seconds(spec: NodeSpec) -> float:
    """Seconds that 4 MiB take from the node to the host's end of the bridge."""
    received = 0

    def drain(server: socket.socket) -> None:
        nonlocal received
        connection, _ = server.accept()
        while data := connection.recv(1 << 16):
            received += len(data)
        connection.close()

    with socket.create_server((spec.bridge_address, 0)) as server:
        thread = threading.Thread(target=drain, args=(server,), daemon=True)  # where nothing is sent, it waits for ever
        thread.start()
        inside = ["nsenter", f"--net={network.NAMESPACES / spec.namespace}", "--", sys.executable, "-c", SEND]
        began = time.monotonic()
        subprocess.run([*inside, spec.bridge_address, str(server.getsockname()[1])], check=True, timeout=120)
        thread.join()
        elapsed = time.monotonic() - began
    assert received == 4 << 20
    return elapsed


def test_what_leaves_a_node_is_limited(node_spec: NodeSpec) -> None:
    network.connect(node_spec, egress_bit_s=32_000_000)  # 4 MB/s
    assert _send_seconds(node_spec) > 0.85
    network.connect(node_spec, egress_bit_s=10_000_000_000)  # again, over what is there
    network.disconnect(node_spec)
    network.remove_bridge_if_unused(node_spec, store_alive=False)
    assert leftovers.find(node_spec.lease_id) == []


def test_the_bridge_stays_while_the_store_or_a_node_needs_it(node_spec: NodeSpec) -> None:
    network.connect(node_spec, egress_bit_s=1_000_000_000)
    network.remove_bridge_if_unused(node_spec, store_alive=False)
    network.disconnect(node_spec)
    network.remove_bridge_if_unused(node_spec, store_alive=True)
    assert (network.LINKS / node_spec.bridge).exists()


def test_half_made_parts_are_found_and_removed(node_spec: NodeSpec) -> None:
    network.ensure_bridge(node_spec)
    (network.NAMESPACES / node_spec.namespace).touch()  # a kill between the file and the mount on it
    assert {str(item).split()[0] for item in leftovers.find(node_spec.lease_id)} == {"link", "namespace"}
    assert network.namespace_pids(node_spec.namespace) == set()
    network.connect(node_spec, egress_bit_s=1_000_000_000)
    assert (network.LINKS / node_spec.veth).exists()
