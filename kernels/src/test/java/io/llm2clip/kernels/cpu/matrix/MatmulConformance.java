package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
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
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * What every provider of {@link MatrixUnit} keeps in matmuls: results equal the reference over factors of the unit's precision, stay within
 * their output, and have the same bits on any number of threads, from a packed A or B, in a packed output, and for any number of rows.
 */
public abstract class MatmulConformance extends UnitConformance {
    private static final byte GUARD = 0x5A;
    private static final Expression ADD = new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1)));
    private static final Expression SCALED_RESIDUAL = new Expression(
            4,
            List.of(
                    Instruction.binary(Opcode.ADD, 0, 1),
                    Instruction.binary(Opcode.MULTIPLY, 4, 3),
                    Instruction.binary(Opcode.ADD, 5, 2)));

    private final int rowsOfTile;
    private final int columnsOfTile;

    /** Of a unit whose kernels have edges at multiples of rows and columns. */
    protected MatmulConformance(MatrixUnit unit, int rowsOfTile, int columnsOfTile) {
        super(unit);
        this.rowsOfTile = rowsOfTile;
        this.columnsOfTile = columnsOfTile;
    }

    @Property(tries = 300)
    void anyMatmul(@ForAll("matmuls") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> matmuls() {
        return KernelOpArbitraries.matmul().filter(unit::supports);
    }

    @Property(tries = 300)
    void sizesAroundTheEdgesOfTilesWithAddends(@ForAll("tileEdges") Matmul op, @ForAll long seed) {
        check(op, seed);
    }

    /** Whether a matrix may be stored so; units of integers need blocks along k. */
    private boolean stored(boolean transposeA, boolean transposeB) {
        return integers() ? !transposeA && transposeB : true;
    }

    private boolean integers() {
        return unit.precision() == MatrixPrecision.INT8;
    }

    @Provide
    Arbitrary<Matmul> tileEdges() {
        Arbitrary<Integer> ks = Arbitraries.of(0, 1, 2, 15, 16, 17, 32, 33, 64, 96, 100);
        Arbitrary<Boolean> transposeA = Arbitraries.of(true, false).filter(flag -> stored(flag, true));
        Arbitrary<Boolean> transposeB = Arbitraries.of(true, false).filter(flag -> stored(false, flag));
        Arbitrary<List<Broadcast>> extras = Arbitraries.of(
                List.of(),
                List.of(Broadcast.ROW),
                List.of(Broadcast.FULL),
                List.of(Broadcast.SCALAR),
                List.of(Broadcast.ROW, Broadcast.FULL, Broadcast.SCALAR));
        return Combinators.combine(
                        around(rowsOfTile),
                        around(columnsOfTile),
                        ks,
                        transposeA,
                        transposeB,
                        Arbitraries.of(formats()),
                        extras)
                .as(MatmulConformance::matmul);
    }

    /** Formats of B that the unit reads. */
    private List<DType> formats() {
        return MatrixOperand.FORMATS.stream()
                .filter(format -> unit.supports(Matmul.dense(1, 1, 32, 32, false, true, format)))
                .toList();
    }

    private static Arbitrary<Integer> around(int size) {
        return Arbitraries.integers().between(1, 3 * size + 1);
    }

    /** Large enough to be cut in all three dimensions. */
    @Example
    void matmulsOfManyBlocks() {
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                if (integers()) {
                    continue;
                }
                check(matmul(301, 203, 97, transposeA, transposeB, DType.F32, List.of(Broadcast.ROW)), 1);
                check(matmul(65, 130, 2100, transposeA, transposeB, DType.F32, List.of(Broadcast.FULL)), 2);
                check(Matmul.dense(3, 130, 67, 131, transposeA, transposeB), 3);
            }
        }
        if (!integers()) {
            check(matmul(35, 64, 8224, false, true, DType.F32, List.of(Broadcast.FULL)), 7);
        }
        List<Broadcast> extras = List.of(Broadcast.ROW, Broadcast.FULL, Broadcast.SCALAR);
        for (DType format : formats()) {
            check(matmul(1500, 33, 128, false, true, format, extras), 4);
            check(matmul(65, 130, 2080, false, true, format, List.of(Broadcast.FULL)), 5);
            if (stored(false, false)) {
                check(matmul(65, 160, 2080, false, false, format, List.of(Broadcast.FULL)), 6);
            }
        }
    }

    /** Each row is what it is alone: of one row and of many, in all formats. */
    @Property(tries = 60)
    void rowsDoNotDependOnTheirNumber(
            @ForAll("formatValues") DType format,
            @ForAll("fewRows") int rows,
            @ForAll boolean transposed,
            @ForAll long seed) {
        Assume.that(stored(false, transposed));
        Matmul op = matmul(rows, 96, 704, false, transposed, format, List.of());
        checkRowsAlone(op, matmul(1, 96, 704, false, transposed, format, List.of()), 1, seed);
    }

    /** Of so many rows that k is summed in shorter parts than of one. */
    @Example
    void partsOfKChangeNoBit() {
        if (!integers()) {
            Matmul op = matmul(700, 40, 1100, false, true, DType.F32, List.of());
            checkRowsAlone(op, matmul(1, 40, 1100, false, true, DType.F32, List.of()), 233, 8);
        }
    }

    /** @param step from one row that is computed alone to the next */
    private void checkRowsAlone(Matmul op, Matmul one, int step, long seed) {
        try (OperandBuffers buffers = OperandBuffers.random(op, seed)) {
            run(op, buffers.addresses(), WORKERS.getFirst());
            MemorySegment[] operands = buffers.segments();
            try (Arena arena = Arena.ofShared()) {
                MemorySegment out = arena.allocate(op.n() * 4L, 64);
                for (int row = 0; row < op.m(); row += step) {
                    long[] addresses = {operands[0].address() + row * op.k() * 4L, operands[1].address(), out.address()
                    };
                    run(one, addresses, WORKERS.getFirst());
                    assertThat(out.mismatch(operands[2].asSlice(row * op.n() * 4L, op.n() * 4L)))
                            .as("row %d of %d, %s", row, op.m(), op)
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

    @Override
    final void reference(KernelOp op, MemorySegment[] operands) {
        if (!(op instanceof Matmul matmul)) {
            throw new AssertionError(op);
        }
        MemorySegment[] rounded = operands.clone();
        try (Arena arena = Arena.ofConfined()) {
            switch (unit.precision()) {
                case F32, BF16X3, BF16X6 -> Reference.run(op, operands);
                case BF16 -> {
                    MatrixOperand b = matmul.b();
                    MatrixOperand widened =
                            new MatrixOperand(DType.F32, b.transposed(), b.leadingDimension(), b.batchStride(), null);
                    rounded[0] = rounded(DType.F32, operands[0], arena);
                    rounded[1] = rounded(b.format(), operands[1], arena);
                    Reference.run(matmul.withB(widened), rounded);
                }
                case INT8 -> {
                    rounded[0] = QuantizedRows.rounded(matmul, operands[0], arena);
                    Reference.run(matmul, rounded);
                }
            }
        }
    }

    /** Rows that are unpacked are what was packed, and nothing else is written. */
    private void checkUnpacked(
            Packing packing, MatrixOperand b, MemorySegment packed, MemorySegment stored, Workers workers) {
        if (!unit.unpacks(packing)) {
            assertThatThrownBy(() -> unit.unpack(packing, packed, packed, workers))
                    .isInstanceOf(IllegalArgumentException.class);
            return;
        }
        long row = b.format().bytes((long) packing.k());
        long bytes = row * packing.n();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment guarded = arena.allocate(bytes + 128, 64).fill(GUARD);
            unit.unpack(packing, packed, guarded.asSlice(64, bytes), workers);
            for (long at = 0; at < 64; at++) {
                assertThat(guarded.get(ValueLayout.JAVA_BYTE, at)).isEqualTo(GUARD);
                assertThat(guarded.get(ValueLayout.JAVA_BYTE, guarded.byteSize() - 1 - at))
                        .isEqualTo(GUARD);
            }
            for (int n = 0; n < packing.n(); n++) {
                long first = b.format().bytes((long) n * b.leadingDimension());
                assertThat(guarded.asSlice(64 + n * row, row).mismatch(stored.asSlice(first, row)))
                        .as("row %d, %s", n, packing)
                        .isEqualTo(-1);
            }
        }
    }

    /** A packed A gives the same bits, and an output that is written in panels is what packing it later makes. */
    private void checkPanels(Matmul op, RowPanels panels, OperandBuffers inputs, OperandBuffers expected) {
        Workers workers = WORKERS.get(1);
        Matmul reading = op.withPanels(panels);
        int result = op.operands().size() - 1;
        try (OperandBuffers found = inputs.copy();
                Arena arena = Arena.ofShared()) {
            MemorySegment a = arena.allocate(panels.bytes(), 64);
            pack(panels, found.segments()[0], a, workers);
            long[] addresses = found.addresses();
            addresses[0] = a.address();
            run(reading, addresses, workers);
            found.assertSameBits(expected);
            RowPanels output = unit.panels(Matmul.dense(1, op.m(), 1, op.n(), false, true));
            if (output == null || !unit.writes(reading, output)) {
                return;
            }
            MemorySegment later = arena.allocate(output.bytes(), 64);
            pack(output, expected.segments()[result], later, workers);
            for (Matmul writing : List.of(reading, op)) {
                MemorySegment guarded = arena.allocate(output.bytes() + 128, 64).fill(GUARD);
                addresses[0] = writing == op ? found.addresses()[0] : a.address();
                addresses[result] = guarded.address() + 64;
                unit.matmul(writing, output, addresses, workers).run();
                assertThat(guarded.asSlice(64, output.bytes()).mismatch(later))
                        .as("%s as %s", writing, output)
                        .isEqualTo(-1);
                for (long at = 0; at < 64; at++) {
                    assertThat(guarded.get(ValueLayout.JAVA_BYTE, at)).isEqualTo(GUARD);
                    assertThat(guarded.get(ValueLayout.JAVA_BYTE, guarded.byteSize() - 1 - at))
                            .isEqualTo(GUARD);
                }
            }
        }
    }

    /** A B in panels of A, of any number of rows, gives the same bits. */
    private void checkPanelsOfB(Matmul op, RowPanels preferred, OperandBuffers inputs, OperandBuffers expected) {
        for (int rows : new int[] {preferred.panelRows(), 1 + preferred.rows() / 3}) {
            RowPanels panels = new RowPanels(preferred.rows(), preferred.columns(), rows, preferred.format());
            if (!unit.packs(panels)) {
                continue;
            }
            try (Arena arena = Arena.ofShared()) {
                MemorySegment b = arena.allocate(panels.bytes(), 64);
                pack(panels, inputs.segments()[1], b, WORKERS.getFirst());
                for (Workers workers : WORKERS) {
                    try (OperandBuffers found = inputs.copy()) {
                        long[] addresses = found.addresses();
                        addresses[1] = b.address();
                        run(op.withPanelsOfB(panels), addresses, workers);
                        found.assertSameBits(expected);
                    }
                }
            }
        }
    }

    private void pack(RowPanels panels, MemorySegment rows, MemorySegment packed, Workers workers) {
        RowPacker packer = unit.packer(panels, packed.address());
        long bytes = 4L * panels.columns();
        int together = packer.together();
        workers.parallel(Math.ceilDiv(panels.rows(), together), (group, worker) -> {
            int row = group * together;
            packer.pack(rows.address() + row * bytes, bytes, row, Math.min(together, panels.rows() - row), worker);
        });
    }

    /** A packed B gives the same bits, on any number of threads that pack and multiply, and is packed within its memory. */
    @Override
    final void checkLayouts(KernelOp any, OperandBuffers inputs, OperandBuffers expected) {
        if (!(any instanceof Matmul op)) {
            throw new AssertionError(any);
        }
        RowPanels panels = unit.panels(op);
        if (panels != null) {
            checkPanels(op, panels, inputs, expected);
        }
        RowPanels panelsOfB = unit.panelsOfB(op);
        if (panelsOfB != null) {
            checkPanelsOfB(op, panelsOfB, inputs, expected);
        }
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
                checkUnpacked(packing, op.b(), packed, found.segments()[1], workers);
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
