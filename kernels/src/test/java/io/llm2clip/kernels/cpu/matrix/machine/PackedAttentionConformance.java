package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.cpu.PackedKernels;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.PackedResults;
import io.llm2clip.kernels.cpu.matrix.machine.attention.AmxAttention;
import io.llm2clip.kernels.cpu.matrix.machine.attention.FloatAttentionUnit;
import io.llm2clip.kernels.cpu.matrix.scalar.ScalarMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.vector.VectorMatrixUnit;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import io.llm2clip.kernels.reference.PanelElements;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** Attention that reads and writes panels has what it has of the same numbers by rows, rounded, on any number of threads. */
abstract class PackedAttentionConformance {
    private static final List<Workers> WORKERS = List.of(new Workers(1), new Workers(3));

    private final AmxAttention unit;
    private final FloatAttentionUnit floats;
    private final MatrixUnit packing;

    PackedAttentionConformance(Supplier<MachineCode> machine) {
        unit = new AmxAttention(machine);
        floats = new FloatAttentionUnit(VectorWidth.AVX512, machine);
        packing = Bf16MatrixUnit.amx(MatrixPrecision.BF16, machine);
    }

    @Provide
    Arbitrary<AttentionShape> shapes() {
        return PackedResults.shapes(32, 64, 96);
    }

    @Property(tries = 120)
    void panelsHoldWhatRowsDo(@ForAll("shapes") AttentionShape shape, @ForAll long seed) {
        Random random = new Random(seed);
        AttentionOp.Attention byRows = new AttentionOp.Attention(shape);
        AttentionOp.Attention op = byRows;
        try (OperandBuffers rows = OperandBuffers.random(byRows, seed);
                Arena arena = Arena.ofShared()) {
            long[] addresses = rows.addresses();
            for (int i = 0; i < 3; i++) {
                RowPanels panels = layout(shape, i, random);
                MemorySegment packed = pack(panels, rows.segments()[i], random, arena);
                if (random.nextInt(4) > 0) {
                    op = op.withPanels(i, panels);
                    addresses[i] = packed.address();
                }
            }
            unit.attention(byRows, rows.addresses(), WORKERS.getFirst()).run();
            MemorySegment expected = rows.segments()[4];
            assertThat(unit.supports(op)).isTrue();
            for (Workers workers : WORKERS) {
                MemorySegment found = arena.allocate(expected.byteSize(), 64).fill((byte) -1);
                addresses[4] = found.address();
                unit.attention(op, addresses, workers).run();
                assertThat(found.mismatch(expected)).as("%s", op).isEqualTo(-1);
                PackedResults.check(unit, op, layout(shape, 0, random), addresses, workers, expected, arena);
            }
        }
    }

    private static RowPanels layout(AttentionShape shape, int operand, Random random) {
        int columns = shape.headSize() * (operand == 0 ? shape.heads() : shape.keyValueHeads());
        long elements = new AttentionOp.Attention(shape).operands().get(operand).elements();
        return RowPanels.balanced((int) (elements / columns), columns, 1 + random.nextInt(32), Format.BF16);
    }

