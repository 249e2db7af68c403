package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Device;
import java.util.Set;

/** What the compiler sees of a device. */
public interface PlanDevice extends Device {

    /** What programs are compiled for. */
    Target target();

    @Override
    default Set<DType> matrixFormats() {
        return target().matrixFormats();
    }

    /** Makes memory and kernels ready for a plan. */
    Executable load(Plan plan);
}
