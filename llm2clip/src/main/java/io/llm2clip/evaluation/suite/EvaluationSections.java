package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.suite.EvaluationReport.Part;
import io.llm2clip.evaluation.suite.Measurement.Accuracy;
import io.llm2clip.evaluation.suite.Measurement.Captions;
import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.Measurement.Probe;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.evaluation.suite.Measurement.ZeroShot;
import io.llm2clip.report.DataTable;
import io.llm2clip.report.DifferenceTable;
import io.llm2clip.report.Glossary;
import io.llm2clip.report.Html;
import io.llm2clip.report.RecallTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Evaluations as tables and searches.
 *
 * @param model what was measured, for rows beside those of a baseline
 */
record EvaluationSections(String model) {
    /** What a data set came to. */
    String of(Findings findings) {
        StringBuilder html =
                new StringBuilder(paragraph("", findings.measurement().pairing()));
        remarks(html, "", findings.measurement());
        findings.versus().ifPresent(versus -> {
            if (versus.differences().isEmpty()) {
                html.append(paragraph(
                        " class=\"note\"",
                        "Not measured with %s: %s"
                                .formatted(versus.name(), versus.baseline().pairing())));
            }
            remarks(html, versus.name() + ": ", versus.baseline());
        });
        Optional<Versus> compared = findings.compared();
        return html
                + switch (findings.measurement()) {
                    case Retrieval found -> retrieval(found, compared);
                    case Failed _ -> "";
                    case Captions captions -> compared.map(this::differences).orElseGet(() -> captions(captions));
                    case ZeroShot classified -> compared.map(this::differences).orElseGet(() -> zeroShot(classified));
                    case Probe probe -> compared.map(this::differences).orElseGet(() -> probe(probe));
                };
    }

    private static String paragraph(String attributes, String sentence) {
        return "<p%s>%s</p>".formatted(attributes, Html.escape(sentence));
    }

    private static void remarks(StringBuilder html, String whose, Measurement measurement) {
        Stream.concat(
                        whose.isEmpty() ? measurement.leftOut().stream() : Stream.empty(),
                        measurement.broken().stream()
                                .limit(1)
                                .map(first -> "%d of %d images could not be read, the first because: %s"
                                        .formatted(
                                                measurement.broken().size(),
                                                measurement.read()
                                                        + measurement.broken().size(),
                                                first)))
                .forEach(sentence -> html.append(paragraph(" class=\"soft\"", whose + sentence)));
    }

    private String retrieval(Retrieval found, Optional<Versus> versus) {
        // The main difference is that of R@10, which comes last in a row.
        RecallTable table = versus.isPresent() ? new RecallTable(model, 1, 10) : new RecallTable();
        table.row("ours", versus.isPresent() ? model : "this model", found.recall(), List.of());
        Map<String, BothWays> others = versus.map(Versus::baseline)
                .filter(Retrieval.class::isInstance)
                .map(other -> ((Retrieval) other).languages())
                .orElse(Map.of());
        versus.ifPresent(each -> {
            List<Interval> differences = each.differences().reversed().stream()
                    .map(Difference::interval)
                    .toList();
            table.row("", each.name(), ((Retrieval) each.baseline()).recall(), differences);
        });
        table.guessing(found.chance());
        String languages = "";
        if (found.languages().size() > 1) {
            RecallTable each = new RecallTable();
            found.languages().forEach((language, recall) -> {
                if (others.containsKey(language)) {
                    each.group(language).row("ours", model, recall, List.of());
                    each.row("", versus.orElseThrow().name(), others.get(language), List.of());
                } else {
                    each.row("", language, recall, List.of());
                }
            });
            languages = "<details><summary>By language</summary>" + each.html() + "</details>";
        }
        return table.html() + languages + "<h3>Searches</h3>" + found.gallery().html();
    }

    /** The main figures of several data sets, a row each. */
    String overview(String baseline, List<Part> parts) {
        DifferenceTable table = new DifferenceTable(model, baseline);
        parts.forEach(part -> part.findings()
                .compared()
                .ifPresent(
                        versus -> row(table, part.title() + ": " + versus.main().name(), versus.main())));
        return table.html();
    }

    /** All figures of a data set, a row each. */
    private String differences(Versus versus) {
        DifferenceTable table = new DifferenceTable(model, versus.name());
        versus.differences().forEach(difference -> row(table, difference.name(), difference));
        return table.html();
    }

