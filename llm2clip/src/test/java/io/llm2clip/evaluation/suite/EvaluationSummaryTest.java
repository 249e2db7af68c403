package io.llm2clip.evaluation.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.suite.EvaluationReport.Part;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EvaluationSummaryTest {
    private static final Interval BETTER = new Interval(0.05, 0.01, 0.09);
    private static final Interval LEVEL = new Interval(0.05, -0.02, 0.12);
    private static final Interval WORSE = new Interval(-0.05, -0.09, -0.01);

    @Test
    void theVerdictFollowsTheInterval() {
        assertThat(verdict(part("Probe", BETTER)))
                .isEqualTo(
                        "ours is ahead of CLIP in accuracy of a linear probe: 60.0 % against 55.0 %, a difference of +5.0 points (95 % interval +1.0 to +9.0); guessing reaches 10.00 %.");
        assertThat(verdict(part("Probe", LEVEL)))
                .startsWith("ours is no different from CLIP in accuracy of a linear probe: 60.0 % against 55.0 %")
                .contains("+5.0 points (95 % interval -2.0 to +12.0, which includes 0); guessing");
        assertThat(verdict(part("Probe", WORSE))).startsWith("ours is behind CLIP in accuracy");
    }

    @Test
    void severalDataSetsAreSortedByHowTheyCameOut() {
        assertThat(verdict(part("One", WORSE), part("Two", BETTER), part("Three", BETTER), part("Four", LEVEL)))
                .isEqualTo("ours is ahead of CLIP on Two (60.0 % against 55.0 %), Three (60.0 % against 55.0 %);"
                        + " no different from it on Four (60.0 % against 55.0 %);"
                        + " behind it on One (60.0 % against 55.0 %).");
    }

    @Test
    void cardsHaveTheBaselineAndGuessingBesideOurs() {
        EvaluationSummary summary = new EvaluationSummary("ours", List.of(part("ImageNet probe", BETTER)));
        assertThat(summary.cards().getFirst().beside()).isEqualTo("CLIP: 55.0 %, guessing: 10.00 %");
        assertThat(summary.cards().getFirst().number()).isEqualTo("60.0 %");
    }

    @Test
    void aBaselineThatFailedIsNamedAndNotCompared() {
        Part failed = new Part("Probe", "data", Findings.of(probe(0.6)).without("CLIP", "Its vectors are not finite."));
        EvaluationSummary summary = new EvaluationSummary("ours", List.of(failed));
        assertThat(summary.verdict())
                .isEqualTo("A linear classifier of its vectors is right about 60.0 % of the images (Probe)."
                        + " Probe could not be measured with CLIP.");
        assertThat(summary.cards().getFirst().beside()).isEqualTo("guessing: 10.00 %");
        assertThat(new EvaluationSections("ours").of(failed.findings()))
                .contains("Not measured with CLIP: Its vectors are not finite.");
        assertThat(FindingsText.of("ours", failed.findings()))
                .contains("60.0")
                .endsWith("not measured with CLIP: Its vectors are not finite.");
    }

    private static String verdict(Part... parts) {
        return new EvaluationSummary("ours", Arrays.asList(parts)).verdict();
    }

    private static Part part(String title, Interval interval) {
        return new Part(
                title,
                "data",
                new Findings(
                        probe(0.6),
                        Optional.of(new Versus(
                                "CLIP",
                                probe(0.55),
                                List.of(new Difference(
                                        "accuracy", "accuracy of a linear probe", 0.6, 0.55, 0.1, interval))))));
    }

    private static Measurement probe(double accuracy) {
        return new Measurement.Probe(List.of(), List.of(), 20, 20, 10, accuracy, 5, true);
    }
}
