"""The venue as Prometheus reads it (docs/facts.md lists every name).  Labels are words of the code, boards and doors; never people."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.facts.looks import Looks
from gateway.facts.tally import LATENCY_S, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class VenueMetrics(Collector):
    """Everything at the moment of the scrape."""

    def __init__(self, looks: Looks) -> None:
        self.looks = looks

    def describe(self) -> list[Metric]:
        """Nothing beforehand: looking at a venue that is not there yet would fail."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from _counted(self.looks.tally)
        yield from self._seen()

    def _seen(self) -> Iterator[Metric]:
        looks, c = self.looks, self.looks.coordinator
        now = c.clock()
        yield _gauge("bidhall_broker_up", "1 while the gateway is connected to the broker.", int(looks.broker_up()))
        yield _gauge("bidhall_agents_online", "Boards that are there.", sum(a.online for a in c.agents.agents.values()))
        yield _gauge("bidhall_agents", "Boards of the venue.", len(c.venue.boards))
        yield _by("bidhall_devices", "Devices by state.", "state", looks.devices())
        leases = looks.leases(now)
        ending = Counter(expiring=leases.expiring, expired=leases.expired)
        yield _by("bidhall_leases", "Doors whose lease runs out, or has.", "state", ending)
        counts = looks.outbox()
        yield _by("bidhall_outbox_items", "What the platform has not taken.", "state", Counter(waiting=counts.waiting, dead=counts.dead))
        hooks = looks.webhooks.all()
        on = sum(hook.delivery.on for hook in hooks)
        yield _by("bidhall_webhooks", "Subscriptions.", "state", Counter(on=on, off=len(hooks) - on))
        yield _gauge("bidhall_webhook_dead_facts", "Facts that receivers refused.", looks.webhooks.dead_count())
        disks = GaugeMetricFamily("bidhall_disk_free_bytes", "Free room under a folder.", labels=["folder"])
        for name in looks.disks:
            disks.add_metric([name], looks.disk(name).free_bytes)
        yield disks
        yield _by("bidhall_alarms_open", "Alarms that stand.", "code", Counter(alarm.code for alarm in looks.alarms().values()))
        yield _gauge("bidhall_scene_runs_open", "Scene runs under way.", len(c.scenes.open))
        yield CounterMetricFamily("bidhall_bad_messages", "Malformed messages from boards.", value=c.bad_messages)
        yield _gauge("bidhall_event_loop_lag_seconds", "Longest pause of the last minute.", looks.tally.lag_ms / 1000)


def _counted(tally: Tally) -> Iterator[Metric]:
    decisions = CounterMetricFamily("bidhall_door_decisions", "Decisions of doors.", labels=["decision", "rule"])
    for (decision, rule), count in sorted(tally.decisions.items()):
        decisions.add_metric([decision, rule], count)
    yield decisions
    runs = CounterMetricFamily("bidhall_scene_runs", "Scene runs that have ended.", labels=["scene", "result"])
    for (scene, result), count in sorted(tally.runs.items()):
        runs.add_metric([scene, result], count)
    yield runs
    latency = HistogramMetricFamily("bidhall_scene_run_seconds", "From the press to the result.", labels=["scene"])
    for scene, buckets in sorted(tally.latency.items()):
        below, rows = 0, []
        for limit, count in zip((*map(str, LATENCY_S), "+Inf"), buckets, strict=True):
            below += count
            rows.append((limit, float(below)))
        latency.add_metric([scene], rows, tally.latency_sum_s[scene])
    yield latency
    gaps = CounterMetricFamily("bidhall_recording_gaps", "Recording gaps that have ended.", labels=["cause"])
    for cause, count in sorted(tally.gaps.items()):
        gaps.add_metric([cause], count)
    yield gaps
    for name, text, found in (
        ("bidhall_mqtt_messages", "Messages to and from the broker.", tally.messages),
        ("bidhall_mqtt_bytes", "Payload to and from the broker.", tally.bytes),
    ):
        family = CounterMetricFamily(name, text, labels=["way"])
        for way in ("in", "out"):
            family.add_metric([way], found[way])
        yield family


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _by(name: str, text: str, label: str, values: Counter[str]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for word, value in sorted(values.items()):
        family.add_metric([word], value)
    return family


def exposition(looks: Looks) -> bytes:
    """The text of one scrape."""
    registry = CollectorRegistry()
    registry.register(VenueMetrics(looks))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
