package io.llm2clip.report;

import com.sun.management.OperatingSystemMXBean;
import io.llm2clip.tensor.machine.Processor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What is needed to get a result again: how it was made, on what. */
public final class Facts {
    private final Map<String, String> facts = new LinkedHashMap<>();

    /** One more, of a name that there is not yet. */
    public Facts and(String name, String value) {
        facts.put(name, value);
        return this;
    }

    /**
     * The machine, and when it was.
     *
     * @param device that computed
     */
    public Facts machine(String device) {
        Processor processor = Processor.current();
        and(
                "date",
                DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                        ZonedDateTime.now().truncatedTo(ChronoUnit.SECONDS)));
        and(
                "llm2clip",
                Optional.ofNullable(Facts.class.getPackage().getImplementationVersion())
                        .orElse("unpackaged"));
        and("Java", System.getProperty("java.vendor") + " " + Runtime.version());
        and("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        and("computed on", device);
        and(
                "CPU",
                "%s, %d threads, vectors of %d bits, f32 by %s"
                        .formatted(
                                cpu().orElse("unknown"),
                                processor.threads(),
                                processor.vectorBits(),
                                processor.matmul()));
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine) {
            and("memory", "%d GB".formatted(Math.round(machine.getTotalMemorySize() / 1e9)));
        }
        return this;
    }

    /** A table of all. */
    public String html() {
        DataTable table = DataTable.ofFacts();
        facts.forEach((name, value) -> table.row("", List.of(Html.escape(name), Html.escape(value))));
        return table.html();
    }

    /** The processor's name where Linux tells it. */
    private static Optional<String> cpu() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
