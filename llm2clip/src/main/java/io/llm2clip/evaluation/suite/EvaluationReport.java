package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.suite.Measurement.Accuracy;
import io.llm2clip.evaluation.suite.Measurement.Captions;
import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.Measurement.Probe;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.evaluation.suite.Measurement.ZeroShot;
import io.llm2clip.report.Card;
import io.llm2clip.report.DataTable;
import io.llm2clip.report.Facts;
import io.llm2clip.report.Glossary;
import io.llm2clip.report.Html;
import io.llm2clip.report.Page;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Evaluations as a page to send to somebody. */
public final class EvaluationReport {
    private final String model;
    private final List<Part> parts;
    private final Facts facts;

    /**
     * One evaluation.
     *
     * @param title of its data
     * @param data where they lie
     */
    public record Part(String title, String data, Measurement measurement) {
        /** The part of a suite. */
        public static Part of(SuiteResult result) {
            return new Part(result.suite().title(), result.folder().toString(), result.measurement());
        }
    }

    /**
     * A report.
     *
     * @param model what was measured, as its user calls it
     * @param facts how; the data are added
     */
    public EvaluationReport(String model, List<Part> parts, Facts facts) {
        this.model = model;
        this.parts = List.copyOf(parts);
        this.facts = facts;
    }

    /** The page of suites, with the table of published figures. */
    public Page ofSuites(SuiteTable table) {
        return finish(page().section("Beside published figures", published(table)));
    }

    /** The page of a folder, with how its captions find each other. */
    public Page ofFolder(CaptionRetrieval captions) {
        Page page = page();
        if (!captions.scores().isEmpty()) {
            page.section("Captions among themselves", pairings(captions));
        }
        return finish(page);
    }

    private Page page() {
        return new Page("%s: evaluation".formatted(model), verdict()).cards(cards());
    }

    private Page finish(Page page) {
        for (Part part : parts) {
            page.section(part.title, body(part.measurement));
            facts.and(
                    "data of " + part.title,
                    part.data
                            + part.measurement
                                    .data()
                                    .map(data -> "; " + data.summary())
                                    .orElse("")
                            + digest(part.measurement));
        }
        return page.section("How to get this again", facts.html());
    }

    private static String digest(Measurement measurement) {
        return measurement instanceof Retrieval found
                ? " SHA-256 of names and captions " + found.set().digest()
                : "";
    }

    private List<Retrieval> retrievals() {
        return parts.stream()
                .map(Part::measurement)
                .filter(Retrieval.class::isInstance)
                .map(Retrieval.class::cast)
                .toList();
    }

    private String verdict() {
        List<String> sentences = new ArrayList<>();
        List<Retrieval> found = retrievals();
        if (!found.isEmpty()) {
            BothWays mean = mean(found);
            sentences.add(
                    "%s finds the right image first for %s of captions and a right caption first for %s of images%s; guessing has %s."
                            .formatted(
                                    model,
                                    Html.percent(mean.textToImage().r1()),
                                    Html.percent(mean.imageToText().r1()),
                                    found.size() == 1 ? "" : ", on average of %d data sets".formatted(found.size()),
                                    chance(found)));
        }
        for (Part part : parts) {
            switch (part.measurement) {
                case ZeroShot classified ->
                    sentences.add("It tells %s of the images of %s by words, among %d classes."
                            .formatted(Html.percent(classified.eighty().top1()), part.title, classified.classes()));
                case Probe probe ->
                    sentences.add("A linear classifier of its vectors tells %s of the images (%s)."
                            .formatted(Html.percent(probe.accuracy()), part.title));
                case Failed _ -> sentences.add("%s could not be measured.".formatted(part.title));
                case Retrieval _, Captions _ -> {}
            }
        }
        return sentences.isEmpty() ? "How captions of the same image find each other." : String.join(" ", sentences);
    }

    private List<Card> cards() {
        List<Card> cards = new ArrayList<>();
        List<Retrieval> found = retrievals();
        if (!found.isEmpty()) {
            BothWays mean = mean(found);
            String beside = "guessing: " + chance(found);
            cards.add(new Card(Html.percent(mean.textToImage().r1()), "R@1, text to image", beside));
            cards.add(new Card(Html.percent(mean.imageToText().r1()), "R@1, image to text", beside));
        }
        for (Part part : parts) {
            switch (part.measurement) {
                case ZeroShot classified ->
                    cards.add(new Card(
                            Html.percent(classified.eighty().top1()),
                            part.title + ", 80 templates",
                            "guessing: " + Html.percent(1.0 / classified.classes())));
                case Probe probe ->
                    cards.add(new Card(
                            Html.percent(probe.accuracy()),
                            part.title,
                            "guessing: " + Html.percent(1.0 / probe.classes())));
                case Captions captions ->
                    cards.add(new Card(
                            Html.percent(captions.instructed().orElse(captions.accuracy())),
                            part.title,
                            String.format(Locale.ROOT, "guessing: %.2f %%", 100.0 / captions.images())));
                case Retrieval _, Failed _ -> {}
            }
        }
        if (!found.isEmpty() && cards.size() == 2) {
            cards.add(new Card(
                    Html.percent(mean(found).meanR10()),
                    "R@10, mean of both directions",
                    "guessing: "
                            + Html.percent(found.stream()
                                    .mapToDouble(each -> each.chance().r10())
                                    .average()
                                    .orElse(0))));
        }
        return cards.stream().limit(3).toList();
    }

