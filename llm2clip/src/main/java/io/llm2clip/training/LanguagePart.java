package io.llm2clip.training;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.TextProjection;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A language model behind an adapter that is trained. */
final class LanguagePart implements TextPart {
    /** Examples of each set by which the number of all captions is told, and of those that are too long. */
    private static final int SAMPLE = 1000;
    /** Captions that a program is compiled for, before it is needed. */
    private static final int COMPILED = 64;

    private final ClipText.Reading reading;
    private final TextModel language;
    private final TextAdapter adapter;
    private final Execution execution;
    private final String fingerprint;
    // Of cached vectors only.
    private final @Nullable TextVectorStore store;
    private final VectorLookup vectors;
    // Tokens of the longest caption that was looked at.
    private int longest;

    private LanguagePart(
            ClipText.Reading reading,
            TextModel language,
            TextAdapter adapter,
            Execution execution,
            @Nullable TextVectorStore store) {
        this.reading = reading;
        this.language = language;
        this.adapter = adapter;
        this.execution = execution;
        this.fingerprint = Fingerprint.hash(language.fingerprint().text());
        this.store = store;
        this.vectors = store == null ? VectorLookup.of(language.encoder()) : VectorLookup.of(language.encoder(), store);
    }

    /**
     * Opens the text encoder.
     *
     * @param owner receives adapter and updates
     * @param embeddingSize that of the vision tower
     */
    static LanguagePart open(ClipText.LanguageModel text, Parameters owner, int embeddingSize, Execution execution) {
        TextModel language = TextModel.open(text.encoder(), text.specialTokens(), execution);
        try {
            int hiddenSize = language.llama().config().hiddenSize();
            TextAdapter adapter =
                    TextAdapter.createIdentity(owner, new TextAdapter.Config(hiddenSize, embeddingSize, true));
            if (text.reading() instanceof ClipText.Updated updated) {
                language.llama().attachLora(owner, updated.lora());
            }
            TextVectorStore store = text.reading() instanceof ClipText.Cached cached
                    ? TextVectorStore.open(cached.store(), language.fingerprint(), hiddenSize)
                    : null;
            return new LanguagePart(text.reading(), language, adapter, execution, store);
        } catch (RuntimeException | Error e) {
            language.close();
            throw e;
        }
    }

    LanguageTextSide<?> side(CaptionDraw draw) {
        return reading instanceof ClipText.Updated updated
                ? new UpdatedTextSide(adapter, language.encoder(), draw, updated.lora(), () -> longest)
                : new CachedTextSide(adapter, vectors, this::kinds, draw);
    }

    @Override
    public CaptionsBy captionsBy() {
        return CaptionsBy.LANGUAGE_MODEL;
    }

    @Override
    public LanguageBranch branch() {
        return new LanguageBranch(language.llama(), adapter, language.reading());
    }

    @Override
    public CaptionKinds kinds(List<String> captions) {
        return language.encoder().kinds(captions);
    }

    @Override
    public TextVectors.Filled prepare(List<ExampleSet> sets, long draws, Progress progress) {
        if (store == null) {
            CaptionSample sample = CaptionSample.of(sets, SAMPLE);
            if (reading instanceof ClipText.Online) {
                tellCost(sample, draws, progress);
            }
            List<CaptionRow> rows = language.encoder().rows(sample.captions());
            longest = rows.stream().mapToInt(row -> row.ids().length).max().orElse(0);
            return TextVectors.Filled.looked(
                    rows.size(), rows.stream().filter(CaptionRow::cut).count());
        }
        TextVectors.Filled filled = TextVectors.Filled.NONE;
        for (ExampleSet set : sets) {
            filled = filled.and(TextVectors.fill(language.encoder(), set, VectorPart.WHOLE, store, false, progress));
        }
        store.endWriting();
        return filled;
    }

    /** Says where computing each caption once would be less work, and compiles what reads them, so that memory is foretold. */
    private void tellCost(CaptionSample sample, long draws, Progress progress) {
        vectors.of(sample.captions()
                .subList(0, Math.min(COMPILED, sample.captions().size())));
        if (draws > sample.total()) {
            progress.note(
                    "Stage 2 embeds %,d captions as it goes, of about %,d that there are; cached vectors (--text-vectors cached) would be less work."
                            .formatted(draws, sample.total()));
        }
    }

    @Override
    public FloatMatrix embed(List<String> captions) {
        boolean changes = reading instanceof ClipText.Updated;
        if (changes) {
            language.encoder().weightsChanged();
        }
        try (TextProjection projection = new TextProjection(adapter, execution)) {
            return projection.project(vectors.of(captions)
                    .rows(0, captions.size(), FloatMatrix.allocate(captions.size(), vectors.size())));
        } finally {
            if (changes) {
                language.encoder().weightsChanged();
            }
        }
    }

    @Override
    public Map<String, String> settings() {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("text_encoder", fingerprint);
        settings.putAll(reading());
        return settings;
    }

    private Map<String, String> reading() {
        return switch (reading) {
            case ClipText.Cached _ -> Map.of();
            case ClipText.Online _ -> Map.of("text_vectors", "online");
            case ClipText.Updated updated -> RecipeNotes.of("text_lora.", updated.lora());
        };
    }

    @Override
    public Map<String, String> provenance() {
        Map<String, String> notes = new LinkedHashMap<>(reading());
        language.provenance().forEach((name, note) -> notes.put(ModelDescription.TEXT_NOTES + name, note));
        return notes;
    }

    /** Updates are merged into what is written. */
    @Override
    public void write(Path directory, Llm2ClipModel model, Saving saving) throws IOException {
        ModelDirectory.write(directory, model, language.tokenizerFiles(), saving);
    }

    @Override
    public long bytes(Llm2ClipModel model, Saving saving) {
        return ModelDirectory.bytes(model, saving);
    }

    @Override
    public void close() {
        try (language) {
            if (store != null) {
                store.close();
            }
        }
    }
}
