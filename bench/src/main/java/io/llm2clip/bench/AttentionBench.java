package io.llm2clip.bench;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Attention of models' shapes, by the Vector API, by what is used without asking for it (machine code, where the CPU has that), and by what is
 * used in bf16, where the CPU has that. They take turns; ratios, to the Vector API, are medians of the rounds. Results of all are checked
 * against sums in double precision first. GFLOP/s count scores
 * in full although causal blocks are skipped, of ragged sequences those of each by itself.
 *
 * <p>Argument: a part of a case's name, to run only those.
 */
public final class AttentionBench {
    private static final Workers WORKERS = Workers.shared();
    private static final int ROUNDS = Integer.getInteger("llm2clip.bench.rounds", 21);
    private static final long NANOS = 20_000_000;
    /** Of the error beside the root of the mean square of results. */
    private static final double TOLERANCE = 5e-5;

    private static final double TOLERANCE_OF_BF16 = 0.2;

    private static final List<Case> CASES = List.of(
            Case.of("ViT-L/14-336", 1, 577, 16, 16, 64, false),
            Case.of("ViT-L/14-336, batch 8", 8, 577, 16, 16, 64, false),
            Case.of("ViT-L/14, batch 4", 4, 257, 16, 16, 64, false),
            Case.of("ViT-B/16, batch 8", 8, 197, 12, 12, 64, false),
            Case.of("ViT-B/32, batch 8", 8, 50, 12, 12, 64, false),
            Case.of("small images", 64, 17, 6, 6, 32, false),
            Case.of("text, causal", 64, 77, 8, 8, 64, true),
            Case.of("text, causal, small", 64, 77, 4, 4, 32, true),
            Case.of("Llama-1B, 8 x 128, causal", 8, 128, 32, 8, 64, true),
            Case.of("Llama-1B, 1 x 32", 1, 32, 32, 8, 64, false),
            Case.of("long, causal", 1, 2048, 8, 8, 64, true),
            Case.of("EVA02, 80", 1, 577, 16, 16, 80, false),
            Case.of("96", 1, 577, 12, 12, 96, false),
            Case.of("SigLIP so400m, 72", 1, 729, 16, 16, 72, false),
            Case.of("128, causal", 2, 512, 16, 4, 128, true),
            Case.of("256, causal", 2, 512, 8, 4, 256, true),
            Case.of("32", 2, 577, 12, 12, 32, false),
            new Case("one query", new AttentionShape(8, 1, 729, 16, 16, 72, 0.118f, false), 0),
            new Case("ragged captions", AttentionShape.ragged(32, 1024, 32, 8, 64, 0.125f, false), 32),
            new Case("ragged captions, causal", AttentionShape.ragged(32, 1024, 32, 8, 64, 0.125f, true), 32));

    private static final List<Way> WAYS = Stream.of(
                    new Way("vector", "vector", MatrixPrecision.F32),
                    new Way("now", "", MatrixPrecision.F32),
                    new Way("bf16", "", MatrixPrecision.BF16))
            .filter(way -> CpuKernels.absence(way.precision).isEmpty())
            .toList();

    /**
     * A way to compute.
     *
     * @param unit the matrix unit; empty for the one in use
     */
    private record Way(String name, String unit, MatrixPrecision precision) {}

    /**
     * A case.
     *
     * @param sequences how many ragged ones; 0 for padded
     */
    private record Case(String name, AttentionShape shape, int sequences) {
        static Case of(String name, int batch, int tokens, int heads, int keyHeads, int size, boolean causal) {
            float scale = (float) (1 / Math.sqrt(size));
            return new Case(name, new AttentionShape(batch, tokens, tokens, heads, keyHeads, size, scale, causal), 0);
        }
    }

    private AttentionBench() {}

    public static void main(String[] arguments) {
        String wanted = arguments.length == 0 ? "" : arguments[0];
        System.out.printf(
                Locale.ROOT, "%d threads, peak %.0f GFLOP/s%n", WORKERS.threads(), MultiplyAdds.peak(WORKERS));
        for (Case each : CASES) {
            if (each.name.contains(wanted)) {
                measure(each);
            }
        }
    }