    private static BothWays mean(List<Retrieval> found) {
        return BothWays.mean(found.stream().map(Retrieval::recall).toList());
    }

    private static String chance(List<Retrieval> found) {
        return String.format(
                Locale.ROOT,
                "%.2f %%",
                100
                        * found.stream()
                                .mapToDouble(each -> each.chance().r1())
                                .average()
                                .orElse(0));
    }

    private static String published(SuiteTable table) {
        DataTable html = new DataTable();
        boolean mean = table.rows().stream().anyMatch(row -> row.mean() != null);
        List<String> head = new ArrayList<>(List.of(""));
        table.suites().forEach(suite -> head.add(Html.escape(suite.title())));
        if (mean) {
            head.add(Glossary.meanOfFive());
        }
        html.head(head);
        for (SuiteTable.Row row : table.rows()) {
            List<String> cells = new ArrayList<>(List.of(Html.escape(row.name())));
            table.suites().forEach(suite -> cells.add(row.cell(suite)));
            if (mean) {
                cells.add(row.meanCell());
            }
            html.row(row.ours() ? "ours" : "", cells);
        }
        return "<p class=\"soft\">R@1 in percent, image to text/text to image; accuracy of others, of ImageNet with one template/eighty."
                + " Figures but this model's are of <a href=\"https://arxiv.org/abs/2411.04997\">LLM2CLIP's paper</a>; v1 and v6 are its"
                + " versions.</p>"
                + html.html()
                + table.notes().stream()
                        .map(note -> "<p class=\"soft\">" + Html.escape(note) + "</p>")
                        .collect(Collectors.joining());
    }

    private static String body(Measurement measurement) {
        String pairing = "<p>" + Html.escape(measurement.pairing()) + "</p>";
        return pairing
                + left(measurement)
                + switch (measurement) {
                    case Retrieval found -> retrieval(found);
                    case Captions captions -> captions(captions);
                    case ZeroShot classified -> zeroShot(classified);
                    case Probe probe ->
                        new DataTable()
                                .head(List.of("", "accuracy"))
                                .row("ours", List.of("linear probe", number(probe.accuracy())))
                                .row("chance", List.of(Glossary.guessing(), number(1.0 / probe.classes())))
                                .html();
                    case Failed _ -> "";
                };
    }

    private static String left(Measurement measurement) {
        return Stream.concat(
                        measurement.leftOut().stream(),
                        measurement.broken().isEmpty()
                                ? Stream.empty()
                                : Stream.of("%d of %d images could not be read, the first because: %s"
                                        .formatted(
                                                measurement.broken().size(),
                                                measurement.read()
                                                        + measurement.broken().size(),
                                                measurement.broken().getFirst())))
                .map(sentence -> "<p class=\"soft\">" + Html.escape(sentence) + "</p>")
                .collect(Collectors.joining());
    }

    private static String retrieval(Retrieval found) {
        DataTable table = recallTable();
        table.row("ours", row("this model", found.recall()));
        table.row("chance", row(Glossary.guessing(), new BothWays(found.chance(), found.chance())));
        String languages = "";
        if (found.languages().size() > 1) {
            DataTable each = recallTable();
            for (Map.Entry<String, BothWays> language : found.languages().entrySet()) {
                each.row("", row(Html.escape(language.getKey()), language.getValue()));
            }
            languages = "<details><summary>By language</summary>" + each.html() + "</details>";
        }
        return table.html() + languages + "<h3>Searches</h3>" + found.gallery().html();
    }

    private static DataTable recallTable() {
        String cuts = Stream.of(1, 5, 10, 1, 5, 10)
                .map(k -> "<th>" + Glossary.recall(k) + "</th>")
                .collect(Collectors.joining());
        return new DataTable()
                .rawHead("<th></th><th colspan=\"3\">%s</th><th colspan=\"3\">%s</th>"
                        .formatted(Glossary.imageToText(), Glossary.textToImage()))
                .rawHead("<th></th>" + cuts);
    }

    private static List<String> row(String name, BothWays ways) {
        List<String> cells = new ArrayList<>(List.of(name));
        for (Recall recall : List.of(ways.imageToText(), ways.textToImage())) {
            cells.addAll(List.of(number(recall.r1()), number(recall.r5()), number(recall.r10())));
        }
        return cells;
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

    private static List<String> accuracy(String name, Accuracy accuracy) {
        return List.of(name, number(accuracy.top1()), number(accuracy.top5()));
    }

    private static String pairings(CaptionRetrieval captions) {
        DataTable table = new DataTable().head(List.of("", Glossary.accuracy(), Glossary.guessing(), "images"));
        captions.scores()
                .forEach((pairing, score) -> table.row(
                        "ours",
                        List.of(
                                Html.escape(CaptionRetrieval.name(pairing)),
                                number(score.accuracy()),
                                number(1.0 / score.images()),
                                Integer.toString(score.images()))));
        return table.html();
    }

    private static String number(double fraction) {
        return String.format(Locale.ROOT, "%.1f", 100 * fraction);
    }
}
