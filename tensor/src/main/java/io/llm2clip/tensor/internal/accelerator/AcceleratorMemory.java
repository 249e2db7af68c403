package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The arenas of an accelerator: which ranges are free, and which variables have a copy there. */
final class AcceleratorMemory {
    private final TornadoDevice device;
    private final Map<DType, ArenaSpace> spaces = new EnumMap<>(DType.class);
    private final Set<TensorData> resident = new LinkedHashSet<>();
    private final RoundedFactors factors;
    private final Workspace<DeviceWorkspace.Place> workspace = new Workspace<>(new DeviceWorkspace(this));

    AcceleratorMemory(TornadoDevice device, long floats, long ints, long halves) {
        this.device = device;
        factors = new RoundedFactors(this, MatmulPrecision.BF16.factors());
        Map.of(DType.F32, floats, DType.I32, ints, DType.BF16, halves)
                .forEach((dtype, elements) -> spaces.put(dtype, new ArenaSpace(dtype, device.name(), elements)));
    }

    TornadoDevice device() {
        return device;
    }

    /** Variables as factors of products. */
    RoundedFactors factors() {
        return factors;
    }

    /** What all programs here share. */
    Workspace<DeviceWorkspace.Place> workspace() {
        return workspace;
    }

    /** Takes a range and returns its first element. */
    int take(DType dtype, long elements) {
        long bytes = elements * dtype.bytes();
        EngineMemory.take(bytes, "a program on " + device.name());
        try {
            return Graph.known(spaces, dtype.arena()).take(elements);
        } catch (RuntimeException | Error e) {
            EngineMemory.released(bytes);
            throw e;
        }
    }

    void give(DType dtype, int start, long elements) {
        Graph.known(spaces, dtype.arena()).give(start, elements);
        EngineMemory.released(elements * dtype.bytes());
    }

    /** A view of a range that somebody else has taken. */
    DeviceCopy copyAt(TensorData data, int element) {
        return new DeviceCopy(device, data, element, false);
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
            copy = new DeviceCopy(device, data, take(data.dtype(), data.shape().size()), true);
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
                give(data.dtype(), copy.element(), data.shape().size());
                resident.remove(data);
            }
        }
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
