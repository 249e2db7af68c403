package io.llm2clip.bench;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Speed of matmul and attention at the shapes of our training runs and of ViT-L/14-336, Llama-3.2-1B and ViT-B/16, beside the machine's
 * multiply-add peak measured in the same process. Every matmul is checked against sums in double precision first.
 *
 * <p>Argument: a part of a case's name, to run only those. {@code -Dllm2clip.threads} and {@code -Dllm2clip.vector.bits} apply.
 */
public final class MatmulBench {
    private static final Workers WORKERS = Workers.shared();
    private static final long SECOND = 1_000_000_000L;
    private static final int WARM_UP_SECONDS = Integer.getInteger("llm2clip.bench.warmup", 2);
    /** In which matmuls multiply; {@code -Dllm2clip.bench.precision=bf16}, say. */
    private static final MatrixPrecision PRECISION = MatrixPrecision.valueOf(
            System.getProperty("llm2clip.bench.precision", "f32").toUpperCase(Locale.ROOT));

    /** {@code packed}: whether B is packed beforehand, as the weights of a frozen model are. */
    private record Case(String name, KernelOp op, boolean packed) {
        Case(String name, KernelOp op) {
            this(name, op, false);
        }
    }

    private MatmulBench() {}

    public static void main(String[] arguments) {
        String wanted = arguments.length == 0 ? "" : arguments[0];
        System.out.printf(
                "%d threads, %d-bit vectors, peak %.0f GFLOP/s%n",
                WORKERS.threads(), VectorMath.SPECIES.vectorBitSize(), MultiplyAdds.peak(WORKERS));
        for (Case c : cases()) {
            if (c.name.contains(wanted)) {
                measure(c);
            }
        }
        System.out.printf("peak %.0f GFLOP/s%n", MultiplyAdds.peak(WORKERS));
    }

    private static List<Case> cases() {
        return List.of(
                linear(1088, 192, 192),
                linear(1088, 768, 192),
                linear(1088, 192, 768),
                linear(4352, 192, 192),
                linear(4352, 512, 192),
                linear(2464, 512, 128),
                linear(2464, 128, 512),
                linear(2464, 256, 256),
                linear(2176, 1024, 192),
                linear(577, 4096, 1024),
                linear(577, 1024, 4096),
                linear(1024, 1024, 1024),
                packed(577, 3072, 1024, DType.F32),
                packed(577, 1024, 1024, DType.F32),
                packed(577, 4096, 1024, DType.F32),
                packed(577, 1024, 4096, DType.F32),
                packed(577, 4096, 1024, DType.BF16),
                packed(577, 4096, 1024, DType.F16),
                packed(577, 4096, 1024, DType.Q8),
                packed(577, 4096, 1024, DType.Q4),
                packed(1024, 8192, 2048, DType.BF16),
                packed(1024, 2048, 8192, DType.BF16),
                packed(1, 8192, 2048, DType.F32),
                packed(1, 8192, 2048, DType.BF16),
                packed(1, 8192, 2048, DType.Q8),
                packed(1, 8192, 2048, DType.Q4),
                packed(8, 8192, 2048, DType.BF16),
                linear(6304, 3072, 768),
                linear(6304, 768, 3072),
                inputGradient(6304, 768, 3072),
                weightGradient(3072, 768, 6304),
                inputGradient(1088, 192, 768),
                inputGradient(4352, 192, 512),
                inputGradient(2464, 128, 512),
                inputGradient(577, 1024, 4096),
                weightGradient(192, 192, 1088),
                weightGradient(768, 192, 1088),
                weightGradient(192, 768, 1088),
                weightGradient(512, 192, 4352),
                weightGradient(128, 512, 2464),
                weightGradient(256, 256, 2464),
                weightGradient(1024, 192, 2176),
                weightGradient(4096, 1024, 577),
                new Case("pool  NN 64 x [1,136][136,192]", Matmul.dense(64, 1, 192, 136, false, false)),
                new Case("clip  NT [64,128][128,64]", Matmul.dense(1, 64, 64, 128, false, true)),
                attention("vit   T=17", new AttentionShape(64, 17, 17, 6, 6, 32, 0.17f, false)),
                attention("text  T=77 causal", new AttentionShape(64, 77, 77, 4, 4, 32, 0.17f, true)),
                attention("llm   T=136 grouped", new AttentionShape(32, 136, 136, 6, 2, 32, 0.17f, false)),
                attention("vit-l T=577", new AttentionShape(1, 577, 577, 16, 16, 64, 0.125f, false)),
                gradient("vit   T=17", new AttentionShape(64, 17, 17, 6, 6, 32, 0.17f, false)),
                gradient("text  T=77 causal", new AttentionShape(64, 77, 77, 4, 4, 32, 0.17f, true)),
                gradient("llm   T=136 grouped", new AttentionShape(32, 136, 136, 6, 2, 32, 0.17f, false)),
                gradient("vit-l T=577", new AttentionShape(1, 577, 577, 16, 16, 64, 0.125f, false)));
    }

    private static Case linear(int m, int n, int k) {
        return new Case("y=xW' NT %dx%dx%d".formatted(m, n, k), Matmul.dense(1, m, n, k, false, true));
    }

    private static Case packed(int m, int n, int k, DType format) {
        Matmul op = Matmul.dense(1, m, n, k, false, true, format);
        return new Case("y=xW' packed %s %dx%dx%d".formatted(format, m, n, k), op, true);
    }

