package io.llm2clip.report;

import io.llm2clip.nn.checkpoint.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One self-contained HTML page: a verdict, cards, then sections, which a list of contents leads to, and the terms that they explain, for
 * where nothing can be pointed at. It follows the reader's choice of light or dark, and fits a phone and paper.
 */
public final class Page {
    private static final Pattern TERM = Pattern.compile("<abbr title=\"([^\"]*)\">([^<]*)</abbr>");

    private static final String FOOTER =
            "<p class=\"soft\">LLM2CLIP: a language model, taught to tell captions apart, reads the captions that a vision tower learns from"
                    + " (<a href=\"https://arxiv.org/abs/2411.04997\">the paper</a>).</p>";

    private record Section(String title, String body) {}

    private final String title;
    private final String verdict;
    private final StringBuilder top = new StringBuilder();
    private final List<Section> sections = new ArrayList<>();

    /**
     * A page without sections.
     *
     * @param verdict what came out, in a sentence or two
     */
    public Page(String title, String verdict) {
        this.title = title;
        this.verdict = verdict;
    }

    /** What must not be overlooked, such as that a result is of a short training. */
    public Page note(String sentence) {
        top.append("<p class=\"note\">").append(Html.escape(sentence)).append("</p>");
        return this;
    }

    /** The figures that the page is about, three at best. */
    public Page cards(List<Card> cards) {
        top.append("<div class=\"cards\">");
        cards.forEach(card -> top.append(card.html()));
        top.append("</div>");
        return this;
    }

    /** @param html the section's content */
    public Page section(String title, String html) {
        sections.add(new Section(title, html));
        return this;
    }

    /** Writes the page, atomically. */
    public void write(Path file) {
        AtomicFile.write(file, html().getBytes(StandardCharsets.UTF_8));
    }

    String html() {
        StringBuilder html = new StringBuilder("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
        html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
                .append(Html.escape(title))
                .append("</title><style>")
                .append(style())
                .append("</style></head><body><main><h1>")
                .append(Html.escape(title))
                .append("</h1><p class=\"verdict\">")
                .append(Html.escape(verdict))
                .append("</p>")
                .append(top)
                .append("<nav>");
        for (int i = 0; i < sections.size(); i++) {
            html.append("<a href=\"#s%d\">%s</a>".formatted(i + 1, Html.escape(sections.get(i).title)));
        }
        html.append("</nav>");
        for (int i = 0; i < sections.size(); i++) {
            html.append("<section><h2 id=\"s%d\">%s</h2>".formatted(i + 1, Html.escape(sections.get(i).title)))
                    .append(sections.get(i).body)
                    .append("</section>");
        }
        return html.append(terms())
                .append(FOOTER)
                .append("</main></body></html>\n")
                .toString();
    }

    /** What is explained anywhere, once each; empty if nothing is. */
    private String terms() {
        Map<String, String> explanations = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        Stream.concat(Stream.of(top), sections.stream().map(Section::body))
                .flatMap(html -> TERM.matcher(html).results())
                .forEach(term -> explanations.putIfAbsent(term.group(2), term.group(1)));
        return explanations.isEmpty()
                ? ""
                : explanations.entrySet().stream()
                        .map(term -> "<dt>%s</dt><dd>%s</dd>".formatted(term.getKey(), term.getValue()))
                        .collect(Collectors.joining(
                                "", "<details class=\"terms\"><summary>Terms</summary><dl>", "</dl></details>"));
    }

    private static String style() {
        try (InputStream in = Page.class.getResourceAsStream("report.css")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
