package io.llm2clip.bench.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** The results of a run as a section of {@code docs/performance.md}, followed by what failed. */
public final class KitReport {
    /** Kernels have this prefix; the others begin functions of cuBLASLt, the driver and NVRTC. */
    private static final Pattern CALL = Pattern.compile("\\b(k_\\w+|cublasLt\\w+|cu[A-Z]\\w+|nvrtc\\w+)\\b");

    private final List<JsonNode> results;
    private final StringBuilder text = new StringBuilder();

    private KitReport(List<JsonNode> results) {
        this.results = results;
    }

    public static void main(String[] arguments) throws IOException {
        System.out.print(of(Path.of(arguments[0])));
    }

    /** The section for the results in a folder, parts in the kit's order. */
    static String of(Path folder) throws IOException {
        List<JsonNode> results = new ArrayList<>();
        for (Part part : Parts.ALL) {
            Path file = folder.resolve(part.name() + ".json");
            if (Files.exists(file)) {
                results.add(Rows.JSON.readTree(Files.readString(file)));
            }
        }
        return new KitReport(results).section();
    }

    private String section() {
        JsonNode card = rows("card").findFirst().orElse(Rows.JSON.createObjectNode());
        line("## %s", card.path("name").asString("no device"));
        line("");
        line(
                "%s, %s%s, %.1f GB; matmuls by %s.",
                card.path("backend").asString("no back end"),
                card.path("platform").asString("no platform"),
                card.has("driver") ? " (driver " + card.get("driver").asString() + ")" : "",
                card.path("memory_bytes").asDouble(0) / 1e9,
                card.path("matmul").asString("kernels"));
        line("");
        suites();
        PeerTable.of("Matmul, TFLOP/s", rows("matmul"), rows("matmul-peer")).ifPresent(this::add);
        peak();
        PeerTable.of("Towers, images or tokens per second", rows("towers"), rows("towers-peer"))
                .ifPresent(this::add);
        PeerTable.of("Training steps, milliseconds", rows("training"), rows("training-peer"))
                .ifPresent(this::add);
        launches();
        demo();
        failures();
        return text.toString();
    }

    private void suites() {
        for (String suite : List.of("kernels", "engine")) {
            rows(suite)
                    .filter(row -> row.has("of"))
                    .forEach(row -> line(
                            "%s: %d of %d tests succeeded.",
                            result(suite)
                                    .map(part -> part.get("title").asString())
                                    .orElse(suite),
                            row.get("value").asInt(),
                            row.get("of").asInt()));
        }
        line("");
    }

    /** The most that either engine's matmuls reached, against which the others can be seen. */
    private void peak() {
        Map<String, Double> peaks = new TreeMap<>();
        Stream.concat(rows("matmul"), rows("matmul-peer"))
                .filter(row -> row.has("value"))
                .forEach(row ->
                        peaks.merge(row.get("type").asString(), row.get("value").asDouble(), Math::max));
        if (!peaks.isEmpty()) {
            line(
                    "Peak as measured, TFLOP/s: %s.",
                    peaks.entrySet().stream()
                            .map(peak -> String.format(Locale.ROOT, "%s %.1f", peak.getKey(), peak.getValue()))
                            .collect(Collectors.joining(", ")));
            line("");
        }
    }

    private void launches() {
        List<JsonNode> rows = rows("launches").filter(row -> row.has("value")).toList();
        if (rows.isEmpty()) {
            return;
        }
        line("| launches | how | us in all | first, ms |");
        line("|---|---|---|---|");
        for (JsonNode row : rows) {
            line(
                    "| %s | %s | %.1f | %.1f |",
                    row.get("work").asString().replace("launches, ", ""),
                    row.get("type").asString(),
                    row.get("value").asDouble(),
                    1e3 * row.get("first_seconds").asDouble());
        }
        line("");
    }

    private void demo() {
        rows("demo").filter(row -> row.has("losses")).forEach(row -> {
            String losses = row.get("losses")
                    .propertyStream()
                    .map(phase -> phase.getKey() + " "
                            + phase.getValue()
                                    .valueStream()
                                    .map(loss -> "%.3f".formatted(loss.asDouble()))
                                    .collect(Collectors.joining(" / ")))
                    .collect(Collectors.joining("; "));
            line(
                    "Quick demo on the %s: %.1f s; caption retrieval accuracy of long captions %.1f to %.1f %%; losses at the first, middle"
                            + " and last step: %s.",
                    row.get("engine").asString(),
                    row.get("value").asDouble(),
                    100 * row.get("accuracy").get("before").asDouble(),
                    100 * row.get("accuracy").get("after").asDouble(),
                    losses);
            line("");
        });
    }

    private void failures() {
        List<String> lines = new ArrayList<>();
        for (JsonNode result : results) {
            String part = result.get("part").asString();
            String status = result.get("status").asString();
            if (status.equals("skipped")) {
                lines.add("* %s: skipped, %s."
                        .formatted(part, result.get("reason").asString()));
                continue;
            }
            for (String kind : List.of("error", "left_out")) {
                rows(part)
                        .filter(row -> row.has(kind))
                        .map(row -> "* %s, %s: %s%s"
                                .formatted(
                                        part,
                                        row.get("work").asString(),
                                        row.get(kind).asString(),
                                        nearest(row.get(kind).asString())))
                        .forEach(lines::add);
            }
            boolean told = rows(part).anyMatch(row -> row.has("error"));
            if (status.equals("timeout") || status.equals("failed") && !told) {
                String output = result.path("output").asString("");
                lines.add("* %s: %s; %s%s"
                        .formatted(
                                part,
                                status.equals("timeout")
                                        ? "not done in %d s"
                                                .formatted(result.get("limit").asInt())
                                        : "failed",
                                result.has("reason") ? result.get("reason").asString() : cause(output),
                                nearest(output)));
            }
        }
        if (!lines.isEmpty()) {
            line("What failed or was left out:");
            line("");
            lines.forEach(line -> this.line("%s", line));
        }
    }

    /** The last line that names an exception, or else the last one. */
    private static String cause(String output) {
        List<String> lines =
                output.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
        return lines.reversed().stream()
                .filter(l -> l.contains("Exception") || l.contains("Error") || l.startsWith("error"))
                .findFirst()
                .orElse(lines.isEmpty() ? "it printed nothing" : lines.getLast());
    }

    private static String nearest(String output) {
        String last = "";
        Matcher matcher = CALL.matcher(output);
        while (matcher.find()) {
            last = matcher.group();
        }
        return last.isEmpty() ? "" : " (nearest: " + last + ")";
    }

    private Optional<JsonNode> result(String part) {
        return results.stream()
                .filter(result -> result.get("part").asString().equals(part))
                .findFirst();
    }

    private Stream<JsonNode> rows(String part) {
        return result(part).stream().flatMap(result -> result.path("rows").valueStream());
    }

    private void add(String table) {
        text.append(table).append('\n');
    }

    private void line(String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
