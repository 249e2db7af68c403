package io.llm2clip.bench;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Nanoseconds an element of the elementwise and row kernels, on one and two threads, each checked against the scalar reference
 * before it is timed. Arguments: parts of the names of the cases to run; none runs all.
 */
public final class ElementwiseBench {
    private static final int ROUNDS = 15;
    private static final long ROUND_NANOS = 20_000_000;
    private static final double TOLERANCE = 1e-4;

    private ElementwiseBench() {}

    private record Case(String name, KernelOp op, long elements) {}

    private static List<Case> cases() {
        int rows = 577;
        int wide = 4096;
        long size = (long) rows * wide;
        List<Integer> matrix = List.of(rows, wide);
        List<Integer> dense = List.of(wide, 1);
        return List.of(
                new Case("copy", new Elementwise(Expression.IDENTITY, matrix, List.of(dense)), size),
                new Case("add", new Elementwise(Expressions.binary(Opcode.ADD), matrix, List.of(dense, dense)), size),
                new Case(
                        "add row",
                        new Elementwise(Expressions.binary(Opcode.ADD), matrix, List.of(dense, List.of(0, 1))),
                        size),
                new Case("exp", new Elementwise(Expressions.unary(Opcode.EXP), matrix, List.of(dense)), size),
                new Case("tanh", new Elementwise(Expressions.unary(Opcode.TANH), matrix, List.of(dense)), size),
                new Case("log", new Elementwise(Expressions.unary(Opcode.LOG), matrix, List.of(dense)), size),
                new Case("sin", new Elementwise(Expressions.unary(Opcode.SIN), matrix, List.of(dense)), size),
                new Case("sigmoid", new Elementwise(Expressions.unary(Opcode.SIGMOID), matrix, List.of(dense)), size),
                new Case("gelu(erf)", new Elementwise(Expressions.gelu(), matrix, List.of(dense)), size),
                new Case(
                        "gelu(erf) small",
                        new Elementwise(Expressions.gelu(), List.of(4096), List.of(List.of(1))),
                        4096),
                new Case(
                        "gelu gradient",
                        new Elementwise(Expressions.geluGradient(), matrix, List.of(dense, dense)),
                        size),
                new Case(
                        "gelu gradient small",
                        new Elementwise(Expressions.geluGradient(), List.of(4096), List.of(List.of(1), List.of(1))),
                        4096),
                new Case("transpose", new Elementwise(Expression.IDENTITY, matrix, List.of(List.of(1, rows))), size),
                new Case(
                        "permute heads",
                        new Elementwise(
                                Expression.IDENTITY,
                                List.of(4, 16, rows, 64),
                                List.of(List.of(rows * 1024, 64, 1024, 1))),
                        4L * rows * 1024),
                new Case("layer norm 192", new NormOp.LayerNorm(8192, 192, 1e-5f), 8192L * 192),
                new Case("layer norm 1024", new NormOp.LayerNorm(2048, 1024, 1e-5f), 2048L * 1024),
                new Case("layer norm gradient 192", new NormOp.LayerNormGradient(8192, 192, 1e-5f), 8192L * 192),
                new Case("layer norm gradient 1024", new NormOp.LayerNormGradient(2048, 1024, 1e-5f), 2048L * 1024),
                new Case("rms norm 2048", new NormOp.RmsNorm(1024, 2048, 1e-5f), 1024L * 2048),
                new Case("softmax 577", new SoftmaxOp.Softmax(4096, 577), 4096L * 577),
                new Case("softmax gradient 577", new SoftmaxOp.SoftmaxGradient(4096, 577), 4096L * 577),
                new Case("bias gradient", new Reduce(Reduction.SUM, 1, 4352, 768), 4352L * 768),
                new Case("row sums", new Reduce(Reduction.SUM, 4352, 768, 1), 4352L * 768),
                new Case("rotary", new Rotary(4, rows, 16, 64, true, false), 4L * rows * 1024),
                new Case(
                        "AdamW",
                        new AdamWUpdate(2_000_000, new AdamWUpdate.Hyper(1, 0.9f, 0.999f, 1e-8f, 0.1f)),
                        2_000_000));
    }

    public static void main(String[] names) {
        System.out.printf(
                "%d-bit vectors, median of %d rounds, ns an element%n", VectorMath.SPECIES.vectorBitSize(), ROUNDS);
        System.out.printf("%-28s %10s %10s%n", "", "1 thread", "2 threads");
        try (Workers one = new Workers(1);
                Workers two = new Workers(2)) {
            for (Case each : cases()) {
                if (names.length == 0 || Arrays.stream(names).anyMatch(each.name::contains)) {
                    System.out.printf("%-28s %10.3f %10.3f%n", each.name, measure(each, one), measure(each, two));
                }
            }
        }
    }

    private static double measure(Case each, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment[] operands = operands(each.op, arena);
            MemorySegment[] expected = operands(each.op, arena);
            long[] addresses =
                    Arrays.stream(operands).mapToLong(MemorySegment::address).toArray();
            Launch launch = CpuKernels.bind(each.op, addresses, workers);
            launch.run();
            Reference.run(each.op, expected);
            check(each, operands[operands.length - 1], expected[operands.length - 1]);
            double[] nanos = new double[ROUNDS];
            Timing.nanos(launch::run, 25 * ROUND_NANOS); // until compiled
            for (int i = 0; i < ROUNDS; i++) {
                nanos[i] = Timing.nanos(launch::run, ROUND_NANOS) / each.elements;
            }
            Arrays.sort(nanos);
            return nanos[ROUNDS / 2];
        }
    }

    private static void check(Case each, MemorySegment found, MemorySegment expected) {
        for (long i = 0; i < found.byteSize() / Float.BYTES; i++) {
            float f = found.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            float e = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            if (Float.compare(f, e) != 0 && !(Math.abs(f - e) <= TOLERANCE * (1 + Math.abs(e)))) {
                throw new IllegalStateException(each.name + ": element " + i + " is " + f + ", expected " + e + ".");
            }
        }
    }

    private static MemorySegment[] operands(KernelOp op, Arena arena) {
        Random random = new Random(1);
        List<Operand> operands = op.operands();
        MemorySegment[] segments = new MemorySegment[operands.size()];
        for (int i = 0; i < segments.length; i++) {
            Operand operand = operands.get(i);
            segments[i] = arena.allocate(operand.bytes(), 64);
            for (long e = 0; e < operand.elements(); e++) {
                // In (0.5, 1] for the optimiser's settings and second moments, which must not be negative.
                float value = op instanceof AdamWUpdate ? 1 - random.nextFloat() / 2 : (float) random.nextGaussian();
                segments[i].setAtIndex(ValueLayout.JAVA_FLOAT, e, value);
            }
        }
        return segments;
    }
}
