"""In-process gRPC servers made of Google's own message classes, and failures that a test asks for."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status


class Refusal(Exception):
    """A fake refuses a request, with a status code and words; ``reason`` travels as google.rpc.ErrorInfo."""

    def __init__(self, code: str, words: str, reason: str = "", **metadata: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code, self.words, self.reason, self.metadata = code, words, reason, metadata

    def status(self) -> Any:
        status = status_pb2.Status(code=getattr(code_pb2, self.code), message=self.words)
        if self.reason:
            info = error_details_pb2.ErrorInfo(reason=self.reason, domain="googleapis.com", metadata=self.metadata)
            packed = any_pb2.Any()
            packed.Pack(info)
            status.details.append(packed)
        return rpc_status.to_status(status)


def require(condition: object, words: str) -> None:
    """Refuse a request that breaks a rule."""
    if not condition:
        raise Refusal("INVALID_ARGUMENT", words)


class Method(NamedTuple):
    """One method of a service: the class of its request, and what answers."""

    request: Any
    answer: Callable[[Any], Any]


class Fake(Protocol):
    """A fake service: its methods by full gRPC service name."""

    def services(self) -> Mapping[str, Mapping[str, Method]]: ...


class Failures:
    """Failures to come, per method, first come first served; and how often each method was asked."""

    def __init__(self) -> None:
        self._before: dict[str, deque[Refusal | None]] = defaultdict(deque)
        self._after: dict[str, deque[Refusal]] = defaultdict(deque)
        self.calls: dict[str, int] = defaultdict(int)
        self.lock = threading.Lock()  # held while a request is answered: the fakes need no locks of their own

    def add(self, method: str, refusal: Refusal, times: int = 1, *, after: bool = False, passing: int = 0) -> None:
        """The next calls fail, but for the first ``passing``.

        They fail before the server does anything, or ``after`` it did all: only its answer is lost.
        """
        if after:
            self._after[method].extend([refusal] * times)
        else:
            self._before[method].extend([*[None] * passing, *[refusal] * times])

    def serve(self, name: str, answer: Callable[[Any], Any], request: Any) -> Any:
        with self.lock:
            self.calls[name] += 1
            failure = self._before[name].popleft() if self._before[name] else None
            if failure:
                raise failure
            found = answer(request)
            if self._after[name]:
                raise self._after[name].popleft()
            return found


@contextmanager
def serve(fakes: list[Fake], failures: Failures) -> Iterator[str]:
    """Serve the fakes; yields ``host:port``."""
    with ThreadPoolExecutor(4) as threads:
        server = grpc.server(threads)
        for fake in fakes:
            for service, methods in fake.services().items():
                handlers = {name: _handler(name, method, failures) for name, method in methods.items()}
                server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


def _handler(name: str, method: Method, failures: Failures) -> Any:
    def answer(request: Any, context: Any) -> Any:
        try:
            return failures.serve(name, method.answer, request)
        except Refusal as refusal:
            context.abort_with_status(refusal.status())
            raise AssertionError("abort_with_status raises") from refusal

    plus = hasattr(method.request, "deserialize")  # proto-plus, else a plain protobuf class
    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=method.request.deserialize if plus else method.request.FromString,
        response_serializer=lambda m: type(m).serialize(m) if hasattr(type(m), "serialize") else m.SerializeToString(),
    )


def page(items: list[Any], token: str, size: int) -> tuple[list[Any], str]:
    """One page of a list, small whatever was asked for, and the token of the next."""
    start = int(token or 0)
    return items[start : start + size], str(start + size) if start + size < len(items) else ""
