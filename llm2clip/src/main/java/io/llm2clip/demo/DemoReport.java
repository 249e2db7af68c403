package io.llm2clip.demo;

import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.tensor.machine.Processor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The demo's result as one self-contained HTML page: table, verdicts, curves, searches with pictures, failures, environment. */
final class DemoReport {
    private static final int SHOWN = 4;

    private final DemoResult result;
    private final String device;
    private final StringBuilder html = new StringBuilder();

    private DemoReport(DemoResult result, String device) {
        this.device = device;
        this.result = result;
    }

    /** Writes the page, atomically. */
    static void write(Path file, DemoResult result, List<Gallery.Section> galleries, String device) {
        DemoReport report = new DemoReport(result, device);
        try {
            AtomicFile.write(file, report.page(galleries).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new InputException(
                    "A picture of the report %s could not be read (%s); run the demo again."
                            .formatted(file, IoReason.of(e)),
                    e);
        }
    }

    private String page(List<Gallery.Section> galleries) throws IOException {
        add("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        add(
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>LLM2CLIP demo</title><style>");
        add(style());
        add("</style></head><body><main>");
        summary();
        table();
        add("<h2>What the numbers say</h2>");
        DemoTable.sentences(result).forEach(sentence -> add("<p>" + escape(sentence) + "</p>"));
        add("<h2>Losses</h2><div class=\"charts\">");
        result.curves().forEach((name, values) -> add(Chart.of(escape(name), values)));
        add("</div>");
        for (Gallery.Section section : galleries) {
            searches(section);
        }
        phases();
        environment();
        return html.append("</main></body></html>\n").toString();
    }

    private void summary() {
        add(
                "<h1>LLM2CLIP demo</h1><p class=\"lead\">A small language model learns captions, is taught to tell them apart (stage 1),"
                        + " and its frozen vectors teach a vision tower (stage 2). All of it ran on this machine, in Java.</p>");
        add("<div class=\"cards\">");
        result.captionRetrievalAccuracy()
                .forEach((pairing, accuracy) -> card(
                        percent(accuracy.before()) + " → " + percent(accuracy.after()),
                        "caption retrieval accuracy before and after stage 1, " + CaptionRetrieval.name(pairing)));
        for (String set : DemoTable.measured(result)) {
            BothWays ways = Objects.requireNonNull(result.recalls(set).get(Arm.LLM2CLIP));
            card(percent(ways.meanR10()), "R@10 of LLM2CLIP, " + DemoTable.queries(set));
        }
        card(
                "%d + %d".formatted(result.data().trainImages(), result.data().testImages()),
                "images to learn from + held out");
        add("</div>");
    }

    private void table() {
        add(
                "<h2>Retrieval on held-out images, per cent</h2><table><thead><tr><th></th><th colspan=\"3\">image to text</th>"
                        + "<th colspan=\"3\">text to image</th><th>LLM2CLIP minus this</th></tr>"
                        + "<tr><th></th><th>R@1</th><th>R@5</th><th>R@10</th><th>R@1</th><th>R@5</th><th>R@10</th>"
                        + "<th>R@10, 95 % interval</th></tr></thead><tbody>");
        for (String set : DemoTable.measured(result)) {
            add("<tr class=\"set\"><th colspan=\"8\">" + DemoTable.queries(set) + "</th></tr>");
            result.recalls(set)
                    .forEach((arm, ways) -> row(
                            arm.equals(Arm.LLM2CLIP) ? "ours" : "",
                            DemoTable.arm(arm),
                            ways,
                            result.differencesOf(set).get(arm)));
        }
        row("chance", "chance", new BothWays(result.chance(), result.chance()), null);
        add("</tbody></table>");
        add("<p>Training: ");
        add(String.join(
                "; ",
                result.compute().entrySet().stream()
                        .map(e -> "%s %d steps, %.2f TFLOP"
                                .formatted(
                                        DemoTable.arm(e.getKey()),
                                        e.getValue().steps(),
                                        e.getValue().flops() / 1e12))
                        .toList()));
        add(
                ". LLM2CLIP additionally needs its language model, stage 1 and one pass over all captions, which the times below show."
                        + " Hyper-parameters were tuned for LLM2CLIP more than for the baseline.</p>");
    }

    private void row(String style, String name, BothWays ways, @Nullable Interval difference) {
        add("<tr class=\"%s\"><td>%s</td>".formatted(style, escape(name)));
        cells(ways.imageToText());
        cells(ways.textToImage());
        if (difference == null) {
            add("<td></td></tr>");
        } else {
            String tone = !difference.excludesZero() ? "" : difference.mean() > 0 ? "ahead" : "behind";
            add("<td class=\"%s\">%s</td></tr>".formatted(tone, DemoTable.points(difference)));
        }
    }

    private void cells(Recall recall) {
        for (double value : new double[] {recall.r1(), recall.r5(), recall.r10()}) {
            add(String.format(Locale.ROOT, "<td>%.1f</td>", 100 * value));
        }
    }

    private void searches(Gallery.Section section) throws IOException {
        add("<h2>Searches: " + escape(section.title())
                + "</h2><p>Every N-th query; the image that the caption was written"
                + " for has a green frame, at the right is that image with its place.</p>");
        for (Gallery.Search search : section.gallery().sample(SHOWN)) {
            search(section, search);
        }
        add("<h2>Failures: " + escape(section.title()) + "</h2><p>The queries that rank their image worst.</p>");
        for (Gallery.Search search : section.gallery().failures(SHOWN)) {
            search(section, search);
        }
    }

    private void search(Gallery.Section section, Gallery.Search search) throws IOException {
        add("<div class=\"search\"><p>" + escape(search.caption()) + "</p><div class=\"images\">");
        for (int i = 0; i < search.found().size(); i++) {
            int image = search.found().get(i);
            figure(
                    image == search.target() ? "hit" : "",
                    section.images().get(image),
                    String.format(
                            Locale.ROOT, "%d · %.3f", i + 1, search.scores().get(i)));
        }
        figure("target", section.images().get(search.target()), "target, rank " + search.rank());
        add("</div></div>");
    }

    private void figure(String style, Path image, String caption) throws IOException {
        String type = image.toString().endsWith(".png") ? "png" : "jpeg";
        add("<figure class=\"%s\"><img alt=\"\" src=\"data:image/%s;base64,%s\"><figcaption>%s</figcaption></figure>"
                .formatted(
                        style, type, Base64.getEncoder().encodeToString(Files.readAllBytes(image)), escape(caption)));
    }

    private void phases() {
        add(
                "<h2>Time and memory</h2><table><thead><tr><th>phase</th><th>seconds</th><th>peak memory, MB</th></tr></thead><tbody>");
        for (DemoResult.Phase phase : result.phases()) {
            add(String.format(
                    Locale.ROOT,
                    "<tr><td>%s</td><td>%.1f</td><td>%d</td></tr>",
                    escape(phase.name()),
                    phase.seconds(),
                    phase.peakBytes() >> 20));
        }
        add(String.format(
                Locale.ROOT,
                "<tr><td>all</td><td>%.1f</td><td></td></tr></tbody></table>",
                result.phases().stream().mapToDouble(DemoResult.Phase::seconds).sum()));
    }

    private void environment() {
        add(
                "<h2>Environment</h2><p>%s, Java %s; computed on %s, vectors of %d bits on the CPU; seed %d%s. The same seed gives the same numbers.</p>"
                        .formatted(
                                escape(System.getProperty("os.name") + " " + System.getProperty("os.arch")),
                                escape(System.getProperty("java.version")),
                                escape(device),
                                Processor.current().vectorBits(),
                                result.seed(),
                                result.quick() ? ", quick recipe" : ""));
        add("<p>The model is in <code>%s</code>.</p>".formatted(escape(result.model())));
    }

    private void card(String number, String text) {
        add("<div class=\"card\"><b>%s</b><span>%s</span></div>".formatted(number, escape(text)));
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
    }

    private void add(String more) {
        html.append(more);
    }

    private static String style() {
        try (InputStream in = DemoReport.class.getResourceAsStream("report.css")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
