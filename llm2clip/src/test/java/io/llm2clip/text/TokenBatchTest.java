package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TokenBatchTest {

    private static List<CaptionRow> random(int count, int longest, long seed) {
        Random random = new Random(seed);
        List<CaptionRow> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = 1 + random.nextInt(longest);
            int start = random.nextInt(length);
            int end = start + 1 + random.nextInt(length - start);
            rows.add(new CaptionRow(random.ints(length, 1, 100).toArray(), start, end, false));
        }
        return rows;
    }

    @Property(tries = 200)
    void rowsLieOneBehindTheOther(
            @ForAll @IntRange(max = 60) int count,
            @ForAll @IntRange(min = 1, max = 70) int longest,
            @ForAll long seed) {
        List<CaptionRow> rows = random(count, longest, seed);
        TokenBatch batch = TokenBatch.of(rows);
        assertThat(batch.size()).isEqualTo(count).isLessThanOrEqualTo(batch.capacityOfRows());
        assertThat(batch.offsets()[0]).isZero();
        for (int s = 0; s < batch.capacityOfRows(); s++) {
            int[] row = s < count ? rows.get(s).ids() : new int[0];
            int start = batch.offsets()[s];
            int end = batch.offsets()[s + 1];
            assertThat(Arrays.copyOfRange(batch.ids(), start, end)).isEqualTo(row);
            assertThat(Arrays.copyOfRange(batch.positions(), start, end))
                    .isEqualTo(IntStream.range(0, row.length).toArray());
        }
    }

    @Property(tries = 200)
    void weightsSumToOneWithinTheWindow(
            @ForAll Pooling pooling, @ForAll @IntRange(min = 1, max = 40) int count, @ForAll long seed) {
        List<CaptionRow> rows = random(count, 30, seed);
        TokenBatch batch = TokenBatch.of(rows);
        float[] weights = batch.poolingWeights(pooling);
        int[] pooledBy = batch.pooledBy(weights);
        double[] sums = new double[batch.capacityOfRows() + 1];
        for (int i = 0; i < batch.tokens(); i++) {
            sums[pooledBy[i]] += weights[i];
            if (pooledBy[i] < count) {
                assertThat(i).isBetween(batch.offsets()[pooledBy[i]], batch.offsets()[pooledBy[i] + 1] - 1);
            }
        }
        for (int s = 0; s < sums.length; s++) {
            assertThat(sums[s]).isBetween(s < count ? 0.9999 : 0, s < count ? 1.0001 : 0);
        }
    }

    @Example
    void aSingleRowHasNoRoomForOthers() {
        CaptionRow row = new CaptionRow(new int[40], 0, 40, false);
        assertThat(TokenBatch.of(List.of(row)).capacityOfRows()).isEqualTo(1);
        assertThat(TokenBatch.of(List.of(row, row)).capacityOfRows()).isEqualTo(20);
    }

    @Example
    void poolingModes() {
        CaptionRow before = new CaptionRow(new int[] {3, 4}, 0, 2, false);
        TokenBatch batch = TokenBatch.of(List.of(before, new CaptionRow(new int[] {9, 8, 7, 6}, 1, 4, false)));
        assertThat(batch.ids()).containsExactly(3, 4, 9, 8, 7, 6, 0, 0);
        assertThat(batch.offsets()).containsExactly(0, 2, 6);
        assertPooled(batch, Pooling.MEAN, 1 / 2f, 1 / 2f, 0, 1 / 3f, 1 / 3f, 1 / 3f);
        assertPooled(batch, Pooling.WEIGHTED_MEAN, 1 / 3f, 2 / 3f, 0, 1 / 6f, 2 / 6f, 3 / 6f);
        assertPooled(batch, Pooling.LAST_TOKEN, 0, 1, 0, 0, 0, 1);
        assertPooled(batch, Pooling.EOS_TOKEN, 0, 1, 0, 0, 0, 1);
        assertPooled(batch, Pooling.BOS_TOKEN, 1, 0, 1, 0, 0, 0);
    }

    private static void assertPooled(TokenBatch batch, Pooling pooling, float... weights) {
        float[] found = batch.poolingWeights(pooling);
        assertThat(found).isEqualTo(Arrays.copyOf(weights, 8));
        for (int i = 0; i < 8; i++) {
            assertThat(batch.pooledBy(found)[i]).isEqualTo(found[i] == 0 ? 2 : i < 2 ? 0 : 1);
        }
    }

    /** Few sizes, so that few programs are compiled, and little of a batch that belongs to no row. */
    @Property(tries = 1000)
    void capacitiesAreFewAndClose(@ForAll @IntRange(min = 1, max = 100_000) int tokens) {
        int capacity = TokenBatch.capacity(tokens);
        assertThat(capacity).isGreaterThanOrEqualTo(tokens);
        assertThat(capacity - tokens).isLessThan(Math.max(8, capacity / 9 + 1));
        assertThat(TokenBatch.capacity(capacity)).isEqualTo(capacity);
        assertThat(IntStream.rangeClosed(1, 4096)
                        .map(TokenBatch::capacity)
                        .distinct()
                        .count())
                .isEqualTo(56);
    }
}
