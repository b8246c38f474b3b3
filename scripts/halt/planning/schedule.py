"""How long the jobs take on a given machine: a list schedule over the graph, not a division.

Whenever something ends, the waiting jobs that fit are started, those before the longest chain of work first. Memory,
queues of a cluster and failures are not modeled.
"""

import heapq
from collections.abc import Sequence

from halt.planning import Job, PlanError


def wall(
    jobs: Sequence[Job], seconds: Sequence[float], evaluators: Sequence[str | None], gpus: int, cpus: float
) -> float:
    """Seconds until the last needed job has ended, on so many GPUs and CPUs (math.inf: no limit).

    evaluators: by job, the served evaluator that it asks, or None. Jobs that ask the same one take turns: it gives
    `throughput` in all. PlanError for a job that asks for more than there is.
    """
    for job in jobs:
        if job.needed and (job.gpus > gpus or job.cpus > cpus):
            what = f"{job.gpus} GPUs" if job.gpus > gpus else f"{job.cpus} CPUs"
            raise PlanError(f"{job.rule} {'/'.join(map(str, job.wildcards.values()))} asks for {what}")
    return _Schedule(jobs, seconds, evaluators, gpus, cpus).run()


def longest_chain(jobs: Sequence[Job], seconds: Sequence[float]) -> float:
    """Seconds of the longest chain of jobs that wait for each other: more GPUs do not shorten it."""
    return max(_tails(jobs, seconds), default=0.0)


def _dependents(jobs: Sequence[Job]) -> list[list[int]]:
    """By job, the needed jobs that wait for it."""
    found: list[list[int]] = [[] for _ in jobs]
    for place, job in enumerate(jobs):
        if job.needed:
            for before in job.after:
                found[before].append(place)
    return found


def _tails(jobs: Sequence[Job], seconds: Sequence[float]) -> list[float]:
    """By job, the seconds from its start to the end of the longest chain after it; 0 for one that need not run."""
    dependents = _dependents(jobs)
    open_ones = [len(found) for found in dependents]
    ends = [place for place, count in enumerate(open_ones) if not count]
    tails = [0.0] * len(jobs)
    while ends:
        place = ends.pop()
        if jobs[place].needed:
            behind = max((tails[other] for other in dependents[place]), default=0.0)
            tails[place] = behind + (0.0 if jobs[place].service else seconds[place])
        for before in jobs[place].after if jobs[place].needed else ():
            open_ones[before] -= 1
            if not open_ones[before]:
                ends.append(before)
    return tails


class _Schedule:
    def __init__(self, jobs, seconds, evaluators, gpus, cpus):
        self.jobs, self.seconds, self.evaluators = jobs, seconds, evaluators
        self.gpus, self.cpus, self.busy = gpus, cpus, set()
        self.tails = _tails(jobs, seconds)
        self.dependents = _dependents(jobs)
        self.waits_for = [sum(jobs[before].needed for before in job.after) for job in jobs]
        self.consumers = {place: len(self.dependents[place]) for place, job in enumerate(jobs) if job.service}
        self.ready: dict[tuple, list] = {}  # by what a job takes: waiting jobs, longest tail first
        self.running: list[tuple[float, int]] = []
        self.now = 0.0

    def run(self) -> float:
        for place, job in enumerate(self.jobs):
            if job.needed and not self.waits_for[place]:
                self._queue(place)
        self._start_all()
        while self.running:
            self.now, place = heapq.heappop(self.running)
            self._end(place)
            while self.running and self.running[0][0] == self.now:
                self._end(heapq.heappop(self.running)[1])
            self._start_all()
        stuck = next((queue[0][1] for queue in self.ready.values() if queue), None)
        if stuck is not None:
            raise PlanError(f"{self.jobs[stuck].rule}: no room is left by the services that run beside it")
        return self.now

    def _queue(self, place: int) -> None:
        job = self.jobs[place]
        taken = (job.gpus, job.cpus, self.evaluators[place])
        heapq.heappush(self.ready.setdefault(taken, []), (-self.tails[place], place))

    def _start_all(self) -> None:
        while True:
            fitting = [queue for taken, queue in self.ready.items() if queue and self._fits(*taken)]
            if not fitting:
                return
            _, place = heapq.heappop(min(fitting, key=lambda queue: queue[0]))
            self._take(place, -1)
            if self.jobs[place].service:
                self._release_dependents(place)
            else:
                heapq.heappush(self.running, (self.now + self.seconds[place], place))

    def _fits(self, gpus: int, cpus: int, evaluator: str | None) -> bool:
        return gpus <= self.gpus and cpus <= self.cpus and evaluator not in self.busy

    def _take(self, place: int, sign: int) -> None:
        """Take (-1) or give back (1) what a job holds."""
        job, evaluator = self.jobs[place], self.evaluators[place]
        self.gpus += sign * job.gpus
        self.cpus += sign * job.cpus
        if evaluator is not None:
            (self.busy.add if sign < 0 else self.busy.discard)(evaluator)

    def _end(self, place: int) -> None:
        self._take(place, 1)
        for before in self.jobs[place].after:
            if before in self.consumers:
                self.consumers[before] -= 1
                if not self.consumers[before]:
                    self._take(before, 1)
        if not self.jobs[place].service:
            self._release_dependents(place)

    def _release_dependents(self, place: int) -> None:
        for other in self.dependents[place]:
            self.waits_for[other] -= 1
            if not self.waits_for[other]:
                self._queue(other)
