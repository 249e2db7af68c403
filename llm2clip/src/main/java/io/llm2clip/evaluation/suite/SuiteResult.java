package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.suite.Measurement.Captions;
import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.Measurement.Probe;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.evaluation.suite.Measurement.ZeroShot;
import io.llm2clip.evaluation.suite.PublishedFigures.Figure;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What came of a suite.
 *
 * @param folder of its data
 */
public record SuiteResult(Suite suite, Path folder, Findings findings) {
    /** The model's figures. */
    public Measurement measurement() {
        return findings.measurement();
    }

    /** What of the model stands beside published figures; empty if the suite failed. */
    public Optional<Figure> figure() {
        return figure(measurement());
    }

    /** The same of the baseline. */
    public Optional<Figure> baselineFigure() {
        return findings.versus().flatMap(versus -> figure(versus.baseline()));
    }

    private static Optional<Figure> figure(Measurement measurement) {
        return switch (measurement) {
            case Retrieval found ->
                Optional.of(new Figure(
                        found.recall().imageToText().r1(),
                        found.recall().textToImage().r1()));
            case Captions captions ->
                Optional.of(new Figure(captions.instructed().orElse(captions.accuracy()), null));
            case ZeroShot classified ->
                Optional.of(
                        new Figure(classified.one().top1(), classified.eighty().top1()));
            case Probe probe -> Optional.of(new Figure(probe.accuracy(), null));
            case Failed _ -> Optional.empty();
        };
    }

    /** How many images were measured with. */
    public int images() {
        return measurement().images();
    }

    /** Whether these are as many images as published figures are of; otherwise the two cannot be compared. */
    public boolean comparable() {
        return images() == suite.publishedImages();
    }
}
