package io.llm2clip.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.bench.compare.Output.Difference;
import io.llm2clip.bench.compare.Output.Limit;
import io.llm2clip.bench.compare.RowResult.Measured;
import io.llm2clip.bench.compare.RowResult.Ratio;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RowResultTest {
    private static final Row ROW = Suite.of(true).getFirst();

    private static Measured measured(Entrant entrant, double... millis) {
        return new Measured(entrant, millis, new Output(1, 1, new double[] {1}), new Difference(0, 1), 0);
    }

    private static Measured resident(Entrant entrant, long bytes) {
        return new Measured(entrant, new double[] {1}, new Output(1, 1, new double[] {1}), new Difference(0, 1), bytes);
    }

    private static RowResult result(Measured... measured) {
        return new RowResult(ROW, List.of(measured), Map.of(), List.of(), 1, 3_000_000, 2, 1);
    }

    @Test
    void ratiosAreOfTimesInTheSameRound() {
        // Of medians it would be 30 / 20.
        RowResult result = result(
                measured(ROW.subject(), 10, 20, 40),
                measured(ROW.rivals().get(0), 100, 100, 100),
                measured(ROW.rivals().get(1), 20, 30, 36));
        assertThat(result.best().map(Measured::entrant)).contains(ROW.rivals().get(1));
        Ratio ratio = result.best().flatMap(result::ratio).orElseThrow();
        assertThat(ratio).isEqualTo(new Ratio(1.5, 1.2, 1.75));
        assertThat(result.efficiency().orElseThrow())
                .as("3 MFLOP in 20 ms of 2 GFLOP/s")
                .isCloseTo(0.075, within(1e-9));
    }

    @Test
    void thereIsNoRatioWithoutBoth() {
        assertThat(result(measured(ROW.subject(), 1)).best()).isEmpty();
        RowResult rivals = result(measured(ROW.rivals().getFirst(), 1));
        assertThat(rivals.ratio(rivals.best().orElseThrow())).isEmpty();
    }

    @Test
    void memoryIsAPartOfARivals() {
        Measured ours = resident(ROW.subject(), 300);
        Measured rival = resident(ROW.rivals().getFirst(), 400);
        assertThat(result(ours, rival).memoryRatio(rival)).contains(0.75);
        assertThat(result(ours, rival).memoryRatio(ours)).isEmpty();
        assertThat(result(rival).memoryRatio(rival)).isEmpty();
        Measured unknown = resident(ROW.rivals().getFirst(), 0);
        assertThat(result(ours, unknown).memoryRatio(unknown)).isEmpty();
    }

    @Test
    void curvesHaveAPanelForEachAndALineForEachEntrant() {
        List<RowResult> results = Suite.curves(true, 2).stream()
                .map(row -> new RowResult(
                        row,
                        List.of(
                                measured(row.subject(), 10),
                                measured(row.rivals().getFirst(), 20)),
                        Map.of(),
                        List.of(),
                        1,
                        0,
                        0,
                        1))
                .toList();
        String svg = CurvePlot.svg(results);
        assertThat(svg.split("<g ")).as("batch, tokens, pairs, threads").hasSize(5);
        assertThat(svg.split("<polyline ")).hasSize(9);
        // Two images in 10 ms are the most.
        assertThat(svg)
                .contains(
                        ">images per second over batch<",
                        ">200<",
                        ">tokens per second over tokens<",
                        ">800<",
                        ">pairs per second over pairs<",
                        ">4000<");
        assertThat(svg).doesNotContain("NaN", "Infinity");
    }

    @Test
    void quantilesLieBetweenValues() {
        double[] values = {4, 1, 3, 2};
        assertThat(RowResult.quantile(values, 0.5)).isEqualTo(2.5);
        assertThat(RowResult.quantile(values, 0)).isEqualTo(1);
        assertThat(RowResult.quantile(values, 1)).isEqualTo(4);
        assertThat(RowResult.quantile(new double[] {7}, 0.25)).isEqualTo(7);
    }

    @Test
    void limitsAreOfTheRougherArithmetic() {
        Entrant f32 = Entrant.torch("f32");
        Entrant bf16 = Entrant.torch("bf16");
        Difference difference = new Difference(0.02, 0.9995);
        assertThatCode(() -> Limit.of(f32, bf16).require(difference, "PyTorch")).doesNotThrowAnyException();
        assertThatThrownBy(() -> Limit.of(f32, f32).require(difference, "PyTorch"))
                .hasMessage(
                        "its output differs from that of PyTorch by 2.0e-02 of its root mean square, cosine 0.999500; expected at most 1e-03, and at least 0.99999");
        assertThatThrownBy(() -> Limit.of(bf16, bf16).require(new Difference(Double.NaN, 1), "PyTorch"))
                .isInstanceOf(IllegalStateException.class);
    }
}
