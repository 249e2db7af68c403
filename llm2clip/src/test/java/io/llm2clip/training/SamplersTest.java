package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SamplersTest {

    @Property(tries = 100)
    void anEpochHasEveryIndexOnceAndTheNextAnotherOrder(
            @ForAll @IntRange(min = 1, max = 8) int batch,
            @ForAll @IntRange(min = 1, max = 9) int batches,
            @ForAll long seed) {
        int size = batch * batches;
        EpochSampler sampler = new EpochSampler(size, batch, new CounterRandom(seed));
        for (int epoch = 0; epoch < 3; epoch++) {
            int[] seen = IntStream.range(0, batches)
                    .flatMap(_ -> Arrays.stream(sampler.next()))
                    .sorted()
                    .toArray();
            assertThat(seen).containsExactly(IntStream.range(0, size).toArray());
        }
    }

    @Test
    void aBatchLargerThanTheDataIsRefused() {
        assertThatThrownBy(() -> new EpochSampler(3, 4, new CounterRandom(1)))
                .hasMessage(
                        "A batch of 4 cannot be drawn from 3 examples without repeating one; lower the batch or add examples.");
    }

    @Test
    void briefCaptionsAreThoseOfLessThanHalfTheLongest() {
        CaptionKinds kinds = CaptionKinds.of(new int[] {9, 20, 10, 16});
        assertThat(kinds.brief()).containsExactly(0);
        assertThat(kinds.detailed()).containsExactly(1, 2, 3);
        CounterRandom random = new CounterRandom(5);
        long brief = IntStream.range(0, 2000)
                .filter(i -> kinds.draw(random, 1, i) == 0)
                .count();
        assertThat(brief).isBetween(900L, 1100L);
    }

    @Test
    void pairsAreTwoCaptionsOfOneImageAndNegativesOfAnother() {
        PairSampler sampler = new PairSampler(groups(10), 4, true, new CounterRandom(3));
        for (int step = 0; step < 20; step++) {
            for (PairSampler.Kind kind : PairSampler.Kind.values()) {
                PairSampler.Pairs pairs = sampler.next(step, kind);
                for (int i = 0; i < 4; i++) {
                    CaptionRow query = pairs.queries().get(i);
                    CaptionRow positive = pairs.positives().get(i);
                    assertThat(group(positive)).isEqualTo(group(query));
                    assertThat(positive).isNotEqualTo(query);
                    assertThat(group(pairs.negatives().get(i))).isNotEqualTo(group(query));
                    assertThat(query.ids().length <= 3).isEqualTo(kind == PairSampler.Kind.BRIEF_TO_DETAILED);
                    assertThat(positive.ids().length <= 3).isEqualTo(kind == PairSampler.Kind.DETAILED_TO_BRIEF);
                    assertThat(query.ids().length).isLessThanOrEqualTo(sampler.queryLength(kind));
                    assertThat(positive.ids().length).isLessThanOrEqualTo(sampler.positiveLength(kind));
                }
            }
        }
    }

    @Test
    void theCurriculumBeginsWithDetailedPairs() {
        PairSampler sampler = new PairSampler(groups(10), 4, false, new CounterRandom(3));
        assertThat(IntStream.range(0, 500).mapToObj(i -> sampler.kind(i, 1000, 0.5, 0.3)))
                .containsOnly(PairSampler.Kind.DETAILED_TO_DETAILED);
        long mixed = IntStream.range(500, 1000)
                .filter(i -> sampler.kind(i, 1000, 0.5, 0.3) != PairSampler.Kind.DETAILED_TO_DETAILED)
                .count();
        assertThat(mixed).isBetween(110L, 190L);
    }

    @Test
    void imagesWithOneCaptionCannotBePaired() {
        List<List<CaptionRow>> single = List.of(List.of(row(0, 8)), List.of(row(1, 8)));
        assertThatThrownBy(() -> new PairSampler(single, 2, false, new CounterRandom(1)))
                .hasMessageContaining("stage 1 needs two captions of an image to pair, add captions.");
    }

    @Test
    void packingKeepsTheTokensAndDropsTheRest() {
        List<int[]> rows = List.of(new int[] {1, 2, 3}, new int[] {4, 5}, new int[] {6, 7, 8});
        int[][] packed = LanguageModelTraining.pack(rows, 3, new CounterRandom(1));
        assertThat(packed).hasDimensions(2, 3);
        assertThat(Arrays.stream(packed).flatMapToInt(Arrays::stream).distinct().count())
                .isEqualTo(6);
        assertThatThrownBy(() -> LanguageModelTraining.pack(rows, 9, new CounterRandom(1)))
                .hasMessage("The captions have 8 tokens, fewer than one row of 9; add captions or shorten the rows.");
    }

    @Test
    void cuttingARowKeepsItsEndToken() {
        assertThat(TowerTextSide.cut(new int[] {1, 2, 3, 4, 9}, 3)).containsExactly(1, 2, 9);
        assertThat(TowerTextSide.cut(new int[] {1, 9}, 3)).containsExactly(1, 9);
    }

    private static List<List<CaptionRow>> groups(int count) {
        List<List<CaptionRow>> groups = new ArrayList<>();
        for (int g = 0; g < count; g++) {
            groups.add(List.of(row(g, 3), row(g, 8), row(g, 9), row(g, 10)));
        }
        return groups;
    }

    private static CaptionRow row(int group, int length) {
        int[] ids = new int[length];
        Arrays.fill(ids, group);
        return new CaptionRow(ids, 0, length, false);
    }

    private static int group(CaptionRow row) {
        return row.ids()[0];
    }
}
