package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.Device;

/** What the compiler sees of a device. */
public interface PlanDevice extends Device {

    /** What programs are compiled for. */
    Target target();

    /** Makes memory and kernels ready for a plan. */
    Executable load(Plan plan);
}
