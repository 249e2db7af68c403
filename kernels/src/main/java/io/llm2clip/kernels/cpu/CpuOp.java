package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.CustomOp;
import java.lang.foreign.MemorySegment;

/** An operation of one's own with a kernel for the CPU. */
public interface CpuOp extends CustomOp {

    /**
     * Prepares the kernel for where its operands are. It is called again for other memory, whenever a program's values have moved; what it
     * allocates should go with the launch, as memory of {@link java.lang.foreign.Arena#ofAuto} does.
     *
     * @param operands memory in the order of {@link #operands}, off-heap, of exactly their bytes and aligned to their elements; what is
     *     only read cannot be written. It outlives the launch.
     * @param workers the threads to run on, by {@link Workers#parallel}; results must not depend on how many there are
     * @return what runs the operation, again and again, and never twice at a time; indices have been checked before
     */
    Launch bind(MemorySegment[] operands, Workers workers);
}