    private static void row(DifferenceTable table, String name, Difference difference) {
        table.row(name, difference.ours(), difference.baseline(), difference.chance(), difference.interval());
    }

    private static String captions(Captions captions) {
        DataTable table = new DataTable()
                .head(List.of("", Glossary.accuracy()))
                .row("ours", List.of("without instruction", number(captions.accuracy())));
        captions.instructed()
                .ifPresent(accuracy -> table.row(
                        "ours",
                        List.of("with \"%s\"".formatted(Html.escape(captions.instruction())), number(accuracy))));
        return table.row("chance", List.of(Glossary.guessing(), number(1.0 / captions.images())))
                .html();
    }

    private static String zeroShot(ZeroShot classified) {
        return new DataTable()
                .head(List.of("", "top-1", "top-5"))
                .row("ours", accuracy("one template", classified.one()))
                .row("ours", accuracy("80 templates", classified.eighty()))
                .row(
                        "chance",
                        accuracy(
                                Glossary.guessing(),
                                new Accuracy(1.0 / classified.classes(), Math.min(1, 5.0 / classified.classes()))))
                .html();
    }

    private static String probe(Probe probe) {
        return new DataTable()
                .head(List.of("", "accuracy"))
                .row("ours", List.of("linear probe", number(probe.accuracy())))
                .row("chance", List.of(Glossary.guessing(), number(1.0 / probe.classes())))
                .html();
    }

    private static List<String> accuracy(String name, Accuracy accuracy) {
        return List.of(name, number(accuracy.top1()), number(accuracy.top5()));
    }

    /** How captions find each other, of the model and then of a baseline. */
    String captions(List<CaptionRetrieval> models, List<String> names) {
        List<String> head = new ArrayList<>(List.of(Glossary.accuracy()));
        if (models.size() == 1) {
            head.add("this model");
        } else {
            names.forEach(name -> head.add(Html.escape(name)));
        }
        head.addAll(List.of(Glossary.guessing(), "images"));
        DataTable table = new DataTable().head(head);
        models.getFirst().scores().forEach((pairing, score) -> {
            List<String> cells = new ArrayList<>(List.of(Html.escape(CaptionRetrieval.name(pairing))));
            for (CaptionRetrieval model : models) {
                CaptionRetrieval.Score of = model.scores().get(pairing);
                cells.add(of == null ? "" : number(of.accuracy()));
            }
            cells.addAll(List.of(number(1.0 / score.images()), Integer.toString(score.images())));
            table.row("ours", cells);
        });
        return table.html();
    }

    /** Results beside what is published, of the suites that have a result. */
    static String published(SuiteTable table) {
        List<SuiteTable.Row> own = table.rows().stream()
                .filter(row -> row.source() != SuiteTable.Source.PAPER)
                .toList();
        List<Suite> suites = table.suites().stream()
                .filter(suite -> own.stream().anyMatch(row -> row.cells().containsKey(suite)))
                .toList();
        boolean mean = own.stream().anyMatch(row -> row.mean() != null);
        List<String> head = new ArrayList<>(List.of(""));
        suites.forEach(suite -> head.add(Html.escape(suite.title())));
        if (mean) {
            head.add(Glossary.meanOfFive());
        }
        DataTable html = new DataTable().head(head);
        for (SuiteTable.Row row : table.rows()) {
            if (!own.contains(row) && suites.stream().noneMatch(row.cells()::containsKey)) {
                continue;
            }
            List<String> cells = new ArrayList<>(List.of(Html.escape(row.name())));
            suites.forEach(suite -> cells.add(row.cell(suite)));
            if (mean) {
                cells.add(row.meanCell());
            }
            html.row(row.source() == SuiteTable.Source.MODEL ? "ours" : "", cells);
        }
        return "<p class=\"soft\">R@1 in percent, image to text/text to image; for the others accuracy, for ImageNet with one template/with"
                + " eighty. Figures of other models are from <a href=\"https://arxiv.org/abs/2411.04997\">the LLM2CLIP paper</a>; v1 and v6"
                + " are its versions.</p>"
                + html.html()
                + table.notes().stream()
                        .map(note -> paragraph(" class=\"soft\"", note))
                        .collect(Collectors.joining());
    }

    private static String number(double fraction) {
        return String.format(Locale.ROOT, "%.1f", 100 * fraction);
    }
}
