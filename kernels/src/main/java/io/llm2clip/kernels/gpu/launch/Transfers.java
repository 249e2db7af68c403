package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOAT_STAGING;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.HALF_STAGING;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.HALVES;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INT_STAGING;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.TransferKernels;
import java.util.List;

/** Launches by which a runtime fills and reads arenas that are too large to be copied whole. */
public final class Transfers {
    private static final DeviceKernel STORE_FLOATS = copy("k_copyFloats", FLOAT_STAGING, FLOATS);
    private static final DeviceKernel LOAD_FLOATS = copy("k_copyFloats", FLOATS, FLOAT_STAGING);
    private static final DeviceKernel STORE_INTS = copy("k_copyInts", INT_STAGING, INTS);
    private static final DeviceKernel LOAD_INTS = copy("k_copyInts", INTS, INT_STAGING);
    private static final DeviceKernel STORE_HALVES = copy("k_copyHalves", HALF_STAGING, HALVES);
    private static final DeviceKernel LOAD_HALVES = copy("k_copyHalves", HALVES, HALF_STAGING);
    private static final DeviceKernel TOUCH =
            DeviceKernel.of(TransferKernels.class, "k_touch", FLOATS, INTS, HALVES, PARAMS);

    private Transfers() {}

    /** From the staging array to the arena; the offsets are where in each. */
    public static DeviceLaunch store(DType dtype, int elements) {
        return launch(
                switch (dtype) {
                    case F32, BOOL -> STORE_FLOATS;
                    case I32 -> STORE_INTS;
                    case BF16, F16 -> STORE_HALVES;
                    case Q8, Q4 -> throw refused(dtype);
                },
                elements);
    }

    /** From the arena to the staging array; the offsets are where in each. */
    public static DeviceLaunch load(DType dtype, int elements) {
        return launch(
                switch (dtype) {
                    case F32, BOOL -> LOAD_FLOATS;
                    case I32 -> LOAD_INTS;
                    case BF16, F16 -> LOAD_HALVES;
                    case Q8, Q4 -> throw refused(dtype);
                },
                elements);
    }

    /** Writes an element of each of the f32, the i32 and the 16-bit arena, at the offsets, so that the device allocates them. */
    public static DeviceLaunch touch() {
        return new DeviceLaunch(TOUCH, new Grid(1, 1, 1, 1, 1, 1), List.of(), List.of());
    }

    private static IllegalArgumentException refused(DType dtype) {
        return new IllegalArgumentException(
                "A device has no memory of " + dtype + " elements, expected a dense format; convert them before.");
    }

    private static DeviceLaunch launch(DeviceKernel kernel, int elements) {
        return new DeviceLaunch(kernel, Grid.elements(elements), List.of(elements), List.of());
    }

    private static DeviceKernel copy(String name, DeviceKernel.Role from, DeviceKernel.Role to) {
        return DeviceKernel.of(TransferKernels.class, name, from, to, PARAMS);
    }
}
