package io.llm2clip.tensor.machine;

import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.MatrixUnitChoice;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import java.util.function.IntConsumer;

/**
 * The processor as programs on the CPU use it.
 *
 * @param threads that work on a loop
 * @param vectorBits width of vector instructions
 * @param matmul the name of what multiplies matrices
 * @param matmulReason why it is that one, as half a sentence
 */
public record Processor(int threads, int vectorBits, String matmul, String matmulReason) {

    /** This machine's. */
    public static Processor current() {
        MatrixUnitChoice unit = CpuKernels.matrixUnit();
        return new Processor(threadCount(), Vectors.BYTES * Byte.SIZE, unit.name(), unit.reason());
    }

    /**
     * Looks at the system properties {@code llm2clip.*} that decide how programs run on the CPU, to be called before any does.
     *
     * @throws IllegalArgumentException naming the property, its value and what was expected
     */
    public static void checkSettings() {
        CpuKernels.checkSettings();
    }

    /** How many threads work on a loop. */
    public static int threadCount() {
        return Workers.shared().threads();
    }

    /**
     * Runs tasks {@code 0 .. tasks - 1} in any order on the threads that programs run on, and returns when all are done. Loops and
     * programs take turns.
     *
     * @throws RuntimeException whatever a task threw; then some tasks may not have run
     */
    public static void parallel(int tasks, IntConsumer task) {
        Workers.shared().parallel(tasks, (number, _) -> task.accept(number));
    }
}
