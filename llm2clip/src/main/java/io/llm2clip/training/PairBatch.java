package io.llm2clip.training;

import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.TokenBatch;
import java.util.List;
import java.util.stream.Stream;

/**
 * Pairs of captions as token rows.
 *
 * @param lossInputs a mask, or nothing
 */
record PairBatch(CaptionEncoder encoder, PairSampler.Pairs pairs, List<TensorData> lossInputs)
        implements EmbeddingBatch {
    /** @param shared whether captions of different images may be equal */
    static PairBatch of(CaptionEncoder encoder, PairSampler.Pairs pairs, boolean shared) {
        return new PairBatch(encoder, pairs, shared ? List.of(mask(pairs)) : List.of());
    }

    @Override
    public int size() {
        return pairs.queries().size();
    }

    @Override
    public List<TensorData> inputs(int from, int to) {
        return encoder.inputs(tokens(from, to));
    }

    /** Queries, positives, negatives in this order, one behind the other. */
    TokenBatch tokens(int from, int to) {
        return TokenBatch.of(Stream.of(pairs.queries(), pairs.positives(), pairs.negatives())
                .filter(captions -> !captions.isEmpty())
                .flatMap(captions -> captions.subList(from, to).stream())
                .map(PairSampler.Caption::row)
                .toList());
    }

    /** Whoever has a query or a positive in common with another pair is no negative of it. */
    private static TensorData mask(PairSampler.Pairs pairs) {
        int[][] numbers = new int[pairs.queries().size()][];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = new int[] {
                pairs.queries().get(i).number(), pairs.positives().get(i).number()
            };
        }
        Stream<int[]> negatives = pairs.negatives().stream().map(caption -> new int[] {caption.number()});
        return EqualItems.mask(
                numbers, Stream.concat(Stream.of(numbers), negatives).toArray(int[][]::new));
    }
}
