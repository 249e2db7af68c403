package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.matrix.vector.VectorMatrixUnit;
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

/** What becomes of numbers that bf16 does not hold, and of those that are none. */
class RoundingTest {
    private static final int M = 35;
    private static final int N = 40;
    private static final int K = 777;

    record Case(String name, MatrixUnit unit) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> units() {
        return List.of(
                new Case("emulated AMX, bf16", Bf16MatrixUnit.amx(MatrixPrecision.BF16, EmulatedMachine::code)),
                new Case("emulated AMX, bf16x3", Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, EmulatedMachine::code)),
                new Case("emulated AMX, bf16x6", Bf16MatrixUnit.amx(MatrixPrecision.BF16X6, EmulatedMachine::code)),
                new Case("emulated AVX-512, bf16", Bf16MatrixUnit.avx512(MatrixPrecision.BF16, EmulatedMachine::code)),
                new Case(
                        "emulated AVX-512, bf16x3",
                        Bf16MatrixUnit.avx512(MatrixPrecision.BF16X3, EmulatedMachine::code)),
                new Case("AMX, bf16", Bf16MatrixUnit.amx(MatrixPrecision.BF16, MachineCode::ofThisProcess)),
                new Case("AMX, bf16x3", Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, MachineCode::ofThisProcess)),
                new Case("AMX, bf16x6", Bf16MatrixUnit.amx(MatrixPrecision.BF16X6, MachineCode::ofThisProcess)),
                new Case("AVX-512, bf16", Bf16MatrixUnit.avx512(MatrixPrecision.BF16, MachineCode::ofThisProcess)),
                new Case("AVX-512, bf16x3", Bf16MatrixUnit.avx512(MatrixPrecision.BF16X3, MachineCode::ofThisProcess)));
    }

    private static void assumeUsable(Case tested) {
        String missing = tested.unit.selfTest(MatrixWork.MATMUL).orElse(null);
        Feature feature = tested.name.contains("AMX") ? Feature.AMX_BF16 : Feature.AVX512_BF16;
        boolean absent = !tested.name.startsWith("emulated")
                && (!(MachineCode.ofThisProcess() instanceof MachineCode.Allowed allowed)
                        || allowed.features().missing(feature) != null);
        assumeTrue(!absent, "Not run natively: " + missing);
        assertThat(missing).as("self-test").isNull();
    }

    /** Of normal numbers, bf16 loses about 2^-9 of each factor, three products about as much of that, and six less than sums in f32. */
    @ParameterizedTest
    @MethodSource("units")
    void errorsAreThoseOfThePrecision(Case tested) {
        assumeUsable(tested);
        for (boolean transposed : new boolean[] {false, true}) {
            assertErrorOfPrecision(tested.unit, transposed, DType.F32);
        }
    }

    /** What B is stored in is not rounded again: then only A loses anything. */
    @ParameterizedTest
    @MethodSource("units")
    void errorsAreNoGreaterWhereWeightsAreNarrow(Case tested) {
        assumeUsable(tested);
        for (DType format : List.of(DType.BF16, DType.F16)) {
            assertErrorOfPrecision(tested.unit, false, format);
        }
    }

    private static void assertErrorOfPrecision(MatrixUnit unit, boolean transposed, DType format) {
        double error = error(unit, transposed, format);
        switch (unit.precision()) {
            case BF16 -> assertThat(error).isBetween(1e-3, 4e-3);
            case BF16X3 -> assertThat(error).isBetween(5e-7, 1e-5);
            default -> assertThat(error).isBetween(1e-9, error(new VectorMatrixUnit(), transposed, format));
        }
    }

    private static double error(MatrixUnit unit, boolean transposed, DType format) {
        Random random = new Random(3);
        double[] a = random.doubles(M * K).map(x -> (float) (2 * x - 1)).toArray();
        double[] b = stored(format, random.doubles(N * K).map(x -> 2 * x - 1).toArray());
        float[] found = multiply(unit, M, N, K, transposed, i -> a[i], format, i -> b[i]);
        double squares = 0;
        double all = 0;
        for (int row = 0; row < M; row++) {
            for (int column = 0; column < N; column++) {
                double sum = 0;
                for (int i = 0; i < K; i++) {
                    double left = transposed ? a[i * M + row] : a[row * K + i];
                    double right = transposed ? b[i * N + column] : b[column * K + i];
                    sum += left * right;
                }
                squares += Math.pow(found[row * N + column] - sum, 2);
                all += sum * sum;
            }
        }
        return Math.sqrt(squares / all);
    }

    /** As they are once they are stored. */
    private static double[] stored(DType format, double[] values) {
        double[] rounded = new double[values.length];
        StoredElements elements =
                new StoredElements(format, MemorySegment.ofArray(new byte[(int) format.bytes((long) values.length)]));
        for (int i = 0; i < values.length; i++) {
            elements.set(i, values[i]);
            rounded[i] = elements.get(i);
        }
        return rounded;
    }

    @ParameterizedTest
    @MethodSource("units")
    void whatIsNoNumberStaysSo(Case tested) {
        assumeUsable(tested);
        float[] found = multiply(tested.unit, 1, 1, 3, false, i -> i == 1 ? Float.NaN : 1, i -> 2);
        assertThat(found[0]).isNaN();
        boolean bf16 = tested.unit.precision() == MatrixPrecision.BF16;
        found = multiply(tested.unit, 1, 1, 3, false, i -> i == 1 ? Float.NEGATIVE_INFINITY : 1, i -> 2);
        // What rounding leaves of an infinity is none.
        assertThat(Float.toString(found[0])).isEqualTo(bf16 ? "-Infinity" : "NaN");
        found = multiply(tested.unit, 1, 1, 3, false, i -> 1e-40, i -> 1e30);
        assertThat(found[0]).as("subnormal numbers are 0").isZero();
        // Ties go to even: 1 + 2^-8 to 1, 1 + 3 * 2^-8 to 1 + 2^-6; with three products nothing is lost.
        found = multiply(tested.unit, 1, 1, 1, false, i -> 1 + 0x1p-8, i -> 1);
        assertThat(found[0]).isEqualTo(bf16 ? 1 : 1 + 0x1p-8f);
        found = multiply(tested.unit, 1, 1, 1, false, i -> 1, i -> 1 + 3 * 0x1p-8);
        assertThat(found[0]).isEqualTo(bf16 ? 1 + 0x1p-6f : 1 + 3 * 0x1p-8f);
    }

    private static float[] multiply(
            MatrixUnit unit, int m, int n, int k, boolean transposed, IntToDoubleFunction a, IntToDoubleFunction b) {
        return multiply(unit, m, n, k, transposed, a, DType.F32, b);
    }

    private static float[] multiply(
            MatrixUnit unit,
            int m,
            int n,
            int k,
            boolean transposed,
            IntToDoubleFunction a,
            DType formatOfB,
            IntToDoubleFunction b) {
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(1)) {
            MemorySegment left = filled(arena, DType.F32, m * k, a);
            MemorySegment right = filled(arena, formatOfB, n * k, b);
            MemorySegment out = arena.allocate(4L * m * n, 64);
            Matmul op = Matmul.dense(1, m, n, k, transposed, !transposed, formatOfB);
            unit.matmul(op, new long[] {left.address(), right.address(), out.address()}, workers)
                    .run();
            return out.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static MemorySegment filled(Arena arena, DType format, int count, IntToDoubleFunction values) {
        MemorySegment segment = arena.allocate(format.bytes((long) count), 64);
        StoredElements elements = new StoredElements(format, segment);
        for (int i = 0; i < count; i++) {
            elements.set(i, values.applyAsDouble(i));
        }
        return segment;
    }
}
