"""The metrics page."""

from __future__ import annotations

from minik8s.apiserver.metrics import Metrics

KEY = ("GET", "", "v1", "pods", "", "resource")


def test_counts_and_histogram() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.03, 100.0):
        metrics.observe(KEY, 200, seconds)
    page = metrics.render([("apiserver_storage_objects", {"resource": "pods"}, 3)])
    labels = 'verb="GET",group="",version="v1",resource="pods",subresource="",scope="resource",component="apiserver"'
    assert f'apiserver_request_total{{{labels},code="200"}} 3' in page
    assert f'apiserver_request_duration_seconds_bucket{{{labels},le="0.005"}} 1' in page
    assert f'apiserver_request_duration_seconds_bucket{{{labels},le="0.05"}} 2' in page
    assert f'apiserver_request_duration_seconds_bucket{{{labels},le="+Inf"}} 3' in page
    assert f"apiserver_request_duration_seconds_count{{{labels}}} 3" in page
    assert 'apiserver_storage_objects{resource="pods"} 3' in page
    assert "process_resident_memory_bytes" in page


def test_watches_have_no_duration() -> None:
    metrics = Metrics()
    metrics.observe(("WATCH", *KEY[1:]), 200, 3600)
    assert metrics.durations == {}
