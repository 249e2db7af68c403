package io.llm2clip.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The driver with this engine and a rival that answers what the test has it answer. */
class CompareTest {
    private static final String ROW = "vit-l-1";

    @TempDir
    private Path folder;

    private Path rival;

    @BeforeEach
    void makeRival() throws IOException {
        rival = folder.resolve("rival");
        Files.writeString(rival, """
                #!/usr/bin/env bash
                [ "$1" != -c ] || { echo torch 1.2.3; exit; }
                while read -r command rest; do
                    case "$command" in
                        prepare) cat "%1$s/prepare" ;;
                        output) cat "%1$s/output" || exit 3 ;;
                        round) echo '{"nanos": 2000000000000}' ;;
                        memory) echo '{"bytes": 5}' ;;
                    esac
                done
                """.formatted(folder));
        Files.setPosixFilePermissions(rival, PosixFilePermissions.fromString("rwxr-xr-x"));
        answer("prepare", "{}");
    }

    private void answer(String command, String json) throws IOException {
        Files.writeString(folder.resolve(command), json + "\n");
    }

    private static float[] vector() {
        Row row = Suite.of(true).stream()
                .filter(one -> one.name().equals(ROW))
                .findFirst()
                .orElseThrow();
        try (Task task = OwnTasks.of(row.work().with(row.subject().settings()))) {
            return task.output();
        }
    }

    private record Run(int code, String out, JsonNode row) {}

    private Run run(String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--small", "--rounds", "2", "--warm-up", "0"));
        arguments.addAll(List.of("--work", folder.toString()));
        arguments.addAll(Arrays.asList(more));
        Map<String, String> usual = Map.of("--only", ROW, "--python", rival.toString(), "--peers", "torch");
        usual.forEach((option, value) -> {
            if (arguments.stream().noneMatch(one -> one.startsWith(option))) {
                arguments.addAll(List.of(option, value));
            }
        });
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            int code = Compare.run(arguments.toArray(String[]::new));
            JsonNode report = Files.exists(folder.resolve("compare.json"))
                    ? JsonMapper.shared().readTree(Files.readString(folder.resolve("compare.json")))
                    : JsonMapper.shared().createObjectNode();
            return new Run(
                    code,
                    out.toString(StandardCharsets.UTF_8),
                    report.path("rows").path(0));
        } finally {
            System.setOut(before);
        }
    }

    @Test
    void aRivalOfTheSameOutputIsMeasured() throws IOException {
        answer("output", Output.of(vector()).json());
        Run run = run();
        assertThat(run.code).as(run.out).isZero();
        assertThat(run.row
                        .get("entrants")
                        .valueStream()
                        .map(one -> one.get("entrant").asString()))
                .containsExactly("llm2clip", "PyTorch", "PyTorch compiled");
        assertThat(run.row.get("entrants").get(1).get("millis").size()).isEqualTo(2);
        assertThat(run.row.get("best").asString()).startsWith("PyTorch");
        assertThat(run.row.get("ratio").asDouble())
                .as("the rival takes half an hour")
                .isGreaterThan(100);
        assertThat(run.row.get("peakGflops").asDouble()).isPositive();
        assertThat(run.out).contains("| tiny ViT, batch 1 |").contains("torch 1.2.3");
        assertThat(Files.readString(folder.resolve("compare.md"))).isEqualTo(run.out);
    }

    /** Not as this process is, which may have others. */
    @Test
    void theMachineIsAsProcessesWithTheGivenOptionsFindIt() throws IOException {
        answer("output", Output.of(vector()).json());
        assertThat(run("--java-option=-Dllm2clip.vector.bits=128").out).contains("; 128-bit vectors, ");
    }

    @ParameterizedTest
    @ValueSource(floats = {1.01f, Float.NaN})
    void aRowWhoseOutputsDifferFails(float factor) throws IOException {
        float[] wrong = vector();
        wrong[wrong.length - 1] *= factor;
        answer("output", Output.of(wrong).json());
        Run run = run();
        assertThat(run.code).isEqualTo(1);
        assertThat(run.row.get("errors").toString()).contains("its output differs from that of PyTorch by");
        assertThat(run.out).contains("vit-l-1 failed: ").contains("| failed |");
        assertThat(run.row.has("ratio")).isFalse();
    }

    @Test
    void outputsOfAnotherSizeFail() throws IOException {
        answer("output", Output.of(new float[] {1, 2, 3}).json());
        Run run = run();
        assertThat(run.code).isEqualTo(1);
        assertThat(run.row.get("errors").toString()).contains("it gave 32 elements, the other 3");
    }

    @Test
    void aRivalThatFailsOrEndsIsNamedAndTheOthersGoOn() throws IOException {
        answer("prepare", "{\"error\": \"no such operator\"}");
        Run failed = run();
        assertThat(failed.code).isEqualTo(1);
        assertThat(failed.row.get("errors").get(0).asString()).isEqualTo("PyTorch: no such operator");
        assertThat(failed.row.get("entrants").size()).as("llm2clip alone").isEqualTo(1);
        answer("prepare", "{}");
        Run ended = run();
        assertThat(ended.code).isEqualTo(1);
        assertThat(ended.row.get("errors").get(0).asString()).contains("it ended with code 3; see ");
    }

    @Test
    void aRivalThatIsNotForThisMachineIsLeftOutWithoutFailing() throws IOException {
        answer("prepare", "{\"absent\": \"this CPU has no instructions for bf16\"}");
        Run run = run();
        assertThat(run.code).isZero();
        assertThat(run.out).contains("vit-l-1 without PyTorch: this CPU has no instructions for bf16.");
    }

    @Test
    void withoutRivalsThisEngineRunsAlone() throws IOException {
        Run run = run("--peers", "llm2clip");
        assertThat(run.code).isZero();
        assertThat(run.row.get("entrants").size()).isEqualTo(1);
        assertThat(run.row.has("ratio")).isFalse();
    }

    @Test
    void aFreshProcessIsStartedForEachRound() throws IOException {
        Run run = run("--peers", "llm2clip", "--only", "first-image");
        assertThat(run.code).isZero();
        JsonNode millis = run.row.get("entrants").get(0).get("millis");
        assertThat(millis.valueStream()).hasSize(2).allMatch(value -> value.asDouble() > 50);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--rounds=0",
                "--threads=0",
                "--warm-up=-1",
                "--only=vit",
                "--only=,",
                "--peers=,",
                "--python=/nowhere",
                "--peers=jax",
                "--work=/tmp/a b"
            })
    void badOptionsAreRefused(String option) throws IOException {
        assertThat(run(option).code).isEqualTo(2);
        assertThat(folder.resolve("compare.json")).doesNotExist();
    }

    /** Where Python has the packages, the real rivals. */
    @Test
    void realRivalsGiveTheSameOutputs() throws IOException, InterruptedException {
        Process python = new ProcessBuilder("python3", "-c", "import torch; import sys; print(sys.executable)").start();
        String interpreter = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assumeTrue(python.waitFor() == 0, "python3 has no PyTorch");
        Path scripts = Path.of("compare").toAbsolutePath();
        Run run = run(
                "--python",
                interpreter,
                "--scripts",
                scripts.toString(),
                "--only",
                "gemm-dw,vit-l-1",
                "--peers",
                "torch");
        assertThat(run.code).as(run.out).isZero();
    }
}
