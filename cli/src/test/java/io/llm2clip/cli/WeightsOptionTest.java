package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.machine.Processor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class WeightsOptionTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path picture;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(folder.resolve("model"), 32);
        picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
    }

    private static double[] vector(String line) {
        JsonNode values = Json.MAPPER.readTree(line).path("embedding");
        double[] vector = new double[values.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = values.get(i).asDouble();
        }
        return vector;
    }

    /** Other values, but close ones: int4 has 16 levels, and these layers are narrow. */
    @ParameterizedTest
    @CsvSource({"bf16, 0.9999", "BF16, 0.9999", "int8, 0.999", "int4, 0.9"})
    void vectorsOfRoundedWeightsAreOthersButClose(String format, double close) {
        Object[] plain = {"embed", "--model", model, "--image", picture, "--text", "a red kite", "--json"};
        Object[] rounded = {
            "embed", "--model", model, "--image", picture, "--text", "a red kite", "--json", "--weights", format
        };
        String[] expected = Run.of(plain).out().split("\n");
        Run run = Run.of(rounded);
        assertThat(run.code()).as(run.err()).isZero();
        String[] found = run.out().split("\n");
        for (int i = 0; i < expected.length; i++) {
            double[] a = vector(expected[i]);
            double[] b = vector(found[i]);
            double cosine = 0;
            for (int d = 0; d < a.length; d++) {
                cosine += a[d] * b[d];
            }
            assertThat(b).isNotEqualTo(a);
            assertThat(cosine).isGreaterThan(close);
        }
    }

    @Test
    void f32IsWhatTheFileHas() {
        assertThat(Run.of("embed", "--model", model, "--text", "a kite", "--weights", "f32")
                        .out())
                .isEqualTo(Run.of("embed", "--model", model, "--text", "a kite").out());
    }

    /** Results say in what they were computed. */
    @Test
    void quantizedWeightsAreMultipliedAsIntegersWhereAsked() {
        assumeTrue(Processor.absence(Precision.INT8).isEmpty());
        Object[] plain = {"similarity", "--model", model, picture, "a red kite", "snow", "--json", "--weights", "int8"};
        List<Object> integers = new ArrayList<>(List.of(plain));
        integers.addAll(List.of("--precision", "int8"));
        JsonNode expected = Run.of(plain).json();
        JsonNode found = Run.of(integers.toArray()).json();
        assertThat(expected.path("precision").asString()).isEqualTo("f32");
        assertThat(found.path("precision").asString()).isEqualTo("int8");
        double cosine = found.path("captions").path(0).path("cosine").asDouble();
        double other = expected.path("captions").path(0).path("cosine").asDouble();
        assertThat(cosine).isNotEqualTo(other).isCloseTo(other, within(0.05));
    }

    @Test
    void everyCommandThatOpensAModelTakesIt() {
        for (String command : new String[] {"embed", "similarity", "eval"}) {
            assertThat(Run.of(command, "--help").out()).contains("--weights=f32|bf16|int8|int4");
        }
        Run unknown = Run.of("embed", "--model", model, "--text", "a", "--weights", "int2");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("'--weights'", "'int2'", "INT8");
    }
}
