"""The end of the run: what there is, what a calm look says, and what is left when somebody is forgotten."""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from contract.meaning import INVOKE_MODEL
from loadtest.faults.alerting import miscounted_alerts
from loadtest.faults.calls import Photograph
from loadtest.faults.cameras import wrong_events
from loadtest.faults.enrolling import NAME, forget, kept_texts, looked_for
from loadtest.faults.films import frame_at, frames_by_digest, jobs_by_content, wrong_jobs
from loadtest.faults.ledger import Ledger, Name, Paid, paid_twice, payments_of
from loadtest.faults.meanings import misplaced_vectors, thumbnail_of, vectors_paid
from loadtest.faults.persons import named_faces, strangers, traces
from loadtest.faults.script import Actor
from loadtest.faults.site import FaultSite
from loadtest.faults.verdict import Evidence, RunVerdict, counts_now, gather, judge, miscounted
from loadtest.faults.wings import RULES

# A cooldown, after a message whose sender was killed.
LONGEST_TELLING_SECONDS = 240.0
# Counts follow the records by themselves; they say when they have come so far by being right.
LONGEST_COUNTING_SECONDS = 60.0


@dataclass
class RunEnd:
    """What is looked at when the queues are empty. `phase` tells a reader what goes on.

    `calls` are those that Rekognition accepted, and `jobs` those that it began, by operation and bytes;
    `unexplained_at` are the times of payments without a cause.
    """

    site: FaultSite
    actor: Actor
    ledger: Ledger
    phase: Callable[[str], None]
    evidence: Evidence = field(init=False)
    calls: Mapping[Name, int] = field(init=False)
    unexplained_at: list[float] = field(init=False)
    jobs: Mapping[Name, int] = field(init=False)

    def judged(self, overwritten: Collection[str]) -> RunVerdict:
        """Compare everything; then forget the person who was enrolled, and look for what is left."""
        site = self.site
        self.phase("comparing bucket and table")
        self.evidence = self._gathered()
        faces = named_faces(
            self.evidence,
            self.ledger.cut_faces.values(),
            lambda cut: self.actor.content_id_of(Photograph("", cut.key, cut.version_id)),
        )
        names = {
            **self.actor.content_ids_by_digest(),
            **{digest: name for digest, (name, _, _) in faces.items()},
            **frames_by_digest(site.clients, site.outputs.renditions_bucket),
        }
        self.calls = {
            (operation, names.get(digest, digest)): count
            for (operation, digest), count in site.calls_by_content().items()
            if operation != INVOKE_MODEL
        } | vectors_paid(self.ledger.events)

        def name_of(shown: Photograph) -> str:
            named = names.get(shown.key) or frame_at(shown.key) or thumbnail_of(shown.key)
            return named or self.actor.content_id_of(shown)

        killed = {kill.invocation for kill in self.ledger.kills}
        twice = paid_twice(self.calls, payments_of(self.ledger.events, name_of, killed))
        self.unexplained_at = self._last_paid(twice.unexplained, name_of)
        true_labels = {
            key: site.labels_of(self.actor.bodies[key, present[1]])
            for key in overwritten
            if (present := self.evidence.bucket[key]) is not None
        }
        verdict = judge(self.evidence, site.announced, site.outputs.bucket, twice, true_labels)
        pictures = {name: (box, picture) for name, box, picture in faces.values()}
        wrong = strangers(self.evidence, pictures, site.persons_like)
        left = self._forgotten()
        told = miscounted_alerts(RULES, site.announced.values(), site.alerts)
        vectors = misplaced_vectors(self.evidence)
        events = wrong_events(self.evidence.records, site.events)
        of_films, is_read = self.actor.films_put()
        self.jobs = jobs_by_content(site.calls_by_object(), of_films)
        jobs = wrong_jobs(self.evidence.records, self.evidence.results, self.jobs, is_read)
        found = replace(verdict, strangers=wrong, traces=left, alerts=told)
        return replace(found, vectors=vectors, events=events, jobs=jobs)

    def _gathered(self) -> Evidence:
        """Read everything, and the counts again until they are those of the records or had long enough."""
        clients, outputs = self.site.clients, self.site.outputs
        evidence = gather(clients, outputs)
        ends_at = time.monotonic() + LONGEST_COUNTING_SECONDS
        while miscounted(evidence) and time.monotonic() < ends_at:
            evidence = replace(evidence, counts=counts_now(clients, outputs))
        return evidence

    def _last_paid(self, names: Collection[Name], name_of: Callable[[Photograph], str]) -> list[float]:
        """Return when each of these was paid for last, in seconds since 1970."""
        paid = [event for event in self.ledger.events if isinstance(event, Paid)]
        last = {(one.photograph.operation, name_of(one.photograph)): one.at for one in paid}
        return [last[name] for name in names if name in last]

    def _forgotten(self) -> dict[str, str]:
        """Forget the person, while the last alerts are told; return what is left."""
        self.phase("forgetting somebody, and waiting for the last alerts")
        site = self.site
        words = {NAME, *looked_for(site.clients, site.outputs)}
        with ThreadPoolExecutor(1) as beside:
            forgetting = beside.submit(forget, site.log.parent)
            ends_at = time.monotonic() + LONGEST_TELLING_SECONDS
            while not forgetting.done() or (not site.all_is_told() and time.monotonic() < ends_at):
                site.listen()
            forgetting.result()
        while site.listen():
            pass
        self.phase("looking for what is left of who was forgotten")
        return traces(kept_texts(site.clients, site.outputs, site.log), words)
