package io.llm2clip.tensor.internal.compiler;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntFunction;

/** Looks at kernels and values while a program runs. */
@FunctionalInterface
public interface StepObserver {

    /** A run begins: what its first kernel needs is there. */
    default void begins() {}

    /**
     * A kernel has run.
     *
     * @param step its number in the plan
     * @param operands what its operands hold now, by their number, for reading until this call returns
     */
    void ran(int step, IntFunction<MemorySegment> operands);

    /** One that has several look, in their order. */
    static StepObserver of(List<? extends StepObserver> observers) {
        return new StepObserver() {
            @Override
            public void begins() {
                observers.forEach(StepObserver::begins);
            }

            @Override
            public void ran(int step, IntFunction<MemorySegment> operands) {
                observers.forEach(observer -> observer.ran(step, operands));
            }
        };
    }
}
