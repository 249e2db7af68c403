package io.llm2clip.demo;

import io.llm2clip.tensor.EngineMemory;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Measures the demo's phases: seconds, and the most memory that engine and Java heap together held. */
final class PhaseMeter {
    private final List<DemoResult.Phase> phases = new ArrayList<>();

    <T> T measure(String name, Supplier<T> work) {
        EngineMemory.resetPeak();
        heapPools().forEach(MemoryPoolMXBean::resetPeakUsage);
        long start = System.nanoTime();
        T result = work.get();
        double seconds = (System.nanoTime() - start) / 1e9;
        long heap = heapPools().stream()
                .mapToLong(pool -> pool.getPeakUsage().getUsed())
                .sum();
        phases.add(new DemoResult.Phase(name, seconds, EngineMemory.peakBytes() + heap));
        return result;
    }

    List<DemoResult.Phase> phases() {
        return List.copyOf(phases);
    }

    private static List<MemoryPoolMXBean> heapPools() {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .toList();
    }
}
