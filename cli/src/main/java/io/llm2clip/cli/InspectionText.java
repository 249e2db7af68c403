package io.llm2clip.cli;

import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.ModelReport.Kind;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.nn.WeightFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What is known of a model, in lines that a terminal of 80 columns shows whole. */
final class InspectionText {
    private static final int COLUMNS = 80;
    private static final int FILES = 12;
    private static final char NO_BREAK = '\u00a0';

    private final List<String> lines = new ArrayList<>();
    private final int labelWidth;

    private InspectionText(int labelWidth) {
        this.labelWidth = labelWidth;
    }

    static List<String> of(ModelReport report) {
        int width = report.parts().stream()
                .mapToInt(part -> part.name().length())
                .max()
                .orElse(0);
        InspectionText text = new InspectionText(Math.max(width, "trained with".length()));
        text.lines.addAll(
                wrapped("%s: %s".formatted(report.path(), report.kind().words()), 0));
        text.lines.add("");
        report.parts().forEach(text::part);
        text.files(report);
        if (!report.memory().isEmpty()) {
            text.row("memory", memory(report));
        }
        if (!report.partners().isEmpty()) {
            text.row(
                    report.kind() == Kind.TEXT_ENCODER ? "used by" : "trained with",
                    String.join(", ", report.partners()));
        }
        text.row("complete", report.complete() ? "yes" : "no");
        report.problems().forEach(problem -> text.row("", problem));
        report.pending().forEach(sentence -> text.row("", sentence));
        report.remarks().forEach(remark -> text.row("note", remark));
        return text.lines;
    }

    private void part(PartReport part) {
        List<String> rows = new ArrayList<>();
        if (!part.summary().isEmpty()) {
            rows.add(part.summary());
        }
        if (part.parameters() > 0) {
            rows.add("%,d %s in %s, %s"
                    .formatted(
                            part.parameters(),
                            part.parameters() == 1 ? "parameter" : "parameters",
                            types(part),
                            bytes(part.bytes())));
        }
        if (part.problem().isPresent()) {
            rows.add("cannot be opened, see below");
        }
        rows(part.name(), rows);
    }

    private static String types(PartReport part) {
        return part.types().keySet().stream().map(Enum::name).collect(Collectors.joining(" and "));
    }

    /** A number and its unit stay together. */
    private static String bytes(long bytes) {
        return ByteSize.text(bytes).replace(' ', NO_BREAK);
    }

    private void files(ModelReport report) {
        String label = report.kind() == Kind.TEXT_VECTORS ? "files" : "weights";
        if (report.files().size() > FILES) {
            long bytes =
                    report.files().values().stream().mapToLong(Long::longValue).sum();
            row(label, "%d files, %s".formatted(report.files().size(), bytes(bytes)));
        } else {
            rows(
                    label,
                    report.files().entrySet().stream()
                            .map(each -> name(report.path(), each.getKey()) + ", " + bytes(each.getValue()))
                            .toList());
        }
    }

    /** A file as seen from the directory that was named. */
    private static String name(Path from, Path file) {
        return from.equals(file)
                ? String.valueOf(file.getFileName())
                : from.relativize(file).toString();
    }

    /** What is kept in memory for the parts that can be opened; what a batch takes comes to that. */
    private static String memory(ModelReport report) {
        List<String> names = report.parts().stream()
                .filter(part -> part.parameters() > 0 && !part.facts().isEmpty())
                .map(PartReport::name)
                .toList();
        String last = names.isEmpty() ? "" : names.getLast();
        String parts = names.size() < 2 ? last : String.join(", ", names.subList(0, names.size() - 1)) + " and " + last;
        return report.memory().entrySet().stream()
                        .map(each -> bytes(each.getValue())
                                + (each.getKey() == WeightFormat.STORED
                                        ? " as stored"
                                        : " as " + each.getKey().name().toLowerCase(Locale.ROOT)))
                        .collect(Collectors.joining(", "))
                + " for " + parts + "; a batch takes more";
    }

    private void rows(String label, List<String> texts) {
        for (int i = 0; i < texts.size(); i++) {
            row(i == 0 ? label : "", texts.get(i));
        }
    }

    private void row(String label, String text) {
        String start = label + " ".repeat(labelWidth - label.length() + 2);
        List<String> wrapped = wrapped(text, start.length());
        for (int i = 0; i < wrapped.size(); i++) {
            lines.add((i == 0 ? start : " ".repeat(start.length())) + wrapped.get(i));
        }
    }

    /** Lines of whole words; a word that is longer than a line has one of its own. */
    private static List<String> wrapped(String text, int indent) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && indent + line.length() + 1 + word.length() > COLUMNS) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        lines.replaceAll(each -> each.replace(NO_BREAK, ' '));
        return lines;
    }
}
