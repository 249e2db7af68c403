package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.gpu.emulator.EmulatedDevice;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.tornado.DeviceInfo;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * A device with memory of its own, which TornadoVM drives or the emulator is. Programs take ranges of its arenas; variables are copied there when a program first reads them
 * and stay, so that training steps move batches and losses only.
 *
 * <p>Threads take turns, with runs, transfers and compiling.
 */
public final class AcceleratorDevice implements PlanDevice {
    /** Of ranges in its arenas, for transfers and for what a library asks of addresses. */
    private static final long ALIGNMENT = 64;

    /** Room for i32 elements: token ids and lengths of batches, which are few. */
    private static final long INTS = 16L << 20;

    /** Room for elements of 16 bits, at least. */
    private static final long HALVES = 16L << 20;

    /** Elements of an arena of the emulator, which indexes them by int as devices do. */
    private static final long MAX_EMULATED = Integer.MAX_VALUE - 8;

    private final KernelDevice device;
    private final AcceleratorMemory memory;
    private final Target target;

    /** @param arenas that the device has, by number */
    AcceleratorDevice(KernelDevice device, List<ArenaSize> arenas) {
        this.device = device;
        memory = new AcceleratorMemory(device, new AcceleratorArenas(device.name(), arenas));
        target = new Target(
                device.name(),
                () -> MatmulPrecisions.of(device.precisions()),
                device.matrixFormats(),
                ALIGNMENT,
                (op, precision) -> null,
                false,
                memory.largestBytes(),
                op -> op instanceof DeviceOp ? "its device kernels" : null);
    }

    /**
     * Opens a device.
     *
     * @param number as TornadoVM numbers them
     * @param memoryBytes how much of its memory to use: half of it for elements of 16 bits, as weights are stored, or two fifths where it
     *     has a library that multiplies such
     * @throws io.llm2clip.kernels.gpu.device.DeviceException if there is no such device or not as much memory
     */
    public static AcceleratorDevice open(int number, long memoryBytes) {
        DeviceInfo info = TornadoVm.device(number);
        return open(number, memoryBytes, info::maxElements);
    }

    /** As {@link #open(int, long)}, with arenas of no more elements than given. */
    static AcceleratorDevice open(int number, long memoryBytes, ToLongFunction<DType> maxElements) {
        DeviceInfo info = TornadoVm.device(number);
        if (memoryBytes > info.memoryBytes()) {
            throw new DeviceException(memoryBytes + " bytes of the memory of " + info.name()
                    + " were asked for, expected at most " + info.memoryBytes()
                    + ", which is all it has; allow less (--device-memory).");
        }
        // Where a library multiplies in bf16, for converted operands: weights, and activations of one matmul at a time.
        // Elsewhere for weights as they are stored: as many as would fit if all of the memory were for f32.
        boolean library = !TornadoVm.products(number).equals("kernels");
        long halves = Math.max(HALVES, memoryBytes / (library ? 5 : 4));
        long floats = (memoryBytes - (halves - HALVES) * 2) / DType.F32.bytes();
        List<ArenaSize> arenas = arenas(floats, INTS, halves, maxElements);
        return new AcceleratorDevice(TornadoDevice.open(number, arenas), arenas);
    }

    /**
     * A device whose kernels are executed on the JVM, each access checked.
     *
     * @param memoryBytes for f32 elements; for i32 and for bf16 ones there is a quarter of that
     * @param maxElements of an arena, by element type
     */
    static AcceleratorDevice emulated(long memoryBytes, ToLongFunction<DType> maxElements) {
        List<ArenaSize> arenas = arenas(
                memoryBytes / DType.F32.bytes(),
                memoryBytes / 4 / DType.I32.bytes(),
                memoryBytes / 4 / DType.BF16.bytes(),
                maxElements);
        return new AcceleratorDevice(new EmulatedDevice(arenas, Schedule.IN_ORDER), arenas);
    }

    /** As {@link io.llm2clip.tensor.Device#emulated}. */
    public static AcceleratorDevice emulated(long memoryBytes) {
        return emulated(memoryBytes, _ -> MAX_EMULATED);
    }

    private static List<ArenaSize> arenas(long floats, long ints, long halves, ToLongFunction<DType> maxElements) {
        List<ArenaSize> arenas = new ArrayList<>();
        for (ArenaSize size : List.of(
                new ArenaSize(DType.F32, floats), new ArenaSize(DType.I32, ints), new ArenaSize(DType.BF16, halves))) {
            arenas.addAll(
                    AcceleratorArenas.divide(size.dtype(), size.elements(), maxElements.applyAsLong(size.dtype())));
        }
        return arenas;
    }

    /** As {@link io.llm2clip.tensor.Device#usableBytes}. */
    public static long usableBytes(int number) {
        return TornadoVm.device(number).usableBytes();
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public Target target() {
        return target;
    }

    @Override
    public Executable load(Plan plan) {
        return memory.madeInTurn(() -> new AcceleratorExecutable(plan, target, device, memory));
    }

    @Override
    public void close() {
        memory.inTurn(() -> Resources.closeAll(List.of(memory::bringAllHome, device::close)));
    }
}
