package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a training takes does not depend on how much it may learn from. */
class TrainingMemoryTest {
    /** A heap of one size, which has to do for both: what was not collected yet is no need of the training. */
    private static final List<String> JVM = List.of("-Xms64m", "-Xmx64m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC");

    private static final int FEW = 10_000;
    private static final int MANY = 1_000_000;
    /** The median of so many counts: how much the JVM has compiled by a time differs from run to run. */
    private static final int RUNS = 3;

    private static final int PICTURES = 100;
    private static final List<String> WORDS = List.of(
            "red", "green", "boat", "kite", "market", "forest", "lamp", "tent", "tree", "wide", "small", "sandy");

    @TempDir
    Path folder;

    private Path text;

    @BeforeEach
    void textEncoder() throws Exception {
        assumeTrue(Boolean.getBoolean("llm2clip.nightly"), "only with -Pnightly: writes 200 MB, takes minutes");
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "memory is read from /proc, which only Linux has");
        text = folder.resolve("text");
        Path captions = captions(500);
        Path out = text;
        peak(List.of("train", "caption", captions, "--llm-steps", 5, "--steps", 5, "--vocabulary", 300, "--out", out));
    }

    @Test
    void stageOneOnAMillionLinesTakesTheMemoryOfTenThousand() throws Exception {
        assertFlat(count ->
                List.of("train", "caption", captions(count), "--val", folder.resolve("500.jsonl"), "--llm", text));
    }

    @Test
    void stageTwoOnAMillionListedImagesTakesTheMemoryOfTenThousand() throws Exception {
        Path measured = images(500);
        Path vectors = folder.resolve("vectors");
        assertFlat(count ->
                List.of("train", "clip", images(count), "--val", measured, "--text", text, "--vectors", vectors));
    }

    private interface Training {
        List<?> of(int examples) throws IOException;
    }

    private void assertFlat(Training training) throws Exception {
        long few = median(training, FEW);
        long many = median(training, MANY);
        System.out.printf("%,d bytes with %,d examples, %,d with %,d%n", few, FEW, many, MANY);
        assertThat(many).as("bytes, with %,d examples %,d", FEW, few).isLessThan(few * 102 / 100);
    }

    private long median(Training training, int examples) throws Exception {
        List<Long> peaks = new ArrayList<>();
        for (int run = 0; run < RUNS; run++) {
            List<Object> command = new ArrayList<>(training.of(examples));
            command.addAll(
                    List.of("--steps", 60, "--batch", 32, "--overwrite", "--out", folder.resolve("model-" + examples)));
            peaks.add(peak(command));
        }
        peaks.sort(null);
        return peaks.get(RUNS / 2);
    }

    private Path captions(int count) throws IOException {
        return write(folder.resolve(count + ".jsonl"), count, "");
    }

    private Path images(int count) throws IOException {
        Path images = folder.resolve("images-" + count);
        if (!Files.exists(images)) {
            Files.createDirectory(images);
            for (int i = 0; i < PICTURES; i++) {
                picture(images.resolve(i + ".png"), i);
            }
            write(images.resolve("captions.jsonl"), count, "\"image\": \"%d.png\", ");
        }
        return images;
    }

    private static void picture(Path file, int number) throws IOException {
        BufferedImage picture = new BufferedImage(64, 64, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(Color.getHSBColor(number / (float) PICTURES, 1, 1));
        graphics.fillOval(number / 4, 10, 30, 40);
        graphics.dispose();
        ImageIO.write(picture, "png", file.toFile());
    }

    /** Lines of few captions, which are listed again and again. */
    private static Path write(Path file, int count, String image) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < count; i++) {
                int number = i % PICTURES;
                Random random = new Random(number);
                out.write("{%s\"captions\": [\"%s %d\", \"%s %d\"]}\n"
                        .formatted(image.formatted(number), text(random, 2), number, text(random, 12), number));
            }
        }
        return file;
    }

    private static String text(Random random, int words) {
        StringBuilder text = new StringBuilder(WORDS.getFirst());
        for (int i = 1; i < words; i++) {
            text.append(' ').append(WORDS.get(random.nextInt(WORDS.size())));
        }
        return text.toString();
    }

    /** The most bytes that were resident while a command ran. */
    private long peak(List<?> command) throws Exception {
        Path output = folder.resolve("output.log");
        ProcessBuilder builder = CommandProcess.command(output, JVM, command);
        // One heap of the C library, whatever threads there are.
        builder.environment().put("MALLOC_ARENA_MAX", "1");
        Process process = builder.start();
        long peak = 0;
        try {
            while (process.isAlive()) {
                peak = Math.max(peak, peak(process.pid()));
                Thread.sleep(20);
            }
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        return peak;
    }

    private static long peak(long process) throws IOException {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(process), "status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (NoSuchFileException e) {
            // It has just ended.
            return 0;
        }
    }
}
