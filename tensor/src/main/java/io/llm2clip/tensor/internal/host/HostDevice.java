package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.Target;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
                Set.of(Precision.F32),
                Set.copyOf(MatrixOperand.FORMATS),
                ALIGNMENT,
                CpuKernels::packing,
                true,
                Map.of());
    }

    @Override
    public Executable load(Plan plan) {
        return new HostExecutable(plan, workspace, workers.get());
    }

    @Override
    public LaunchSequence bind(List<Application> applications) {
        List<Launch> launches = new ArrayList<>();
        Set<TensorData> touched = new HashSet<>();
        for (Application application : applications) {
            touched.addAll(application.operands());
            long[] addresses = application.operands().stream()
                    .mapToLong(data -> data.memory().address())
                    .toArray();
            launches.add(CpuKernels.bind(application.op(), addresses, workers.get()));
        }
        return LaunchSequence.of(() -> {
            touched.forEach(HostDevice::touch);
            launches.forEach(Launch::run);
        });
    }

    /** Kernels get bare addresses: newer elements must be there, and freed memory must be noticed. */
    private static void touch(TensorData data) {
        if (!data.isAlive()) {
            throw new IllegalStateException("Elements " + data.dtype() + " " + data.shape()
                    + " were freed while operations still work on them; close what works on them first.");
        }
        if (data.isFrozen()) {
            data.bringHome();
        } else {
            data.segment();
        }
    }

    /** Nothing to free: the last program that is closed has freed the workspace. */
    @Override
    public void close() {}
}
