package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model has a language model and an adapter, or a text tower of its own. */
class TextBranchTest {
    @TempDir
    private Path temporary;

    private static Llm2ClipModel withTower(Parameters parameters, int embeddingSize) {
        return new Llm2ClipModel(
                TinyModel.DESCRIPTION,
                ClipTextTower.create(parameters, ClipTextTower.Config.miniature(50, 5, embeddingSize)),
                TinyModel.create(parameters).vision(),
                Logits.softmax(new Parameters(1)));
    }

    @Test
    void aModelWithATowerHasNoLanguageModelAndIsNotSavedAsOne() {
        try (Parameters parameters = new Parameters(3)) {
            Llm2ClipModel model = withTower(parameters, 6);
            String refusal =
                    "The model has a text tower of its own, no language model and no adapter; use an LLM2CLIP model, or train one from its vision tower with 'train clip --vision'.";
            assertThatThrownBy(model::language).hasMessage(refusal);
            assertThatThrownBy(() -> ModelDirectory.bytes(model, Saving.DEFAULT))
                    .hasMessage(refusal);
            Path directory = temporary.resolve("model");
            assertThatThrownBy(() ->
                            ModelDirectory.save(directory, model, temporary.resolve("tokenizer.json"), Existing.REFUSE))
                    .hasMessage(refusal);
            assertThat(Files.exists(directory)).isFalse();
        }
    }

    @Test
    void aTowerOfAnotherSizeDoesNotFitTheVisionTower() {
        try (Parameters parameters = new Parameters(3)) {
            assertThatThrownBy(() -> withTower(parameters, 7))
                    .hasMessage(
                            "The text branch gives embeddings of 7 channels, the vision tower of 6; use the adapter or text tower that was trained with this vision tower.");
        }
    }

    @Test
    void captionsOfATowerAreComparedByTheirEmbeddings() {
        try (Parameters parameters = new Parameters(3);
                TowerTextEncoder encoder = new TowerTextEncoder(
                        ClipTextTower.create(parameters, ClipTextTower.Config.miniature(50, 5, 6)),
                        caption -> caption.chars().map(c -> c - 'a').toArray(),
                        Execution.cpu())) {
            List<String> captions = List.of("ab", "abcdefghi", "abcdi", "a");
            FloatMatrix embeddings = encoder.encode(captions);
            FloatMatrix vectors = FloatMatrix.allocate(4, encoder.vectorSize());
            encoder.vectors(captions, vectors, Progress.Phase.NONE);
            assertThat(vectors.toArrays()).isDeepEqualTo(embeddings.toArrays());
            assertThat(embeddings.toArray(1)).isEqualTo(embeddings.toArray(2));
            assertThat(encoder.maxLength()).isEqualTo(5);
            assertThat(encoder.cutCaptions()).isEqualTo(2);
            assertThat(encoder.kinds(captions).brief()).containsExactly(0, 3);
        }
    }
}
