package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.demo.DemoExample;
import io.llm2clip.demo.DemoResult;
import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

class DemoCommandTest {
    private static final List<String> SETS = List.of("long", "short", "longOtherWords", "shortOtherWords");
    private static final List<String> ARMS = List.of("llm2clip", "clip", "clipEqualCompute");

    /** Reports a result as the demo does, without running it. */
    @Command(name = "report")
    private static final class Report implements Runnable {
        @Mixin
        private final Terminal terminal = new Terminal();

        @Override
        public void run() {
            DemoCommand.report(result(), "f32", terminal);
        }
    }

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private static DemoResult result() {
        Map<String, Map<String, BothWays>> retrieval = new LinkedHashMap<>();
        Map<String, Map<String, Bootstrap.Interval>> differences = new LinkedHashMap<>();
        Map<String, DemoResult.Compute> compute = new LinkedHashMap<>();
        for (String set : SETS) {
            Map<String, BothWays> arms = new LinkedHashMap<>();
            Map<String, Bootstrap.Interval> intervals = new LinkedHashMap<>();
            for (String arm : ARMS) {
                arms.put(arm, new BothWays(new Recall(0.1, 0.4, 0.6), new Recall(0.2, 0.5, 0.7)));
                compute.put(arm, new DemoResult.Compute(300, 1L << 40));
                if (!arm.equals("llm2clip")) {
                    intervals.put(arm, new Bootstrap.Interval(0.1, 0.05, 0.15));
                }
            }
            retrieval.put(set, arms);
            differences.put(set, intervals);
        }
        return new DemoResult(
                7,
                true,
                new DemoResult.Data(120, 40),
                Map.of(CaptionRetrieval.LONG_LONG, new CaptionRetrieval.Change(40, 0.25, 0.75)),
                retrieval,
                new BothWays(new Recall(0.1, 0.4, 0.6), new Recall(0.2, 0.5, 0.7)),
                differences,
                new Recall(0.025, 0.125, 0.25),
                compute,
                List.of(new DemoResult.Phase("stage 1", 12.5, 1 << 20)),
                Map.of("stage 1", List.of(3f, 2f)),
                "out/model",
                "out/report.html",
                new DemoExample("out/data/test/images/7.png", List.of("A house.", "A $1 kite.", "A tent."), 1));
    }

    private int report(String... arguments) {
        return new CommandLine(new Report())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    @Test
    void jsonIsOneObjectOnStandardOutput() {
        assertThat(report("--json")).isZero();
        JsonNode json = Json.MAPPER.readTree(out.toString());
        assertThat(json.path("seed").asInt()).isEqualTo(7);
        assertThat(json.path("quick").asBoolean()).isTrue();
        assertThat(json.path("data").path("trainImages").asInt()).isEqualTo(120);
        assertThat(json.path("data").path("testImages").asInt()).isEqualTo(40);
        assertThat(json.path("captionRetrievalAccuracy")
                        .path("longLong")
                        .path("after")
                        .asDouble())
                .isEqualTo(0.75);
        for (String set : SETS) {
            for (String arm : ARMS) {
                JsonNode ways = json.path("retrieval").path(set).path(arm);
                assertThat(ways.path("imageToText").path("r1").asDouble()).isEqualTo(0.1);
                assertThat(ways.path("textToImage").path("r10").asDouble()).isEqualTo(0.7);
            }
        }
        JsonNode phase = json.path("phases").path(0);
        assertThat(phase.path("name").asString()).isEqualTo("stage 1");
        assertThat(phase.path("seconds").asDouble()).isEqualTo(12.5);
        assertThat(phase.path("peakBytes").asLong()).isEqualTo(1 << 20);
        assertThat(json.path("model").asString()).isEqualTo("out/model");
        assertThat(json.path("report").asString()).isEqualTo("out/report.html");
        assertThat(json.path("example").path("right").asInt()).isEqualTo(1);
        assertThat(json.has("curves")).isFalse();
    }

    @Test
    void withoutJsonItIsTheTable() {
        assertThat(report()).isZero();
        assertThat(out.toString())
                .contains(
                        "chance",
                        "stage 1",
                        "two long captions           25.0 % before stage 1,  75.0 % after, among 40");
        assertThat(err.toString())
                .contains("The model is in out/model, the report is out/report.html.")
                .contains(
                        "Ask it about an image that it has not seen; the second caption describes it:",
                        "llm2clip similarity --model out/model out/data/test/images/7.png \"A house.\" 'A $1 kite.' \"A tent.\"");
    }
}
