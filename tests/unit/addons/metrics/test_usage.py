"""From a kubelet's page to what `kubectl top` shows."""

from __future__ import annotations

import pytest

from minik8s.addons.metrics.exposition import Point, Sample, parse_page
from minik8s.addons.metrics.publish import Location, render
from minik8s.addons.metrics.usage import Store, compute_usage, format_cpu, format_memory, format_window

PAGE = """# HELP x y
# TYPE container_cpu_usage_seconds_total counter
container_cpu_usage_seconds_total{container="c",namespace="ns",pod="p"} 2.5 1000000
container_memory_working_set_bytes{container="c",namespace="ns",pod="p"} 4194304 1000000
container_start_time_seconds{container="c",namespace="ns",pod="p"} 990.5
node_cpu_usage_seconds_total 100.25 1000500
node_memory_working_set_bytes 1e+09 1000500
pod_cpu_usage_seconds_total{namespace="ns",pod="p"} 2.5 1000000
resource_scrape_error 0
nonsense {
"""


def test_a_page_is_parsed() -> None:
    sample = parse_page(PAGE, 5.0)
    assert sample.node == Point(1000.5, 100.25, 1_000_000_000)
    assert sample.pods == {("ns", "p"): {"c": Point(1000.0, 2.5, 4194304, 990.5)}}


def test_labels_may_hold_anything() -> None:
    line = 'container_memory_working_set_bytes{container="a\\"b}",namespace="n",pod="p"} 1\n'
    assert list(parse_page(line, 7.0).pods["n", "p"].values()) == [Point(0.0, 0.0, 1)]


@pytest.mark.parametrize(
    ("before", "cores"),
    [
        (Point(990, 8.0, 1, 500), 200_000_000),
        (None, None),  # one point, and it started long ago
        (Point(999.9, 9.9, 1, 500), None),  # too near
        (Point(990, 50.0, 1, 500), None),  # the counter began anew
    ],
)
def test_cores_come_of_two_points(before: Point | None, cores: int | None) -> None:
    usage = compute_usage(Point(1000, 10.0, 7, 500), before, 15.0)
    assert (usage.nano_cores if usage else None) == cores


def test_a_container_that_has_just_started_counts_from_its_start() -> None:
    usage = compute_usage(Point(1000, 1.0, 7, 990), None, 15.0)
    assert usage is not None and (usage.nano_cores, usage.window) == (100_000_000, 10)
    again = compute_usage(Point(1000, 1.0, 7, 990), Point(980, 30.0, 7, 100), 15.0)
    assert again == usage, "the one before was another container"


def sample(time: float, cpu: float, **containers: float) -> Sample:
    pods = {("ns", "p"): {name: Point(time, used, 1024, 1.0) for name, used in containers.items()}}
    return Sample(Point(time, cpu, 2048), pods)


def test_the_store_keeps_two_pages_a_node() -> None:
    store = Store()
    assert store.node_usage("n") is None and store.pod_usage("ns", "p") is None
    store.add("n", sample(100, 10, a=1))
    assert store.has_one_point("n") and store.node_usage("n") is None
    store.add("n", sample(100.1, 10, a=1))
    assert store.has_one_point("n"), "the kubelet had nothing new"
    store.add("n", sample(110, 15, a=2))
    usage = store.node_usage("n")
    assert usage is not None and (usage.nano_cores, usage.memory) == (500_000_000, 2048)
    assert {n: u.nano_cores for n, u in (store.pod_usage("ns", "p") or {}).items()} == {"a": 100_000_000}
    store.add("n", sample(120, 15, a=2, b=1))
    assert store.pod_usage("ns", "p") is None, "half of a pod would mislead"
    store.keep_only(set())
    assert store.node_usage("n") is None


def test_amounts_are_written_as_metrics_server_writes_them() -> None:
    assert (format_cpu(1234), format_cpu(0), format_memory(4194304)) == ("1234n", "0", "4096Ki")
    assert (format_window(15.0), format_window(14.9876), format_window(75.5)) == ("15s", "14.988s", "1m15.5s")


def test_what_is_published() -> None:
    service, slice_, api = render(Location("192.0.2.1", 4443, b"PEM"))
    assert "selector" not in service["spec"] and service["spec"]["ports"][0]["targetPort"] == 4443
    assert slice_["endpoints"][0]["addresses"] == ["192.0.2.1"]
    assert slice_["metadata"]["labels"]["kubernetes.io/service-name"] == service["metadata"]["name"]
    assert api["metadata"]["name"] == "v1beta1.metrics.k8s.io" and api["spec"]["caBundle"] == "UEVN"
    assert render(Location("192.0.2.1", 4443))[2]["spec"]["insecureSkipTLSVerify"] is True
