"""Addresses in names, there and back."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minik8s.addons.dns.names import (
    address_of_pod_label,
    address_of_reverse,
    endpoint_label,
    is_within,
    labels_below,
)


@given(st.ip_addresses())
def test_reverse_names_and_pod_labels_give_the_address_back(address):
    assert address_of_reverse(address.reverse_pointer) == str(address)
    assert address_of_pod_label(endpoint_label("", str(address))) == str(address)


@pytest.mark.parametrize("name", ["in-addr.arpa", "1.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "a.b.c.d.in-addr.arpa"])
def test_no_reverse_name(name):
    assert address_of_reverse(name) is None


def test_a_part_of_an_ipv6_reverse_name_is_no_address():
    assert address_of_reverse(ipaddress.ip_address("fd00::1").reverse_pointer[2:]) is None


def test_a_domain_is_its_labels_not_its_letters():
    assert is_within("a.cluster.local", "cluster.local") and is_within("cluster.local", "cluster.local")
    assert not is_within("acluster.local", "cluster.local")
    assert labels_below("a.b.cluster.local", "cluster.local") == ["a", "b"]
    assert labels_below("cluster.local", "cluster.local") == []
