package io.llm2clip.kernels.operations;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Off-heap buffers for one {@link KernelOp}: random valid inputs, outputs full of NaN, and guard bytes on both sides, at
 * addresses aligned to the element only.
 */
public final class OperandBuffers implements AutoCloseable {
    private static final int GUARD = 128;
    private static final byte GUARD_BYTE = 0x5A;

    private final KernelOp op;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment[] guarded;
    private final MemorySegment[] segments;

    private OperandBuffers(KernelOp op) {
        this.op = op;
        List<Operand> operands = op.operands();
        guarded = new MemorySegment[operands.size()];
        segments = new MemorySegment[operands.size()];
        for (int i = 0; i < segments.length; i++) {
            long start = GUARD + (long) (i % 3) * operands.get(i).dtype().alignment();
            guarded[i] =
                    arena.allocate(start + operands.get(i).bytes() + GUARD, 64).fill(GUARD_BYTE);
            segments[i] = guarded[i].asSlice(start, operands.get(i).bytes()).fill((byte) 0xFF);
        }
    }

    /** Buffers with inputs drawn from a seed: multiples of 1/64 in [-2, 2], except where the operation asks for more. */
    public static OperandBuffers random(KernelOp op, long seed) {
        OperandBuffers buffers = new OperandBuffers(op);
        Random random = new Random(seed);
        List<Operand> operands = op.operands();
        for (int i = 0; i < operands.size(); i++) {
            if (operands.get(i).access() != Operand.Access.WRITE) {
                fill(op, operands.get(i), buffers.segments[i], random);
            }
        }
        return buffers;
    }

    /** The same contents at other addresses. */
    public OperandBuffers copy() {
        OperandBuffers copy = new OperandBuffers(op);
        for (int i = 0; i < segments.length; i++) {
            copy.segments[i].copyFrom(segments[i]);
        }
        return copy;
    }

    /** One segment an operand, of exactly its size. */
    public MemorySegment[] segments() {
        return segments.clone();
    }

