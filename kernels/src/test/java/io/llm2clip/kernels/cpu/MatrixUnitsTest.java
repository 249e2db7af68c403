package io.llm2clip.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.matrix.machine.MachineMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.machine.attention.AttentionUnit;
import io.llm2clip.kernels.cpu.matrix.scalar.ScalarMatrixUnit;
import io.llm2clip.kernels.cpu.matrix.vector.VectorMatrixUnit;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which matrix unit is used, and why. */
class MatrixUnitsTest {
    private static final MatrixUnit VECTOR = new VectorMatrixUnit();
    private static final MatrixUnit SCALAR = new ScalarMatrixUnit();
    private static final AttentionShape SHAPE = new AttentionShape(1, 9, 9, 2, 1, 8, 0.3f, true);

    @AfterEach
    void unset() {
        System.clearProperty("llm2clip.matrix");
        System.clearProperty("llm2clip.machine");
    }

    @Test
    void theFastestThatWorksIsUsed() {
        assertThat(CpuKernels.matrixUnit())
                .isEqualTo(
                        new MatrixUnitChoice("vector", "the fastest of [vector, scalar], passed its self-test", false));
    }

    @Test
    void theUnitSaysWhetherItMultipliesTiles() {
        assertThat(MachineMatrixUnit.all().stream().filter(MatrixUnit::tiles).map(MatrixUnit::name))
                .containsExactly("amx-bf16", "amx-bf16x3", "amx-bf16x6", "amx-int8");
        assertThat(AttentionUnit.all().stream().filter(MatrixUnit::tiles).map(MatrixUnit::name))
                .containsExactly("amx-bf16-attention");
        for (MatrixPrecision precision : MatrixPrecision.values()) {
            if (MatrixUnits.selected(precision) instanceof MatrixUnits.Choice(MatrixUnit unit, String _)) {
                assertThat(CpuKernels.matrixUnit(precision).orElseThrow().tiles())
                        .as(unit.name())
                        .isEqualTo(unit.tiles());
            }
        }
    }

    /** A wrong element, one of NaN, or an exception: the next unit is taken, and the reason says what was wrong. */
    @Test
    void aUnitThatFailsItsSelfTestIsPassedOver() {
        Planted wrong = new Planted(launch -> launch, 1);
        assertThat(choice(wrong, SCALAR).unit()).isSameAs(SCALAR);
        assertThat(choice(wrong, SCALAR).reason())
                .startsWith("not planted, its self-test found ")
                .contains(" was expected, in Matmul[batch=1, m=13");
        assertThat(MatrixUnits.choose(List.of(wrong), MatrixWork.ATTENTION, null))
                .as("tested for what it is chosen for")
                .isInstanceOfSatisfying(
                        MatrixUnits.Absence.class,
                        absence -> assertThat(absence.reason()).contains(" was expected, in Attention["));
        assertThat(choice(new Planted(launch -> launch, Float.NaN), SCALAR).reason())
                .startsWith("not planted, its self-test found NaN where ");
        Planted broken = new Planted(
                launch -> {
                    throw new IllegalStateException("no such instruction");
                },
                0);
        assertThat(MatrixUnits.choose(List.of(broken, VECTOR), MatrixWork.MATMUL, null))
                .isEqualTo(new MatrixUnits.Choice(
                        VECTOR,
                        "not planted, its self-test failed with java.lang.IllegalStateException: no such"
                                + " instruction"));
        assertThat(choice(new Planted(launch -> launch, 0), SCALAR).reason())
                .as("nothing planted")
                .isEqualTo("the fastest of [planted, scalar], passed its self-test");
        assertThat(MatrixUnits.choose(List.of(wrong), MatrixWork.MATMUL, null))
                .isInstanceOfSatisfying(
                        MatrixUnits.Absence.class,
                        absence -> assertThat(absence.reason()).startsWith("not planted, its self-test found "));
    }

    private static MatrixUnits.Choice choice(MatrixUnit... units) {
        return (MatrixUnits.Choice) MatrixUnits.choose(List.of(units), MatrixWork.MATMUL, null);
    }

    /** Whatever CPU this is: one property takes all units of machine code away, and the reason says so. */
    @Test
    void withoutMachineCodeThereIsF32Only() {
        System.setProperty("llm2clip.machine", "false");
        for (MatrixPrecision precision : List.of(MatrixPrecision.BF16, MatrixPrecision.BF16X3)) {
            assertThat(CpuKernels.matrixUnit(precision)).isEmpty();
            String reason = "not amx-" + precision + ", machine code is switched off by llm2clip.machine; not avx512-"
                    + precision + ", machine code is switched off by llm2clip.machine";
            assertThat(CpuKernels.absence(precision)).contains(reason);
            assertThatThrownBy(() -> CpuKernels.packing(Matmul.dense(1, 3, 5, 7, false, true), precision))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Nothing on this CPU multiplies in " + precision + ": " + reason + "; ask for f32.");
        }
        assertThat(CpuKernels.absence(MatrixPrecision.F32)).isEmpty();
        assertThat(CpuKernels.matrixUnit().name()).isEqualTo("vector");
        System.setProperty("llm2clip.matrix", "avx512-bf16");
        assertThat(CpuKernels.matrixUnit().name())
                .as("a unit for another precision is named")
                .isEqualTo("vector");
        assertThatThrownBy(() -> CpuKernels.absence(MatrixPrecision.BF16))
                .hasMessage("The matrix unit 'avx512-bf16' cannot be used: machine code is switched off by"
                        + " llm2clip.machine; leave llm2clip.matrix unset to have another one.");
    }

