package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.tensor.WeightLayout;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.Target;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The CPU. Its programs share one workspace and take turns, whatever threads run them; each has its inputs and outputs for itself, and
 * variables are read where they are.
 */
public final class HostDevice implements PlanDevice {
    /** That of the widest vectors, and of cache lines. */
    static final long ALIGNMENT = 64;

    private final Supplier<Workers> workers;
    private final Workspace<HostBlocks> workspace = new Workspace<>(new Workspace.Source<>() {
        @Override
        public HostBlocks allocate(Map<DType, Long> bytes) {
            return new HostBlocks(bytes, "the values of a program's run");
        }

        @Override
        public void free(HostBlocks memory) {
            memory.close();
        }
    });

    /** @param workers asked at each use, so that a setting that is refused can be said there */
    public HostDevice(Supplier<Workers> workers) {
        this.workers = workers;
    }

    @Override
    public String name() {
        int threads = workers.get().threads();
        return "CPU, " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public Target target() {
        return new Target(
                "the CPU",
                new HostPrecisions(),
                Set.copyOf(MatrixOperand.FORMATS),
                ALIGNMENT,
                new HostPackings(),
                true,
                Map.of(),
                op -> op instanceof CpuOp ? "its CPU kernel" : "its reference");
    }

    @Override
    public Optional<WeightLayout> layout(DType format, int n, int k) {
        return HostLayout.of(format, n, k, workers);
    }

    @Override
    public Executable load(Plan plan) {
        return new HostExecutable(plan, workspace, workers.get());
    }

    /** Nothing to free: the last program that is closed has freed the workspace. */
    @Override
    public void close() {}
}
