package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.model.ClipTextTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
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
        CaptionKinds kinds = CaptionKinds.of(9, 20, 10, 16);
        assertThat(kinds.brief()).containsExactly(0);
        assertThat(kinds.detailed()).containsExactly(1, 2, 3);
        CounterRandom random = new CounterRandom(5);
        long brief = IntStream.range(0, 2000)
                .filter(i -> CaptionDraw.EQUAL.draw(kinds, random, 1, i) == 0)
                .count();
        assertThat(brief).isBetween(900L, 1100L);
    }

    @Test
    void pairsAreTwoCaptionsOfOneImageAndNegativesOfAnother() {
        PairSampler sampler = new PairSampler(groups(10), 4, true, new CounterRandom(3));
        for (int step = 0; step < 20; step++) {
            for (PairSampler.Kind kind : PairSampler.Kind.values()) {
                requirePairs(sampler.next(step, kind), kind, 4);
            }
        }
    }

    private static void requirePairs(PairSampler.Pairs pairs, PairSampler.Kind kind, int batch) {
        assertThat(pairs.queries()).hasSize(batch);
        for (int i = 0; i < batch; i++) {
            CaptionRow query = pairs.queries().get(i).row();
            CaptionRow positive = pairs.positives().get(i).row();
            assertThat(group(positive)).isEqualTo(group(query));
            assertThat(positive).isNotEqualTo(query);
            if (!pairs.negatives().isEmpty()) {
                assertThat(group(pairs.negatives().get(i).row())).isNotEqualTo(group(query));
            }
            assertThat(query.ids().length <= 3).isEqualTo(kind == PairSampler.Kind.BRIEF_TO_DETAILED);
            assertThat(positive.ids().length <= 3).isEqualTo(kind == PairSampler.Kind.DETAILED_TO_BRIEF);
        }
    }

    @Test
    void oneShortAndOneLongCaptionPerImageArePairs() {
        List<List<CaptionRow>> paper = new ArrayList<>();
        for (int g = 0; g < 6; g++) {
            paper.add(List.of(row(g, 3), row(g, 9)));
        }
        PairSampler sampler = new PairSampler(paper, 4, true, new CounterRandom(3));
        assertThat(sampler.detailedGroups()).isZero();
        Set<PairSampler.Kind> kinds = EnumSet.noneOf(PairSampler.Kind.class);
        for (int step = 0; step < 20; step++) {
            PairSampler.Kind kind = sampler.kind(step, 20, 0.5, 0.3);
            kinds.add(kind);
            requirePairs(sampler.next(step, kind), kind, 4);
        }
        assertThat(kinds)
                .containsExactlyInAnyOrder(PairSampler.Kind.BRIEF_TO_DETAILED, PairSampler.Kind.DETAILED_TO_BRIEF);
    }

    @Test
    void oneImageWithoutAShortCaptionDoesNotEndTheMixing() {
        List<List<CaptionRow>> rows = groups(9);
        rows.add(List.of(row(9, 8), row(9, 9)));
        PairSampler sampler = new PairSampler(rows, 32, true, new CounterRandom(3));
        assertThat(sampler.detailedGroups()).isEqualTo(10);
        assertThat(sampler.mixedGroups()).isEqualTo(9);
        assertThat(mixed(sampler)).isBetween(90L, 190L);
        for (int step = 0; step < 20; step++) {
            for (PairSampler.Kind kind : PairSampler.Kind.values()) {
                requirePairs(sampler.next(step, kind), kind, kind == PairSampler.Kind.DETAILED_TO_DETAILED ? 10 : 9);
            }
        }
    }

    @Test
    void aKindThatFewImagesHaveHasFewSteps() {
        List<List<CaptionRow>> rows = groups(2);
        for (int g = 2; g < 40; g++) {
            rows.add(List.of(row(g, 8), row(g, 9)));
        }
        // Two of a batch of 20: a tenth of the usual 150 steps, about.
        assertThat(mixed(new PairSampler(rows, 20, false, new CounterRandom(3))))
                .isBetween(5L, 40L);
        List<List<CaptionRow>> mostlyMixed = new ArrayList<>(rows.subList(2, 4));
        for (int g = 4; g < 40; g++) {
            mostlyMixed.add(List.of(row(g, 3), row(g, 9)));
        }
        PairSampler sampler = new PairSampler(mostlyMixed, 20, false, new CounterRandom(3));
        long curriculum = IntStream.range(0, 500)
                .filter(i -> sampler.kind(i, 1000, 0.5, 0.3) == PairSampler.Kind.DETAILED_TO_DETAILED)
                .count();
        assertThat(curriculum).isBetween(25L, 85L);
    }

    private static long mixed(PairSampler sampler) {
        return IntStream.range(500, 1000)
                .filter(i -> sampler.kind(i, 1000, 0.5, 0.3) != PairSampler.Kind.DETAILED_TO_DETAILED)
                .count();
    }

    @Test
    void aCaptionThatIsThereTwiceIsNoPair() {
        List<List<CaptionRow>> rows = groups(3);
        rows.add(List.of(row(7, 8), row(7, 8)));
        assertThat(new PairSampler(rows, 4, false, new CounterRandom(3)).groups())
                .isEqualTo(3);
    }

    @Test
    void equalCaptionsAreNumberedAlike() {
        EqualItems equal =
                EqualItems.of(List.of(List.of("a", "b"), List.of("b", "c", "c"), List.of("d"), List.of("c")));
        assertThat(equal.shared()).isEqualTo(2);
        assertThat(equal.number(0, 1)).isEqualTo(equal.number(1, 0)).isNotEqualTo(equal.number(0, 0));
        float out = ContrastiveLoss.LEFT_OUT;
        int[][] pairs = {{0, 1}, {2, 3}, {1, 4}};
        assertThat(EqualItems.mask(pairs, new int[][] {{0, 1}, {2, 3}, {1, 4}, {3}})
                        .toFloats())
                .containsExactly(0, 0, out, 0, 0, 0, 0, out, out, 0, 0, 0);
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
                .hasMessage(
                        "Of 2 images 0 have two different captions to pair, stage 1 needs two such images; add captions,"
                                + " or cut them at more tokens.");
    }

    @Test
    void packingKeepsTheTokensAndDropsTheRest() {
        List<int[]> rows = List.of(new int[] {1, 2, 3}, new int[] {4, 5}, new int[] {6, 7, 8});
        PackedRows packed = new PackedRows(rows, 3, new CounterRandom(1));
        assertThat(packed.count()).isEqualTo(2);
        List<Integer> stream = new ArrayList<>();
        for (int index : new EpochSampler(3, 3, new CounterRandom(1)).next()) {
            Arrays.stream(rows.get(index)).forEach(stream::add);
        }
        assertThat(IntStream.range(0, 2)
                        .flatMap(i -> Arrays.stream(packed.row(i)))
                        .boxed()
                        .toList())
                .isEqualTo(stream.subList(0, 6));
        assertThatThrownBy(() -> new PackedRows(rows, 9, new CounterRandom(1)))
                .hasMessage("The captions have 8 tokens, fewer than one row of 9; add captions or shorten the rows.");
    }

    @Test
    void moreTokensThanAnIntCountsArePacked() {
        int[] caption = IntStream.range(0, 1 << 15).toArray();
        PackedRows packed = new PackedRows(Collections.nCopies((1 << 17) + 1, caption), 129, new CounterRandom(1));
        long tokens = ((1L << 17) + 1) << 15;
        assertThat(packed.count()).isEqualTo((int) (tokens / 129));
        int last = packed.count() - 1;
        long start = last * 129L;
        assertThat(packed.row(last))
                .containsExactly(IntStream.range(0, 129)
                        .map(i -> (int) ((start + i) % (1 << 15)))
                        .toArray());
    }

    @Test
    void cuttingARowKeepsItsEndToken() {
        try (Parameters parameters = new Parameters(1)) {
            ClipTextTower tower = ClipTextTower.create(parameters, ClipTextTower.Config.miniature(10, 3, 4));
            assertThat(tower.cut(new int[] {1, 2, 3, 4, 9})).containsExactly(1, 2, 9);
            assertThat(tower.cut(new int[] {1, 9})).containsExactly(1, 9);
        }
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
