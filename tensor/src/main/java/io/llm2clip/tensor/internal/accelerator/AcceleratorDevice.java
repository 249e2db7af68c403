package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.tornado.DeviceException;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A device that TornadoVM reaches. Programs take ranges of its arenas; variables are copied there when a program first reads them
 * and stay, so that training steps move batches and losses only.
 *
 * <p>Not for several threads at a time.
 */
public final class AcceleratorDevice implements PlanDevice {
    /** Of ranges in its arenas, for transfers and for what a library asks of addresses. */
    private static final long ALIGNMENT = 64;

    /** Room for i32 elements: token ids and lengths of batches, which are few. */
    private static final long INTS = 16L << 20;

    /** Room for bf16 and f16 elements. */
    private static final long HALVES = 16L << 20;

    /** What kernels can number by int of f32 elements, but for a few that nobody misses. */
    private static final long ADDRESSABLE_BYTES = 8L << 30;

    private final TornadoDevice device;
    private final AcceleratorMemory memory;
    private final Target target;

    private AcceleratorDevice(TornadoDevice device, long floats, long halves) {
        this.device = device;
        target = new Target(device.name(), MatmulPrecisions.of(device.precisions()), ALIGNMENT, false);
        memory = new AcceleratorMemory(device, floats, INTS, halves);
    }

    /**
     * Opens a device.
     *
     * @param number as TornadoVM numbers them
     * @param memoryBytes how much of its memory to use for f32 elements
     * @throws io.llm2clip.kernels.gpu.tornado.DeviceException if there is no such device or not as much memory
     */
    public static AcceleratorDevice open(int number, long memoryBytes) {
        if (memoryBytes > ADDRESSABLE_BYTES) {
            throw new DeviceException(memoryBytes + " bytes of the memory of "
                    + TornadoVm.device(number).name() + " were asked for, expected at most "
                    + ADDRESSABLE_BYTES
                    + ", which is what kernels can address; allow less (--device-memory).");
        }
        // Where a library multiplies in bf16, two fifths for rounded factors: weights, and activations of one product
        // at a time.
        boolean library = !TornadoVm.products(number).equals("kernels");
        long halves = library ? Math.max(HALVES, memoryBytes / 5) : HALVES;
        long floats = Math.min((memoryBytes - (halves - HALVES) * 2) / DType.F32.bytes(), Integer.MAX_VALUE - 8);
        return new AcceleratorDevice(TornadoDevice.open(number, floats, INTS, halves), floats, halves);
    }

    /** Three quarters of a device's memory, or what kernels can address if that is less: 8 GiB. */
    public static long usableBytes(int number) {
        return TornadoVm.device(number).usableBytes();
    }

    @Override
    public String name() {
        return device.name();
    }

    /** Other formats have no kernels there yet. */
    @Override
    public Set<DType> matrixFormats() {
        return Set.of(DType.F32);
    }

    @Override
    public Target target() {
        return target;
    }

    @Override
    public Executable load(Plan plan) {
        return new AcceleratorExecutable(plan, device, memory);
    }

    @Override
    public LaunchSequence bind(List<Application> applications) {
        Resources resources = new Resources();
        DeviceRanges ranges = new DeviceRanges(memory);
        resources.add(ranges::close);
        LaunchSequence recorded;
        try {
            for (Application application : applications) {
                int[] offsets = application.operands().stream()
                        .mapToInt(data -> ranges.variable(data).element())
                        .toArray();
                ranges.add(application.op(), MatmulPrecision.F32, offsets);
            }
            recorded = device.record(ranges.steps());
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
        resources.add(recorded::close);
        List<TensorData> written = applications.stream()
                .flatMap(AcceleratorDevice::written)
                .distinct()
                .toList();
        return new LaunchSequence() {
            @Override
            public void run() {
                ranges.send();
                recorded.run();
                written.forEach(data -> AcceleratorMemory.copyOf(data).deviceWrote());
            }

            @Override
            public void close() {
                resources.close();
            }
        };
    }

    private static Stream<TensorData> written(Application application) {
        List<Operand> operands = application.op().operands();
        return IntStream.range(0, operands.size())
                .filter(i -> operands.get(i).access() != Operand.Access.READ)
                .mapToObj(application.operands()::get);
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(memory::bringAllHome, device::close));
    }
}