    /** What a unit of a precision does not compute is computed in f32: gradients of attention, and quantized weights. */
    @Test
    void operationsThatAUnitLacksAreComputedInF32() {
        CpuKernels.matrixUnit(MatrixPrecision.BF16).ifPresent(choice -> {
            Matmul op = Matmul.dense(1, 3, 64, 32, false, true);
            assertThat(MatrixUnits.forOperation(op, MatrixPrecision.BF16).name())
                    .isEqualTo(choice.name());
            Matmul quantized = Matmul.dense(1, 3, 64, 32, false, true, DType.Q8);
            assertThat(MatrixUnits.forOperation(quantized, MatrixPrecision.BF16))
                    .isInstanceOf(VectorMatrixUnit.class);
            KernelOp gradient = new AttentionOp.AttentionGradient(SHAPE);
            assertThat(MatrixUnits.forOperation(gradient, MatrixPrecision.BF16))
                    .isSameAs(MatrixUnits.forOperation(gradient, MatrixPrecision.F32));
            Packing packing = CpuKernels.packing(op, MatrixPrecision.BF16);
            assertThat(packing).isNotNull();
            assertThat(packing.unit()).isEqualTo("tiles-bf16");
            assertThat(MatrixUnits.ofLayout(packing).precision()).isEqualTo(MatrixPrecision.BF16);
        });
    }

    /** Units are chosen for each kind of operations: attention by machine code where that runs, unless a unit that has it is named. */
    @Test
    @Tag("vector-width")
    void attentionHasAUnitOfItsOwn() {
        KernelOp attention = new AttentionOp.Attention(SHAPE);
        KernelOp gradient = new AttentionOp.AttentionGradient(SHAPE);
        Matmul matmul = Matmul.dense(1, 3, 5, 7, false, true);
        MatrixUnit unit = MatrixUnits.forOperation(attention, MatrixPrecision.F32);
        boolean runs = has(Feature.AVX2);
        assertThat(unit.name())
                .isEqualTo(has(Feature.AVX512) ? "avx512-attention" : runs ? "avx2-attention" : "vector");
        assertThat(MatrixUnits.forOperation(gradient, MatrixPrecision.F32).name())
                .isEqualTo(unit.name());
        System.setProperty("llm2clip.matrix", "vector");
        assertThat(MatrixUnits.forOperation(gradient, MatrixPrecision.F32)).isInstanceOf(VectorMatrixUnit.class);
        assertThat(MatrixUnits.forOperation(attention, MatrixPrecision.F32)).isInstanceOf(VectorMatrixUnit.class);
        System.setProperty("llm2clip.matrix", "scalar");
        assertThat(MatrixUnits.forOperation(attention, MatrixPrecision.F32)).isInstanceOf(ScalarMatrixUnit.class);
        if (runs) {
            System.setProperty("llm2clip.matrix", unit.name());
            assertThat(MatrixUnits.forOperation(attention, MatrixPrecision.F32)).isSameAs(unit);
            System.setProperty("llm2clip.matrix", "avx2-attention");
            assertThat(MatrixUnits.forOperation(gradient, MatrixPrecision.F32).name())
                    .isEqualTo("avx2-attention");
            assertThat(CpuKernels.matrixUnit().name()).as("for matmuls").isEqualTo("vector");
            assertThat(MatrixUnits.forOperation(matmul, MatrixPrecision.F32)).isInstanceOf(VectorMatrixUnit.class);
        }
        System.clearProperty("llm2clip.matrix");
        System.setProperty("llm2clip.machine", "false");
        assertThat(MatrixUnits.forOperation(attention, MatrixPrecision.F32)).isInstanceOf(VectorMatrixUnit.class);
    }

    private static boolean has(Feature feature) {
        return MachineCode.ofThisProcess() instanceof MachineCode.Allowed allowed
                && allowed.features().missing(feature) == null;
    }

    /** Attention is in bf16 where AMX is, and with the other precisions in f32. */
    @Test
    void attentionIsInThePrecisionWhereAUnitHasIt() {
        KernelOp attention = new AttentionOp.Attention(SHAPE);
        boolean runs = has(Feature.AMX_BF16);
        for (MatrixPrecision precision : MatrixPrecision.values()) {
            if (CpuKernels.absence(precision).isPresent()) {
                continue;
            }
            MatrixUnit unit = MatrixUnits.forOperation(attention, precision);
            assertThat(CpuKernels.attentionUnit(precision)).isEqualTo(unit.name());
            if (precision == MatrixPrecision.BF16 && runs) {
                assertThat(unit.name()).isEqualTo("amx-bf16-attention");
                KernelOp negative = new AttentionOp.Attention(new AttentionShape(1, 9, 9, 2, 1, 8, -0.3f, true));
                assertThat(MatrixUnits.forOperation(negative, precision))
                        .isSameAs(MatrixUnits.forOperation(negative, MatrixPrecision.F32));
            } else {
                assertThat(unit).isSameAs(MatrixUnits.forOperation(attention, MatrixPrecision.F32));
            }
        }
    }

