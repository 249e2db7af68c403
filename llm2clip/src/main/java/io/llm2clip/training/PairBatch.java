package io.llm2clip.training;

import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import io.llm2clip.training.pair.TextPairs;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Pairs of texts as what a {@link PairLoss} reads.
 *
 * @param sides queries and positives and, if there are any, negatives; as many of each
 * @param lossInputs a mask, or nothing
 */
record PairBatch(CaptionEncoder encoder, List<List<TextPairs.Item>> sides, List<TensorData> lossInputs)
        implements EmbeddingBatch {
    static PairBatch of(CaptionEncoder encoder, TextPairs pairs) {
        List<List<TextPairs.Item>> sides = new ArrayList<>(List.of(pairs.queries(), pairs.positives()));
        if (!pairs.negatives().isEmpty()) {
            sides.add(pairs.negatives());
        }
        return new PairBatch(encoder, List.copyOf(sides), mask(pairs));
    }

    @Override
    public int size() {
        return sides.getFirst().size();
    }

    /** Token rows, and for each side {@code [to - from]} the numbers of its rows: token rows alone do not say how many there are. */
    @Override
    public List<TensorData> inputs(int from, int to) {
        int pairs = to - from;
        List<TensorData> inputs = new ArrayList<>(encoder.inputs(tokens(from, to)));
        for (int side = 0; side < sides.size(); side++) {
            int[] rows = IntStream.range(side * pairs, (side + 1) * pairs).toArray();
            inputs.add(TensorData.ofInts(Shape.of(pairs), rows));
        }
        return inputs;
    }

    /** One side behind the other. */
    TokenBatch tokens(int from, int to) {
        List<CaptionRow> rows = new ArrayList<>();
        sides.forEach(
                side -> side.subList(from, to).stream().map(TextPairs.Item::row).forEach(rows::add));
        return TokenBatch.of(rows);
    }

    /** Whoever has a text in common with a pair, or comes from the same example, is no negative of it. */
    static List<TensorData> mask(TextPairs pairs) {
        int count = pairs.queries().size();
        List<Object> items = new ArrayList<>();
        pairs.queries().forEach(item -> items.add(item.plain()));
        pairs.positives().forEach(item -> items.add(item.plain()));
        pairs.positives().forEach(item -> items.add(item.example()));
        pairs.negatives().forEach(item -> items.add(item.plain()));
        pairs.negatives().forEach(item -> items.add(item.example()));
        int[] numbers = EqualItems.numbers(items);
        int[][] rows = new int[count][];
        for (int i = 0; i < count; i++) {
            rows[i] = new int[] {numbers[i], numbers[count + i], numbers[2 * count + i]};
        }
        int others = pairs.negatives().size();
        int[][] columns = new int[count + others][];
        System.arraycopy(rows, 0, columns, 0, count);
        for (int j = 0; j < others; j++) {
            columns[count + j] = new int[] {numbers[3 * count + j], numbers[3 * count + others + j]};
        }
        return EqualItems.anyMeet(rows, columns) ? List.of(EqualItems.mask(rows, columns)) : List.of();
    }
}
