package io.llm2clip.tensor.internal.compiler;

import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;

/** Looks at values while a program runs. */
@FunctionalInterface
public interface StepObserver {

    /**
     * A kernel has run.
     *
     * @param step its number in the plan
     * @param operands what its operands hold now, by their number, for reading until this call returns
     */
    void ran(int step, IntFunction<MemorySegment> operands);
}
