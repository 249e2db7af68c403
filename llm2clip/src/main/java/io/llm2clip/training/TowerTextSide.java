package io.llm2clip.training;

import io.llm2clip.model.ClipTextTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The CLIP baseline: a causal text tower, trained from scratch together with the vision tower. */
public final class TowerTextSide implements TextSide {
    private final ClipTextTower tower;
    private final List<List<int[]>> rows;
    private final List<CaptionKinds> kinds;
    private final EqualItems equal;

    /**
     * A text branch that is trained.
     *
     * @param rows by image and caption, token ids with begin and end token; cut here to the tower's window, the end token kept last
     * @param kinds of the captions, by image
     */
    public TowerTextSide(ClipTextTower tower, List<List<int[]>> rows, List<CaptionKinds> kinds) {
        this.tower = tower;
        this.kinds = kinds;
        this.rows = rows.stream()
                .map(captions -> captions.stream()
                        .map(row -> cut(row, tower.config().window()))
                        .toList())
                .toList();
        this.equal = EqualItems.of(this.rows.stream()
                .map(captions -> captions.stream().map(IntBuffer::wrap).toList())
                .toList());
    }

    @Override
    public Captions batch(int[] images, CounterRandom random, long step) {
        long stream = CounterRandom.streamOf("captions of step " + step);
        List<int[]> drawn = new ArrayList<>();
        int[] numbers = new int[images.length];
        for (int b = 0; b < images.length; b++) {
            int caption = CaptionDraw.draw(kinds.get(images[b]), random, stream, b);
            drawn.add(rows.get(images[b]).get(caption));
            numbers[b] = equal.number(images[b], caption);
        }
        return new Captions(inputs(drawn, tower.config().window()), numbers);
    }

    @Override
    public int shared() {
        return equal.shared();
    }

    /** Ids {@code [B, window]} and lengths {@code [B]} of rows that were cut already; pads are token 0 and come after the end token, unseen. */
    static List<TensorData> inputs(List<int[]> rows, int window) {
        int[] ids = new int[rows.size() * window];
        for (int b = 0; b < rows.size(); b++) {
            System.arraycopy(rows.get(b), 0, ids, b * window, rows.get(b).length);
        }
        int[] lengths = rows.stream().mapToInt(r -> r.length).toArray();
        return List.of(
                TensorData.ofInts(Shape.of(rows.size(), window), ids),
                TensorData.ofInts(Shape.of(rows.size()), lengths));
    }

    /** The row's first tokens and its last one, at most {@code window} in all. */
    static int[] cut(int[] row, int window) {
        if (row.length <= window) {
            return row;
        }
        int[] cut = Arrays.copyOf(row, window);
        cut[window - 1] = row[row.length - 1];
        return cut;
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        return tower.embed(inputs.get(0), inputs.get(1));
    }

    @Override
    public List<Parameter> parameters() {
        return tower.parameters();
    }
}
