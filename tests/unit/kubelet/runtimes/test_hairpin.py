"""Hairpin mode is a convenience: where it cannot be had, nothing breaks."""

from minik8s.kubelet.runtimes.docker.hairpin import allow_hairpin


def test_a_sandbox_that_is_gone():
    assert not allow_hairpin(2**30)
