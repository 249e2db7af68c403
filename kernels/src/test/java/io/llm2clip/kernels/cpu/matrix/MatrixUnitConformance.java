package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.OperandBuffers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * What every provider of {@link MatrixUnit} that has attention keeps, beside what it keeps in matmuls: results equal the reference, stay
 * within their output, and have the same bits on any number of threads, and of a sequence among any others.
 */
public abstract class MatrixUnitConformance extends MatmulConformance {

    /** Of a unit whose kernels have edges at multiples of rows and columns. */
    protected MatrixUnitConformance(MatrixUnit unit, int rowsOfTile, int columnsOfTile) {
        super(unit, rowsOfTile, columnsOfTile);
    }

    @Property(tries = 200)
    void anyAttention(@ForAll("attentions") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> attentions() {
        return KernelOpArbitraries.attention();
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
        return KernelOpArbitraries.raggedAttention();
    }

    @Example
    void offsetsAreChecked() {
        KernelOp op = new AttentionOp.Attention(AttentionShape.ragged(3, 9, 1, 1, 4, 1, false));
        assertRefused(op, new int[] {0, 4, 10, 9}, "Attention: offsets[2] is 10, expected 4 to 9.");
        assertRefused(op, new int[] {0, 4, 3, 9}, "Attention: offsets[2] is 3, expected 4 to 9.");
        assertRefused(op, new int[] {-1, 4, 5, 9}, "Attention: offsets[0] is -1, expected 0 to 9.");
        KernelOp padded = new AttentionOp.AttentionGradient(new AttentionShape(2, 3, 3, 1, 1, 4, 1, false));
        assertRefused(padded, new int[] {3, 4}, "Attention: lengths[1] is 4, expected 0 to 3.");
    }

    private void assertRefused(KernelOp op, int[] extents, String message) {
        try (OperandBuffers buffers = OperandBuffers.random(op, 1)) {
            MemorySegment operand = buffers.segments()[3];
            MemorySegment.copy(extents, 0, operand, ValueLayout.JAVA_INT_UNALIGNED, 0, extents.length);
            assertThatThrownBy(() -> run(op, buffers.addresses(), WORKERS.getLast()))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage(message);
        }
    }

    private void check(AttentionShape shape) {
        check(new AttentionOp.Attention(shape), 5);
        check(new AttentionOp.AttentionGradient(shape), 6);
    }
}
