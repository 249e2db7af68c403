package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.model.ClipTextTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.training.pair.PairKind;
import io.llm2clip.training.pair.TextPairs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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
    void equalCaptionsAreNumberedAlike() {
        int[] numbers = EqualItems.numbers(List.of("a", "b", "b", "c"));
        assertThat(numbers).containsExactly(0, 1, 1, 2);
        assertThat(EqualItems.anyEqual(numbers)).isTrue();
        float out = ContrastiveLoss.LEFT_OUT;
        int[][] pairs = {{0, 1}, {2, 3}, {1, 4}};
        assertThat(EqualItems.mask(pairs, new int[][] {{0, 1}, {2, 3}, {1, 4}, {3}})
                        .toFloats())
                .containsExactly(0, 0, out, 0, 0, 0, 0, out, out, 0, 0, 0);
    }

    /** Of three pairs, the first and the last have a positive in common; the negatives are of the second one's example and of none. */
    @Test
    void whatBelongsToAPairIsNoNegativeOfIt() {
        TextPairs pairs = new TextPairs(
                "source",
                PairKind.ANY_TWO,
                List.of(item(1, "a"), item(2, "b"), item(3, "c")),
                List.of(item(4, "a"), item(5, "b"), item(4, "c")),
                List.of(item(6, "b"), item(7, "d")));
        float out = ContrastiveLoss.LEFT_OUT;
        TensorData mask = PairBatch.mask(pairs).getFirst();
        assertThat(mask.shape()).isEqualTo(Shape.of(3, 5));
        assertThat(mask.toFloats()).containsExactly(0, 0, out, 0, 0, 0, 0, 0, out, 0, out, 0, 0, 0, 0);
    }

    @Test
    void pairsThatHaveNothingInCommonNeedNoMask() {
        TextPairs apart = new TextPairs(
                "source",
                PairKind.ANY_TWO,
                List.of(item(1, "a"), item(2, "b")),
                List.of(item(3, "a"), item(4, "b")),
                List.of(item(5, "c"), item(6, "c")));
        assertThat(PairBatch.mask(apart)).isEmpty();
        TextPairs ownNegative = new TextPairs(
                "source", PairKind.ANY_TWO, apart.queries(), apart.positives(), List.of(item(5, "b"), item(6, "c")));
        assertThat(PairBatch.mask(ownNegative)).hasSize(1);
    }

    private static TextPairs.Item item(int token, String example) {
        CaptionRow row = new CaptionRow(new int[] {token}, 0, 1, false);
        return new TextPairs.Item(row, row, example);
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
}
