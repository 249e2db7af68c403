package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A device with an arena for each of f32 (and boolean), i32, and bf16 and f16 elements, in which the operands of launches lie.
 *
 * <p>Launches and transfers are complete when the methods return. Not for several threads at a time.
 */
public final class TornadoDevice implements AutoCloseable {
    private final DeviceInfo info;
    private final Resources resources = new Resources();
    private final DeviceArenas arenas;
    private final Map<DType, Long> elements = new EnumMap<>(DType.class);
    private final Map<DeviceKernel, KernelGraph> kernels = new HashMap<>();
    private final Map<DType, StagedTransfers> transfers = new EnumMap<>(DType.class);
    private final KernelSources sources;
    private final @Nullable LibraryProducts library;
    private final List<Recording> recordings = new ArrayList<>();
    private boolean closed;

    private TornadoDevice(
            TornadoApi api,
            TornadoApi.DeviceHandle device,
            int floats,
            int ints,
            int halves,
            @Nullable LibraryProducts library) {
        this.info = device.info();
        this.library = library;
        elements.put(DType.F32.arena(), (long) floats);
        elements.put(DType.I32.arena(), (long) ints);
        elements.put(DType.BF16.arena(), (long) halves);
        try {
            Arena host = Arena.ofShared();
            resources.add(host::close);
            arenas = new DeviceArenas(api, device, host, floats, ints, halves);
            sources = new KernelSources(arenas, kernels);
            Object allocation = arenas.newPlan(api.scheduler(), List.of());
            api.execute(allocation, 0);
            resources.add(() -> api.free(allocation, 0));
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
        if (library != null) {
            resources.add(library::close);
        }
        resources.add(() -> closeAll(recordings, Recording::close));
        resources.add(() -> closeAll(transfers.values(), StagedTransfers::close));
        resources.add(() -> closeAll(kernels.values(), KernelGraph::close));
    }

    /**
     * Opens a device and allocates its arenas; their elements are not initialized.
     *
     * @param number as {@link TornadoVm#devices} numbers them
     * @param halfElements of bf16 and f16 together
     * @throws DeviceException if there is no such device, or not enough memory on it, or its library does not work
     */
    public static TornadoDevice open(int number, long floatElements, long intElements, long halfElements) {
        TornadoApi api = TornadoApi.get();
        TornadoApi.DeviceHandle device = TornadoVm.handle(api, number);
        int floats = size(device.info(), DType.F32, floatElements);
        int ints = size(device.info(), DType.I32, intElements);
        int halves = size(device.info(), DType.BF16, halfElements);
        long bytes = DeviceArenas.bytes(api, DType.F32, floats)
                + DeviceArenas.bytes(api, DType.I32, ints)
                + DeviceArenas.bytes(api, DType.BF16, halves);
        if (bytes > device.info().memoryBytes()) {
            throw tooLittle(
                    device.info(),
                    "arenas of " + bytes + " bytes",
                    device.info().memoryBytes() + " bytes of memory");
        }
        LibraryProducts library = LibraryProducts.of(device.info(), api).orElse(null);
        try {
            return new TornadoDevice(api, device, floats, ints, halves, library);
        } catch (DeviceException e) {
            throw new DeviceException(
                    "Arenas of " + bytes + " bytes could not be allocated on "
                            + device.info().name() + ": " + e.getMessage()
                            + "; free memory on the device, or ask for less by smaller batches.",
                    e);
        }
    }

    private static int size(DeviceInfo info, DType dtype, long elements) {
        if (elements < 0 || elements > DeviceInfo.MOST_ELEMENTS) {
            throw new DeviceException("A " + dtype + " arena of " + elements + " elements was asked for, expected 0 to "
                    + DeviceInfo.MOST_ELEMENTS + ", as kernels count elements by int; use smaller batches.");
        }
        long bytes = DeviceArenas.bytes(TornadoApi.get(), dtype, elements);
        if (info.allocationBytes() > 0 && bytes > info.allocationBytes()) {
            throw tooLittle(
                    info,
                    "a " + dtype + " arena of " + bytes + " bytes",
                    "at most " + info.allocationBytes() + " in one allocation");
        }
        return (int) elements;
    }

    private static DeviceException tooLittle(DeviceInfo info, String wanted, String has) {
        return new DeviceException("Device " + info.number() + " (" + info.name() + ") cannot hold " + wanted
                + ": it has " + has + "; use smaller batches or another device.");
    }

    /** What the driver calls the device. */
    public String name() {
        return info.name();
    }

    public DeviceInfo info() {
        return info;
    }

    /**
     * Runs a launch.
     *
     * @param offsets as {@link DeviceLaunch#params} takes them: elements in the arena of the operand's type
     * @throws DeviceException if the kernel does not compile or run there
     */
    public void launch(DeviceLaunch launch, int[] offsets) {
        requireOpen();
        kernels.computeIfAbsent(launch.kernel(), kernel -> new KernelGraph(arenas, kernel, null))
                .run(launch, offsets);
    }

    /**
     * What executes an operation here: launches of kernels, or calls of the device's library.
     *
     * @param precision of its multiplications
     * @param offsets for each operand its first element in the arena of its type
     * @param rounded for each operand whether it is rounded already, and its place in the arena of {@link MatmulPrecision#factors}; may end early
     * @param scratch gives memory that the steps may overwrite
     * @throws DeviceException if the device does not multiply in that precision
     * @throws IllegalArgumentException as {@link DeviceKernels#plan}
     */
    public List<DeviceStep> steps(
            KernelOp op, MatmulPrecision precision, int[] offsets, boolean[] rounded, OperationScratch scratch) {
        if (!precisions().contains(precision)) {
            throw new DeviceException("Device " + info.number() + " (" + name() + ") multiplies in F32: expected"
                    + " the library cuBLASLt for " + precision + ", found none with the back end " + info.backend()
                    + "; use the back end cuda and install CUDA's libcublasLt, or do without " + precision + ".");
        }
        if (library != null) {
            List<DeviceStep> steps = library.steps(op, precision, offsets, rounded, scratch);
            if (!steps.isEmpty()) {
                return steps;
            }
        }
        DevicePlan plan = DeviceKernels.plan(op);
        int[] all = offsets;
        if (plan.scratch() > 0) {
            all = Arrays.copyOf(offsets, offsets.length + 1);
            all[offsets.length] = scratch.take(DType.F32, plan.scratch());
        }
        List<DeviceStep> steps = new ArrayList<>();
        for (DeviceLaunch launch : plan.launches()) {
            steps.add(new BoundLaunch(launch, all));
        }
        return steps;
    }

    /** In what it can multiply matrices: in all with a library, in f32 without one. */
    public Set<MatmulPrecision> precisions() {
        return library == null ? EnumSet.of(MatmulPrecision.F32) : EnumSet.allOf(MatmulPrecision.class);
    }

    /** Whether an operation is a product whose factors are rounded. */
    public boolean rounds(KernelOp op, MatmulPrecision precision) {
        return precision.factors() != DType.F32
                && op instanceof Matmul product
                && !Product.of(product).isEmpty();
    }

    /**
     * Copies a segment's bytes into an arena.
     *
     * @param element where to, in elements of the type
     * @throws IndexOutOfBoundsException if the segment does not fit there
     */
    public void upload(DType dtype, int element, MemorySegment source) {
        transfers(dtype, element, source).upload(element, source);
    }

    /**
     * Fills a segment with bytes from an arena.
     *
     * @param element where from, in elements of the type
     * @throws IndexOutOfBoundsException if the arena has not as many elements there
     */
    public void download(DType dtype, int element, MemorySegment target) {
        transfers(dtype, element, target).download(element, target);
    }

    private StagedTransfers transfers(DType dtype, int element, MemorySegment segment) {
        requireOpen();
        long count = segment.byteSize() / dtype.bytes();
        long size = elements.getOrDefault(dtype.arena(), 0L);
        if (segment.byteSize() % dtype.bytes() != 0 || element < 0 || element + count > size) {
            throw new IndexOutOfBoundsException("A transfer of " + segment.byteSize() + " bytes at element " + element
                    + " was asked for, expected whole " + dtype + " elements within the arena's " + size
                    + "; correct the place or the size.");
        }
        return transfers.computeIfAbsent(dtype.arena(), key -> new StagedTransfers(arenas, key));
    }

    /**
     * Binds launches to be executed in order, again and again, with less work on the host than one by one.
     *
     * @throws DeviceException if a kernel does not compile there
     */
    public LaunchSequence record(List<? extends DeviceStep> steps) {
        return record(steps, info.isCuda() ? Recording.Mode.REPLAY : Recording.Mode.ONE_BY_ONE);
    }

    LaunchSequence record(List<? extends DeviceStep> steps, Recording.Mode mode) {
        requireOpen();
        List<DeviceStep> all = List.copyOf(steps);
        if (all.isEmpty() || mode == Recording.Mode.ONE_BY_ONE) {
            List<LaunchSequence> parts = all.stream().map(this::alone).toList();
            return new LaunchSequence() {
                @Override
                public void run() {
                    parts.forEach(LaunchSequence::run);
                }

                @Override
                public void close() {
                    parts.forEach(LaunchSequence::close);
                }
            };
        }
        return recorded(all, mode == Recording.Mode.REPLAY);
    }

    private LaunchSequence alone(DeviceStep step) {
        return switch (step) {
            case BoundLaunch bound -> LaunchSequence.of(() -> launch(bound.launch(), bound.offsets()));
            case BoundProduct product -> recorded(List.of(product), false);
        };
    }

    private LaunchSequence recorded(List<DeviceStep> steps, boolean replay) {
        Recording recording = new Recording(arenas, steps, replay, sources, library);
        recordings.add(recording);
        return new LaunchSequence() {
            @Override
            public void run() {
                requireOpen();
                recording.run();
            }

            @Override
            public void close() {
                if (recordings.remove(recording)) {
                    recording.close();
                }
            }
        };
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("Device " + name() + " is closed; open it again.");
        }
    }

    /** Frees what it has on the device; launches recorded on it cannot be run any more. */
    @Override
    public void close() {
        closed = true;
        resources.close();
    }

    private static <T> void closeAll(Collection<T> parts, Consumer<T> close) {
        Resources.closeAll(
                parts.stream().map(part -> (Runnable) () -> close.accept(part)).toList());
    }
}
