package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A device that TornadoVM drives. */
public final class TornadoDevice implements KernelDevice {
    private final DeviceInfo info;
    private final Resources resources = new Resources();
    private final DeviceArenas arenas;
    private final List<ArenaSize> sizes;
    private final KernelGraphs kernels;
    private final Map<DType, StagedTransfers> transfers = new EnumMap<>(DType.class);
    private final @Nullable LibraryProducts library;
    private final List<Recording> recordings = new ArrayList<>();
    private boolean closed;

    private TornadoDevice(
            TornadoApi api, TornadoApi.DeviceHandle device, List<ArenaSize> sizes, @Nullable LibraryProducts library) {
        this.info = device.info();
        this.library = library;
        this.sizes = sizes;
        try {
            Arena host = Arena.ofShared();
            resources.add(host::close);
            arenas = new DeviceArenas(api, device, host, sizes);
            kernels = new KernelGraphs(arenas);
            Object allocation = arenas.newPlan(api.scheduler(), List.of());
            // Also where it fails, as some of the arenas may have been allocated.
            resources.add(() -> api.free(allocation, 0));
            api.execute(allocation, 0);
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
        if (library != null) {
            resources.add(library::close);
        }
        resources.add(() -> closeAll(recordings, Recording::close));
        resources.add(() -> closeAll(transfers.values(), StagedTransfers::close));
        resources.add(kernels::close);
    }

    /**
     * Opens a device and allocates its arenas; their elements are not initialized.
     *
     * @param number as {@link TornadoVm#devices} numbers them
     * @param arenas at least one
     * @throws DeviceException if there is no such device, or not enough memory on it, or its library does not work
     */
    public static TornadoDevice open(int number, List<ArenaSize> arenas) {
        TornadoApi api = TornadoApi.get();
        TornadoApi.DeviceHandle device = TornadoVm.handle(api, number);
        long bytes = 0;
        for (ArenaSize arena : arenas) {
            bytes += bytes(api, device.info(), arena);
        }
        if (bytes > device.info().memoryBytes()) {
            throw tooLittle(
                    device.info(),
                    "arenas of " + bytes + " bytes",
                    device.info().memoryBytes() + " bytes of memory");
        }
        LibraryProducts library = LibraryProducts.of(device.info(), api).orElse(null);
        try {
            return new TornadoDevice(api, device, List.copyOf(arenas), library);
        } catch (DeviceException e) {
            throw new DeviceException(
                    "Arenas of " + bytes + " bytes could not be allocated on "
                            + device.info().name() + ": " + e.getMessage()
                            + "; free memory on the device, or ask for less by smaller batches.",
                    e);
        }
    }

    private static long bytes(TornadoApi api, DeviceInfo info, ArenaSize arena) {
        if (arena.elements() < 0 || arena.elements() > DeviceInfo.MAX_ELEMENTS) {
            throw new DeviceException("An arena of " + arena.elements() + " " + arena.dtype()
                    + " elements was asked for, expected 0 to " + DeviceInfo.MAX_ELEMENTS
                    + ", as kernels index elements by int; use several arenas.");
        }
        long bytes = DeviceArenas.bytes(api, arena);
        if (info.allocationBytes() > 0 && bytes > info.allocationBytes()) {
            throw tooLittle(
                    info,
                    "an arena of " + bytes + " bytes",
                    "at most " + info.allocationBytes() + " in one allocation");
        }
        return bytes;
    }

    private static DeviceException tooLittle(DeviceInfo info, String wanted, String has) {
        return new DeviceException("Device " + info.number() + " (" + info.name() + ") cannot hold " + wanted
                + ": it has " + has + "; use smaller batches or another device.");
    }

    /** What the driver calls the device. */
    @Override
    public String name() {
        return info.name();
    }

    public DeviceInfo info() {
        return info;
    }

    /**
     * Runs a launch.
     *
     * @param addresses as {@link DeviceLaunch#bind} takes them
     * @throws DeviceException if the kernel does not compile or run there
     */
    public void launch(DeviceLaunch launch, List<DeviceAddress> addresses) {
        requireOpen();
        List<DeviceAddress> operands = launch.bind(addresses);
        kernels.of(launch.kernel(), operands.stream().map(DeviceAddress::arena).toList())
                .run(launch, operands);
    }

    @Override
    public List<DeviceStep> steps(
            KernelOp op,
            MatmulPrecision precision,
            List<DeviceAddress> operands,
            boolean[] rounded,
            OperationScratch scratch) {
        if (!precisions().contains(precision)) {
            throw new DeviceException("Device " + info.number() + " (" + name() + ") multiplies in F32: expected"
                    + " the library cuBLASLt for " + precision + ", found none with the back end " + info.backend()
                    + "; use the back end cuda and install CUDA's libcublasLt, or do without " + precision + ".");
        }
        if (library != null) {
            List<DeviceStep> steps = library.steps(op, precision, operands, rounded, scratch);
            if (!steps.isEmpty()) {
                return steps;
            }
        }
        DevicePlan plan = DeviceKernels.plan(op);
        List<DeviceAddress> all =
                plan.scratch() > 0 ? DeviceAddress.append(operands, scratch.take(DType.F32, plan.scratch())) : operands;
        List<DeviceStep> steps = new ArrayList<>();
        for (DeviceLaunch launch : plan.launches()) {
            steps.add(new BoundLaunch(launch, all));
        }
        return steps;
    }

    @Override
    public void run(KernelOp op, List<DeviceAddress> operands) {
        DeviceKernels.plan(op).launches().forEach(launch -> launch(launch, operands));
    }

    /** All with a library, f32 without one. */
    @Override
    public Set<MatmulPrecision> precisions() {
        return library == null ? EnumSet.of(MatmulPrecision.F32) : EnumSet.allOf(MatmulPrecision.class);
    }

    @Override
    public boolean rounds(KernelOp op, MatmulPrecision precision) {
        return precision.factors() != DType.F32
                && op instanceof Matmul product
                && product.b().format() == DType.F32
                && !Product.of(product).isEmpty();
    }

    /** Those that there are kernels for; with a library, which multiplies f32 much faster than kernels anything, that alone. */
    @Override
    public Set<DType> matrixFormats() {
        return library == null ? DeviceKernels.MATRIX_FORMATS : EnumSet.of(DType.F32);
    }

    @Override
    public void upload(DType dtype, DeviceAddress target, MemorySegment source) {
        transfers(dtype, target, source).upload(target, source);
    }

    @Override
    public void download(DType dtype, DeviceAddress source, MemorySegment target) {
        transfers(dtype, source, target).download(source, target);
    }

    private StagedTransfers transfers(DType dtype, DeviceAddress address, MemorySegment segment) {
        requireOpen();
        ArenaSize arena = sizes.get(address.arena());
        if (arena.dtype() != dtype.arena()) {
            throw new IllegalArgumentException("A transfer of " + dtype + " elements names arena " + address.arena()
                    + ", expected one of " + dtype.arena() + ", found one of " + arena.dtype() + ".");
        }
        int width = arena.dtype().bytes();
        long count = segment.byteSize() / width;
        if (segment.byteSize() % width != 0 || address.element() < 0 || address.element() + count > arena.elements()) {
            throw new IndexOutOfBoundsException("A transfer of " + segment.byteSize() + " bytes at element "
                    + address.element() + " was asked for, expected whole " + dtype + " elements within the arena's "
                    + arena.elements() + "; correct the offset or the size.");
        }
        return transfers.computeIfAbsent(dtype.arena(), key -> new StagedTransfers(arenas, key));
    }

    @Override
    public LaunchSequence record(List<DeviceStep> steps) {
        return record(steps, info.isCuda() ? Recording.Mode.REPLAY : Recording.Mode.ONE_BY_ONE);
    }

    LaunchSequence record(List<? extends DeviceStep> steps, Recording.Mode mode) {
        requireOpen();
        List<TornadoStep> all = steps.stream().map(step -> own(step)).toList();
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

    private static TornadoStep own(DeviceStep step) {
        if (step instanceof TornadoStep own) {
            return own;
        }
        throw new IllegalArgumentException("A step of another device was to be recorded: " + step
                + "; record the steps that this device made of the operation.");
    }

    private LaunchSequence alone(TornadoStep step) {
        return switch (step) {
            case BoundLaunch bound -> LaunchSequence.of(() -> launch(bound.launch(), bound.addresses()));
            case BoundProduct product -> recorded(List.of(product), false);
        };
    }

    private LaunchSequence recorded(List<TornadoStep> steps, boolean replay) {
        Recording recording = new Recording(arenas, steps, replay, kernels, library);
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
