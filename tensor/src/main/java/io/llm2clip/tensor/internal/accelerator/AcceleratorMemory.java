package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.DeviceAddress;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The arenas of an accelerator: which ranges are free, and which variables have a copy there. */
final class AcceleratorMemory {
    private final TornadoDevice device;
    private final AcceleratorArenas arenas;
    private final Set<TensorData> resident = new LinkedHashSet<>();
    private final RoundedFactors factors;

    AcceleratorMemory(TornadoDevice device, AcceleratorArenas arenas) {
        this.device = device;
        factors = new RoundedFactors(this, MatmulPrecision.BF16.factors());
        this.arenas = arenas;
    }

    TornadoDevice device() {
        return device;
    }

    /** Variables as operands of matmuls. */
    RoundedFactors factors() {
        return factors;
    }

    /** Bytes of the largest range there may be, by element type as stored. */
    Map<DType, Long> largestBytes() {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        for (DType dtype : List.of(DType.F32, DType.I32, DType.BF16, DType.F16)) {
            bytes.put(dtype, arenas.largest(dtype) * dtype.bytes());
        }
        return bytes;
    }

    ArenaRange take(MemoryUse use, DType dtype, long elements) {
        ArenaRange range = arenas.take(use, dtype, elements);
        EngineMemory.allocated(elements * dtype.bytes());
        return range;
    }

    void give(ArenaRange range) {
        arenas.give(range);
        EngineMemory.released(range.elements() * range.dtype().bytes());
    }

    /** A view of a range that somebody else has taken. */
    DeviceCopy copyAt(TensorData data, DeviceAddress address) {
        return new DeviceCopy(device, data, address, false);
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
            ArenaRange range =
                    take(MemoryUse.VARIABLE, data.dtype(), data.shape().size());
            copy = new DeviceCopy(device, data, range.start(), true);
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
                give(new ArenaRange(data.dtype(), copy.address(), data.shape().size()));
                resident.remove(data);
            }
        }
    }

    /** Also of variables that are in use. If the device does not give the elements of one, those of the others are home nevertheless. */
    void bringAllHome() {
        List<Runnable> homecomings = new ArrayList<>();
        for (TensorData data : resident) {
            homecomings.add(copyOf(data)::detach);
            EngineMemory.released((long) data.shape().size() * data.dtype().bytes());
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
