package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.matrix.QuantizedRows;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of integers have the very bits of plain Java, and say so where numbers are none; what rounding A to int8 costs. */
class ByteProductsTest {
    private static final int N = 37;

    record Case(String name, MatrixUnit unit, DType format, boolean emulated) {
        @Override
        public String toString() {
            return name + ", " + format;
        }
    }

    static List<Case> units() {
        return List.of(DType.Q8, DType.Q4, DType.Q4_1).stream()
                .flatMap(format -> List.of(
                        new Case("emulated AMX", ByteMatrixUnit.amx(EmulatedMachine::code), format, true),
                        new Case("AMX", ByteMatrixUnit.amx(MachineCode::ofThisProcess), format, false),
                        new Case("emulated AVX-512", ByteMatrixUnit.avx512(EmulatedMachine::code), format, true),
                        new Case("AVX-512", ByteMatrixUnit.avx512(MachineCode::ofThisProcess), format, false),
                        new Case("emulated AVX-VNNI", ByteMatrixUnit.avxVnni(EmulatedMachine::code), format, true),
                        new Case("AVX-VNNI", ByteMatrixUnit.avxVnni(MachineCode::ofThisProcess), format, false),
                        new Case("emulated AVX2", ByteMatrixUnit.avx2(EmulatedMachine::code), format, true),
                        new Case("AVX2", ByteMatrixUnit.avx2(MachineCode::ofThisProcess), format, false))
                        .stream())
                .toList();
    }

    private static void assumeUsable(Case tested) {
        String problem = tested.unit.selfTest(MatrixWork.MATMUL).orElse(null);
        boolean wrong = problem != null && problem.startsWith("its self-test");
        assertThat(wrong || tested.emulated ? problem : null).as("self-test").isNull();
        assumeTrue(problem == null, "Not run natively: " + problem);
    }

    /** Sums over k in its order, whole blocks exact in integers, each scaled and added with one rounding. */
    @ParameterizedTest
    @MethodSource("units")
    void sumsHaveTheBitsOfPlainJava(Case tested) {
        assumeUsable(tested);
        Random random = new Random(5);
        for (int k : new int[] {32, 96, 2080}) {
            float[] a = gaussians(random, 13 * k);
            a[7] = 0x1p-140f;
            java.util.Arrays.fill(a, 32, 64, 0x1p-120f);
            float[] found = multiply(tested, 13, k, i -> a[i], 3);
            for (int row = 0; row < 13; row++) {
                for (int column = 0; column < N; column++) {
                    assertThat(found[row * N + column])
                            .as("row %d, column %d of k = %d", row, column, k)
                            .isEqualTo(expected(tested.format, a, row, column, k, 3));
                }
            }
        }
    }

    private static float expected(DType format, float[] a, int row, int column, int k, long seed) {
        StoredElements weights = new StoredElements(format, weights(format, k, seed, Arena.ofAuto()));
        QuantizedRows rows = QuantizedRows.of(MemorySegment.ofArray(a), (long) row * k, k);
        float sum = 0;
        for (int block = 0; block < k / 32; block++) {
            long first = (long) column * k + block * 32L;
            float scale = half(weights, format.bytes(first));
            float minimum = format.hasMinimum() ? half(weights, format.bytes(first) + Short.BYTES) : 0;
            int dot = 0;
            int total = 0;
            for (int i = 0; i < 32; i++) {
                int number = rows.numbers()[block * 32 + i];
                dot += number * Math.round((weights.get(first + i) - minimum) / scale);
                total += number;
            }
            sum = Math.fma((float) dot, scale * rows.scales()[block], sum);
            if (format.hasMinimum()) {
                sum = Math.fma(minimum, total * rows.scales()[block], sum);
            }
        }
        return sum;
    }

