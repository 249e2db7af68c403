package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.report.Facts;
import io.llm2clip.report.Page;
import java.util.List;

/** Evaluations as a page to send to somebody. */
public final class EvaluationReport {
    private final List<String> models;
    private final List<Part> parts;
    private final Facts facts;
    private final EvaluationSections sections;

    /**
     * One evaluation.
     *
     * @param title of its data
     * @param data where they are
     */
    public record Part(String title, String data, Findings findings) {
        /** The part of a suite. */
        public static Part of(SuiteResult result) {
            return new Part(result.suite().title(), result.folder().toString(), result.findings());
        }

        Measurement measurement() {
            return findings.measurement();
        }
    }

    /**
     * A report.
     *
     * @param models names of what was measured: the model and, if there is one, its baseline
     * @param facts how; the data are added
     */
    public EvaluationReport(List<String> models, List<Part> parts, Facts facts) {
        this.models = List.copyOf(models);
        this.parts = List.copyOf(parts);
        this.facts = facts;
        sections = new EvaluationSections(models.getFirst());
    }

    /** The page of suites, with the table of published figures. */
    public Page ofSuites(SuiteTable table) {
        Page page = page();
        if (parts.stream().filter(part -> part.findings.compared().isPresent()).count() > 1) {
            page.section("All at a glance", sections.overview(models.getLast(), parts));
        }
        page.section("Beside published figures", EvaluationSections.published(table));
        return finish(withParts(page));
    }

    /**
     * The page of a folder, with how its captions find each other.
     *
     * @param captions by model, as the names
     */
    public Page ofFolder(List<CaptionRetrieval> captions) {
        Page page = withParts(page());
        if (!captions.getFirst().scores().isEmpty()) {
            page.section("Captions among themselves", sections.captions(captions, models));
        }
        return finish(page);
    }

    private Page page() {
        EvaluationSummary summary = new EvaluationSummary(models.getFirst(), parts);
        return new Page("%s: evaluation".formatted(String.join(" against ", models)), summary.verdict())
                .cards(summary.cards());
    }

    private Page withParts(Page page) {
        parts.forEach(part -> page.section(part.title, sections.of(part.findings)));
        return page;
    }

    private Page finish(Page page) {
        for (Part part : parts) {
            facts.and(
                    "data of " + part.title,
                    part.data
                            + part.measurement()
                                    .data()
                                    .map(data -> "; " + data.summary())
                                    .orElse("")
                            + digest(part.measurement()));
        }
        return page.section("How to get this again", facts.html());
    }

    private static String digest(Measurement measurement) {
        return measurement instanceof Retrieval found
                ? " SHA-256 of names and captions " + found.set().digest()
                : "";
    }
}
