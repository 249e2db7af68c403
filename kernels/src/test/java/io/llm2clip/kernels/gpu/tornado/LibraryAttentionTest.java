package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.cublas.Product;
import io.llm2clip.kernels.gpu.cublas.Product.Addend;
import io.llm2clip.kernels.gpu.cublas.Product.Factor;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.emulator.Emulator;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Attention by matmuls is attention: its matmuls done by plain loops, its kernels by the emulator. */
class LibraryAttentionTest {
    /** Numbers of arenas: what is f32, and the lengths. */
    private static final int FLOATS = 0;

    private static final int INTS = 1;

    @Property(tries = 150)
    void agreesWithReference(
            @ForAll("attentions") KernelOp op, @ForAll long seed, @ForAll @IntRange(min = 1, max = 200) int scores) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            new Memory(op, found.segments()).run(scores);
            found.assertCloseTo(expected, 1e-4);
        }
    }

    @Provide
    Arbitrary<KernelOp> attentions() {
        return KernelOpArbitraries.paddedAttention()
                .filter(op -> op.flops() > 0 && shape(op).keys() > 0);
    }

    @Property(tries = 200)
    void paysForManyScoresOnly(@ForAll("attentions") KernelOp op) {
        AttentionShape shape = shape(op);
        assertThat(LibraryAttention.pays(shape)).isEqualTo(shape.queries() * shape.keys() >= 4096);
        assertThat(LibraryAttention.pays(AttentionShape.ragged(1, 4096, 2, 1, 8, 1, false)))
                .as("sequences of lengths that only the device knows")
                .isFalse();
    }

    private static AttentionShape shape(KernelOp op) {
        return switch (op) {
            case AttentionOp.Attention attention -> attention.shape();
            case AttentionOp.AttentionGradient gradient -> gradient.shape();
            default -> throw new IllegalArgumentException(op.toString());
        };
    }

    /** The two arenas of a device. */
    private static final class Memory {
        private final KernelOp op;
        private final MemorySegment[] operands;
        private final List<DeviceAddress> addresses = new ArrayList<>();
        private final MemorySegment lengths;
        private float[] floats;

        Memory(KernelOp op, MemorySegment[] operands) {
            this.op = op;
            this.operands = operands;
            int end = 3;
            for (int i = 0; i < operands.length; i++) {
                boolean f32 = op.operands().get(i).dtype() == DType.F32;
                addresses.add(f32 ? new DeviceAddress(FLOATS, end) : new DeviceAddress(INTS, 0));
                if (f32) {
                    end += (int) op.operands().get(i).elements() + 2;
                }
            }
            lengths = operands[3];
            floats = new float[end];
            Arrays.fill(floats, Float.NaN);
        }

        void run(int scores) {
            for (int i = 0; i < operands.length; i++) {
                if (i != 3) {
                    MemorySegment.copy(
                            operands[i],
                            ValueLayout.JAVA_FLOAT_UNALIGNED,
                            0,
                            floats,
                            addresses.get(i).element(),
                            (int) (operands[i].byteSize() / 4));
                }
            }
            LibraryAttention attention = new LibraryAttention(shape(op), MatmulPrecision.F32, scores);
            List<DeviceStep> steps = op instanceof AttentionOp.Attention
                    ? attention.forward(addresses, this::scratch)
                    : attention.gradient(addresses, this::scratch);
            for (DeviceStep step : steps) {
                switch ((TornadoStep) step) {
                    case BoundLaunch bound -> launch(bound);
                    case BoundProduct bound -> {
                        assertThat(bound.arenas()).containsOnly(FLOATS);
                        bound.offsets().forEach(offsets -> multiply(bound.product(), offsets));
                    }
                }
            }
            for (int i = operands.length - op.results().size(); i < operands.length; i++) {
                MemorySegment.copy(
                        floats, addresses.get(i).element(), operands[i], ValueLayout.JAVA_FLOAT_UNALIGNED, 0, (int)
                                (operands[i].byteSize() / 4));
            }
        }

        private DeviceAddress scratch(DType dtype, long elements) {
            assertThat(dtype).isEqualTo(DType.F32);
            int start = floats.length;
            floats = Arrays.copyOf(floats, start + (int) elements);
            Arrays.fill(floats, start, floats.length, Float.NaN);
            return new DeviceAddress(FLOATS, start);
        }

        /** On the part of the arena from each operand on; those that begin at one element are one to the emulator. */
        private void launch(BoundLaunch bound) {
            List<Operand> placed = new ArrayList<>();
            List<MemorySegment> segments = new ArrayList<>();
            for (DeviceAddress address : bound.addresses()) {
                boolean f32 = address.arena() == FLOATS;
                placed.add(
                        f32
                                ? new Operand(
                                        "arena", DType.F32, floats.length - address.element(), Operand.Access.UPDATE)
                                : op.operands().get(3));
                segments.add(
                        f32 ? MemorySegment.ofArray(floats).asSlice((long) address.element() * Float.BYTES) : lengths);
            }
            DevicePlan plan = new DevicePlan(placed, List.of(bound.launch()), 0);
            new Emulator(Schedule.IN_ORDER).run(plan, segments.toArray(MemorySegment[]::new));
        }

        private void multiply(Product product, int[] at) {
            float[] before = floats.clone();
            for (int batch = 0; batch < product.batch(); batch++) {
                for (int row = 0; row < product.m(); row++) {
                    for (int column = 0; column < product.n(); column++) {
                        double sum = 0;
                        for (int i = 0; i < product.k(); i++) {
                            sum += (double) before[at[0] + element(product.a(), batch, row, i)]
                                    * before[at[1] + element(product.b(), batch, i, column)];
                        }
                        int out = at[2] + element(product.out(), batch, row, column);
                        double value = product.alpha() * sum;
                        floats[out] = (float) (product.addend() == Addend.OUTPUT ? floats[out] + value : value);
                    }
                }
            }
        }

        private static int element(Factor factor, int batch, int row, int column) {
            long stored = factor.transposed() ? column * factor.leading() + row : row * factor.leading() + column;
            return (int) (batch * factor.batchStride() + stored);
        }
    }
}
