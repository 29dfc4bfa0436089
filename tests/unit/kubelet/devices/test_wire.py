"""The codec against google.protobuf, and against bytes nobody would send."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from minik8s.kubelet.devices.plugins import messages, podresources
from minik8s.kubelet.devices.plugins.wire import Message, WireError

#: number, protobuf type, repeated; as upstream's api.proto has them
NUMA = [("id", 1, 3, False)]


def reference(name: str, fields: list[tuple[str, int, int, bool]]) -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    message = file.message_type.add(name=name)
    for field, number, kind, repeated in fields:
        message.field.add(name=field, number=number, type=kind, label=3 if repeated else 1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"t.{name}"))


PREFERRED = reference("P", [("available", 1, 9, True), ("must", 2, 9, True), ("size", 3, 5, False)])
CONTAINER = reference("C", [("name", 1, 9, False), ("cpu_ids", 3, 3, True)])


@given(st.lists(st.text()), st.lists(st.text()), st.integers(-(2**31), 2**31 - 1))
def test_strings_and_numbers_as_protobuf_has_them(available: list[str], must: list[str], size: int) -> None:
    ours = messages.ContainerPreferredAllocationRequest(available, must, size)
    theirs = PREFERRED(available=available, must=must, size=size)
    assert PREFERRED.FromString(ours.encode()) == theirs
    assert messages.ContainerPreferredAllocationRequest.decode(theirs.SerializeToString()) == ours


@given(st.text(), st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_packed_numbers(name: str, cpus: list[int]) -> None:
    ours = podresources.ContainerResources(name, [], cpus)
    theirs = CONTAINER(name=name, cpu_ids=cpus)
    assert CONTAINER.FromString(ours.encode()) == theirs
    assert podresources.ContainerResources.decode(theirs.SerializeToString()) == ours


def test_nested_messages_maps_and_what_is_left_out() -> None:
    answer = messages.AllocateResponse([
        messages.ContainerAllocateResponse(
            envs={"A": "1", "B": ""},
            mounts=[messages.Mount("/in", "/out", True)],
            devices=[messages.DeviceSpec("/dev/a", "/dev/b", "rw")],
        )
    ])  # fmt: skip
    assert messages.AllocateResponse.decode(answer.encode()) == answer
    assert messages.Empty().encode() == b"" and messages.DevicePluginOptions().encode() == b""
    device = messages.Device("a", "Healthy", messages.TopologyInfo([messages.NUMANode(0)]))
    assert messages.Device.decode(device.encode()) == device


def test_unknown_fields_of_newer_peers_are_passed_over() -> None:
    extra = b"\x9a\x06\x03abc" + b"\xa1\x06" + b"12345678" + b"\xad\x06" + b"1234" + b"\xb0\x06\x07"
    assert messages.Device.decode(messages.Device("a").encode() + extra) == messages.Device("a")


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\x0a\x05ab", b"\x0b", b"\xff" * 12, b"\x08\x01", b"\x0a\x01\xff"])
def test_malformed_bytes_are_one_error(data: bytes) -> None:
    with pytest.raises(WireError):
        messages.Device.decode(data)


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_one_error(data: bytes) -> None:
    kinds: list[type[Message]] = [messages.AllocateResponse, messages.RegisterRequest, podresources.PodResources]
    for kind in kinds:
        try:
            kind.decode(data)
        except WireError:
            continue
