package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;

/**
 * What every provider of {@link MatrixUnit} that has attention keeps: results equal the reference, stay within their output, and have the
 * same bits on any number of threads, and of a sequence among any others. Gradients are checked where the unit has them.
 */
public abstract class AttentionConformance extends UnitConformance {
    /** The greatest relative error of rounding to bf16. */
    private static final double WEIGHT_ROUNDING = 0x1p-8;
    /** More than any unit attends to at a time. */
    private static final int MANY_KEYS = 2100;

    protected AttentionConformance(MatrixUnit unit) {
        super(unit);
    }

    /** In bf16 the factors of the scores are rounded, and values; so are weights, which is what tolerances are for. */
    @Override
    final void reference(KernelOp op, MemorySegment[] operands) {
        if (unit.precision() != MatrixPrecision.BF16) {
            Reference.run(op, operands);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] rounded = operands.clone();
            for (int i = 0; i < 3; i++) {
                rounded[i] = rounded(DType.F32, operands[i], arena);
            }
            Reference.run(op, rounded);
        }
    }

    @Override
    protected final double tolerance(KernelOp op) {
        return unit.precision() == MatrixPrecision.BF16 ? WEIGHT_ROUNDING : super.tolerance(op);
    }

    @Property(tries = 200)
    void anyAttention(@ForAll("attentions") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> attentions() {
        return KernelOpArbitraries.attention().filter(unit::supports);
    }

    @Property(tries = 150)
    void sizesAroundTheEdgesOfBlocks(
            @ForAll("rows") int queries,
            @ForAll("rows") int keys,
            @ForAll("headSizes") int headSize,
            @ForAll boolean causal,
            @ForAll long seed) {
        int seen = causal ? queries : keys;
        check(new AttentionOp.Attention(new AttentionShape(2, queries, seen, 2, 1, headSize, 0.2f, causal)), seed);
    }

    @Provide
    Arbitrary<Integer> rows() {
        return Arbitraries.of(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 97, 129);
    }

    @Provide
    Arbitrary<Integer> headSizes() {
        return Arbitraries.of(1, 3, 4, 5, 8, 9, 12, 16, 17, 24, 32, 40, 64);
    }

    /** No keys, one, and all of them, in one batch; every row of the output is written. */
    @Example
    void sequencesWithoutKeysAndWithOne() {
        for (int headSize : new int[] {5, 64}) {
            KernelOp op = new AttentionOp.Attention(new AttentionShape(4, 50, 70, 2, 2, headSize, 0.2f, false));
            try (OperandBuffers found = OperandBuffers.random(op, 3);
                    OperandBuffers expected = found.copy()) {
                for (OperandBuffers each : List.of(found, expected)) {
                    setExtents(each, 0, 1, 70, 0);
                    each.segments()[4].fill((byte) -1);
                }
                run(op, found.addresses(), WORKERS.getLast());
                reference(op, expected.segments());
                found.assertCloseTo(expected, tolerance(op));
                float[] out = found.segments()[4].toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                int size = out.length / 4;
                assertThat(Arrays.copyOf(out, size)).containsOnly(0);
                assertThat(Arrays.copyOfRange(out, 3 * size, 4 * size)).containsOnly(0);
            }
        }
    }

    /** NaN and infinities go where they go in the reference: to the queries that see them, and no further. */
    @Property(tries = 100)
    void numbersThatAreNotFinite(
            @ForAll("rows") int rows, @ForAll("special") float special, @ForAll boolean causal, @ForAll long seed) {
        Random random = new Random(seed);
        int headSize = 1 + random.nextInt(20);
        AttentionShape shape = new AttentionShape(1, rows, rows, 1, 1, headSize, 0.2f, causal);
        assertSpecialsStay(new AttentionOp.Attention(shape), special, random, seed);
        KernelOp gradient = new AttentionOp.AttentionGradient(shape);
        if (unit.supports(gradient)) {
            assertSpecialsStay(gradient, special, random, seed);
        }
    }

    /** Values of a key that all see: what each query sums of them is infinite, for keys that it does not see, too. */
    @Example
    void whatAllSeeIsNotFinite() {
        for (long seed = 0; seed < 40; seed++) {
            numbersThatAreNotFinite(3, Float.POSITIVE_INFINITY, true, seed);
        }
        numbersThatAreNotFinite(3, Float.POSITIVE_INFINITY, true, 1542);
    }

    private void assertSpecialsStay(KernelOp op, float special, Random random, long seed) {
        int rows = shape(op).queries();
        int headSize = shape(op).headSize();
        try (OperandBuffers found = OperandBuffers.random(op, seed);
                OperandBuffers expected = found.copy()) {
            List<Integer> floats = IntStream.range(0, op.inputs().size())
                    .filter(input -> input != 3)
                    .boxed()
                    .toList();
            int operand = floats.get(random.nextInt(floats.size()));
            int row = random.nextInt(rows);
            boolean all = random.nextBoolean();
            int keys = 1 + random.nextInt(rows);
            for (OperandBuffers each : List.of(found, expected)) {
                setExtents(each, keys);
                for (int d = 0; d < (all ? headSize : 1); d++) {
                    each.segments()[operand].setAtIndex(
                            ValueLayout.JAVA_FLOAT_UNALIGNED, (long) row * headSize + d, special);
                }
            }
            run(op, found.addresses(), WORKERS.getLast());
            reference(op, expected.segments());
            found.assertCloseTo(expected, tolerance(op));
        }
    }

    @Provide
    Arbitrary<Float> special() {
        return Arbitraries.of(Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY);
    }

    /** Scores that are far apart, of which later ones are greater or less than all before. */
    @Example
    void scoresOfAnySize() {
        for (float slope : new float[] {-30, -1, 1, 30}) {
            scoresOfSlope(300, slope);
            scoresOfSlope(MANY_KEYS, slope);
        }
    }

    private void scoresOfSlope(int keys, float slope) {
        KernelOp op = new AttentionOp.Attention(new AttentionShape(1, 3, keys, 1, 1, 4, 1, false));
        try (OperandBuffers found = OperandBuffers.random(op, 3);
                OperandBuffers expected = found.copy()) {
            for (OperandBuffers each : List.of(found, expected)) {
                setExtents(each, keys);
                for (int i = 0; i < 3 * 4; i++) {
                    each.segments()[0].setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, 1);
                }
                for (int key = 0; key < keys; key++) {
                    for (int d = 0; d < 4; d++) {
                        each.segments()[1].setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, key * 4L + d, slope * key / 4);
                    }
                }
            }
            run(op, found.addresses(), WORKERS.getLast());
            reference(op, expected.segments());
            found.assertCloseTo(expected, tolerance(op));
        }
    }

    /** The greatest error is 1e-6 of what the magnitudes of the values would give; in bf16 the average one is 2e-3 of the results. */
    @Example
    void errorsAreThoseOfRounding() {
        for (AttentionShape shape : List.of(
                new AttentionShape(1, 60, 577, 1, 1, 64, 0.125f, false),
                new AttentionShape(1, 200, 200, 1, 1, 80, 0.11f, true),
                new AttentionShape(1, 20, 300, 1, 1, 256, 0.0625f, false))) {
            KernelOp op = new AttentionOp.Attention(shape);
            try (OperandBuffers found = OperandBuffers.random(op, 3)) {
                setExtents(found, shape.keys());
                Random random = new Random(4);
                for (int i = 0; i < 3; i++) {
                    MemorySegment operand = found.segments()[i];
                    for (long e = 0; e < operand.byteSize() / 4; e++) {
                        operand.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, e, (float) random.nextGaussian());
                    }
                }
                try (OperandBuffers expected = found.copy();
                        OperandBuffers magnitudes = found.copy()) {
                    MemorySegment values = magnitudes.segments()[2];
                    for (long e = 0; e < values.byteSize() / 4; e++) {
                        float value = values.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, e);
                        values.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, e, Math.abs(value));
                    }
                    run(op, found.addresses(), WORKERS.getLast());
                    reference(op, expected.segments());
                    reference(op, magnitudes.segments());
                    float[] results = found.segments()[4].toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                    float[] wanted = expected.segments()[4].toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                    float[] sums = magnitudes.segments()[4].toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
                    double squares = 0;
                    double all = 0;
                    for (int e = 0; e < results.length; e++) {
                        double allowed = unit.precision() == MatrixPrecision.BF16 ? WEIGHT_ROUNDING : 1e-6;
                        assertThat((double) results[e]).isCloseTo(wanted[e], Offset.offset(allowed * sums[e]));
                        squares += Math.pow(results[e] - wanted[e], 2);
                        all += Math.pow(wanted[e], 2);
                    }
                    assertThat(Math.sqrt(squares / all)).isLessThan(2e-3);
                }
            }
        }
    }

    private static void setExtents(OperandBuffers buffers, int... extents) {
        MemorySegment operand = buffers.segments()[3];
        MemorySegment.copy(extents, 0, operand, ValueLayout.JAVA_INT_UNALIGNED, 0, extents.length);
    }

    /** A value that rounding to bf16 makes infinite does not reach queries that do not see it either. */
    @Example
    void valuesThatRoundToInfinity() {
        KernelOp op = new AttentionOp.Attention(new AttentionShape(1, 40, 40, 1, 1, 8, 0.2f, true));
        try (OperandBuffers found = OperandBuffers.random(op, 5)) {
            setExtents(found, 40);
            found.segments()[2].setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 39 * 8 + 3, Float.MAX_VALUE);
            run(op, found.addresses(), WORKERS.getLast());
            float[] out = found.segments()[4].toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            for (int e = 0; e < 39 * 8; e++) {
                assertThat(Math.abs(out[e])).isLessThanOrEqualTo(2.01f);
            }
        }
    }

    /** Where a unit writes panels of f32, they hold what rows do. */
    @Property(tries = 80)
    void panelsOfFloatsHoldWhatRowsDo(
            @ForAll("shapesOfPanels") AttentionShape shape,
            @ForAll @IntRange(min = 1, max = 32) int panelRows,
            @ForAll long seed) {
        AttentionOp.Attention op = new AttentionOp.Attention(shape);
        int columns = shape.heads() * shape.headSize();
        int rows = (int) (op.operands().getFirst().elements() / columns);
        RowPanels panels = RowPanels.balanced(rows, columns, panelRows, RowPanels.Format.F32);
        if (!unit.writes(op, panels)) {
            return;
        }
        try (OperandBuffers operands = OperandBuffers.random(op, seed);
                Arena arena = Arena.ofShared()) {
            run(op, operands.addresses(), WORKERS.getFirst());
            for (Workers workers : WORKERS) {
                MemorySegment expected = operands.segments()[4];
                PackedResults.check(unit, op, panels, operands.addresses(), workers, expected, arena);
            }
        }
    }

    @Provide
    Arbitrary<AttentionShape> shapesOfPanels() {
        return PackedResults.shapes(1, 8, 20, 32);
    }

    /** More keys than are attended to at a time, alone and with others. */
    @Example
    void manyKeys() {
        check(new AttentionOp.Attention(new AttentionShape(2, 35, MANY_KEYS, 2, 1, 40, 0.1f, false)), 7);
        check(new AttentionOp.Attention(new AttentionShape(1, 1100, 1100, 1, 1, 3, 0.1f, true)), 8);
    }

    /** Several blocks of queries and panels of keys, head sizes of and between whole panels, shared key heads. */
    @Example
    void attentionOfShapesOfModels() {
        check(new AttentionShape(2, 17, 17, 6, 6, 32, 0.17f, false));
        check(new AttentionShape(2, 77, 77, 4, 4, 32, 0.17f, true));
        check(new AttentionShape(3, 136, 136, 6, 2, 32, 0.17f, false));
        check(new AttentionShape(2, 50, 129, 2, 1, 64, 0.125f, false));
        check(new AttentionShape(1, 200, 200, 1, 1, 80, 0.1f, true));
    }

    @Example
    void raggedAttentionOfShapesOfModels() {
        check(AttentionShape.ragged(9, 400, 6, 2, 32, 0.17f, false));
        check(AttentionShape.ragged(3, 300, 4, 4, 64, 0.125f, true));
    }

    /** A ragged sequence among others has the bits that it has alone. */
    @Property(tries = 100)
    void sequencesDoNotDependOnEachOther(@ForAll("raggedAttentions") KernelOp op, @ForAll long seed) {
        try (OperandBuffers buffers = OperandBuffers.random(op, seed)) {
            run(op, buffers.addresses(), WORKERS.getLast());
            MemorySegment[] operands = buffers.segments();
            boolean gradient = op instanceof AttentionOp.AttentionGradient;
            AttentionShape shape = shape(op);
            for (int s = 0; s < shape.batch(); s++) {
                int start = operands[3].get(ValueLayout.JAVA_INT_UNALIGNED, 4L * s);
                int length = operands[3].get(ValueLayout.JAVA_INT_UNALIGNED, 4L * s + 4) - start;
                AttentionShape alone = new AttentionShape(
                        1,
                        length,
                        length,
                        shape.heads(),
                        shape.keyValueHeads(),
                        shape.headSize(),
                        shape.scale(),
                        shape.causal());
                KernelOp one = gradient ? new AttentionOp.AttentionGradient(alone) : new AttentionOp.Attention(alone);
                try (OperandBuffers found = OperandBuffers.random(one, seed)) {
                    MemorySegment[] rows = found.segments();
                    rows[3].set(ValueLayout.JAVA_INT_UNALIGNED, 0, length);
                    for (int i = 0; i < rows.length; i++) {
                        if (i != 3 && i < one.inputs().size()) {
                            rows[i].copyFrom(rowsOf(operands[i], shape, start, rows[i].byteSize(), length));
                        }
                    }
                    run(one, found.addresses(), WORKERS.getFirst());
                    for (int i = one.inputs().size(); i < rows.length; i++) {
                        MemorySegment wanted = rowsOf(operands[i], shape, start, rows[i].byteSize(), length);
                        assertThat(rows[i].mismatch(wanted))
                                .as("operand %d of sequence %d, %s", i, s, op)
                                .isEqualTo(-1);
                    }
                }
            }
        }
    }

    private static MemorySegment rowsOf(MemorySegment all, AttentionShape shape, int start, long bytes, int length) {
        return all.asSlice(length == 0 ? 0 : start * (all.byteSize() / shape.queries()), bytes);
    }

    private static AttentionShape shape(KernelOp op) {
        return switch (op) {
            case AttentionOp.Attention attention -> attention.shape();
            case AttentionOp.AttentionGradient gradient -> gradient.shape();
            default -> throw new AssertionError(op);
        };
    }

    @Provide
    Arbitrary<KernelOp> raggedAttentions() {
        return KernelOpArbitraries.raggedAttention().filter(unit::supports);
    }

    @Example
    void offsetsAreChecked() {
        KernelOp op = new AttentionOp.Attention(AttentionShape.ragged(3, 9, 1, 1, 4, 1, false));
        assertRefused(op, new int[] {0, 4, 10, 9}, "Attention: offsets[2] is 10, expected 4 to 9.");
        assertRefused(op, new int[] {0, 4, 3, 9}, "Attention: offsets[2] is 3, expected 4 to 9.");
        assertRefused(op, new int[] {-1, 4, 5, 9}, "Attention: offsets[0] is -1, expected 0 to 9.");
        KernelOp padded = new AttentionOp.Attention(new AttentionShape(2, 3, 3, 1, 1, 4, 1, false));
        assertRefused(padded, new int[] {3, 4}, "Attention: lengths[1] is 4, expected 0 to 3.");
    }

    private void assertRefused(KernelOp op, int[] extents, String message) {
        try (OperandBuffers buffers = OperandBuffers.random(op, 1)) {
            setExtents(buffers, extents);
            assertThatThrownBy(() -> run(op, buffers.addresses(), WORKERS.getLast()))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage(message);
        }
    }

    private void check(AttentionShape shape) {
        check(new AttentionOp.Attention(shape), 5);
        KernelOp gradient = new AttentionOp.AttentionGradient(shape);
        if (unit.supports(gradient)) {
            check(gradient, 6);
        }
    }
}
