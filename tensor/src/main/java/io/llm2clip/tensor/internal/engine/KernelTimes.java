package io.llm2clip.tensor.internal.engine;

import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanText;
import io.llm2clip.tensor.internal.compiler.StepObserver;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;

/** The time of each kernel, the median of the last runs: the first ones find memory that was never touched, and code that is not compiled. */
final class KernelTimes implements StepObserver {
    private static final int RUNS = 15;

    private final Plan plan;
    /** By run and kernel. */
    private final Deque<long[]> runs = new ArrayDeque<>();

    private long last;

    KernelTimes(Plan plan) {
        this.plan = plan;
    }

    @Override
    public void begins() {
        if (runs.size() == RUNS) {
            runs.removeFirst();
        }
        runs.addLast(new long[plan.steps().size()]);
        last = System.nanoTime();
    }

    @Override
    public void ran(int step, IntFunction<MemorySegment> operands) {
        long now = System.nanoTime();
        runs.getLast()[step] = now - last;
        // What other observers do is nobody's time.
        last = System.nanoTime();
    }

    /** Kernels of one description: what they do, how often, in what time. */
    private static final class Kind {
        private int kernels;
        private long nanos;
        private long flops;
        private long bytes;
    }

    /** A line for each kind of kernel, those that take most first. */
    String table() {
        Map<String, Kind> kinds = new LinkedHashMap<>();
        long all = 0;
        for (int i = 0; i < plan.steps().size(); i++) {
            Plan.Step step = plan.steps().get(i);
            Kind kind = kinds.computeIfAbsent(PlanText.describeLayouts(step), _ -> new Kind());
            kind.kernels++;
            long nanos = median(i);
            kind.nanos += nanos;
            kind.flops += step.op().flops();
            kind.bytes +=
                    step.op().operands().stream().mapToLong(Operand::bytes).sum();
            all += nanos;
        }
        StringBuilder text = new StringBuilder();
        line(text, "%,.3f ms in kernels, medians of %d run%s", all / 1e6, runs.size(), runs.size() == 1 ? "" : "s");
        line(text, "%12s %6s %7s %10s %8s %8s  %s", "ms", "share", "kernels", "ms each", "GFLOP/s", "GB/s", "kernel");
        List<Map.Entry<String, Kind>> sorted = kinds.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Kind> entry) -> -entry.getValue().nanos))
                .toList();
        for (Map.Entry<String, Kind> entry : sorted) {
            Kind kind = entry.getValue();
            double time = Math.max(1, kind.nanos);
            line(
                    text,
                    "%,12.3f %5.1f%% %7d %,10.3f %8.1f %8.1f  %s",
                    kind.nanos / 1e6,
                    100.0 * kind.nanos / Math.max(1, all),
                    kind.kernels,
                    kind.nanos / 1e6 / kind.kernels,
                    kind.flops / time,
                    kind.bytes / time,
                    entry.getKey());
        }
        return text.toString();
    }

    private long median(int step) {
        long[] sorted = runs.stream().mapToLong(run -> run[step]).sorted().toArray();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    private static void line(StringBuilder text, String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments).stripTrailing())
                .append('\n');
    }
}