    private static Case inputGradient(int m, int n, int k) {
        return new Case("dx    NN %dx%dx%d".formatted(m, n, k), Matmul.dense(1, m, n, k, false, false));
    }

    private static Case weightGradient(int m, int n, int k) {
        return new Case("dW    TN %dx%dx%d".formatted(m, n, k), Matmul.dense(1, m, n, k, true, false));
    }

    private static Case attention(String name, AttentionShape shape) {
        return new Case("attention " + name, new AttentionOp.Attention(shape));
    }

    private static Case gradient(String name, AttentionShape shape) {
        return new Case("attention gradient " + name, new AttentionOp.AttentionGradient(shape));
    }

    private static void measure(Case c) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment[] segments = buffers(c.op, arena);
            long[] addresses =
                    Arrays.stream(segments).mapToLong(MemorySegment::address).toArray();
            KernelOp op = c.op;
            Packing packing = c.packed && op instanceof Matmul matmul ? CpuKernels.packing(matmul, PRECISION) : null;
            if (packing != null && op instanceof Matmul matmul) {
                MemorySegment copy = arena.allocate(packing.bytes(), 64);
                CpuKernels.pack(packing, matmul.b(), segments[1], copy, WORKERS);
                addresses[1] = copy.address();
                op = matmul.withB(matmul.b().packed(packing));
            }
            Launch launch = CpuKernels.bind(op, PRECISION, addresses, WORKERS);
            launch.run();
            if (c.op instanceof Matmul matmul) {
                check(matmul, segments);
            }
            double[] nanos = time(launch);
            double flops = c.op.flops();
            System.out.printf(
                    Locale.ROOT,
                    "%-40s best %6.1f median %6.1f GFLOP/s  %8.1f us%n",
                    c.name,
                    flops / nanos[0],
                    flops / nanos[nanos.length / 2],
                    nanos[nanos.length / 2] / 1000);
        }
    }

    private static double[] time(Launch launch) {
        long end = System.nanoTime() + WARM_UP_SECONDS * SECOND;
        while (System.nanoTime() < end) {
            launch.run();
        }
        double[] nanos = new double[100_000];
        int count = 0;
        end = System.nanoTime() + SECOND;
        for (long now = System.nanoTime(); now < end && count < nanos.length; count++) {
            launch.run();
            long then = System.nanoTime();
            nanos[count] = then - now;
            now = then;
        }
        double[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return sorted;
    }

    private static MemorySegment[] buffers(KernelOp op, Arena arena) {
        Random random = new Random(1);
        return op.operands().stream()
                .map(operand -> {
                    MemorySegment segment = arena.allocate(Math.max(4, operand.bytes()), 64);
                    if (operand.dtype().isQuantized()) {
                        fillBlocks(operand.dtype(), segment, random);
                        return segment;
                    }
                    for (long i = 0; i < operand.elements() && operand.access() == Operand.Access.READ; i++) {
                        switch (operand.dtype()) {
                            case BF16, F16 ->
                                segment.setAtIndex(
                                        ValueLayout.JAVA_SHORT,
                                        i,
                                        operand.dtype() == DType.F16
                                                ? Float.floatToFloat16(random.nextFloat() - 0.5f)
                                                : (short) (Float.floatToIntBits(random.nextFloat() - 0.5f) >>> 16));
                            case I32 -> segment.setAtIndex(ValueLayout.JAVA_INT, i, keys(op));
                            default -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
                        }
                    }
                    return segment;
                })
                .toArray(MemorySegment[]::new);
    }

    private static void fillBlocks(DType format, MemorySegment segment, Random random) {
        byte[] block = new byte[(int) format.bytes((long) format.blockSize())];
        for (long at = 0; at < segment.byteSize(); at += block.length) {
            random.nextBytes(block);
            MemorySegment.copy(block, 0, segment, ValueLayout.JAVA_BYTE, at, block.length);
            short scale = Float.floatToFloat16((random.nextFloat() - 0.5f) / (format == DType.Q8 ? 128 : 8));
            segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, scale);
        }
    }

    private static int keys(KernelOp op) {
        return switch (op) {
            case AttentionOp.Attention attention -> attention.shape().keys();
            case AttentionOp.AttentionGradient attention -> attention.shape().keys();
            default -> 0;
        };
    }

    /** Compares random elements with sums in double precision. */
    private static void check(Matmul op, MemorySegment[] segments) {
        Random random = new Random(2);
        StoredElements b = new StoredElements(op.b().format(), segments[1]);
        for (int sample = 0; sample < 1000; sample++) {
            int batch = random.nextInt(op.batch());
            int i = random.nextInt(op.m());
            int j = random.nextInt(op.n());
            double sum = 0;
            for (int k = 0; k < op.k(); k++) {
                sum += (double) segments[0].getAtIndex(
                                ValueLayout.JAVA_FLOAT, op.a().index(batch, i, k))
                        * b.get(op.b().index(batch, k, j));
            }
            float found = segments[2].getAtIndex(ValueLayout.JAVA_FLOAT, ((long) batch * op.m() + i) * op.n() + j);
            // Rounded factors are off by up to 2^-9 of them each.
            double tolerance = PRECISION == MatrixPrecision.BF16 ? 0.1 : 1e-4;
            if (Math.abs(found - sum) > tolerance * (1 + Math.abs(sum))) {
                throw new AssertionError(
                        op + " at " + batch + ", " + i + ", " + j + ": " + found + ", expected " + sum);
            }
        }
    }
}
