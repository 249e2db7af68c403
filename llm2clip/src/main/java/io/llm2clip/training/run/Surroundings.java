package io.llm2clip.training.run;

import io.llm2clip.tensor.machine.Processor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What a run was made with, for whoever repeats it: versions and the machine. */
final class Surroundings {
    private static final Path LINUX_PROCESSORS = Path.of("/proc/cpuinfo");

    private Surroundings() {}

    static Map<String, String> describe() {
        Map<String, String> found = new LinkedHashMap<>();
        found.put("llm2clip", version());
        found.put("java", Runtime.version().toString());
        found.put("jvm", System.getProperty("java.vm.name", "") + ", " + System.getProperty("java.vm.vendor", ""));
        found.put(
                "system",
                "%s %s %s"
                        .formatted(
                                System.getProperty("os.name"),
                                System.getProperty("os.version"),
                                System.getProperty("os.arch")));
        found.put("cpu", processor());
        found.put("threads", Integer.toString(Processor.threadCount()));
        found.put("heap_mb", Long.toString(Runtime.getRuntime().maxMemory() / 1_000_000));
        return found;
    }

    private static String version() {
        String packaged = Surroundings.class.getPackage().getImplementationVersion();
        return packaged == null ? "unpackaged" : packaged;
    }

    private static String processor() {
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
