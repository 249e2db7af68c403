package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * What every provider of {@link MatrixUnit} keeps: results equal the reference, stay within their output, and have the same bits on any
 * number of threads, from a packed B, and for any number of rows.
 */
public abstract class MatrixUnitConformance {
    private static final List<Workers> WORKERS = List.of(new Workers(1), new Workers(2), new Workers(3));
    private static final byte GUARD = 0x5A;
    private static final Expression ADD = new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1)));
    private static final Expression SCALED_RESIDUAL = new Expression(
            4,
            List.of(
                    Instruction.binary(Opcode.ADD, 0, 1),
                    Instruction.binary(Opcode.MULTIPLY, 4, 3),
                    Instruction.binary(Opcode.ADD, 5, 2)));

    private final MatrixUnit unit;
    private final int rowsOfTile;
    private final int columnsOfTile;

    /** Of a unit whose kernels have edges at multiples of rows and columns. */
    protected MatrixUnitConformance(MatrixUnit unit, int rowsOfTile, int columnsOfTile) {
        this.unit = unit;
        this.rowsOfTile = rowsOfTile;
        this.columnsOfTile = columnsOfTile;
    }

    @Property(tries = 300)
    void anyMatmul(@ForAll("matmuls") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> matmuls() {
        return KernelOpArbitraries.matmul();
    }

    @Property(tries = 300)
    void sizesAroundTheEdgesOfTilesWithAddends(@ForAll("tileEdges") Matmul op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<Matmul> tileEdges() {
        Arbitrary<Integer> ks = Arbitraries.of(0, 1, 2, 15, 16, 17, 32, 33, 64, 96, 100);
        Arbitrary<Boolean> flag = Arbitraries.of(true, false);
        Arbitrary<List<Broadcast>> extras = Arbitraries.of(
                List.of(),
                List.of(Broadcast.ROW),
                List.of(Broadcast.FULL),
                List.of(Broadcast.SCALAR),
                List.of(Broadcast.ROW, Broadcast.FULL, Broadcast.SCALAR));
        return Combinators.combine(
                        around(rowsOfTile), around(columnsOfTile), ks, flag, flag, Arbitraries.of(formats()), extras)
                .as(MatrixUnitConformance::matmul);
    }

    private static List<DType> formats() {
        return MatrixOperand.FORMATS;
    }

    private static Arbitrary<Integer> around(int size) {
        return Arbitraries.integers().between(1, 3 * size + 1);
    }

    /** Large enough to be cut in all three dimensions. */
    @Example
    void matmulsOfManyBlocks() {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                check(matmul(301, 203, 97, transposeA, transposeB, DType.F32, List.of(Broadcast.ROW)), 1);
                check(matmul(65, 130, 1500, transposeA, transposeB, DType.F32, List.of(Broadcast.FULL)), 2);
                check(Matmul.dense(3, 130, 67, 131, transposeA, transposeB), 3);
            }
        }
        List<Broadcast> extras = List.of(Broadcast.ROW, Broadcast.FULL, Broadcast.SCALAR);
        check(matmul(1500, 33, 128, false, true, DType.F32, extras), 4);
        for (DType format : formats()) {
            check(matmul(65, 130, 1440, false, true, format, List.of(Broadcast.FULL)), 5);
        }
    }

    /** Each row is what it is alone: of one row and of many, in all formats. */
    @Property(tries = 60)
    void rowsDoNotDependOnTheirNumber(
            @ForAll("formatValues") DType format,
            @ForAll("fewRows") int rows,
            @ForAll boolean transposed,
            @ForAll long seed) {
        Matmul op = matmul(rows, 96, 704, false, transposed, format, List.of());
        try (OperandBuffers buffers = OperandBuffers.random(op, seed)) {
            run(op, buffers.addresses(), WORKERS.getFirst());
            MemorySegment[] operands = buffers.segments();
            Matmul one = matmul(1, 96, 704, false, transposed, format, List.of());
            try (Arena arena = Arena.ofShared()) {
                MemorySegment out = arena.allocate(96 * 4, 64);
                for (int row = 0; row < rows; row++) {
                    long[] addresses = {operands[0].address() + row * 704 * 4L, operands[1].address(), out.address()};
                    run(one, addresses, WORKERS.getFirst());
                    assertThat(out.mismatch(operands[2].asSlice(row * 96 * 4L, 96 * 4)))
                            .as("row %d of %d, %s", row, rows, op)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Provide
    Arbitrary<DType> formatValues() {
        return Arbitraries.of(formats());
    }

    @Provide
    Arbitrary<Integer> fewRows() {
        return Arbitraries.integers().between(1, 3 * rowsOfTile);
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

    private static Matmul matmul(
            int m, int n, int k, boolean transposeA, boolean transposeB, DType format, List<Broadcast> extras) {
        Expression expression = switch (extras.size()) {
            case 0 -> Expression.IDENTITY;
            case 1 -> ADD;
            default -> SCALED_RESIDUAL;
        };
        int block = format.blockSize();
        int wholeN = transposeB ? n : Math.ceilDiv(n, block) * block;
        int wholeK = transposeB ? Math.ceilDiv(k, block) * block : k;
        return Matmul.dense(1, m, wholeN, wholeK, transposeA, transposeB, format)
                .withEpilogue(new Epilogue(expression, extras));
    }

    private void run(KernelOp op, long[] addresses, Workers workers) {
        assertThat(unit.supports(op)).isTrue();
        switch (op) {
            case Matmul o -> unit.matmul(o, addresses, workers).run();
            case AttentionOp.Attention o ->
                unit.attention(o, addresses, workers).run();
            case AttentionOp.AttentionGradient o ->
                unit.attentionGradient(o, addresses, workers).run();
            default -> throw new AssertionError(op);
        }
    }

    private void check(KernelOp op, long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers first = expected.copy()) {
            OperandBuffers inputs = expected.copy();
            Reference.run(op, expected.segments());
            run(op, first.addresses(), WORKERS.getFirst());
            first.assertCloseTo(expected, 5e-5);
            for (Workers workers : WORKERS) {
                try (OperandBuffers found = inputs.copy()) {
                    run(op, found.addresses(), workers);
                    found.assertSameBits(first);
                }
            }
            if (op instanceof Matmul matmul) {
                checkPacked(matmul, inputs, first);
            }
            inputs.close();
        }
    }

    /** A packed B gives the same bits, on any number of threads that pack and multiply, and is packed within its memory. */
    private void checkPacked(Matmul op, OperandBuffers inputs, OperandBuffers expected) {
        Packing packing = unit.packing(op);
        if (packing == null) {
            return;
        }
        MatrixOperand layout = op.b().packed(packing);
        MemorySegment firstPacked = null;
        for (Workers workers : WORKERS) {
            try (OperandBuffers found = inputs.copy();
                    Arena arena = Arena.ofShared()) {
                MemorySegment guarded =
                        arena.allocate(packing.bytes() + 128, 64).fill(GUARD);
                MemorySegment packed = guarded.asSlice(64, packing.bytes());
                unit.pack(packing, op.b(), found.segments()[1], packed, workers);
                for (long at = 0; at < 64; at++) {
                    assertThat(guarded.get(ValueLayout.JAVA_BYTE, at)).isEqualTo(GUARD);
                    assertThat(guarded.get(ValueLayout.JAVA_BYTE, guarded.byteSize() - 1 - at))
                            .isEqualTo(GUARD);
                }
                long[] addresses = found.addresses();
                addresses[1] = packed.address();
                run(op.withB(layout), addresses, workers);
                found.assertSameBits(expected);
                if (firstPacked == null) {
                    firstPacked = Arena.ofAuto().allocate(packing.bytes()).copyFrom(packed);
                }
                assertThat(packed.mismatch(firstPacked))
                        .as("packed by %s threads", workers.threads())
                        .isEqualTo(-1);
            }
        }
    }
}
