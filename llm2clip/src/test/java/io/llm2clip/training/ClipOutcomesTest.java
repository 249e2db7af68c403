package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.data.Directions;
import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.training.run.Outcome;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Figures of stage 2 and those of what they are compared with, of models that are known by the angles of their vectors. */
class ClipOutcomesTest {
    private static final int[] IMAGE_OF = {0, 1, 1, 1};
    private static final Bootstrap BOOTSTRAP = new Bootstrap(200, 0.95, 7);
    // Images at 0 and 90 degrees; a caption nearer to the wrong one finds it first.
    private static final RetrievalMetrics ALL_RIGHT = metrics(10, 80, 70, 60);
    private static final RetrievalMetrics ONE_WRONG = metrics(10, 80, 20, 60);
    private static final RetrievalMetrics THREE_WRONG = metrics(50, 80, 20, 30);

    @Test
    void aBaselineIsBesideEachFigureWithTheDifferenceByImage() {
        List<Outcome> outcomes = outcomes(
                Map.of(CaptionsBy.LANGUAGE_MODEL, ALL_RIGHT),
                Optional.of(new ClipBaseline.Found("clip", ONE_WRONG, searched(ONE_WRONG))));
        assertThat(outcomes)
                .extracting(Outcome::name)
                .containsExactly(
                        "R@1, text to image", "R@1, image to text", "R@10, text to image", "R@10, image to text");
        Outcome first = outcomes.getFirst();
        assertThat(first.value()).isEqualTo(1);
        assertThat(first.chance()).isEqualTo(1 / 2.0);
        Outcome.Baseline baseline = first.baseline().orElseThrow();
        assertThat(baseline.name()).isEqualTo("clip");
        assertThat(baseline.value()).isEqualTo(3 / 4.0);
        // Captions count 2 images / 4 captions: the first image loses nothing, the second one of three, 0.5.
        assertThat(baseline.difference()).hasValueSatisfying(interval -> {
            assertThat(interval.mean()).isCloseTo(0.25, within(1e-12));
            assertThat(interval.low()).isZero();
            assertThat(interval.high()).isCloseTo(0.5, within(1e-12));
        });
        // Each image has ten answers at most, so that nothing is missed.
        assertThat(outcomes.getLast().chance()).isEqualTo(1);
        assertThat(outcomes.getLast().baseline().orElseThrow().difference()).hasValue(new Interval(0, 0, 0));
    }

    @Test
    void directionsAreComparedEachByItself() {
        List<Outcome> outcomes = outcomes(
                Map.of(CaptionsBy.LANGUAGE_MODEL, ONE_WRONG),
                Optional.of(new ClipBaseline.Found("clip", THREE_WRONG, searched(THREE_WRONG))));
        assertThat(outcomes.getFirst().value()).isEqualTo(3 / 4.0);
        assertThat(outcomes.getFirst().baseline().orElseThrow().value()).isEqualTo(1 / 4.0);
        // The first image finds its own at 10 degrees, but another's at 20 before its own at 50.
        assertThat(outcomes.get(1).value()).isEqualTo(1);
        assertThat(outcomes.get(1).baseline().orElseThrow().value()).isEqualTo(1 / 2.0);
        assertThat(outcomes.get(1).baseline().orElseThrow().difference())
                .hasValueSatisfying(interval -> assertThat(interval.mean()).isEqualTo(1 / 2.0));
    }

    @Test
    void theTextTowerIsTheBaselineOfTheOthersWhereThereIsNoOther() {
        Map<CaptionsBy, RetrievalMetrics> retrieval = new LinkedHashMap<>();
        retrieval.put(CaptionsBy.LANGUAGE_MODEL, ALL_RIGHT);
        retrieval.put(CaptionsBy.TEXT_TOWER, ONE_WRONG);
        retrieval.put(CaptionsBy.JOINED, ONE_WRONG);
        List<Outcome> outcomes = outcomes(retrieval, Optional.empty());
        assertThat(outcomes).hasSize(12);
        assertThat(outcomes.getFirst().name()).isEqualTo("R@1, text to image, language model");
        assertThat(outcomes.getFirst().baseline()).hasValueSatisfying(baseline -> {
            assertThat(baseline.name()).isEqualTo("text tower");
            assertThat(baseline.value()).isEqualTo(3 / 4.0);
            assertThat(baseline.difference())
                    .hasValueSatisfying(interval -> assertThat(interval.mean()).isCloseTo(0.25, within(1e-12)));
        });
        assertThat(outcomes.subList(4, 8))
                .allMatch(outcome -> outcome.baseline().isEmpty());
        assertThat(outcomes.subList(8, 12))
                .allMatch(outcome -> outcome.baseline().orElseThrow().name().equals("text tower"));

        List<Outcome> compared =
                outcomes(retrieval, Optional.of(new ClipBaseline.Found("clip", THREE_WRONG, searched(THREE_WRONG))));
        assertThat(compared)
                .allMatch(outcome -> outcome.baseline().orElseThrow().name().equals("clip"));
    }

    private static List<Outcome> outcomes(
            Map<CaptionsBy, RetrievalMetrics> retrieval, Optional<ClipBaseline.Found> baseline) {
        return new ClipOutcomes(retrieval, baseline, IMAGE_OF, BOOTSTRAP).all();
    }

    private static Searches.Model searched(RetrievalMetrics metrics) {
        return new Searches.Model(Directions.of(0), Directions.of(0), metrics.imageRetrieval());
    }

    private static RetrievalMetrics metrics(double... captions) {
        return RetrievalMetrics.of(Directions.of(0, 90), Directions.of(captions), IMAGE_OF);
    }
}
