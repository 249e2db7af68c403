package io.llm2clip.cli;

import io.llm2clip.data.DataReport;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.suite.Findings;
import io.llm2clip.evaluation.suite.Measurement;
import io.llm2clip.evaluation.suite.Measurement.Captions;
import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.Measurement.Probe;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.evaluation.suite.Measurement.ZeroShot;
import io.llm2clip.evaluation.suite.PublishedFigures;
import io.llm2clip.evaluation.suite.PublishedFigures.Figure;
import io.llm2clip.evaluation.suite.Suite;
import io.llm2clip.evaluation.suite.SuiteResult;
import io.llm2clip.evaluation.suite.Versus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Results as JSON: of a folder, or an object per suite, also of those that are missing or failed. */
final class EvalJson {
    private EvalJson() {}

    static Map<String, Object> of(List<SuiteResult> results, List<Suite> missing) {
        List<Map<String, Object>> suites = new ArrayList<>();
        results.forEach(result -> suites.add(suite(result)));
        for (Suite suite : missing) {
            Map<String, Object> object = named(suite);
            object.put("missing", "there is no folder " + suite.data());
            suites.add(object);
        }
        return Map.of("suites", suites);
    }

    /** @param captions how they find each other, by model */
    static Map<String, Object> ofFolder(Findings found, List<CaptionRetrieval> captions, EvaluatedModels models) {
        Map<String, Object> object = new LinkedHashMap<>();
        Measurement measurement = found.measurement();
        object.put("images", measurement.images());
        object.put("skippedImages", measurement.broken().size());
        object.put("skippedLines", measurement.data().map(DataReport::skipped).orElse(0));
        object.put("pairing", measurement.pairing());
        object.put("captionsBy", models.ours().captionsBy());
        figures(object, measurement);
        object.put("captionRetrievalAccuracy", captions.getFirst().scores());
        found.versus().ifPresent(versus -> {
            Map<String, Object> baseline = baseline(versus);
            baseline.put("captionsBy", models.other().captionsBy());
            if (captions.size() == 2) {
                baseline.put("captionRetrievalAccuracy", captions.getLast().scores());
            }
            object.put("baseline", baseline);
            object.put("difference", differences(versus));
        });
        return object;
    }

    private static Map<String, Object> baseline(Versus versus) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", versus.name());
        object.put("skippedImages", versus.baseline().broken().size());
        figures(object, versus.baseline());
        return object;
    }

    private static Map<String, Object> differences(Versus versus) {
        Map<String, Object> object = new LinkedHashMap<>();
        versus.differences().forEach(difference -> object.put(difference.key(), difference.interval()));
        return object;
    }

    private static Map<String, Object> suite(SuiteResult result) {
        Map<String, Object> object = named(result.suite());
        Measurement measurement = result.measurement();
        object.put("folder", result.folder().toString());
        object.put("pairing", measurement.pairing());
        object.put("images", result.images());
        object.put("publishedImages", result.suite().publishedImages());
        object.put("skippedImages", measurement.broken().size());
        object.put("skippedEntries", measurement.data().map(DataReport::skipped).orElse(0));
        figures(object, measurement);
        result.findings().versus().ifPresent(versus -> {
            object.put("baseline", baseline(versus));
            object.put("difference", differences(versus));
        });
        object.put("published", published(result.suite()));
        return object;
    }

    private static void figures(Map<String, Object> object, Measurement measurement) {
        switch (measurement) {
            case Retrieval found -> {
                object.put("captions", found.captions());
                object.put("cutCaptions", found.cutCaptions());
                object.put("retrieval", RetrievalReport.of(found.recall(), found.chance()));
                if (found.languages().size() > 1) {
                    Map<String, BothWays> languages = new LinkedHashMap<>(found.languages());
                    object.put("languages", languages);
                }
            }
            case Captions captions -> {
                object.put("accuracy", captions.accuracy());
                if (captions.instructed().isPresent()) {
                    object.put("accuracyWithInstruction", captions.instructed().getAsDouble());
                    object.put("instruction", captions.instruction());
                }
            }
            case ZeroShot classified -> {
                object.put("classes", classified.classes());
                object.put("publishedNames", classified.publishedNames());
                object.put("oneTemplate", classified.one());
                object.put("eightyTemplates", classified.eighty());
            }
            case Probe probe -> {
                object.put("classes", probe.classes());
                object.put("trainingImages", probe.trainingImages());
                object.put("accuracy", probe.accuracy());
                object.put("iterations", probe.iterations());
                object.put("converged", probe.converged());
            }
            case Failed failed -> object.put("error", failed.reason());
        }
    }

    private static List<Map<String, Object>> published(Suite suite) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (PublishedFigures.Row row : PublishedFigures.rows(List.of(suite), Optional.empty())) {
            Figure figure = Objects.requireNonNull(row.figures().get(suite));
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("model", row.model());
            object.put("tower", row.tower());
            object.put("version", row.version());
            Double second = figure.second();
            object.put(suite.firstFigure(), figure.first());
            if (second != null) {
                object.put(suite.secondFigure(), second);
            }
            rows.add(object);
        }
        return rows;
    }

    private static Map<String, Object> named(Suite suite) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("suite", suite.key());
        return object;
    }
}
