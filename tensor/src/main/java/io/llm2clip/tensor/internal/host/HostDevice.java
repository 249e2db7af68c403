package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.Target;
import io.llm2clip.tensor.internal.graph.Graph;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** The CPU. A program's values lie in a block for each element type; variables are read where they are. */
public final class HostDevice implements PlanDevice {
    /** That of the widest vectors, and of cache lines. */
    private static final long ALIGNMENT = 64;

    private final Supplier<Workers> workers;

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
        return new Target("the CPU", Set.of(Precision.F32), ALIGNMENT, CpuKernels::packing, true);
    }

    @Override
    public Set<DType> matrixFormats() {
        return Set.copyOf(MatrixOperand.FORMATS);
    }

    @Override
    public Executable load(Plan plan) {
        return new Loaded(plan);
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

    /** Nothing to free: programs own their blocks. */
    @Override
    public void close() {}

    private final class Loaded implements Executable {
        private final Resources resources = new Resources();
        private final Map<DType, MemorySegment> workspace;
        private final Map<DType, MemorySegment> pinned;
        private final List<Launch> launches = new ArrayList<>();
        private final List<TensorData> variables;

        Loaded(Plan plan) {
            variables = plan.variables();
            try {
                Arena arena = Arena.ofShared();
                resources.add(arena::close);
                workspace = allocate(arena, plan.workspaceBytes());
                pinned = allocate(arena, plan.pinnedBytes());
                bind(plan);
            } catch (RuntimeException | Error e) {
                resources.closeAfter(e);
                throw e;
            }
        }

        private Map<DType, MemorySegment> allocate(Arena arena, Map<DType, Long> sizes) {
            Map<DType, MemorySegment> blocks = new EnumMap<>(DType.class);
            sizes.forEach((dtype, bytes) -> {
                blocks.put(dtype, arena.allocate(Math.max(bytes, 1), ALIGNMENT));
                EngineMemory.allocated(bytes);
                resources.add(() -> EngineMemory.released(bytes));
            });
            return blocks;
        }

        private void bind(Plan plan) {
            for (Plan.Step step : plan.steps()) {
                List<Operand> operands = step.op().operands();
                long[] addresses = new long[operands.size()];
                for (int i = 0; i < addresses.length; i++) {
                    Plan.Slot slot = step.operands().get(i);
                    Packing packing = operands.get(i).packing();
                    MemorySegment memory =
                            packing == null ? slice(slot, operands.get(i).bytes()) : packed(packing, step.op(), slot);
                    addresses[i] = memory.address();
                }
                launches.add(CpuKernels.bind(step.op(), addresses, workers.get()));
            }
        }

        /** The variable's copy in a layout, which it keeps for all programs. */
        private MemorySegment packed(Packing packing, KernelOp op, Plan.Slot slot) {
            if (!(op instanceof Matmul matmul)
                    || !(slot instanceof Plan.Slot.InVariable(TensorData variable, long _))) {
                throw new IllegalStateException("Only B of a matmul that is a variable is packed, found " + op + ".");
            }
            return variable.packed(
                    packing,
                    copy -> CpuKernels.pack(packing, matmul.b().unpacked(), variable.readOnly(), copy, workers.get()));
        }

        @Override
        public TensorData input(Plan.Slot slot, Shape shape, DType dtype) {
            return new TensorData(shape, dtype, slice(slot, dtype.bytes((long) shape.size())));
        }

        @Override
        public TensorData output(Plan.Slot slot, Shape shape, DType dtype) {
            return input(slot, shape, dtype);
        }

        @Override
        public void run() {
            // Kernels read bare addresses: what an accelerator has newer must be there first.
            variables.forEach(TensorData::bringHome);
            for (Launch launch : launches) {
                launch.run();
            }
        }

        @Override
        public void close() {
            resources.close();
        }

        private MemorySegment slice(Plan.Slot slot, long bytes) {
            return switch (slot) {
                case Plan.Slot.InWorkspace(DType dtype, long offset) ->
                    Graph.known(workspace, dtype).asSlice(offset, bytes);
                case Plan.Slot.Pinned(DType dtype, long offset) ->
                    Graph.known(pinned, dtype).asSlice(offset, bytes);
                case Plan.Slot.InVariable(TensorData variable, long offset) ->
                    variable.memory().asSlice(offset, bytes);
            };
        }
    }
}
