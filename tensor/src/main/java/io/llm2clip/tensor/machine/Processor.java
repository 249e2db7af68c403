package io.llm2clip.tensor.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.MatrixUnitChoice;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The processor as programs on the CPU use it.
 *
 * @param threads that work on a loop
 * @param vectorBits width of vector instructions
 * @param matmul the name of what multiplies matrices in f32
 * @param matmulReason why it is that one, as half a sentence
 * @param attention the name of what computes attention in f32
 * @param others what multiplies in other precisions
 */
public record Processor(
        int threads,
        int vectorBits,
        String matmul,
        String matmulReason,
        String attention,
        List<Multiplication> others) {

    /**
     * What multiplies matrices in a precision.
     *
     * @param precision such as {@code bf16}
     * @param matmul its name; null if nothing does
     * @param reason why it is that one, or why there is none, as half a sentence
     * @param attention the name of what computes attention, perhaps in f32; null if nothing multiplies in the precision
     */
    public record Multiplication(
            String precision,
            @Nullable String matmul,
            String reason,
            @Nullable String attention) {
        private static Multiplication of(MatrixPrecision precision) {
            Optional<MatrixUnitChoice> unit = CpuKernels.matrixUnit(precision);
            return new Multiplication(
                    precision.toString(),
                    unit.map(MatrixUnitChoice::name).orElse(null),
                    unit.map(MatrixUnitChoice::reason)
                            .or(() -> CpuKernels.absence(precision))
                            .orElseThrow(),
                    unit.isPresent() ? CpuKernels.attentionUnit(precision) : null);
        }
    }

    public Processor {
        others = List.copyOf(others);
    }

    /**
     * Tests what multiplies matrices on the CPU ahead of the first program, see {@link CpuKernels#prepare}.
     *
     * @throws IllegalArgumentException if what a setting names does not work
     */
    public static void prepare() {
        CpuKernels.prepare();
    }

    /**
     * Says that weights are being read to be computed with on the CPU, see {@link CpuKernels#expect}.
     *
     * @param weights how many
     * @param formats theirs in memory
     */
    public static void expect(long weights, Set<DType> formats) {
        CpuKernels.expect(weights, formats);
    }

    /** This machine's. */
    public static Processor current() {
        MatrixUnitChoice unit = CpuKernels.matrixUnit();
        return new Processor(
                threadCount(),
                Vectors.BYTES * Byte.SIZE,
                unit.name(),
                unit.reason(),
                CpuKernels.attentionUnit(MatrixPrecision.F32),
                Arrays.stream(MatrixPrecision.values())
                        .filter(precision -> precision != MatrixPrecision.F32)
                        .map(Multiplication::of)
                        .toList());
    }

    /**
     * Why programs on this machine's processor do not multiply in a precision, as half a sentence.
     *
     * @return nothing if they do
     * @throws IllegalArgumentException as {@link #checkSettings}, or if what a setting names does not work
     */
    public static Optional<String> absence(Precision precision) {
        return precision == Precision.TF32
                ? Optional.of("tensor cores are of NVIDIA devices")
                : CpuKernels.absence(MatrixPrecision.valueOf(precision.name()));
    }

    /**
     * The fastest precision on this machine's processor whose results are as precise as those of f32: bf16x6 where it has AMX. Quantized
     * weights are multiplied as in f32 with it.
     *
     * @throws IllegalArgumentException as {@link #absence}
     */
    public static Precision asPreciseAsF32() {
        return absence(Precision.BF16X6).isEmpty() ? Precision.BF16X6 : Precision.F32;
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

    /** The same of tasks so short that one thread does some of them together. */
    public static void parallel(int tasks, int together, IntConsumer task) {
        parallel(Math.ceilDiv(tasks, together), block -> {
            int end = (int) Math.min(tasks, (block + 1L) * together);
            for (int number = block * together; number < end; number++) {
                task.accept(number);
            }
        });
    }
}