    private static float half(StoredElements weights, long at) {
        return Float.float16ToFloat(weights.segment().get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
    }

    /** A row with NaN or an infinity yields none, or no finite, number; other rows do not know of it. */
    @ParameterizedTest
    @MethodSource("units")
    void whatIsNoNumberStaysSo(Case tested) {
        assumeUsable(tested);
        for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] found = multiply(tested, 3, 64, i -> i == 64 + 40 ? odd : 1 + i % 3, 4);
            for (int column = 0; column < N; column++) {
                float affected = found[N + column];
                if (Float.isNaN(odd)) {
                    assertThat(affected).isNaN();
                } else {
                    assertThat(Float.isFinite(affected)).isFalse();
                }
                assertThat(Float.isFinite(found[column])).isTrue();
                assertThat(Float.isFinite(found[2 * N + column])).isTrue();
            }
        }
        float[] zeros = multiply(tested, 3, 64, i -> 0, 4);
        assertThat(zeros).containsOnly(0f);
        float[] huge = multiply(tested, 1, 32, i -> i == 3 ? Float.MAX_VALUE : 0, 4);
        assertThat(huge).as("a scale that is finite times weights below 1").doesNotContain(Float.NaN);
    }

    /**
     * Rows of a transformer have a few large numbers at always the same places. Blocks have scales of their own, so only those around them are
     * rounded coarsely.
     */
    @ParameterizedTest
    @MethodSource("units")
    void theErrorIsSmallBesideOutliers(Case tested) {
        assumeUsable(tested);
        Random random = new Random(6);
        int k = 576;
        float[] a = gaussians(random, 12 * k);
        for (int row = 0; row < 12; row++) {
            for (int outlier : new int[] {5, 300, 301}) {
                a[row * k + outlier] *= 40;
            }
        }
        float[] found = multiply(tested, 12, k, i -> a[i], 7);
        StoredElements weights = new StoredElements(tested.format, weights(tested.format, k, 7, Arena.ofAuto()));
        for (int row = 0; row < 12; row++) {
            double products = 0;
            double exacts = 0;
            double founds = 0;
            for (int column = 0; column < N; column++) {
                double exact = 0;
                for (int i = 0; i < k; i++) {
                    exact += (double) a[row * k + i] * weights.get((long) column * k + i);
                }
                float value = found[row * N + column];
                products += exact * value;
                exacts += exact * exact;
                founds += value * value;
            }
            double cosine = products / Math.sqrt(exacts * founds);
            assertThat(cosine).as("row %d", row).isBetween(0.9995, 0.99999999);
        }
    }

    private static float[] gaussians(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static MemorySegment weights(DType format, int k, long seed, Arena arena) {
        MemorySegment segment = arena.allocate(format.bytes((long) N * k), 64);
        Random random = new Random(seed);
        byte[] block = new byte[Math.toIntExact(format.bytes(32L))];
        for (long at = 0; at < segment.byteSize(); at += block.length) {
            random.nextBytes(block);
            // Every number that there is, -128 among them.
            block[format.headerBytes()] = Byte.MIN_VALUE;
            MemorySegment.copy(block, 0, segment, ValueLayout.JAVA_BYTE, at, block.length);
            short scale = Float.floatToFloat16((0.5f + random.nextFloat()) / 256 * (random.nextBoolean() ? 1 : -1));
            segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, scale);
            if (format.hasMinimum()) {
                short minimum = Float.floatToFloat16((random.nextFloat() - 0.5f) / 32);
                segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + Short.BYTES, minimum);
            }
        }
        return segment;
    }

    private static float[] multiply(Case tested, int m, int k, IntToDoubleFunction a, long seed) {
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(1)) {
            MemorySegment left = arena.allocate(4L * m * k, 64);
            for (int i = 0; i < m * k; i++) {
                left.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) a.applyAsDouble(i));
            }
            MemorySegment right = weights(tested.format, k, seed, arena);
            MemorySegment out = arena.allocate(4L * m * N, 64);
            Matmul op = Matmul.dense(1, m, N, k, false, true, tested.format);
            tested.unit
                    .matmul(op, new long[] {left.address(), right.address(), out.address()}, workers)
                    .run();
            return out.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
