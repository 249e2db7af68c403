package io.llm2clip.training;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.TextTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.text.CaptionKinds;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The CLIP baseline: a text tower that is trained together with the vision tower. */
public final class TowerTextSide implements TextSide<TowerTextSide.Candidates> {
    private final TextTower tower;
    private final Function<String, int[]> tokens;
    private final Function<List<String>, CaptionKinds> kinds;
    private final CaptionDraw draw;

    /** The captions of an image as token rows that the tower takes. */
    public record Candidates(List<int[]> rows, CaptionKinds kinds) {}

    /**
     * A text branch that is trained.
     *
     * @param tokens of a caption, with begin and end token; cut here to the tower's window, the end token kept last
     * @param kinds tells the captions of an image apart; both are safe for use by several threads
     */
    public TowerTextSide(TextTower tower, Function<String, int[]> tokens, Function<List<String>, CaptionKinds> kinds) {
        this(tower, tokens, kinds, CaptionDraw.EQUAL);
    }

    TowerTextSide(
            TextTower tower,
            Function<String, int[]> tokens,
            Function<List<String>, CaptionKinds> kinds,
            CaptionDraw draw) {
        this.tower = tower;
        this.tokens = tokens;
        this.kinds = kinds;
        this.draw = draw;
    }

    @Override
    public Candidates prepare(Example example) {
        List<String> captions = example.texts();
        return new Candidates(captions.stream().map(tokens).map(tower::cut).toList(), kinds.apply(captions));
    }

    @Override
    public Captions batch(List<Candidates> images, CounterRandom random, long step) {
        long stream = CounterRandom.streamOf("captions of step " + step);
        List<int[]> drawn = new ArrayList<>();
        for (int b = 0; b < images.size(); b++) {
            Candidates candidates = images.get(b);
            drawn.add(candidates.rows.get(draw.draw(candidates.kinds, random, stream, b)));
        }
        return new Captions(
                (from, to) -> tower.inputs(drawn.subList(from, to)),
                EqualItems.numbers(drawn.stream().map(IntBuffer::wrap).toList()));
    }

    @Override
    public List<CaptionsBy> captionsBy() {
        return List.of(CaptionsBy.TEXT_TOWER);
    }

    @Override
    public List<Tensor> embed(List<Tensor> inputs) {
        return List.of(tower.embed(inputs));
    }

    @Override
    public List<Parameter> parameters() {
        return tower.parameters();
    }
}
