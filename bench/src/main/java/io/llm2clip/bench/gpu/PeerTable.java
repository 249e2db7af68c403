package io.llm2clip.bench.gpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** The same work in this engine and in its peer, by the type of operands, and how far the results are apart. */
final class PeerTable {
    private static final List<String> TYPES = List.of("f32", "tf32", "bf16");

    private final String title;
    private final List<JsonNode> ours;
    private final List<JsonNode> theirs;

    private PeerTable(String title, List<JsonNode> ours, List<JsonNode> theirs) {
        this.title = title;
        this.ours = ours;
        this.theirs = theirs;
    }

    /** As Markdown; nothing where this engine has no figure. */
    static Optional<String> of(String title, Stream<JsonNode> ours, Stream<JsonNode> theirs) {
        PeerTable table = new PeerTable(
                title,
                ours.filter(row -> row.has("value")).toList(),
                theirs.filter(row -> row.has("value")).toList());
        return table.ours.isEmpty() ? Optional.empty() : Optional.of(table.markdown());
    }

    private String markdown() {
        List<String> types = TYPES.stream()
                .filter(type -> ours.stream().anyMatch(row -> is(row, "type", type)))
                .toList();
        StringBuilder text = new StringBuilder("| " + title + " |");
        types.forEach(type -> text.append(" %s | PyTorch |".formatted(type)));
        text.append("\n|---").append("|---|---".repeat(types.size())).append("|\n");
        for (String work :
                ours.stream().map(row -> row.get("work").asString()).distinct().toList()) {
            text.append("| ").append(work).append(" |");
            for (String type : types) {
                Optional<JsonNode> mine = find(ours, work, type).findFirst();
                Optional<JsonNode> peer = best(work, type);
                text.append(" %s | %s |"
                        .formatted(
                                mine.map(row -> number(row) + ratio(row, peer)).orElse("-"),
                                peer.map(PeerTable::number).orElse("-")));
            }
            text.append('\n');
        }
        apart().ifPresent(sentence -> text.append('\n').append(sentence).append('\n'));
        return text.toString();
    }

    /** How many times the peer's speed, in brackets. */
    private static String ratio(JsonNode row, Optional<JsonNode> peer) {
        return peer.map(other -> {
                    double factor =
                            row.get("value").asDouble() / other.get("value").asDouble();
                    return String.format(Locale.ROOT, " (%.2f)", isTime(row) ? 1 / factor : factor);
                })
                .orElse("");
    }

    private Optional<JsonNode> best(String work, String type) {
        Comparator<JsonNode> byValue =
                Comparator.comparingDouble(row -> row.get("value").asDouble());
        return find(theirs, work, type).max(ours.stream().anyMatch(PeerTable::isTime) ? byValue.reversed() : byValue);
    }

    /** Largest distances from the peer's f32 vectors, or losses of the same type. */
    private Optional<String> apart() {
        Map<String, Double> vectors = new LinkedHashMap<>();
        Map<String, Double> losses = new LinkedHashMap<>();
        for (JsonNode row : ours) {
            String work = row.get("work").asString();
            String type = row.get("type").asString();
            find(theirs, work, "f32")
                    .filter(other -> row.has("output") && other.has("output"))
                    .findFirst()
                    .ifPresent(other -> vectors.merge(
                            type, 1 - cosine(list(row, "output"), list(other, "output")), PeerTable::larger));
            find(theirs, work, type)
                    .filter(other -> row.has("losses") && other.has("losses"))
                    .findFirst()
                    .ifPresent(other -> losses.merge(
                            type, difference(list(row, "losses"), list(other, "losses")), PeerTable::larger));
        }
        List<String> sentences = new ArrayList<>();
        if (!vectors.isEmpty()) {
            sentences.add("1 - cosine to PyTorch's f32 vectors, at most: " + listed(vectors) + ".");
        }
        if (!losses.isEmpty()) {
            sentences.add("Losses of the first steps differ from PyTorch's, as parts of the first, by at most: "
                    + listed(losses) + ".");
        }
        return sentences.isEmpty() ? Optional.empty() : Optional.of(String.join(" ", sentences));
    }

    private static String listed(Map<String, Double> byType) {
        return String.join(
                ", ",
                byType.entrySet().stream()
                        .map(entry -> String.format(Locale.ROOT, "%s %.1e", entry.getKey(), entry.getValue()))
                        .toList());
    }

    /** NaN counts as the largest, so that it is seen. */
    private static double larger(double a, double b) {
        return Double.isNaN(a) || a > b ? a : b;
    }

    private static double cosine(List<Double> a, List<Double> b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.size(); i++) {
            ab += a.get(i) * b.get(i);
            aa += a.get(i) * a.get(i);
            bb += b.get(i) * b.get(i);
        }
        return ab / Math.sqrt(aa * bb);
    }

    /** In terms of the first, because losses near 0 differ by rounding in terms of themselves. */
    private static double difference(List<Double> a, List<Double> b) {
        double worst = 0;
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            worst = larger(Math.abs(a.get(i) - b.get(i)), worst);
        }
        return worst / Math.abs(b.getFirst());
    }

    private static List<Double> list(JsonNode row, String name) {
        return row.get(name).valueStream().map(JsonNode::asDouble).toList();
    }

    private static Stream<JsonNode> find(List<JsonNode> rows, String work, String type) {
        return rows.stream().filter(row -> is(row, "work", work) && is(row, "type", type));
    }

    private static boolean is(JsonNode row, String name, String value) {
        return row.path(name).asString("").equals(value);
    }

    private static boolean isTime(JsonNode row) {
        return is(row, "unit", "ms");
    }

    private static String number(JsonNode row) {
        double value = row.get("value").asDouble();
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
    }
}
