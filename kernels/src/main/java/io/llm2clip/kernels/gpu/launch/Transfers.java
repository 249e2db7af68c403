package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.HALVES;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.TransferKernels;
import java.util.List;

/** Launches by which a runtime fills and reads arenas that are too large to be copied whole. */
public final class Transfers {
    private static final DeviceKernel COPY_FLOATS = kernel("k_copyFloats", FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel COPY_INTS = kernel("k_copyInts", INTS, INTS, PARAMS);
    private static final DeviceKernel COPY_HALVES = kernel("k_copyHalves", HALVES, HALVES, PARAMS);
    private static final DeviceKernel TOUCH_FLOATS = kernel("k_touchFloats", FLOATS, PARAMS);
    private static final DeviceKernel TOUCH_INTS = kernel("k_touchInts", INTS, PARAMS);
    private static final DeviceKernel TOUCH_HALVES = kernel("k_touchHalves", HALVES, PARAMS);

    private Transfers() {}

    /** Copies elements of a type from one buffer to another: an arena and a staging array, either way. */
    public static DeviceLaunch copy(DType dtype, int elements) {
        return new DeviceLaunch(
                switch (dtype) {
                    case F32, BOOL -> COPY_FLOATS;
                    case I32 -> COPY_INTS;
                    case BF16, F16 -> COPY_HALVES;
                    case Q8, Q4, Q4_1 -> throw refused(dtype);
                },
                Grid.elements(elements),
                List.of(elements),
                List.of());
    }

    /** Writes an element of an arena, so that the device allocates it. */
    public static DeviceLaunch touch(DType dtype) {
        return new DeviceLaunch(
                switch (dtype) {
                    case F32, BOOL -> TOUCH_FLOATS;
                    case I32 -> TOUCH_INTS;
                    case BF16, F16 -> TOUCH_HALVES;
                    case Q8, Q4, Q4_1 -> throw refused(dtype);
                },
                new Grid(1, 1, 1, 1, 1, 1),
                List.of(),
                List.of());
    }

    private static IllegalArgumentException refused(DType dtype) {
        return new IllegalArgumentException(
                "A device has no memory of " + dtype + " elements, expected a dense format; convert them before.");
    }

    private static DeviceKernel kernel(String name, DeviceKernel.Role... roles) {
        return DeviceKernel.of(TransferKernels.class, name, roles);
    }
}
