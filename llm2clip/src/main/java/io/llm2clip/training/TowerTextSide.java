package io.llm2clip.training;

import io.llm2clip.model.TextTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.text.CaptionKinds;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;

/** The CLIP baseline: a text tower that is trained together with the vision tower. */
public final class TowerTextSide implements TextSide {
    private final TextTower tower;
    private final List<List<int[]>> rows;
    private final List<CaptionKinds> kinds;
    private final EqualItems equal;

    /**
     * A text branch that is trained.
     *
     * @param rows by image and caption, token ids with begin and end token; cut here to the tower's window, the end token kept last
     * @param kinds of the captions, by image
     */
    public TowerTextSide(TextTower tower, List<List<int[]>> rows, List<CaptionKinds> kinds) {
        this.tower = tower;
        this.kinds = kinds;
        this.rows = rows.stream()
                .map(captions -> captions.stream().map(tower::cut).toList())
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
        return new Captions(tower.inputs(drawn), numbers);
    }

    @Override
    public int shared() {
        return equal.shared();
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        return tower.embed(inputs);
    }

    @Override
    public List<Parameter> parameters() {
        return tower.parameters();
    }
}
