package io.llm2clip.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** Parts that hang, crash, find nothing to do: the others run, and a second run repeats only what failed. */
class KitRunTest {
    @TempDir
    private Path folder;

    private final List<Part> parts = List.of(
            part("card", 60, "card"),
            part("hangs", 2, "hang"),
            part("crashes", 60, "crash"),
            part("wrong", 60, "wrong"),
            part("absent", 60, "absent"),
            part("works", 60, "work"));

    private static Part part(String name, int seconds, String what) {
        return new Part(
                name,
                "Part " + name,
                seconds,
                context -> context.java(
                        Child.class.getName(),
                        List.of(),
                        List.of(what, context.rows().toString())));
    }

    /** What the parts of this test do. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            Path rows = Path.of(arguments[1]);
            Files.writeString(
                    rows.resolveSibling("calls"),
                    arguments[0] + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
            try (Rows out = new Rows(rows)) {
                switch (arguments[0]) {
                    case "card" -> out.add(Rows.row("device 0").put("name", "CPU"));
                    case "hang" -> {
                        out.add(Rows.row("before it hangs").put("value", 1));
                        Thread.sleep(60_000);
                    }
                    case "crash" -> {
                        Files.writeString(rows, "{\"work\": \"cut o", StandardOpenOption.APPEND);
                        System.out.println("failed in k_square");
                        Runtime.getRuntime().halt(134);
                    }
                    case "wrong" -> out.add(Rows.row("sum").put("error", "found 3"));
                    case "absent" -> {
                        System.out.println("PyTorch is not installed");
                        Runtime.getRuntime().halt(PartProcess.SKIPPED);
                    }
                    default -> out.add(Rows.row("sum").put("value", 2));
                }
            }
        }
    }

    @BeforeEach
    void createFolder() throws IOException {
        Files.createDirectories(folder);
    }

    private int run(String... more) {
        String[] arguments = Stream.concat(
                        Stream.of("--device", "cpu", "--results", folder.toString()), Stream.of(more))
                .toArray(String[]::new);
        return new CommandLine(new KitRun(parts)).execute(arguments);
    }

    private JsonNode result(String part) throws IOException {
        return Rows.JSON.readTree(Files.readString(folder.resolve(part + ".json")));
    }

    private String status(String part) throws IOException {
        return result(part).get("status").asString();
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(folder.resolve("calls"));
    }

    @Test
    void aPartThatFailsDoesNotStopTheOthersAndIsTheOnlyOneRepeated() throws IOException {
        assertThat(run()).isEqualTo(1);
        assertThat(status("card")).isEqualTo("passed");
        assertThat(status("hangs")).isEqualTo("timeout");
        assertThat(result("hangs").get("rows").get(0).get("work").asString()).isEqualTo("before it hangs");
        assertThat(status("crashes")).isEqualTo("failed");
        assertThat(result("crashes").get("exit").asInt()).isEqualTo(134);
        assertThat(result("crashes").get("rows").get(0).get("left_out").asString())
                .isEqualTo("{\"work\": \"cut o");
        assertThat(result("crashes").get("output").asString()).contains("k_square");
        assertThat(status("wrong")).isEqualTo("failed");
        assertThat(status("absent")).isEqualTo("skipped");
        assertThat(result("absent").get("reason").asString()).isEqualTo("PyTorch is not installed");
        assertThat(status("works")).isEqualTo("passed");
        assertThat(calls()).containsExactly("card", "hang", "crash", "wrong", "absent", "work");

        run();
        assertThat(calls().subList(6, calls().size()))
                .as("what passed is kept; the card is always asked")
                .containsExactly("card", "hang", "crash", "wrong", "absent");
        assertThat(run("--only", "works")).isZero();
        assertThat(calls().getLast()).isEqualTo("work");
    }

    @Test
    void resultsOfOtherShapesAreNotKept() throws IOException {
        run("--only", "works");
        run("--small");
        assertThat(calls().stream().filter("work"::equals)).hasSize(2);
    }

    @Test
    void partsForWhichNoTimeIsLeftAreNamed() throws IOException {
        run("--seconds", "1");
        assertThat(status("works")).isEqualTo("skipped");
        assertThat(result("works").get("reason").asString()).isEqualTo("no time was left");
    }

    @Test
    void aResultThatIsThereIsNotLostForWantOfTime() throws IOException {
        run("--only", "works");
        run("--only", "works", "--seconds", "1");
        assertThat(status("works")).isEqualTo("passed");
    }

    @Test
    void anUnknownPartIsRefused() {
        StringWriter errors = new StringWriter();
        int code = new CommandLine(new KitRun(parts))
                .setErr(new PrintWriter(errors))
                .execute("--device", "cpu", "--results", folder.toString(), "--only", "matmuls");
        assertThat(code).isEqualTo(2);
        assertThat(errors.toString())
                .contains("There is no part 'matmuls'; choose from card, hangs, crashes, wrong, absent, works.");
    }

    @Test
    void partsThatNameNothingAreRefused() {
        StringWriter errors = new StringWriter();
        int code = new CommandLine(new KitRun(parts))
                .setErr(new PrintWriter(errors))
                .execute("--device", "cpu", "--results", folder.toString(), "--only", ",");
        assertThat(code).isEqualTo(2);
        assertThat(errors.toString()).contains("--only names nothing; give a name, or leave it out.");
    }

    /** The real parts, as far as they need no device: tiny shapes on the CPU, in processes of their own. */
    @Test
    void theRealPartsRunOnTheCpu() throws IOException {
        int code = new CommandLine(new KitRun(Parts.ALL))
                .execute(
                        "--device",
                        "cpu",
                        "--small",
                        "--results",
                        folder.toString(),
                        "--only",
                        "matmul,towers,training,kernels,launches,demo");
        assertThat(code).isZero();
        for (String part : List.of("matmul", "towers", "training")) {
            assertThat(status(part)).as(part).isEqualTo("passed");
        }
        assertThat(result("kernels").get("reason").asString()).isEqualTo("it needs a device of TornadoVM");
        assertThat(result("matmul").get("rows").get(0).get("max_error").asDouble())
                .isLessThan(1e-6);
        JsonNode losses = result("training").get("rows").get(0).get("losses");
        assertThat(losses.get(losses.size() - 1).asDouble())
                .as("the loss falls from %s", losses)
                .isLessThan(losses.get(0).asDouble());
        String section = KitReport.of(folder);
        assertThat(section)
                .contains("| matmul 64 x 96 x 80 |")
                .contains("| tiny ViT batch 2 |")
                .contains("| stage-1 LoRA step, tiny Llama, 32 x 8 |")
                .contains("* kernels: skipped, it needs a device of TornadoVM.");
    }
}
