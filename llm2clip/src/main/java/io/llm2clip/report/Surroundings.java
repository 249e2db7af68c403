package io.llm2clip.report;

import com.sun.management.OperatingSystemMXBean;
import io.llm2clip.tensor.machine.Processor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Stream;

/** What computes: versions and the machine, for whoever repeats a result. */
public final class Surroundings {
    private static final Path LINUX_PROCESSORS = Path.of("/proc/cpuinfo");
    private static final String BUILD = "/io/llm2clip/build.properties";
    private static final String UNKNOWN = "unknown";

    private Surroundings() {}

    /** By name, in an order for people. */
    public static Map<String, String> describe() {
        Processor processor = Processor.current();
        Map<String, String> found = new LinkedHashMap<>();
        found.put("llm2clip", version());
        found.put("Java", Runtime.version() + ", " + System.getProperty("java.vendor"));
        found.put(
                "system",
                "%s %s %s"
                        .formatted(
                                System.getProperty("os.name"),
                                System.getProperty("os.version"),
                                System.getProperty("os.arch")));
        found.put(
                "CPU",
                "%s, %d threads, vectors of %d bits, f32 by %s"
                        .formatted(model(), processor.threads(), processor.vectorBits(), processor.matmul()));
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine) {
            found.put(
                    "memory",
                    "%d GB, Java heap up to %d MB"
                            .formatted(
                                    Math.round(machine.getTotalMemorySize() / 1e9),
                                    Runtime.getRuntime().maxMemory() / 1_000_000));
        }
        return found;
    }

    /** The version, with the commit that it was built from unless that was outside of version control. */
    public static String version() {
        Properties build = new Properties();
        try (InputStream in = Surroundings.class.getResourceAsStream(BUILD)) {
            build.load(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String version = build.getProperty("version");
        String commit = build.getProperty("commit");
        return UNKNOWN.equals(commit) ? version : version + ", commit " + commit;
    }

    /** The processor's name where Linux tells it. */
    private static String model() {
        try (Stream<String> lines = Files.lines(LINUX_PROCESSORS, StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElseGet(() -> System.getProperty("os.arch", ""));
        } catch (IOException e) {
            // Other systems have no such file.
            return System.getProperty("os.arch", "");
        }
    }
}
