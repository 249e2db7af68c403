package io.llm2clip.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.bench.HashWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ArrayNode;

/** The section that is written for given results. */
class KitReportTest {
    @TempDir
    private Path folder;

    private void write(String part, String more, String... rows) throws IOException {
        Files.writeString(
                folder.resolve(part + ".json"),
                "{\"part\": \"%s\", \"title\": \"Part\", %s, \"rows\": [%s]}"
                        .formatted(part, more, String.join(",", rows)));
    }

    private static String row(String engine, String type, double value, String unit, String more) {
        return "{\"work\": \"w\", \"engine\": \"%s\", \"type\": \"%s\", \"value\": %s, \"unit\": \"%s\"%s}"
                .formatted(engine, type, value, unit, more);
    }

    @Test
    void figuresStandBesideTheBestOfThePeer() throws IOException {
        write(
                "towers",
                "\"status\": \"passed\"",
                row("llm2clip", "f32", 50, "images/s", ", \"output\": [1, 0]"),
                row("llm2clip", "bf16", 300, "images/s", ", \"output\": [1, 0.1]"));
        write(
                "towers-peer",
                "\"status\": \"passed\"",
                row("torch sdpa", "f32", 100, "images/s", ", \"output\": [2, 0]"),
                row("torch eager", "f32", 80, "images/s", ", \"output\": [2, 0]"),
                row("torch sdpa", "bf16", 400, "images/s", ", \"output\": [2, 0]"));
        assertThat(KitReport.of(folder))
                .contains("| w | 50.0 (0.50) | 100 | 300 (0.75) | 400 |")
                .contains("1 - cosine to PyTorch's f32 vectors, at most: f32 0.0e+00, bf16 5.0e-03.");
    }

    @Test
    void thePeakIsTheBestOfBoth() throws IOException {
        write("card", "\"status\": \"passed\"", "{\"name\": \"H\", \"platform\": \"P\", \"driver\": \"580\"}");
        write("matmul", "\"status\": \"passed\"", row("llm2clip", "f32", 50, "TFLOP/s", ""));
        write("matmul-peer", "\"status\": \"passed\"", row("torch", "f32", 51.25, "TFLOP/s", ""));
        assertThat(KitReport.of(folder)).contains("## H", "P (driver 580)", "Peak as measured, TFLOP/s: f32 51.3.");
    }

    @Test
    void timesAreBetterWhenShorter() throws IOException {
        write("training", "\"status\": \"passed\"", row("llm2clip", "f32", 20, "ms", ", \"losses\": [2, 1.01]"));
        write("training-peer", "\"status\": \"passed\"", row("torch sdpa", "f32", 10, "ms", ", \"losses\": [2, 1]"));
        assertThat(KitReport.of(folder))
                .contains("| w | 20.0 (0.50) | 10.0 |")
                .contains(
                        "Losses of the first steps differ from PyTorch's, as parts of the first, by at most: f32 5.0e-03.");
    }

    @Test
    void failuresNameTheNearestKernelOrCall() throws IOException {
        write("matmul", "\"status\": \"failed\"", "{\"work\": \"big\", \"error\": \"cublasLtMatmul returned 13\"}");
        write("towers", "\"status\": \"timeout\", \"limit\": 9, \"output\": \"compiling k_softmax\"");
        write("launches", "\"status\": \"failed\", \"output\": \"java.lang.IllegalStateException: no\\n at x\"");
        write("demo", "\"status\": \"skipped\", \"reason\": \"no time was left\"");
        assertThat(KitReport.of(folder))
                .contains("* matmul, big: cublasLtMatmul returned 13 (nearest: cublasLtMatmul)")
                .contains("* towers: not done in 9 s; compiling k_softmax (nearest: k_softmax)")
                .contains("* launches: failed; java.lang.IllegalStateException: no")
                .contains("* demo: skipped, no time was left.");
    }

    @Test
    void whatATestRunnerPrintsBecomesRows() {
        ArrayNode rows = Rows.JSON.createArrayNode();
        SuiteOutput.addRows("""
                Failures (2):
                  JUnit Jupiter:Cases:products()
                    MethodSource [className = 'Cases', methodName = 'products', methodParameterTypes = '']
                    => java.lang.AssertionError: k_matmul is wrong
                       org.x.Y
                  jqwik (JUnit Platform)
                    => org.junit.JUnitException: no database
                11 of 12 tests succeeded.
                """, rows);
        assertThat(rows.get(0).get("work").asString()).isEqualTo("JUnit Jupiter:Cases:products()");
        assertThat(rows.get(0).get("error").asString()).isEqualTo("java.lang.AssertionError: k_matmul is wrong");
        assertThat(rows.get(1).get("work").asString()).isEqualTo("jqwik (JUnit Platform)");
        assertThat(rows.get(2).get("value").asInt()).isEqualTo(11);
        assertThat(rows.get(2).get("of").asInt()).isEqualTo(12);
    }

    /** The rule by which another program makes the same weights; the values are those of {@code peer.py}. */
    @Test
    void weightsAreThoseOfThePeer() {
        assertThat(new float[] {
                    HashWeights.uniform(HashWeights.seed("w"), 0), HashWeights.uniform(HashWeights.seed("w"), 1_000_000)
                })
                .containsExactly(0.2894803285598755f, -0.9291188716888428f);
    }
}