    /** One address an operand. */
    public long[] addresses() {
        long[] addresses = new long[segments.length];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = segments[i].address();
        }
        return addresses;
    }

    /**
     * Asserts that every operand is close to another's, absolutely and relatively and but for the last place of its type, or has the
     * same values if it is what a copy or a conversion gives, and that the guards are intact.
     */
    public void assertCloseTo(OperandBuffers expected, double tolerance) {
        List<Operand> operands = op.operands();
        for (int i = 0; i < segments.length; i++) {
            Operand operand = operands.get(i);
            boolean exact = operand.access() == Operand.Access.READ || movesOnly(op);
            for (long e = 0; e < operand.elements(); e++) {
                double found = value(segments[i], operand.dtype(), e);
                double wanted = value(expected.segments[i], operand.dtype(), e);
                double allowed =
                        exact ? 0 : tolerance * (1 + Math.abs(wanted)) + place(operand.dtype()) * Math.abs(wanted);
                boolean close = Double.compare(found, wanted) == 0 || Math.abs(found - wanted) <= allowed;
                assertThat(close)
                        .as("%s: %s[%d] is %s, expected %s", op, operand.name(), e, found, wanted)
                        .isTrue();
            }
        }
        assertGuardsIntact();
    }

    /** Asserts that every operand has the bits of another's, and that the guards are intact. */
    public void assertSameBits(OperandBuffers expected) {
        for (int i = 0; i < segments.length; i++) {
            assertThat(segments[i].mismatch(expected.segments[i]))
                    .as("%s: first differing byte of operand %d", op, i)
                    .isEqualTo(-1);
        }
        assertGuardsIntact();
    }

    private void assertGuardsIntact() {
        for (int i = 0; i < segments.length; i++) {
            long start = segments[i].address() - guarded[i].address();
            for (long b = 0; b < guarded[i].byteSize(); b++) {
                if (b == start) {
                    b += segments[i].byteSize();
                }
                assertThat(guarded[i].get(ValueLayout.JAVA_BYTE, b))
                        .as("%s: guard of operand %d, byte %d from its start", op, i, b - start)
                        .isEqualTo(GUARD_BYTE);
            }
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private static double value(MemorySegment segment, DType dtype, long index) {
        return new StoredElements(dtype, segment).get(index);
    }

    /** Whether the values of its outputs are those of its inputs, rounded once. */
    private static boolean movesOnly(KernelOp op) {
        return op instanceof IndexOp.Gather
                || op instanceof Concat
                || (op instanceof Elementwise elementwise && elementwise.isIdentity());
    }

    /** What neighbors differ by, relatively: where an exact result lies between them, the last bit of what is rounded decides. */
    private static double place(DType dtype) {
        return switch (dtype) {
            case BF16 -> 0x1p-7;
            case F16 -> 0x1p-10;
            case F32, BOOL, I32, Q8, Q4, Q4_1 -> 0;
        };
    }

    private static void fill(KernelOp op, Operand operand, MemorySegment segment, Random random) {
        if (operand.dtype().isQuantized()) {
            fillBlocks(operand.dtype(), segment, random);
            return;
        }
        if (operand.bounds() != null && operand.bounds().ascending()) {
            fillAscending(operand, segment, random);
            return;
        }
        for (long i = 0; i < operand.elements(); i++) {
            switch (operand.dtype()) {
                case F32, BOOL ->
                    segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES, value(op, operand, (int) i, random));
                case I32 -> segment.set(ValueLayout.JAVA_INT_UNALIGNED, i * Integer.BYTES, index(op, operand, random));
                case BF16, F16 ->
                    segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * Short.BYTES, bits(op, operand, (int) i, random));
                case Q8, Q4, Q4_1 -> throw new AssertionError(operand);
            }
        }
    }

    private static short bits(KernelOp op, Operand operand, int index, Random random) {
        return movesOnly(op)
                ? (short) random.nextInt()
                : HalfSamples.bits(operand.dtype(), value(op, operand, index, random));
    }

    /** With equal ones, and often from the least to the most. */
    private static void fillAscending(Operand operand, MemorySegment segment, Random random) {
        int[] sorted = IntStream.generate(() -> index(operand.bounds(), random))
                .limit(operand.elements())
                .sorted()
                .toArray();
        if (sorted.length > 0 && random.nextBoolean()) {
            sorted[0] = operand.bounds().least();
            sorted[sorted.length - 1] = operand.bounds().most();
        }
        MemorySegment.copy(sorted, 0, segment, ValueLayout.JAVA_INT_UNALIGNED, 0, sorted.length);
    }

    /** Any bits, with scales of either sign, zero and subnormal ones, that keep values below 2. */
    private static void fillBlocks(DType dtype, MemorySegment segment, Random random) {
        float most = 2f / (dtype == DType.Q8 ? 128 : dtype == DType.Q4 ? 8 : 32);
        long block = dtype.bytes(dtype.blockSize());
        for (long at = 0; at < segment.byteSize(); at += block) {
            byte[] bits = new byte[(int) block];
            random.nextBytes(bits);
            MemorySegment.copy(bits, 0, segment, ValueLayout.JAVA_BYTE, at, bits.length);
            float scale = random.nextInt(8) == 0 ? random.nextInt(3) * 0x1p-24f : random.nextFloat(-most, most);
            segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(scale));
            if (dtype.hasMinimum()) {
                short minimum = Float.floatToFloat16(random.nextFloat(-1, 1));
                segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + Short.BYTES, minimum);
            }
        }
    }

    private static float value(KernelOp op, Operand operand, int index, Random random) {
        float value = random.nextInt(-128, 129) / 64f;
        return switch (op) {
            case AdamWUpdate adamW when operand.name().equals("rates") -> new float[] {0.01f, 0.271f, 0.0297f}[index];
            case AdamWUpdate adamW
            when operand.name().equals("scale") ->
                switch (random.nextInt(8)) {
                    case 0 -> Float.NaN;
                    case 1 -> Float.NEGATIVE_INFINITY;
                    default -> 0.5f;
                };
            case AdamWUpdate adamW when operand.name().equals("variance") -> Math.abs(value);
            case Elementwise elementwise
            when elementwise.isIdentity() ->
                switch (random.nextInt(8)) {
                    case 0 -> value * 1e10f;
                    case 1, 2, 3 -> Float.intBitsToFloat(random.nextInt());
                    default -> HalfSamples.random(elementwise.output() == DType.BF16 ? DType.BF16 : DType.F16, random);
                };
            default -> value;
        };
    }

    private static int index(Operand.Bounds bounds, Random random) {
        return random.nextInt(bounds.least(), bounds.most() + 1);
    }

    private static int index(KernelOp op, Operand operand, Random random) {
        Operand.Bounds bounds = operand.bounds();
        if (bounds != null) {
            return index(bounds, random);
        }
        return op instanceof Elementwise elementwise && !elementwise.isIdentity()
                ? random.nextInt(-2, 3)
                : random.nextInt();
    }
}