    /** Packs rows, some of whose numbers are not finite, and replaces each number by what its panel has. */
    private MemorySegment pack(RowPanels panels, MemorySegment rows, Random random, Arena arena) {
        for (int count = random.nextInt(3); count > 0; count--) {
            float special = random.nextBoolean() ? Float.POSITIVE_INFINITY : Float.NaN;
            long element = random.nextLong(rows.byteSize() / 4);
            rows.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, element, random.nextInt(4) == 0 ? special : 1e-3f);
        }
        MemorySegment packed = arena.allocate(panels.bytes(), 64);
        packing.packer(panels, packed.address()).pack(rows.address(), panels.columns() * 4L, 0, panels.rows(), 0);
        PanelElements elements = new PanelElements(panels, packed);
        for (int i = 0; i < panels.rows() * panels.columns(); i++) {
            float value = elements.get(i / panels.columns(), i % panels.columns());
            rows.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
        }
        return packed;
    }

    /** The reference reads panels element by element. */
    @Example
    void theReferenceReadsPanels() {
        AttentionShape shape = new AttentionShape(2, 21, 33, 2, 1, 32, 0.2f, false);
        AttentionOp.Attention op = new AttentionOp.Attention(shape);
        Random random = new Random(1);
        try (OperandBuffers rows = OperandBuffers.random(op, 1);
                Arena arena = Arena.ofShared()) {
            MemorySegment[] operands = rows.segments().clone();
            AttentionOp.Attention packed = op;
            for (int i = 0; i < 3; i++) {
                RowPanels panels = layout(shape, i, random);
                operands[i] = pack(panels, rows.segments()[i], new Random(2), arena);
                packed = packed.withPanels(i, panels);
            }
            operands[4] = arena.allocate(rows.segments()[4].byteSize());
            Reference.run(op, rows.segments());
            Reference.run(packed, operands);
            assertThat(operands[4].mismatch(rows.segments()[4])).isEqualTo(-1);
        }
    }

    @Example
    void layoutsAreThoseThatMatmulsWrite() {
        AttentionOp.Attention op = new AttentionOp.Attention(new AttentionShape(2, 577, 577, 16, 8, 64, 0.1f, false));
        assertThat(unit.panels(op, 0)).isEqualTo(new RowPanels(1154, 1024, 32, Format.BF16));
        assertThat(unit.panels(op, 1)).isEqualTo(new RowPanels(1154, 512, 32, Format.BF16));
        assertThat(panels(new AttentionShape(1, 9, 9, 2, 2, 48, 0.1f, false)))
                .as("half a step")
                .isNull();
        assertThat(panels(new AttentionShape(1, 9, 9, 2, 2, 64, -1, false)))
                .as("a scale that is not supported")
                .isNull();
        assertThat(panels(new AttentionShape(0, 9, 9, 2, 2, 64, 1, false)))
                .as("no rows")
                .isNull();
        assertThat(panels(AttentionShape.ragged(3, 40, 4, 2, 32, 1, true)))
                .isEqualTo(new RowPanels(40, 128, 20, Format.BF16));
    }

    private @Nullable RowPanels panels(AttentionShape shape) {
        return unit.panels(new AttentionOp.Attention(shape), 0);
    }

    @Example
    void whatReadsNoPanelsRefusesThem() {
        RowPanels panels = new RowPanels(9, 64, 9, Format.BF16);
        AttentionOp.Attention op = new AttentionOp.Attention(new AttentionShape(1, 9, 9, 1, 1, 64, 0.1f, false));
        AttentionOp.Attention packed = op.withPanels(1, panels);
        assertThat(unit.supports(packed)).isTrue();
        assertThat(floats.supports(packed)).isFalse();
        assertThat(floats.panels(op, 0)).isNull();
        assertThatThrownBy(() -> floats.attention(op, panels, new long[5], WORKERS.getFirst()))
                .hasMessageStartingWith("No program writes the result of Attention[");
        for (MatrixUnit other : List.of(new VectorMatrixUnit(), new ScalarMatrixUnit())) {
            assertThat(other.supports(op)).isTrue();
            assertThat(other.supports(packed)).isFalse();
            assertThat(other.panels(op, 0)).isNull();
            assertThat(other.writes(op, panels)).isFalse();
            assertThatThrownBy(() -> other.attention(op, panels, new long[5], WORKERS.getFirst()))
                    .hasMessage("The matrix unit " + other.name() + " does not write " + panels + ".");
        }
        assertThat(unit.supports(op.withPanels(1, new RowPanels(9, 64, 9, Format.BF16X3))))
                .isFalse();
        assertThat(PackedKernels.writes(op, MatrixPrecision.F32, panels)).isFalse();
        assertThat(unit.writes(op, new RowPanels(9, 64, 9, Format.F32))).isFalse();
        assertThatThrownBy(() ->
                        unit.attention(op, new RowPanels(9, 64, 9, Format.BF16X3), new long[5], WORKERS.getFirst()))
                .hasMessageStartingWith("No program writes the result of Attention[");
        assertThatThrownBy(() -> op.withPanels(2, new RowPanels(9, 32, 9, Format.BF16)))
                .hasMessageStartingWith("Attention: panels of v of 64 columns, 576 elements in all expected, found"
                        + " RowPanels[rows=9, columns=32");
        assertThatThrownBy(() -> op.withPanels(3, panels))
                .hasMessage("Attention: operand 3 in panels, expected 0 to 2.");
        assertThatThrownBy(() -> DeviceKernels.plan(packed))
                .hasMessageStartingWith("Attention with packed operands runs on the CPU only, found Attention[");
        assertThatThrownBy(() -> DeviceKernels.requireSupported(packed))
                .hasMessageStartingWith("Attention with packed operands runs on the CPU only, found Attention[");
    }
}
