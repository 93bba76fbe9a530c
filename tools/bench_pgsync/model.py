"""A closed queueing network for fork+exit+wait on N CPUs, solved exactly by mean value analysis.

N customers, one for each CPU, go round for ever: they think (work on what is theirs), then visit the stations, one for
each lock and each shared cache line. A station serves one CPU at a time. What they need at each comes from counts
(sharing.py); how long that takes on hardware are the three constants below. It is a model, not a measurement.

The recursion is Reiser and Lavenberg's (Mean-Value Analysis of Closed Multichain Queuing Networks, JACM 27(2), 1980),
for one class of customers and stations of one server:

    response_k(n) = demand_k * (1 + queue_k(n - 1))
    throughput(n) = n / (think + sum of response_k(n))
    queue_k(n)    = throughput(n) * response_k(n)
"""
import dataclasses

# Assumption: kernel code runs at one instruction a cycle, cache misses that other CPUs cause not counted.
CYCLES_PER_INSTRUCTION = 1.0
# An uncontended LOCKed read-modify-write on a line that the CPU owns: LOCK CMPXCHG takes 18 to 20 cycles on Intel since
# Skylake (measured, uops.info: CMPXCHG_LOCK).
CYCLES_LOCKED = 20.0
# Assumption: a line that another core of the same socket has modified comes in 50 ns, at 3 GHz. Two sockets: three times that.
CYCLES_TRANSFER = 150.0


@dataclasses.dataclass
class Network:
    think: float  # cycles
    stations: dict  # name to cycles of service a round

    @property
    def alone(self):
        """Cycles of one round without waiting."""
        return self.think + sum(self.stations.values())


def throughput(think, demands, customers):
    """Rounds a cycle for 1, 2, ... customers."""
    demands = list(demands)
    queues = [0.0] * len(demands)
    result = []
    for n in range(1, customers + 1):
        responses = [demand * (1 + queue) for demand, queue in zip(demands, queues)]
        rate = n / (think + sum(responses))
        queues = [rate * response for response in responses]
        result.append(rate)
    return result


def lock_lines(window):
    """Numbers of the lines with a lock that every CPU takes. A lock in memory that wanders is seldom the same for two."""
    return {number for number, line in window.lines.items() if line.taken and line.everybody and line.variable}


def split(window):
    """
    What the shared lines of a window cost: {of the roots or not: [delay, stations]}. A lock's station serves for as long as it
    is held, and while the lines come that are touched under it. A variable that every CPU touches is a station too, when
    it is written. To read it, and lines of memory that wanders between the CPUs, is a delay that keeps nobody else waiting.
    """
    parts = {True: [0.0, {}], False: [0.0, {}]}
    locks = lock_lines(window)

    def serve(line, name, cycles):
        stations = parts[line.of_roots][1]
        stations[name] = stations.get(name, 0.0) + cycles

    for number, line in window.lines.items():
        if number in locks:
            serve(line, line.name, line.held * CYCLES_PER_INSTRUCTION + line.taken * (CYCLES_LOCKED + CYCLES_TRANSFER))
        elif line.under in locks:
            lock = window.lines[line.under]
            serve(lock, lock.name, line.touched * CYCLES_TRANSFER)
        elif line.everybody and line.variable:
            serve(line, line.name, line.written * CYCLES_TRANSFER)
            parts[line.of_roots][0] += (line.touched - line.written) * CYCLES_TRANSFER
        else:
            parts[line.of_roots][0] += line.touched * CYCLES_TRANSFER
    return parts


def own_work(window):
    """Cycles of a pass that no other CPU can hold up: instructions and locked operations outside the locks' stations."""
    locks = [window.lines[number] for number in lock_lines(window)]
    instructions = window.instructions - sum(line.held for line in locks)
    locked = window.locked + window.fences - sum(line.taken for line in locks)
    return instructions * CYCLES_PER_INSTRUCTION + locked * CYCLES_LOCKED


def networks(windows):
    """
    {strategy: Window of forks} to {strategy: (network of the roots alone, network of the whole fork)}. What is not the roots'
    is the same kernel for every strategy, and varies only with how memory happened to wander between the CPUs: its mean
    over the strategies is taken for all.
    """
    parts = {strategy: split(window) for strategy, window in windows.items()}
    names = {name for part in parts.values() for name in part[False][1]}
    others = {name: sum(part[False][1].get(name, 0.0) for part in parts.values()) / len(parts) for name in names}
    delay = sum(part[False][0] for part in parts.values()) / len(parts)
    result = {}
    for strategy, window in windows.items():
        root_delay, root_stations = parts[strategy][True]
        think = own_work(window) + delay + root_delay
        result[strategy] = (Network(think + sum(others.values()), root_stations), Network(think, {**others, **root_stations}))
    return result


def speedup(network, customers):
    """Throughput for 1, 2, ... CPUs, in units of what one CPU does that waits for nobody."""
    # Where next to nothing is served, nobody waits either: a delay is as good, and much less to compute.
    stations = [demand for demand in network.stations.values() if demand * customers > network.alone / 100]
    think = network.alone - sum(stations)
    return [rate * network.alone for rate in throughput(think, stations, customers)]