    @Test
    void aUnitIsNamedByTheProperty() {
        System.setProperty("llm2clip.matrix", "scalar");
        assertThat(CpuKernels.matrixUnit())
                .isEqualTo(new MatrixUnitChoice("scalar", "named by llm2clip.matrix", false));
        System.setProperty("llm2clip.matrix", "abacus");
        assertThatThrownBy(CpuKernels::checkSettings)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("No matrix unit 'abacus' on this machine; set llm2clip.matrix to one of [avx512-attention,"
                        + " avx2-attention, amx-bf16-attention, vector, scalar, amx-bf16, avx512-bf16, amx-bf16x3, avx512-bf16x3,"
                        + " amx-bf16x6, amx-int8, avx512-int8, avxvnni-int8, avx2-int8] or leave it unset.");
        // A unit that is asked for is never replaced.
        assertThatThrownBy(() -> MatrixUnits.choose(
                        List.of(new Planted(launch -> launch, 1), SCALAR), MatrixWork.MATMUL, "planted"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("The matrix unit 'planted' cannot be used: its self-test found ")
                .hasMessageEndingWith("; leave llm2clip.matrix unset to have another one.");
    }

    /** A packed operand stays with the unit whose layout it has, whatever the property says by then. */
    @Test
    void packedOperandsGoToTheUnitOfTheirLayout() {
        Matmul op = Matmul.dense(1, 3, 5, 7, false, true);
        Packing packing = CpuKernels.packing(op, MatrixPrecision.F32);
        assertThat(packing).isNotNull();
        Matmul packed = op.withB(op.b().packed(packing));
        System.setProperty("llm2clip.matrix", "scalar");
        assertThat(CpuKernels.packing(op, MatrixPrecision.F32))
                .as("the scalar unit reads B as it is")
                .isNull();
        assertThat(MatrixUnits.forOperation(op, MatrixPrecision.F32)).isInstanceOf(ScalarMatrixUnit.class);
        assertThat(MatrixUnits.forOperation(packed, MatrixPrecision.F32)).isInstanceOf(VectorMatrixUnit.class);
        Packing foreign = new Packing("amx", packing.format(), 5, 7, 16, packing.bytes());
        assertThatThrownBy(() -> MatrixUnits.forOperation(op.withB(op.b().packed(foreign)), MatrixPrecision.F32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("No matrix unit of this machine computes Matmul[");
        try (Workers workers = new Workers(1);
                OperandBuffers buffers = OperandBuffers.random(op, 1)) {
            MemorySegment b = buffers.segments()[1];
            assertThatThrownBy(() -> VECTOR.pack(foreign, op.b(), b, b, workers))
                    .hasMessageStartingWith("Packing MatrixOperand[");
            assertThatThrownBy(() -> VECTOR.pack(packing, op.b(), b, b.asSlice(0, 100), workers))
                    .hasMessage("Packing from 140 to 100 bytes, expected at least 140 and " + packing.bytes()
                            + " off-heap.");
        }
    }

    /** The Vector API unit with something added to the last element of each output. */
    private record Planted(UnaryOperator<Launch> wrapper, float error) implements MatrixUnit {
        @Override
        public String name() {
            return "planted";
        }

        @Override
        public boolean supports(KernelOp op) {
            return VECTOR.supports(op);
        }

        @Override
        public Packing packing(Matmul op) {
            return VECTOR.packing(op);
        }

        @Override
        public boolean packs(Packing packing) {
            return VECTOR.packs(packing);
        }

        @Override
        public void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
            VECTOR.pack(packing, b, from, to, workers);
        }

        @Override
        public Launch matmul(Matmul op, long[] addresses, Workers workers) {
            return spoil(VECTOR.matmul(op, addresses, workers), op, addresses);
        }

        @Override
        public Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
            return spoil(VECTOR.attention(op, addresses, workers), op, addresses);
        }

        @Override
        public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
            return spoil(VECTOR.attentionGradient(op, addresses, workers), op, addresses);
        }

        private Launch spoil(Launch launch, KernelOp op, long[] addresses) {
            Launch wrapped = wrapper.apply(launch);
            long last =
                    addresses[addresses.length - 1] + (op.operands().getLast().elements() - 1) * 4;
            return () -> {
                wrapped.run();
                Memory.putFloat(last, Memory.getFloat(last) + error);
            };
        }
    }

    @Test
    void whatIsPreparedIsRefusedAsWhatIsUsed() {
        CpuKernels.prepare();
        System.setProperty("llm2clip.matrix", "none");
        assertThatThrownBy(CpuKernels::prepare)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("No matrix unit 'none' on this machine; ");
    }
}
