package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.management.ObjectName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a data set keeps in memory does not depend on how many examples it lists, but for a fraction of a byte each. */
class ListedMemoryTest {
    private static final int FEW = 1_000;
    private static final int MANY = 50_000;
    /** Offsets of all would be 8. */
    private static final double BYTES = 1;

    private static final Pattern TOTAL = Pattern.compile("Total +\\d+ +(\\d+)");

    @TempDir
    Path folder;

    enum Kind {
        IMAGES {
            @Override
            ExampleSet open(Path folder, int count) throws IOException {
                Files.write(Files.createDirectories(folder).resolve("1.png"), Examples.png(1));
                write(
                        folder.resolve("captions.jsonl"),
                        count,
                        "",
                        "{\"image\": \"1.png\", \"captions\": [\"text %d\"]}");
                return CaptionFolder.open(folder);
            }
        },
        TEXTS {
            @Override
            ExampleSet open(Path folder, int count) throws IOException {
                return TextFile.open(write(
                        folder.resolve(count + ".jsonl"),
                        count,
                        "",
                        "{\"captions\": [\"text %d\", \"another text\"]}"));
            }
        },
        LINES {
            @Override
            ExampleSet open(Path folder, int count) throws IOException {
                return JsonLinesTable.open(
                        write(folder.resolve(count + ".jsonl"), count, "", "{\"caption\": \"text %d\"}"),
                        CaptionColumns.BY_NAME);
            }
        },
        TABLE {
            @Override
            ExampleSet open(Path folder, int count) throws IOException {
                return CaptionTable.open(
                        write(folder.resolve(count + ".csv"), count, "caption,number\n", "text %d,\"1\n2\""),
                        CaptionColumns.BY_NAME);
            }
        },
        TARS {
            @Override
            ExampleSet open(Path folder, int count) throws IOException {
                Object[] entries = IntStream.range(0, count)
                        .boxed()
                        .flatMap(i -> Stream.of(i + ".txt", "text " + i))
                        .toArray();
                return WebDataset.open(
                        Examples.tar(folder.resolve(count + ".tar"), entries).toString(), CaptionColumns.BY_NAME);
            }
        };

        abstract ExampleSet open(Path folder, int count) throws IOException;

        private static Path write(Path file, int count, String header, String line) throws IOException {
            try (BufferedWriter out = Files.newBufferedWriter(file)) {
                out.write(header);
                for (int i = 0; i < count; i++) {
                    out.write(line.formatted(i) + "\n");
                }
            }
            return file;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aListOfManyExamplesIsKeptAsOneOfFew(Kind kind) throws Exception {
        // What the JVM keeps of its own of such a measurement is there before.
        kept(kind, MANY);
        // Less than nothing where garbage of earlier tests went meanwhile.
        long few = Math.max(0, kept(kind, FEW));
        long many = kept(kind, MANY);
        assertThat(many - few)
                .as("bytes more for %,d examples, which takes %,d, than for %,d", MANY, many, FEW)
                .isLessThan((long) (BYTES * MANY));
    }

    /** Bytes that a set takes whose examples were all read. */
    private long kept(Kind kind, int count) throws Exception {
        Path files = Files.createDirectories(folder.resolve("" + count));
        // Classes and caches of the JVM's own are there before.
        readAll(kind.open(files, count), 16);
        long before = liveBytes();
        ExampleSet set = kind.open(files, count);
        readAll(set, 1);
        long after = liveBytes();
        Reference.reachabilityFence(set);
        return after - before;
    }

    private static void readAll(ExampleSet set, int step) {
        int before = 0;
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard); index += step) {
                assertThat(set.read(shard, index).texts().getFirst()).isEqualTo("text " + (before + index));
            }
            before += set.size(shard);
        }
    }

    /** What a collection of garbage leaves of the heap. */
    private static long liveBytes() throws Exception {
        Object histogram = ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[0]},
                        new String[] {String[].class.getName()});
        Matcher total = TOTAL.matcher(String.valueOf(histogram));
        assertThat(total.find()).isTrue();
        return Long.parseLong(total.group(1));
    }
}
