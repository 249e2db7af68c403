package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.TextBranch;
import io.llm2clip.model.TextTowerModel;
import io.llm2clip.model.TowerTextEncoder;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.SpecialTokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A text tower that is trained along. */
final class TowerPart implements TextPart {
    /** Examples of a set whose captions a tokenizer is learned from, and looked at. */
    private static final int CORPUS = 100_000;

    private final ClipText.TowerStart start;
    private final TextTowerModel model;
    private final Execution execution;

    private TowerPart(ClipText.TowerStart start, TextTowerModel model, Execution execution) {
        this.start = start;
        this.model = model;
        this.execution = execution;
    }

    /**
     * Opens or makes the tower.
     *
     * @param owner receives its parameters
     * @param embeddingSize that of the vision tower
     * @param data what is learned from
     */
    static TowerPart open(ClipText.Tower text, Parameters owner, int embeddingSize, DataMix data, Execution execution) {
        SpecialTokens special = text.specialTokens().orElse(SpecialTokens.AS_TEXT);
        TextTowerModel model = switch (text.start()) {
            case ClipText.PublishedTower published -> TextTowerModel.open(owner, published.path(), special);
            case ClipText.NewTower tower ->
                TextTowerModel.create(
                        owner,
                        tower.size(),
                        embeddingSize,
                        CaptionSample.of(sets(data), CORPUS).captions(),
                        special);
        };
        return new TowerPart(text.start(), model, execution);
    }

    private static List<ExampleSet> sets(DataMix data) {
        return data.sources().stream().map(DataSource::set).toList();
    }

    /** @param kinds tells the captions of an image apart */
    TowerTextSide side(Function<List<String>, CaptionKinds> kinds, CaptionDraw draw) {
        return new TowerTextSide(model.tower(), model::row, kinds, draw);
    }

    @Override
    public CaptionsBy captionsBy() {
        return CaptionsBy.TEXT_TOWER;
    }

    @Override
    public TextBranch branch() {
        return model.tower();
    }

    @Override
    public CaptionKinds kinds(List<String> captions) {
        return CaptionKinds.of(
                captions.stream().mapToInt(caption -> model.row(caption).length).toArray());
    }

    @Override
    public TextVectors.Filled prepare(List<ExampleSet> sets, long draws, Progress progress) {
        int window = model.tower().window();
        List<String> captions = CaptionSample.of(sets, CORPUS).captions();
        return TextVectors.Filled.looked(
                captions.size(),
                captions.stream()
                        .filter(caption -> model.row(caption).length > window)
                        .count());
    }

    @Override
    public FloatMatrix embed(List<String> captions) {
        try (TowerTextEncoder encoder = new TowerTextEncoder(model.tower(), model::row, execution)) {
            return encoder.encode(captions);
        }
    }

    @Override
    public Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>(provenance());
        settings.put("text_tower.tokenizer", model.tokenizerDigest());
        return settings;
    }

    @Override
    public Map<String, String> provenance() {
        Map<String, String> notes = new LinkedHashMap<>();
        switch (start) {
            case ClipText.PublishedTower published ->
                notes.put("text_tower.start", RecipeNotes.pretrained(published.path()));
            case ClipText.NewTower tower -> {
                notes.put("text_tower.start", "scratch");
                notes.putAll(RecipeNotes.of("text_tower.", tower.size()));
            }
        }
        return notes;
    }

    @Override
    public void write(Path directory, Llm2ClipModel whole, Saving saving) throws IOException {
        model.write(directory, whole, saving);
    }

    @Override
    public long bytes(Llm2ClipModel whole, Saving saving) {
        return model.bytes(whole, saving);
    }

    @Override
    public void close() {
        model.close();
    }
}
