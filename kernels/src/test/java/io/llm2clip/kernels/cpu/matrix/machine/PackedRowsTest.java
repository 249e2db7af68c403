package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.PackedKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.matrix.scalar.ScalarMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.vector.VectorMatrixUnit;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import io.llm2clip.kernels.reference.PanelElements;
import io.llm2clip.kernels.reference.Reference;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** What is written in panels is what would have been written by rows, rounded: on an emulated CPU, so everywhere, but for panels of f32. */
class PackedRowsTest {
    private static final Workers WORKERS = new Workers(3);
    private static final Expression PRODUCT_SIGMOID = new Expression(
            3,
            List.of(
                    Instruction.binary(Opcode.MULTIPLY, 0, 1),
                    Instruction.unary(Opcode.SIGMOID, 3),
                    Instruction.binary(Opcode.ADD, 4, 2)));
    private static final Epilogue BIAS_SIGMOID = new Epilogue(
            new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1), Instruction.unary(Opcode.SIGMOID, 2))),
            List.of(Broadcast.ROW));

    /** Those that round, emulated. */
    @Provide
    Arbitrary<MatrixUnit> roundingUnits() {
        return Arbitraries.of(rounding());
    }

    private static List<MatrixUnit> rounding() {
        return List.of(
                Bf16MatrixUnit.amx(MatrixPrecision.BF16, EmulatedMachine::code),
                Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, EmulatedMachine::code),
                Bf16MatrixUnit.amx(MatrixPrecision.BF16X6, EmulatedMachine::code),
                Bf16MatrixUnit.avx512(MatrixPrecision.BF16, EmulatedMachine::code),
                Bf16MatrixUnit.avx512(MatrixPrecision.BF16X3, EmulatedMachine::code));
    }

    /** And that of f32, where this CPU has its machine code. */
    @Provide
    Arbitrary<MatrixUnit> units() {
        List<MatrixUnit> units = new ArrayList<>(rounding());
        if (FloatCode.ofThisProcess(Vectors.LANES) != null) {
            units.add(new VectorMatrixUnit());
        }
        return Arbitraries.of(units);
    }

    private static RowPanels panels(MatrixUnit unit, int rows, int columns) {
        RowPanels panels = unit.panels(Matmul.dense(1, rows, 1, columns, false, true));
        assertThat(panels).isNotNull();
        return panels;
    }

    /** Of any bits, in pieces of several rows, across panels; nothing else is written. */
    @Property(tries = 200)
    void panelsAreThoseOfTheReference(
            @ForAll("units") MatrixUnit unit,
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 100) int columns,
            @ForAll long seed) {
        RowPanels panels = panels(unit, rows, columns);
        Elementwise copy = Elementwise.copy(DType.F32, List.of(rows, columns), List.of(columns, 1));
        PackedRows op = new PackedRows(copy, panels);
        Random random = new Random(seed);
        try (OperandBuffers expected = OperandBuffers.random(copy, seed);
                Arena arena = Arena.ofShared()) {
            MemorySegment from = expected.segments()[0];
            from.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, random.nextInt(rows * columns), 0x007F_FFFF);
            from.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, random.nextInt(rows * columns), Float.NaN);
            MemorySegment wanted = arena.allocate(panels.bytes(), 64);
            Reference.run(op, new MemorySegment[] {from, wanted});
            MemorySegment guarded = arena.allocate(panels.bytes() + 128, 64).fill((byte) 0x5A);
            MemorySegment found = guarded.asSlice(64, panels.bytes()).fill((byte) -1);
            RowPacker packer = unit.packer(panels, found.address());
            for (int row = 0; row < rows; ) {
                int some = Math.min(rows - row, packer.together() * (1 + random.nextInt(10)));
                packer.pack(from.address() + row * columns * 4L, columns * 4L, row, some, 0);
                row += some;
            }
            DType stored = panels.format() == Format.F32 ? DType.F32 : DType.BF16;
            StoredElements expectedElements = new StoredElements(stored, wanted);
            StoredElements elements = new StoredElements(stored, found);
            for (long i = 0; i < panels.bytes() / stored.bytes(); i++) {
                float right = expectedElements.get(i);
                assertThat(Float.compare(elements.get(i), right))
                        .as("element %d of %s: %s, expected %s", i, panels, elements.get(i), right)
                        .isZero();
            }
            for (long at = 0; at < 64; at++) {
                assertThat(guarded.get(ValueLayout.JAVA_BYTE, at)).isEqualTo((byte) 0x5A);
                assertThat(guarded.get(ValueLayout.JAVA_BYTE, guarded.byteSize() - 1 - at))
                        .isEqualTo((byte) 0x5A);
            }
        }
    }

    /** An element stands for its number: to 2^-9 of it, with two parts to 2^-17, or in f32 exactly. */
    @Example
    void elementsAreReadBack() {
        for (Format format : Format.values()) {
            RowPanels panels = new RowPanels(5, 33, 3, format);
            Elementwise copy = Elementwise.copy(DType.F32, List.of(5, 33), List.of(33, 1));
            try (OperandBuffers buffers = OperandBuffers.random(new NormOp.RmsNorm(5, 33, 1e-5f), 1);
                    Arena arena = Arena.ofShared()) {
                MemorySegment from = buffers.segments()[0];
                MemorySegment packed = arena.allocate(panels.bytes(), 64);
                Reference.run(new PackedRows(copy, panels), new MemorySegment[] {from, packed});
                PanelElements elements = new PanelElements(panels, packed);
                for (int i = 0; i < 5 * 33; i++) {
                    float value = from.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
                    assertThat(Math.abs(elements.get(i / 33, i % 33) - value))
                            .isLessThanOrEqualTo(Math.abs(value)
                                    * switch (format) {
                                        case F32, BF16X6 -> 0;
                                        case BF16 -> 0x1p-8f;
                                        case BF16X3 -> 0x1p-16f;
                                    });
                }
            }
        }
    }

    @Provide
    Arbitrary<KernelOp> producers() {
        Arbitrary<Integer> extents = Arbitraries.integers().between(1, 90);
        return Arbitraries.integers()
                .between(0, 6)
                .flatMap(kind -> extents.tuple2().map(size -> {
                    int rows = size.get1();
                    int columns = size.get2();
                    List<Integer> dense = List.of(columns, 1);
                    return switch (kind) {
                        case 0 -> new NormOp.LayerNorm(rows, columns, 1e-3f);
                        case 1 -> new NormOp.RmsNorm(rows, columns, 1e-3f);
                        case 2 -> Elementwise.copy(DType.F32, List.of(rows, columns), dense);
                        case 3 -> Elementwise.copy(DType.F32, List.of(rows, columns), List.of(2 * columns + 3, 1));
                        case 4 ->
                            new Rotary(
                                    1 + rows % 3,
                                    1 + rows / 3,
                                    1 + columns % 3,
                                    2 + columns / 6 * 2,
                                    rows % 2 == 0,
                                    false);
                        case 5 ->
                            new Elementwise(
                                    PRODUCT_SIGMOID, List.of(rows, columns), List.of(dense, dense, List.of(0, 1)));
                        default ->
                            new Elementwise(
                                    PRODUCT_SIGMOID,
                                    List.of(2, rows, columns),
                                    List.of(
                                            List.of(rows * columns, columns, 1),
                                            List.of(0, 1, 0),
                                            List.of(columns, 0, 1)));
                    };
                }));
    }

    @Property(tries = 200)
    void producersRoundWhatTheyCompute(
            @ForAll("units") MatrixUnit unit, @ForAll("producers") KernelOp op, @ForAll long seed) {
        int result = op.operands().size() - 1;
        int columns = switch (op) {
            case Elementwise elementwise -> elementwise.shape().getLast();
            case NormOp.LayerNorm norm -> norm.columns();
            case NormOp.RmsNorm norm -> norm.columns();
            case Rotary rotary -> rotary.columns();
            default -> throw new AssertionError(op);
        };
        RowPanels panels = panels(unit, (int) op.operands().getLast().elements() / columns, columns);
        assertThat(PackedKernels.writes(op, MatrixPrecision.F32, panels)).isTrue();
        try (OperandBuffers buffers = OperandBuffers.random(op, seed);
                Arena arena = Arena.ofShared()) {
            long[] addresses = buffers.addresses();
            CpuKernels.bind(op, addresses, WORKERS).run();
            MemorySegment later = arena.allocate(panels.bytes(), 64);
            unit.packer(panels, later.address()).pack(addresses[result], columns * 4L, 0, panels.rows(), 0);
            MemorySegment found = arena.allocate(panels.bytes(), 64).fill((byte) -1);
            addresses[result] = found.address();
            RowPacker packer = unit.packer(panels, found.address());
            PackedKernels.bind(new PackedRows(op, panels), addresses, packer, WORKERS)
                    .run();
            assertThat(found.mismatch(later)).as("%s as %s", op, panels).isEqualTo(-1);
        }
    }

    /** Normalization, a layer with an activation, a layer: the same bits with packed activations as with f32 ones. */
    @Property(tries = 40)
    void chainsHaveTheSameBits(
            @ForAll("units") MatrixUnit unit,
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 80) int width,
            @ForAll @IntRange(min = 1, max = 80) int hidden,
            @ForAll long seed) {
        NormOp.LayerNorm norm = new NormOp.LayerNorm(rows, width, 1e-3f);
        Matmul first = Matmul.dense(1, rows, hidden, width, false, true).withEpilogue(BIAS_SIGMOID);
        Matmul second = Matmul.dense(1, rows, width, hidden, false, true);
        RowPanels normal = panels(unit, rows, width);
        RowPanels active = panels(unit, rows, hidden);
        assertThat(unit.writes(first, active)).isTrue();
        try (OperandBuffers start = OperandBuffers.random(norm, seed);
                OperandBuffers middle = OperandBuffers.random(first, seed + 1);
                OperandBuffers end = OperandBuffers.random(second, seed + 2);
                Arena arena = Arena.ofShared()) {
            long[] x = start.addresses();
            long[] y = middle.addresses();
            long[] z = end.addresses();
            CpuKernels.bind(norm, x, WORKERS).run();
            y[0] = x[3];
            unit.matmul(first, y, WORKERS).run();
            z[0] = y[3];
            unit.matmul(second, z, WORKERS).run();
            byte[] expected = end.segments()[2].toArray(ValueLayout.JAVA_BYTE);
            end.segments()[2].fill((byte) -1);

            x[3] = arena.allocate(normal.bytes(), 64).address();
            PackedKernels.bind(new PackedRows(norm, normal), x, unit.packer(normal, x[3]), WORKERS)
                    .run();
            y[0] = x[3];
            y[3] = arena.allocate(active.bytes(), 64).address();
            unit.matmul(first.withPanels(normal), active, y, WORKERS).run();
            z[0] = y[3];
            unit.matmul(second.withPanels(active), z, WORKERS).run();
            assertThat(end.segments()[2].toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
        }
    }

    /** A product by another operand of its shape that is packed, too: the same bits as with the elements of that in f32. */
    @Property(tries = 60)
    void epiloguesReadPanels(
            @ForAll boolean amx,
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 80) int width,
            @ForAll @IntRange(min = 1, max = 80) int columns,
            @ForAll long seed) {
        MatrixUnit unit = amx
                ? Bf16MatrixUnit.amx(MatrixPrecision.BF16, EmulatedMachine::code)
                : Bf16MatrixUnit.avx512(MatrixPrecision.BF16, EmulatedMachine::code);
        Expression gated = new Expression(
                3,
                List.of(
                        Instruction.unary(Opcode.SIGMOID, 1),
                        Instruction.binary(Opcode.MULTIPLY, 0, 3),
                        Instruction.binary(Opcode.ADD, 4, 2)));
        Matmul byRows = Matmul.dense(1, rows, columns, width, false, true)
                .withEpilogue(new Epilogue(gated, List.of(Broadcast.FULL, Broadcast.ROW)));
        RowPanels panels = panels(unit, rows, columns);
        Matmul packed = byRows.withEpilogue(byRows.epilogue().withPanels(panels));
        assertThat(unit.writes(packed, panels)).isTrue();
        try (OperandBuffers buffers = OperandBuffers.random(byRows, seed);
                Arena arena = Arena.ofShared()) {
            MemorySegment gate = arena.allocate(panels.bytes(), 64);
            unit.packer(panels, gate.address()).pack(buffers.addresses()[2], columns * 4L, 0, rows, 0);
            PanelElements elements = new PanelElements(panels, gate);
            for (int i = 0; i < rows * columns; i++) {
                buffers.segments()[2].setAtIndex(
                        ValueLayout.JAVA_FLOAT_UNALIGNED, i, elements.get(i / columns, i % columns));
            }
            MemorySegment expected = arena.allocate(panels.bytes(), 64);
            long[] addresses = buffers.addresses();
            addresses[4] = expected.address();
            unit.matmul(byRows, panels, addresses, WORKERS).run();
            MemorySegment found = arena.allocate(panels.bytes(), 64).fill((byte) -1);
            addresses[2] = gate.address();
            addresses[4] = found.address();
            unit.matmul(packed, panels, addresses, WORKERS).run();
            assertThat(found.mismatch(expected)).as("%s as %s", byRows, panels).isEqualTo(-1);

            MemorySegment[] operands = buffers.segments().clone();
            MemorySegment rowsOfReference = arena.allocate(4L * rows * columns);
            operands[4] = rowsOfReference;
            Reference.run(byRows, operands);
            byte[] wanted = rowsOfReference.toArray(ValueLayout.JAVA_BYTE);
            operands[2] = gate;
            Reference.run(packed, operands);
            assertThat(rowsOfReference.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(wanted);
        }
    }

    /** What is added and what comes of it in one place: the same bits as in two, by rows and in panels. */
    @Property(tries = 80)
    void resultsOverwriteWhatIsAdded(
            @ForAll("roundingUnits") MatrixUnit unit,
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 80) int columns,
            @ForAll boolean longSums,
            @ForAll long seed) {
        Expression sum = new Expression(
                3, List.of(Instruction.binary(Opcode.ADD, 0, 1), Instruction.binary(Opcode.MULTIPLY, 3, 2)));
        Matmul op = Matmul.dense(1, rows, columns, longSums ? 2100 : 40, false, true)
                .withEpilogue(new Epilogue(sum, List.of(Broadcast.FULL, Broadcast.ROW)));
        assertThat(unit.overwrites(op)).isTrue();
        try (OperandBuffers apart = OperandBuffers.random(op, seed);
                OperandBuffers together = apart.copy();
                Arena arena = Arena.ofShared()) {
            unit.matmul(op, apart.addresses(), WORKERS).run();
            long[] addresses = together.addresses();
            addresses[4] = addresses[2];
            unit.matmul(op, addresses, WORKERS).run();
            assertThat(together.segments()[2].mismatch(apart.segments()[4])).isEqualTo(-1);

            RowPanels panels = panels(unit, rows, columns);
            Matmul packed = op.withEpilogue(op.epilogue().withPanels(panels));
            if (!unit.supports(packed)) {
                return;
            }
            MemorySegment added = arena.allocate(panels.bytes(), 64);
            unit.packer(panels, added.address()).pack(apart.addresses()[2], columns * 4L, 0, rows, 0);
            MemorySegment expected = arena.allocate(panels.bytes(), 64);
            addresses[2] = added.address();
            addresses[4] = expected.address();
            unit.matmul(packed, panels, addresses, WORKERS).run();
            addresses[4] = added.address();
            unit.matmul(packed, panels, addresses, WORKERS).run();
            assertThat(added.mismatch(expected)).isEqualTo(-1);
        }
    }

    /** Units that know nothing of it overwrite nothing. */
    @Example
    void othersKeepWhatIsAdded() {
        Matmul op = Matmul.dense(1, 4, 3, 6, false, true);
        assertThat(new ScalarMatrixUnit().overwrites(op)).isFalse();
        assertThat(PackedKernels.overwrites(op, MatrixPrecision.F32)).isFalse();
        assertThat(PackedKernels.overwrites(new NormOp.LayerNorm(4, 6, 1e-5f), MatrixPrecision.F32))
                .isFalse();
    }

    /** Where each element is, no two are in one place, and all are within the bytes. */
    @Property(tries = 100)
    void everyElementHasAPlace(
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 70) int columns,
            @ForAll @IntRange(min = 1, max = 32) int most,
            @ForAll Format format) {
        RowPanels panels = RowPanels.balanced(rows, columns, most, format);
        assertThat(panels.panelRows()).isLessThanOrEqualTo(most);
        List<Long> places = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                for (int part = 0; part < format.parts(); part++) {
                    places.add(panels.offset(row, column, part));
                }
            }
        }
        assertThat(places).doesNotHaveDuplicates();
        assertThat(places).allSatisfy(place -> assertThat(place).isBetween(0L, panels.bytes() - format.bytes()));
    }

    @Example
    void whatCannotBePackedIsRefused() {
        RowPanels panels = RowPanels.balanced(4, 6, 32, Format.BF16);
        NormOp.LayerNorm norm = new NormOp.LayerNorm(4, 6, 1e-5f);
        assertThatThrownBy(() -> new PackedRows(new NormOp.LayerNorm(4, 7, 1e-5f), panels))
                .hasMessageStartingWith("PackedRows: one result of f32 [4, 6] expected, found [Operand[name=out");
        assertThatThrownBy(() -> new PackedRows(new NormOp.LayerNorm(4, 6, 1e-5f, DType.BF16), panels))
                .hasMessageStartingWith("PackedRows: one result of f32 [4, 6] expected, found [Operand[name=out");
        Matmul matmul = Matmul.dense(1, 4, 3, 6, false, true);
        assertThatThrownBy(() -> Matmul.dense(1, 4, 3, 7, false, true).withPanels(panels))
                .hasMessageStartingWith("Matmul: panels of one A [4, 7] expected, found RowPanels[rows=4, columns=6");
        assertThatThrownBy(() -> DeviceKernels.plan(new PackedRows(norm, panels)))
                .hasMessage("LayerNorm with a packed result runs on the CPU only, found " + panels
                        + "; have it write rows.");
        assertThatThrownBy(() -> DeviceKernels.plan(matmul.withPanels(panels)))
                .hasMessage(
                        "Matmul with a packed A runs on the CPU only, found " + panels + "; pass A as it is stored.");
        Matmul product = Matmul.dense(1, 4, 6, 3, false, true)
                .withEpilogue(new Epilogue(
                        new Expression(2, List.of(Instruction.binary(Opcode.MULTIPLY, 0, 1))),
                        List.of(Broadcast.FULL)));
        Matmul gradient = Matmul.dense(1, 3, 6, 4, true, false);
        assertThatThrownBy(() -> gradient.withPanelsOfB(RowPanels.balanced(4, 7, 4, Format.BF16)))
                .hasMessageStartingWith(
                        "Matmul: panels of one B of f32 [4, 6] expected, found RowPanels[rows=4, columns=7");
        assertThatThrownBy(() -> DeviceKernels.plan(gradient.withPanelsOfB(panels)))
                .hasMessage("Matmul with a B in panels runs on the CPU only, found " + panels
                        + "; pass B as it is stored.");
        Matmul byPanels = product.withEpilogue(product.epilogue().withPanels(panels));
        assertThatThrownBy(() -> matmul.withEpilogue(byPanels.epilogue()))
                .hasMessageStartingWith(
                        "Matmul: extra operands in panels of one output [4, 3] expected, found RowPanels[rows=4");
        assertThatThrownBy(() -> DeviceKernels.plan(byPanels))
                .hasMessage("Matmul with packed extra operands runs on the CPU only, found " + panels
                        + "; pass them by rows.");
        assertThat(new ScalarMatrixUnit().supports(byPanels)).isFalse();
        assertThat(Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, EmulatedMachine::code)
                        .supports(byPanels))
                .isFalse();
        assertThatThrownBy(() -> Bf16MatrixUnit.amx(MatrixPrecision.BF16, EmulatedMachine::code)
                        .matmul(byPanels, new long[4], WORKERS))
                .hasMessageContaining("where its result is not packed alike");
        MatrixUnit scalar = new ScalarMatrixUnit();
        assertThat(scalar.supports(matmul.withPanels(panels))).isFalse();
        assertThat(scalar.supports(gradient.withPanelsOfB(panels))).isFalse();
        assertThat(scalar.panels(matmul)).isNull();
        assertThatThrownBy(() -> scalar.packer(panels, 0))
                .hasMessage("The matrix unit scalar does not pack " + panels + ".");
        MatrixUnit amx = Bf16MatrixUnit.amx(MatrixPrecision.BF16, EmulatedMachine::code);
        RowPanels pairs = RowPanels.balanced(4, 6, 32, Format.BF16X3);
        assertThatThrownBy(() -> amx.packer(pairs, 0))
                .hasMessage("Packing rows as " + pairs + ", expected a layout of amx-bf16.");
        assertThat(amx.panels(Matmul.dense(1, 4, 3, 6, true, true)))
                .as("transposed")
                .isNull();
        assertThat(amx.panels(Matmul.dense(2, 4, 3, 6, false, true)))
                .as("several")
                .isNull();
        assertThat(amx.writes(matmul, RowPanels.balanced(4, 3, 2, Format.BF16)))
                .as("other panels")
                .isFalse();
        RowPanels floats = RowPanels.balanced(4, 6, 4, Format.F32);
        assertThat(amx.supports(matmul.withPanels(floats))).isFalse();
        MatrixUnit vector = new VectorMatrixUnit();
        assertThat(vector.supports(matmul.withPanels(panels))).isFalse();
        assertThat(vector.supports(gradient.withPanelsOfB(floats))).isFalse();
        assertThat(vector.supports(product.withEpilogue(product.epilogue().withPanels(floats))))
                .isFalse();
        assertThatThrownBy(() -> vector.packer(panels, 0))
                .hasMessage("Packing rows as " + panels + ", expected a layout of vector.");
        assertThatThrownBy(() -> vector.matmul(product, panels, new long[4], WORKERS))
                .hasMessage("No program writes the result of " + product + " as " + panels + ".");
        assertThat(vector.panels(Matmul.dense(1, 4, 3, 6, true, true)))
                .as("transposed")
                .isNull();
        assertThat(vector.panels(Matmul.dense(2, 4, 3, 6, false, true)))
                .as("several")
                .isNull();
        assertThat(vector.writes(matmul, RowPanels.balanced(4, 3, 2, Format.F32)))
                .as("other panels")
                .isFalse();
    }
}
