package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainings that are killed at random moments, or told to stop, go on to the same bits as those that are left alone. */
class ResumeTest {
    /** More of them in nightly builds. */
    private static final int KILLS = Integer.getInteger("llm2clip.kills", 3);

    private static final List<String> COLORS = List.of("red", "green", "blue", "white", "black", "yellow");
    private static final Pattern EXACT =
            Pattern.compile("\"(step|phase|kind|loss|gradient_norm)\":(\"[^\"]*\"|[^,}]*)");

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = Files.createDirectories(folder.resolve("photos"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
            image.setRGB(i % 16, i / 16, 0xff0000 + 9 * i);
            ImageIO.write(image, "png", data.resolve(i + ".png").toFile());
            lines.append("""
                    {"image": "%d.png", "captions": ["A %s kite.", "A %2$s kite number %1$d flies over a beach.", "Over a beach flies kite %1$d."]}
                    """.formatted(i, COLORS.get(i % COLORS.size())));
        }
        Files.writeString(data.resolve("captions.jsonl"), lines);
    }

    @Test
    void killedTrainingsGoOnToTheSameBits() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<Object> caption = List.of(
                "train",
                "caption",
                data,
                "--llm-steps",
                25,
                "--steps",
                25,
                "--batch",
                4,
                "--vocabulary",
                300,
                "--save-every",
                7,
                "--quiet");
        Path text = folder.resolve("text");
        run(with(caption, "--out", text));
        killAndResume(caption, folder.resolve("killed-text"), 50, random);
        assertSame(text, folder.resolve("killed-text"), seed);

        List<Object> clip = List.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--vectors",
                folder.resolve("vectors"),
                "--steps",
                50,
                "--batch",
                8,
                "--image-size",
                16,
                "--patch-size",
                8,
                "--width",
                64,
                "--layers",
                1,
                "--embedding-size",
                8,
                "--save-every",
                7,
                "--quiet");
        Path model = folder.resolve("model");
        run(with(clip, "--out", model));
        killAndResume(clip, folder.resolve("killed-model"), 50, random);
        assertSame(model, folder.resolve("killed-model"), seed);
    }

    @Test
    void theFirstSignalSavesAndStops() throws Exception {
        Path text = folder.resolve("stopped-text");
        List<Object> command = List.of(
                "train", "caption", data, "--out", text, "--llm-steps", 100_000, "--vocabulary", 300, "--quiet");
        Path output = folder.resolve("stopped.log");
        Process process = CommandProcess.start(output, command);
        try {
            awaitSteps(process, run(text), 3);
            process.destroy();
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(Files.readString(output))
                .containsPattern(
                        "Stopping after this step; once more to stop at once, without saving it\\.\\R"
                                + "language model: stopped after step \\d+ of 100000 and saved as .*step-\\d+; the same command with --resume goes on from there\\.\\R$")
                .doesNotContain("error");
        assertThat(text).doesNotExist();
    }

    private static void killAndResume(List<Object> command, Path out, int steps, Random random) throws Exception {
        List<Object> first = with(command, "--out", out);
        int done = 0;
        for (int kill = 1; kill <= KILLS; kill++) {
            // Anywhere: also before the first step, and while a checkpoint is written.
            done = Math.max(done, random.nextInt(steps * kill / KILLS));
            Process process =
                    CommandProcess.start(folder.resolve("killed.log"), begun(out) ? with(first, "--resume") : first);
            try {
                awaitSteps(process, run(out), done);
                Thread.sleep(random.nextInt(30));
            } finally {
                process.destroyForcibly();
            }
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        if (!Files.exists(out)) {
            run(begun(out) ? with(first, "--resume") : first);
        }
    }

    private static boolean begun(Path out) {
        return Files.exists(run(out).resolve("args.json"));
    }

    private static Path run(Path out) {
        return out.resolveSibling(out.getFileName() + "-run");
    }

    private static List<Object> with(List<Object> command, Object... more) {
        return Stream.concat(command.stream(), Stream.of(more)).toList();
    }

    private static void run(List<Object> command) throws Exception {
        Path output = Files.createTempFile(folder, "command", ".log");
        Process process = CommandProcess.start(output, command);
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    }

    private static void awaitSteps(Process process, Path run, int steps) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (metrics(run).size() < steps && process.isAlive() && System.nanoTime() < deadline) {
            Thread.sleep(2);
        }
    }

    private static List<String> metrics(Path run) throws IOException {
        Path file = run.resolve("metrics.jsonl");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private static void assertSame(Path whole, Path killed, long seed) throws IOException {
        assertThat(content(killed)).as("seed %d", seed).isEqualTo(content(whole));
        assertThat(content(run(killed).resolve("checkpoints/step-000050")))
                .as("seed %d", seed)
                .containsAllEntriesOf(content(run(whole).resolve("checkpoints/step-000050")));
        assertThat(exact(run(killed))).as("seed %d", seed).hasSize(50).isEqualTo(exact(run(whole)));
    }

    /** Of each step what does not depend on the clock. */
    private static List<List<String>> exact(Path run) throws IOException {
        return metrics(run).stream()
                .map(line -> EXACT.matcher(line)
                        .results()
                        .map(found -> found.group())
                        .toList())
                .toList();
    }

    /** Digests of tensors and other files; what tells of lengths of logs has other ones. */
    private static Map<String, String> content(Path root) throws IOException {
        Map<String, String> digests = new TreeMap<>();
        List<Path> files = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(root)) {
            walk.filter(Files::isRegularFile).forEach(files::add);
        }
        for (Path file : files) {
            String name = root.relativize(file).toString();
            if (!name.equals("state.json") && !name.startsWith(".")) {
                try {
                    digests.put(
                            name,
                            HexFormat.of()
                                    .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                                            .digest(Files.readAllBytes(file))));
                } catch (java.security.NoSuchAlgorithmException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return digests;
    }
}
