package io.llm2clip.bench.gpu;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * TFLOP/s of matmuls {@code [M, K] x [N, K]^T} as programs run them. A program multiplies several matrices of one shape by the same
 * weight, so that the cost of starting it does not count; operands stay on the device, in the type that its library reads.
 */
final class MatmulPart {
    /** What the operands and results of a program may take. */
    private static final long BYTES = 2L << 30;

    private static final int MAX_COPIES = 16;
    private static final int SAMPLES = 64;
    private static final double SECONDS = 0.3;

    private MatmulPart() {}

    private record Size(int m, int n, int k) {
        String work() {
            return "matmul %d x %d x %d".formatted(m, n, k);
        }

        double flops() {
            return 2.0 * m * n * k;
        }

        int copies() {
            return Math.clamp(BYTES / (((long) m * k + (long) m * n) * Float.BYTES), 1, MAX_COPIES);
        }
    }

    /** Cubes, and layers of ViT-L/14-336 and Llama-3.2-1B; the peer multiplies the same. */
    private static List<Size> sizes(boolean small) {
        return small
                ? List.of(new Size(64, 96, 80))
                : List.of(
                        new Size(1024, 1024, 1024),
                        new Size(2048, 2048, 2048),
                        new Size(4096, 4096, 4096),
                        new Size(8192, 8192, 8192),
                        new Size(577, 4096, 1024),
                        new Size(18464, 4096, 1024),
                        new Size(18464, 1024, 4096),
                        new Size(1024, 8192, 2048));
    }

    public static void main(String[] arguments) {
        PartOptions options = PartOptions.parse(arguments);
        try (Rows rows = new Rows(options.rows())) {
            for (Precision precision : options.target().precisions()) {
                options.target().with(precision, execution -> {
                    for (Size size : sizes(options.small())) {
                        try {
                            rows.add(measure(size, execution));
                        } catch (RuntimeException e) {
                            rows.addFailure(size.work(), e);
                        }
                    }
                });
            }
        }
    }

    private static ObjectNode measure(Size size, Execution execution) {
        Tensor weight = matrix("w", size.n, size.k);
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < size.copies(); i++) {
            outputs.add(matrix("x" + i, size.m, size.k).matmulTransposed(weight));
        }
        try (Program program = Program.compile(outputs, execution)) {
            Stopwatch watch = Stopwatch.measure(SECONDS, program::run);
            double error = error(size, program.run().getFirst().toFloats());
            ObjectNode row = Rows.row(size.work())
                    .put("engine", "llm2clip")
                    .put("type", execution.options().precision().toString())
                    .put("value", size.flops() * outputs.size() / watch.medianSeconds() / 1e12)
                    .put("unit", "TFLOP/s")
                    .put("first_seconds", watch.firstSeconds())
                    .put("max_error", error);
            if (!(error < (execution.options().precision() == Precision.F32 ? 1e-4 : 2e-2))) {
                row.put("error", "elements differ by up to " + error + " of the largest from their sums in double");
            }
            return row;
        }
    }

    private static Tensor matrix(String name, int rows, int columns) {
        return Tensor.variable(name, HashWeights.tensor(name, Shape.of(rows, columns)));
    }

    /** Largest difference of some elements from their sums in double, as a part of the largest of these. */
    private static double error(Size size, float[] found) {
        int x = HashWeights.seed("x0");
        int w = HashWeights.seed("w");
        double worst = 0;
        double largest = 0;
        for (int sample = 0; sample < SAMPLES; sample++) {
            int i = (int) ((long) size.m * sample / SAMPLES);
            int j = (int) ((long) size.n * (SAMPLES - 1 - sample) / SAMPLES);
            double sum = 0;
            for (int k = 0; k < size.k; k++) {
                sum += (double) HashWeights.uniform(x, i * size.k + k) * HashWeights.uniform(w, j * size.k + k);
            }
            worst = Math.max(worst, Math.abs(found[i * size.n + j] - sum));
            largest = Math.max(largest, Math.abs(sum));
        }
        return worst / largest;
    }
}
