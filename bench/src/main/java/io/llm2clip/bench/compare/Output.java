package io.llm2clip.bench.compare;

import java.util.Arrays;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * What came out of an entrant.
 *
 * @param count elements
 * @param rms their root mean square
 * @param samples some of them, the same ones of every entrant
 */
record Output(int count, double rms, double[] samples) {
    private static final int SAMPLES = 4093;

    /**
     * How far an output is from another.
     *
     * @param error largest difference of two samples, as a part of the other's root mean square
     * @param cosine of the samples
     */
    record Difference(double error, double cosine) {}

    /** What is allowed, by the roughest arithmetic of the two. */
    record Limit(double error, double cosine) {
        private static final Limit F32 = new Limit(1e-3, 0.99999);
        private static final Limit BF16X3 = new Limit(5e-3, 0.9999);
        private static final Limit BF16 = new Limit(0.2, 0.999);
        private static final Limit INT8 = new Limit(0.3, 0.999);
        private static final Limit INT4 = new Limit(1.5, 0.95);

        static Limit of(Entrant a, Entrant b) {
            Limit first = of(a);
            Limit second = of(b);
            return first.error > second.error ? first : second;
        }

        private static Limit of(Entrant entrant) {
            return switch (entrant.weights().isEmpty() ? entrant.precision() : entrant.weights()) {
                case "f32", "bf16x6" -> F32;
                case "bf16x3" -> BF16X3;
                case "bf16" -> BF16;
                case "int8" -> INT8;
                case "int4" -> INT4;
                default -> throw new IllegalArgumentException("No limit of " + entrant.title() + ".");
            };
        }

        /** @throws IllegalStateException if a difference is beyond it, or not a number */
        void require(Difference difference, String other) {
            if (!(difference.error <= error && difference.cosine >= cosine)) {
                throw new IllegalStateException(String.format(
                        Locale.ROOT,
                        "its output differs from that of %s by %.1e of its root mean square, cosine %.6f; expected at most %.0e, and at least %s",
                        other,
                        difference.error,
                        difference.cosine,
                        error,
                        cosine));
            }
        }
    }

    /** Of all elements: samples at steps that no width of a matrix divides, as {@code bench/compare/protocol.py} takes them. */
    static Output of(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        double[] samples = new double[Math.min(values.length, SAMPLES)];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = values[(int) ((long) i * values.length / samples.length)];
        }
        return new Output(values.length, Math.sqrt(squares / values.length), samples);
    }

    static Output of(JsonNode answer) {
        return new Output(
                answer.get("count").asInt(),
                answer.get("rms").asDouble(),
                answer.get("samples")
                        .valueStream()
                        .mapToDouble(JsonNode::asDouble)
                        .toArray());
    }

    /** As a peer answers; without a JSON library, which would take its time in processes whose start is measured. */
    String json() {
        return "{\"count\": %d, \"rms\": %s, \"samples\": %s}".formatted(count, rms, Arrays.toString(samples));
    }

    /** @throws IllegalStateException if they have not as many elements */
    Difference from(Output other) {
        if (count != other.count || samples.length != other.samples.length) {
            throw new IllegalStateException("it gave %d elements, the other %d".formatted(count, other.count));
        }
        // Of all elements, not only of the samples.
        double error = Math.abs(rms - other.rms);
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < samples.length; i++) {
            double a = samples[i];
            double b = other.samples[i];
            error = Math.max(error, Math.abs(a - b));
            ab += a * b;
            aa += a * a;
            bb += b * b;
        }
        return new Difference(error / other.rms, ab / Math.sqrt(aa * bb));
    }
}
