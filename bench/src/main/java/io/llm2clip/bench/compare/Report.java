package io.llm2clip.bench.compare;

import io.llm2clip.bench.compare.RowResult.Measured;
import io.llm2clip.bench.compare.RowResult.Ratio;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The rows as a table for people, and with all that was measured as JSON. */
record Report(Machine machine, RunOptions options, List<RowResult> results) {
    private static final double GB = 1e9;
    /** Values of an output, to see what it is. */
    private static final int SHOWN = 8;

    String markdown() {
        StringBuilder text = new StringBuilder();
        text.append("%s, %s; %d threads each; %d-bit vectors, matmul %s; JDK %s%s.\n"
                .formatted(
                        machine.processor(),
                        machine.date(),
                        machine.threads(),
                        machine.vectorBits(),
                        machine.matmul(),
                        machine.java(),
                        machine.packages().stream().map(one -> "; " + one).collect(Collectors.joining())));
        text.append(
                "Medians of %d rounds of entrants in turns; ratios are of times in one round, the rival's over ours,\n"
                                .formatted(options.rounds())
                        + "so that above 1 we are faster; the best rival counts, quartiles in brackets.\n\n");
        text.append("| work | llm2clip | of FMA peak | rivals | ratio to the best | must | peak memory |\n");
        text.append("|---|---|---|---|---|---|---|\n");
        results.forEach(result -> text.append(line(result)));
        List<String> notes = results.stream().flatMap(Report::notes).toList();
        if (!notes.isEmpty()) {
            text.append('\n');
            notes.forEach(note -> text.append("* ").append(note).append('\n'));
        }
        return text.toString();
    }

    private static String line(RowResult result) {
        Row row = result.row();
        String ours = result.subject().map(one -> time(one.median())).orElse("failed");
        String efficiency = result.efficiency()
                .map(part -> String.format(Locale.ROOT, "%.0f %%", 100 * part))
                .orElse("");
        String rivals = result.measured().stream()
                .filter(one -> !one.entrant().equals(row.subject()))
                .map(one -> one.entrant().title() + " " + time(one.median())
                        + result.ratio(one)
                                .map(ratio -> String.format(Locale.ROOT, " (%.2f)", ratio.median()))
                                .orElse(""))
                .collect(Collectors.joining(", "));
        String ratio = result.best().flatMap(result::ratio).map(Report::text).orElse("-");
        return "| %s | %s | %s | %s | %s | %s | %s |\n"
                .formatted(row.title(), ours, efficiency, rivals, ratio, row.goal(), memory(result));
    }

    private static String text(Ratio ratio) {
        return String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", ratio.median(), ratio.low(), ratio.high());
    }

    /** Of entrants with a process each; this engine's over each rival's in brackets. */
    private static String memory(RowResult result) {
        if (result.row().manner() != Row.Manner.APART) {
            return "";
        }
        return result.measured().stream()
                .map(one ->
                        String.format(Locale.ROOT, "%s %.2f GB", one.entrant().title(), one.peakBytes() / GB)
                                + result.memoryRatio(one)
                                        .map(ratio -> String.format(Locale.ROOT, " (%.2f)", ratio))
                                        .orElse(""))
                .collect(Collectors.joining(", "));
    }

    private static Stream<String> notes(RowResult result) {
        List<String> notes = new ArrayList<>();
        result.errors().forEach(error -> notes.add(result.row().name() + " failed: " + error + "."));
        result.absent()
                .forEach((entrant, reason) ->
                        notes.add("%s without %s: %s.".formatted(result.row().name(), entrant.title(), reason)));
        return notes.stream();
    }

    private static String time(double millis) {
        return millis < 1000
                ? String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : "%.0f ms", millis)
                : String.format(Locale.ROOT, "%.2f s", millis / 1000);
    }

    String json() {
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode root = mapper.createObjectNode();
        root.put("processor", machine.processor())
                .put("threads", machine.threads())
                .put("vectorBits", machine.vectorBits())
                .put("matmul", machine.matmul())
                .put("java", machine.java())
                .put("date", machine.date().toString())
                .put("rounds", options.rounds())
                .put("warmUpSeconds", options.warmUpSeconds());
        machine.packages().forEach(root.putArray("packages")::add);
        ArrayNode rows = root.putArray("rows");
        results.forEach(result -> add(rows.addObject(), result));
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
    }

    private static void add(ObjectNode node, RowResult result) {
        Row row = result.row();
        node.put("name", row.name())
                .put("title", row.title())
                .put("work", row.work().toString())
                .put("goal", row.goal())
                .put("runsPerRound", result.runs())
                .put("flops", result.flops())
                .put("peakGflops", result.peak())
                .put("seconds", result.seconds());
        result.best().ifPresent(best -> node.put("best", best.entrant().title()));
        result.best()
                .flatMap(result::ratio)
                .ifPresent(ratio -> node.put("ratio", ratio.median())
                        .put("lowerQuartile", ratio.low())
                        .put("upperQuartile", ratio.high()));
        ArrayNode entrants = node.putArray("entrants");
        result.measured().forEach(one -> add(entrants.addObject(), one));
        ObjectNode absent = node.putObject("absent");
        for (Map.Entry<Entrant, String> entry : result.absent().entrySet()) {
            absent.put(entry.getKey().title(), entry.getValue());
        }
        result.errors().forEach(node.putArray("errors")::add);
    }

    private static void add(ObjectNode node, Measured one) {
        node.put("entrant", one.entrant().title())
                .put("medianMillis", one.median())
                .put("error", one.difference().error())
                .put("cosine", one.difference().cosine())
                .put("peakBytes", one.peakBytes())
                .put("elements", one.output().count())
                .put("rms", one.output().rms());
        ArrayNode output = node.putArray("output");
        Arrays.stream(one.output().samples()).limit(SHOWN).forEach(output::add);
        ArrayNode millis = node.putArray("millis");
        for (double value : one.millis()) {
            millis.add(value);
        }
    }
}
