"""Round robin, with and without affinity."""

from minik8s.proxy.balancer import Balancer
from minik8s.proxy.model import Endpoint

A, B = Endpoint("10.0.0.1", 1), Endpoint("10.0.0.2", 1)


def test_takes_turns():
    balancer = Balancer()
    assert [balancer.choose("s", (A, B), "c", 0, 0) for _ in range(4)] == [A, B, A, B]


def test_no_endpoint_is_none():
    assert Balancer().choose("s", (), "c", 0, 0) is None


def test_affinity_holds_until_it_is_idle_too_long_or_the_endpoint_goes():
    balancer = Balancer()
    first = balancer.choose("s", (A, B), "c", 60, 0)
    assert balancer.choose("s", (A, B), "c", 60, 59) == first
    assert balancer.choose("s", (A, B), "c", 60, 118) == first, "each use renews it"
    assert balancer.choose("s", (A, B), "c", 60, 300) != first
    assert balancer.choose("s", (A,), "c", 60, 301) == A


def test_forgets_services_that_went():
    balancer = Balancer()
    balancer.choose("s", (A, B), "c", 60, 0)
    balancer.keep([])
    assert balancer.turn == {} and balancer.affinity == {}
