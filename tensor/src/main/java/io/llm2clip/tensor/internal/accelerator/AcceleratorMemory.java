package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** The arenas of an accelerator: which ranges are free, and which variables have a copy there. */
final class AcceleratorMemory implements RangeSource {
    private final KernelDevice device;
    private final AcceleratorArenas arenas;
    private final Set<TensorData> resident = new LinkedHashSet<>();
    private final RoundedFactors factors;
    private final ReentrantLock turn = new ReentrantLock();
    private final Workspace<PlanMemory> workspace = new Workspace<>(new DeviceWorkspace(this), turn);

    AcceleratorMemory(KernelDevice device, AcceleratorArenas arenas) {
        this.device = device;
        factors = new RoundedFactors(this, MatmulPrecision.BF16.factors());
        this.arenas = arenas;
    }

    KernelDevice device() {
        return device;
    }

    /**
     * Has a thread use the device and what is known of it while no other one does: devices take one at a time, and transfers go through
     * memory that all of them share.
     */
    void inTurn(Runnable work) {
        turn.lock();
        try {
            work.run();
        } finally {
            turn.unlock();
        }
    }

    /** The same of something that is made. */
    <T> T madeInTurn(Supplier<T> making) {
        turn.lock();
        try {
            return making.get();
        } finally {
            turn.unlock();
        }
    }

    /** Variables as operands of matmuls. */
    RoundedFactors factors() {
        return factors;
    }

    /** What all programs here share. */
    Workspace<PlanMemory> workspace() {
        return workspace;
    }

    /** Bytes of the largest range there may be, by element type as stored. */
    Map<DType, Long> largestBytes() {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        for (DType dtype : DType.values()) {
            bytes.put(dtype, arenas.largest(dtype) * dtype.arena().bytes());
        }
        return bytes;
    }

    @Override
    public ArenaRange take(MemoryUse use, DType dtype, long elements) {
        long bytes = elements * dtype.arena().bytes();
        EngineMemory.take(bytes, "a program on " + device.name());
        try {
            return arenas.take(use, dtype, elements);
        } catch (RuntimeException | Error e) {
            EngineMemory.released(bytes);
            throw e;
        }
    }

    @Override
    public void give(ArenaRange range) {
        arenas.give(range);
        EngineMemory.released(range.elements() * range.dtype().arena().bytes());
    }

    /** A view of a range that somebody else has taken. */
    DeviceCopy copyAt(TensorData data, DeviceAddress address) {
        return new DeviceCopy(this, data, address, false);
    }

    /** The variable's copy here, made if it has none. */
    DeviceCopy retain(TensorData data) {
        DeviceCopy copy = DeviceCopy.of(data);
        if (copy != null && copy.device() != device) {
            throw new IllegalStateException("Elements " + data.dtype() + " " + data.shape() + " are in use on "
                    + copy.device().name() + "; close what works with them there before using them on " + device.name()
                    + ".");
        }
        if (copy == null) {
            ArenaRange range = take(MemoryUse.VARIABLE, data.dtype(), arenaElements(data));
            copy = new DeviceCopy(this, data, range.start(), true);
            resident.add(data);
        }
        copy.retain();
        return copy;
    }

    /** Ends a use of a variable's copy; after the last one the elements are home and the range is free. */
    void release(TensorData data) {
        DeviceCopy copy = DeviceCopy.of(data);
        if (copy != null && copy.release()) {
            try {
                copy.detach();
            } finally {
                give(new ArenaRange(data.dtype(), copy.address(), arenaElements(data)));
                resident.remove(data);
            }
        }
    }

    private static long arenaElements(TensorData data) {
        return data.dtype().arenaElements(data.shape().size());
    }

    /** Also of variables that are in use. If the device does not give the elements of one, those of the others are home nevertheless. */
    void bringAllHome() {
        List<Runnable> homecomings = new ArrayList<>();
        for (TensorData data : resident) {
            homecomings.add(copyOf(data)::detach);
            EngineMemory.released(data.dtype().bytes((long) data.shape().size()));
        }
        resident.clear();
        Resources.closeAll(homecomings);
    }

    static DeviceCopy copyOf(TensorData data) {
        DeviceCopy copy = DeviceCopy.of(data);
        if (copy == null) {
            throw new IllegalStateException("Elements " + data.dtype() + " " + data.shape()
                    + " are not on the device any more; compile again what works with them.");
        }
        return copy;
    }
}
