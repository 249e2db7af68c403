package io.llm2clip.bench;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Matmul with weights of Llama-3.2-1B and SmolLM2-135M, all packed: f32, narrower ones expanded to f32, and quantized ones multiplied as integers. The
 * ways take turns, so that whatever else the machine does meets all of them; ratios are medians of the rounds. Each way has several sets
 * of weights in turn, as a model has, so that they come from memory. Results are checked against sums in double precision first.
 *
 * <p>Argument: a part of a case's name, to run only those.
 */
public final class QuantizedBench {
    private static final Workers WORKERS = Workers.shared();
    private static final int ROUNDS = Integer.getInteger("llm2clip.bench.rounds", 31);
    /** Of one way, more than a last level cache holds. */
    private static final long BYTES_OF_SETS = 128L << 20;

    private static final List<Way> WAYS = List.of(
            new Way("f32", DType.F32, MatrixPrecision.F32),
            new Way("bf16", DType.BF16, MatrixPrecision.F32),
            new Way("f16", DType.F16, MatrixPrecision.F32),
            new Way("Q8 as f32", DType.Q8, MatrixPrecision.F32),
            new Way("Q8 as int8", DType.Q8, MatrixPrecision.INT8),
            new Way("Q4 as f32", DType.Q4, MatrixPrecision.F32),
            new Way("Q4 as int8", DType.Q4, MatrixPrecision.INT8),
            new Way("Q4_1 as f32", DType.Q4_1, MatrixPrecision.F32),
            new Way("Q4_1 as int8", DType.Q4_1, MatrixPrecision.INT8));

    private record Way(String name, DType format, MatrixPrecision precision) {
        /** Of the error beside the root of the mean square of results. */
        double tolerance() {
            return precision == MatrixPrecision.F32 ? 1e-4 : 0.03;
        }
    }

    private QuantizedBench() {}

    public static void main(String[] arguments) {
        String wanted = arguments.length == 0 ? "" : arguments[0];
        System.out.printf("%d threads, int8: %s%n", WORKERS.threads(), CpuKernels.matrixUnit(MatrixPrecision.INT8));
        for (int m : new int[] {1, 4, 8, 32, 128, 1024}) {
            for (int[] shape : new int[][] {{2048, 2048}, {8192, 2048}, {2048, 8192}, {576, 576}, {1536, 576}}) {
                String name = "%dx%dx%d".formatted(m, shape[0], shape[1]);
                if (name.contains(wanted)) {
                    measure(name, m, shape[0], shape[1]);
                }
            }
        }
    }

    private static void measure(String name, int m, int n, int k) {
        try (Arena arena = Arena.ofShared()) {
            List<List<Launch>> launches = new ArrayList<>();
            for (Way way : WAYS) {
                launches.add(launches(way, m, n, k, arena));
            }
            double[][] nanos = new double[WAYS.size()][ROUNDS];
            for (int round = -ROUNDS / 2; round < ROUNDS; round++) {
                for (int way = 0; way < WAYS.size(); way++) {
                    List<Launch> sets = launches.get(way);
                    long start = System.nanoTime();
                    sets.forEach(Launch::run);
                    if (round >= 0) {
                        nanos[way][round] = (System.nanoTime() - start) / (double) sets.size();
                    }
                }
            }
            System.out.printf(Locale.ROOT, "%-16s", name);
            for (int way = 0; way < WAYS.size(); way++) {
                double[] ratios = new double[ROUNDS];
                for (int round = 0; round < ROUNDS; round++) {
                    ratios[round] = nanos[0][round] / nanos[way][round];
                }
                System.out.printf(
                        Locale.ROOT,
                        "  %s %.0f us, %.2f",
                        WAYS.get(way).name,
                        median(nanos[way]) / 1000,
                        median(ratios));
            }
            System.out.println();
        }
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static List<Launch> launches(Way way, int m, int n, int k, Arena arena) {
        Matmul op = Matmul.dense(1, m, n, k, false, true, way.format);
        Packing packing = CpuKernels.packing(op, way.precision);
        if (packing == null) {
            throw new IllegalStateException(way + " does not pack weights.");
        }
        MemorySegment a = arena.allocate(4L * m * k, 64);
        Random random = new Random(1);
        for (long i = 0; i < (long) m * k; i++) {
            a.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        MemorySegment b = weights(way.format, (long) n * k, random, arena);
        MemorySegment out = arena.allocate(4L * m * n, 64);
        int sets = Math.toIntExact(Math.clamp(BYTES_OF_SETS / packing.bytes(), 1, 64));
        List<Launch> launches = new ArrayList<>();
        for (int set = 0; set < sets; set++) {
            MemorySegment weights = arena.allocate(packing.bytes(), 64);
            CpuKernels.pack(packing, op.b(), b, weights, WORKERS);
            launches.add(CpuKernels.bind(
                    op.withB(op.b().packed(packing)),
                    way.precision,
                    new long[] {a.address(), weights.address(), out.address()},
                    WORKERS));
        }
        launches.getLast().run();
        check(way, op, a, b, out);
        return launches;
    }

    private static MemorySegment weights(DType format, long count, Random random, Arena arena) {
        MemorySegment segment = arena.allocate(format.bytes(count), 64);
        byte[] block = new byte[Math.toIntExact(format.bytes((long) format.blockSize()))];
        for (long at = 0; at < segment.byteSize(); at += block.length) {
            float value = random.nextFloat() - 0.5f;
            switch (format) {
                case F32 -> segment.set(ValueLayout.JAVA_FLOAT, at, value);
                case BF16 -> segment.set(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToRawIntBits(value) >>> 16));
                case F16 -> segment.set(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16(value));
                default -> block(format, segment, at, block, random);
            }
        }
        return segment;
    }

    private static void block(DType format, MemorySegment segment, long at, byte[] block, Random random) {
        random.nextBytes(block);
        MemorySegment.copy(block, 0, segment, ValueLayout.JAVA_BYTE, at, block.length);
        float scale = (1 + random.nextFloat()) / (format == DType.Q8 ? 256 : 16);
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(scale));
        if (format.hasMinimum()) {
            // So that elements are about 0 in the mean.
            segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + Short.BYTES, Float.floatToFloat16(-7.5f * scale));
        }
    }

    private static void check(Way way, Matmul op, MemorySegment a, MemorySegment b, MemorySegment out) {
        Random random = new Random(2);
        StoredElements weights = new StoredElements(way.format, b);
        double errors = 0;
        double squares = 0;
        for (int sample = 0; sample < 300; sample++) {
            int i = random.nextInt(op.m());
            int j = random.nextInt(op.n());
            double sum = 0;
            for (int k = 0; k < op.k(); k++) {
                sum += (double) a.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * op.k() + k)
                        * weights.get((long) j * op.k() + k);
            }
            errors += Math.pow(out.getAtIndex(ValueLayout.JAVA_FLOAT, (long) i * op.n() + j) - sum, 2);
            squares += sum * sum;
        }
        if (!(Math.sqrt(errors / squares) <= way.tolerance())) {
            throw new AssertionError(way + ", " + op + ": an error of " + Math.sqrt(errors / squares));
        }
    }
}