    private static void measure(Case each) {
        AttentionOp.Attention op = new AttentionOp.Attention(each.shape);
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> operands = new ArrayList<>();
            for (Operand operand : op.operands()) {
                operands.add(arena.allocate(operand.bytes(), 64));
            }
            double pairs = fill(each, operands);
            MemorySegment expected = arena.allocate(operands.get(4).byteSize(), 64);
            List<MemorySegment> reference = new ArrayList<>(operands);
            reference.set(4, expected);
            Reference.run(op, reference.toArray(MemorySegment[]::new));
            List<Launch> launches = new ArrayList<>();
            double[] errors = new double[WAYS.size()];
            for (Way way : WAYS) {
                Launch launch = bind(op, way, operands);
                launch.run();
                errors[launches.size()] = error(each, way, operands.get(4), expected);
                launches.add(launch);
            }
            double[][] nanos = new double[WAYS.size()][ROUNDS];
            for (int round = -ROUNDS / 2; round < ROUNDS; round++) {
                for (int way = 0; way < WAYS.size(); way++) {
                    double time = Timing.nanos(launches.get(way)::run, NANOS);
                    if (round >= 0) {
                        nanos[way][round] = time;
                    }
                }
            }
            double flops = 4 * pairs * each.shape.heads() * each.shape.headSize();
            StringBuilder line = new StringBuilder(String.format("%-26s", each.name));
            for (int way = 0; way < WAYS.size(); way++) {
                double[] ratios = new double[ROUNDS];
                for (int round = 0; round < ROUNDS; round++) {
                    ratios[round] = nanos[0][round] / nanos[way][round];
                }
                line.append(String.format(
                        Locale.ROOT,
                        "   %s %8.1f us, %4.0f GFLOP/s, error %.0e, %.2f",
                        WAYS.get(way).name,
                        median(nanos[way]) / 1000,
                        flops / median(nanos[way]),
                        errors[way],
                        median(ratios)));
            }
            System.out.println(line);
        }
    }

    private static Launch bind(AttentionOp.Attention op, Way way, List<MemorySegment> operands) {
        long[] addresses = operands.stream().mapToLong(MemorySegment::address).toArray();
        String before = System.getProperty(Settings.MATRIX_UNIT);
        try {
            if (!way.unit.isEmpty()) {
                System.setProperty(Settings.MATRIX_UNIT, way.unit);
            }
            return CpuKernels.bind(op, way.precision, addresses, WORKERS);
        } finally {
            if (before == null) {
                System.clearProperty(Settings.MATRIX_UNIT);
            } else {
                System.setProperty(Settings.MATRIX_UNIT, before);
            }
        }
    }

    /** Fills the inputs and says how many pairs of a query and a key there are. */
    private static double fill(Case each, List<MemorySegment> operands) {
        Random random = new Random(7);
        for (int i = 0; i < 3; i++) {
            MemorySegment operand = operands.get(i);
            for (long e = 0; e < operand.byteSize() / 4; e++) {
                operand.setAtIndex(ValueLayout.JAVA_FLOAT, e, (float) random.nextGaussian());
            }
        }
        MemorySegment extents = operands.get(3);
        AttentionShape shape = each.shape;
        if (!shape.ragged()) {
            for (int b = 0; b < shape.batch(); b++) {
                extents.setAtIndex(ValueLayout.JAVA_INT, b, shape.keys());
            }
            return (double) shape.batch() * shape.queries() * shape.keys();
        }
        int[] cuts =
                random.ints(each.sequences - 1L, 1, shape.queries()).sorted().toArray();
        double pairs = 0;
        int start = 0;
        for (int s = 1; s <= each.sequences; s++) {
            int end = s < each.sequences ? cuts[s - 1] : shape.queries();
            extents.setAtIndex(ValueLayout.JAVA_INT, s, end);
            pairs += (double) (end - start) * (end - start);
            start = end;
        }
        return pairs;
    }

    /** The greatest error, of the root of the mean square of results. */
    private static double error(Case each, Way way, MemorySegment found, MemorySegment expected) {
        double squares = 0;
        double greatest = 0;
        long elements = found.byteSize() / 4;
        for (long e = 0; e < elements; e++) {
            double wanted = expected.getAtIndex(ValueLayout.JAVA_FLOAT, e);
            squares += wanted * wanted;
            double difference = Math.abs(found.getAtIndex(ValueLayout.JAVA_FLOAT, e) - wanted);
            // Also true of NaN.
            if (!(difference <= greatest)) {
                greatest = difference;
            }
        }
        double error = greatest / Math.sqrt(squares / elements);
        if (!(error <= (way.precision == MatrixPrecision.BF16 ? TOLERANCE_OF_BF16 : TOLERANCE))) {
            throw new IllegalStateException(each.name + ", " + way.name + " is wrong by " + error + ".");
        }
        return error;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
